//! What drivers rely on, and what no recording shows.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::compare::TargetUnion;
use crate::api::{self, Code, Error, Request, Response, StatusResponse};
use crate::ctl::{Call, CallError, Endpoint, Input, Output, Session, Step, User, may_retry};

fn start(argv: &[&str]) -> Session {
    Session::start(argv, &BTreeMap::new())
}

fn call(session: &mut Session) -> Call {
    match session.next() {
        Step::Call(call) => call,
        step => panic!("expected a call, got {step:?}"),
    }
}

fn done(session: &mut Session) -> Output {
    match session.next() {
        Step::Done(output) => output,
        step => panic!("expected the end, got {step:?}"),
    }
}

#[test]
fn endpoints_are_asked_at_once_and_printed_in_their_order() {
    let mut session = start(&["--endpoints=a:1,b:2", "endpoint", "status"]);
    let (first, second) = (call(&mut session), call(&mut session));
    assert_eq!(first.endpoint, Endpoint::Named("a:1".to_owned()));
    assert_eq!(second.endpoint, Endpoint::Named("b:2".to_owned()));
    assert_eq!(session.next(), Step::Wait);
    let status = |version: &str| -> Response {
        StatusResponse { version: version.to_owned(), ..Default::default() }.into()
    };
    session.on_result(second.id, Ok(status("second")), Duration::ZERO);
    session.on_result(first.id, Ok(status("first")), Duration::ZERO);
    let output = done(&mut session);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.find("first").unwrap() < text.find("second").unwrap(), "{text}");
}

#[test]
fn the_time_for_a_health_check_holds_for_both_of_its_calls() {
    let mut session = start(&["endpoint", "health", "--command-timeout=5s"]);
    let read = call(&mut session);
    assert_eq!(read.timeout, Some(Duration::from_secs(5)));
    session.on_result(read.id, Ok(api::RangeResponse::default().into()), Duration::from_secs(2));
    let alarms = call(&mut session);
    assert!(matches!(alarms.request, Request::Alarm(_)));
    assert_eq!(alarms.timeout, Some(Duration::from_secs(3)));
}

#[test]
fn a_refused_read_is_healthy() {
    let mut session = start(&["endpoint", "health"]);
    let read = call(&mut session);
    let refused = CallError::Status(Error::PERMISSION_DENIED);
    session.on_result(read.id, Err(refused), Duration::from_micros(1500));
    let alarms = call(&mut session);
    session.on_result(alarms.id, Ok(api::AlarmResponse::default().into()), Duration::ZERO);
    let healthy: &[u8] =
        b"127.0.0.1:2379 is healthy: successfully committed proposal: took = 1.5ms\n";
    assert_eq!(done(&mut session).stdout, healthy);
}

#[test]
fn a_transaction_has_no_deadline_and_may_compare_leases() {
    let mut session = start(&["txn"]);
    for line in ["lease(\"k\") = \"255\"\n", "\n", "\n", "\n"] {
        assert_eq!(session.next(), Step::Read(Input::Line { prompt: "" }));
        session.on_input(line.as_bytes());
    }
    let call = call(&mut session);
    assert_eq!(call.timeout, None);
    let Request::Txn(txn) = call.request else { panic!("a transaction") };
    assert_eq!(txn.compare[0].key.as_ref(), b"k");
    assert_eq!(txn.compare[0].target_union, Some(TargetUnion::Lease(255)));
}

#[test]
fn an_unknown_operator_is_an_error() {
    let mut session = start(&["txn"]);
    session.next();
    session.on_input(b"mod(\"k\") >= \"1\"\n");
    let output = done(&mut session);
    assert_eq!(output.stderr, b"Error: invalid txn compare request: mod(\"k\") >= \"1\"\n");
    assert_eq!(output.exit_code, 3);
}

#[test]
fn arguments_need_not_be_utf8() {
    let mut session = Session::start([&b"put"[..], b"\xff", b"\xfe"], &BTreeMap::new());
    let Request::Put(put) = call(&mut session).request else { panic!("a put") };
    assert_eq!((put.key.as_ref(), put.value.as_ref()), (&b"\xff"[..], &b"\xfe"[..]));
}

#[test]
fn errors_that_are_not_etcds_keep_grpcs_words() {
    let texts = [
        (Error::NO_LEADER, "etcdserver: no leader"),
        (
            Error::TIMEOUT_WAIT_APPLIED_INDEX,
            "rpc error: code = Unavailable desc = etcdserver: request timed out, waiting for the applied index took too long",
        ),
        (
            Error::new(Code::Unavailable, "error reading from server: EOF"),
            "rpc error: code = Unavailable desc = error reading from server: EOF",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(CallError::Status(error).to_string(), text);
    }
}

#[test]
fn writes_are_never_sent_twice_when_they_may_have_arrived() {
    let put = Request::from(api::PutRequest::default());
    let get = Request::from(api::RangeRequest::default());
    assert!(!may_retry(&put, &Error::TIMEOUT));
    assert!(may_retry(&get, &Error::TIMEOUT));
    assert!(may_retry(&put, &Error::new(Code::DeadlineExceeded, "context deadline exceeded")));
    assert!(!may_retry(&get, &Error::COMPACTED));
}

#[test]
fn a_client_that_cannot_be_made_is_a_wrong_argument() {
    let mut session = start(&["get", "k"]);
    let get = call(&mut session);
    let why = CallError::Client("open cert.pem: no such file or directory".to_owned());
    session.on_result(get.id, Err(why), Duration::ZERO);
    let output = done(&mut session);
    assert_eq!(output.exit_code, 128);
    assert_eq!(output.stderr, b"Error: open cert.pem: no such file or directory\n");
}

#[test]
fn options_of_the_client_reach_the_driver() {
    let session = start(&[
        "--user=root:se:cret",
        "--dial-timeout=1s",
        "--cert=c",
        "--key=k",
        "--cacert=ca",
        "--insecure-transport=false",
        "get",
        "k",
    ]);
    let config = session.config();
    let user = User { name: "root".to_owned(), password: Some("se:cret".to_owned()) };
    assert_eq!(config.user, Some(user));
    assert_eq!(config.dial_timeout, Duration::from_secs(1));
    assert_eq!((config.tls.cert.as_str(), config.tls.cacert.as_str()), ("c", "ca"));
    assert!(!config.tls.insecure_transport);
    assert_eq!(config.endpoints, ["127.0.0.1:2379"]);
}

#[test]
fn a_session_that_is_over_stays_over() {
    let mut session = start(&["version"]);
    assert_eq!(done(&mut session).stdout, b"etcdctl version: 3.5.16\nAPI version: 3.5\n");
    session.on_input(b"late");
    assert_eq!(done(&mut session), Output::default());
}

#[test]
fn a_lease_is_renewed_after_a_third_of_its_time_until_it_is_gone() {
    let mut session = start(&["lease", "keep-alive", "123abc"]);
    let renewed = |ttl| api::LeaseKeepAliveResponse { header: None, id: 0x0012_3abc, ttl };
    let first = call(&mut session);
    assert_eq!(first.timeout, Some(Duration::from_secs(5)));
    session.on_result(first.id, Ok(renewed(60).into()), Duration::ZERO);
    let Step::Write(output) = session.next() else { panic!("it says so at once") };
    assert_eq!(output.stdout, b"lease 0000000000123abc keepalived with TTL(60)\n");
    rings(&mut session, Duration::from_secs(20));
    // Nobody answers: it is tried again, as long as the lease can live.
    let second = call(&mut session);
    assert_eq!(second.timeout, Some(Duration::from_secs(40)));
    session.on_result(second.id, Err(CallError::Status(Error::NO_LEADER)), Duration::from_secs(7));
    rings(&mut session, Duration::from_millis(500));
    let third = call(&mut session);
    assert_eq!(third.timeout, Some(Duration::from_millis(32_500)));
    session.on_result(third.id, Ok(renewed(0).into()), Duration::ZERO);
    let output = done(&mut session);
    assert_eq!(output.stdout, b"lease 0000000000123abc expired or revoked.\n");
    assert_eq!(output.exit_code, 0);
}

/// The session sets a timer for this time, and it rings.
fn rings(session: &mut Session, after: Duration) {
    let Step::Timer(timer, time) = session.next() else { panic!("a timer is set") };
    assert_eq!(time, after);
    assert_eq!(session.next(), Step::Wait);
    session.on_timer(timer, Duration::ZERO);
}
