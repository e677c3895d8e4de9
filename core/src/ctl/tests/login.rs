//! Names, passwords and tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::{self, Error, Request};
use crate::ctl::{Call, CallError, Endpoint, Input, Output, Session, Step};

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

/// Answers the question for a token.
fn log_in(session: &mut Session, token: &str) {
    let ask = call(session);
    let expected = api::AuthenticateRequest { name: "root".into(), password: "pw".into() };
    assert_eq!(ask.request, Request::Authenticate(expected));
    assert_eq!((ask.token, ask.endpoint), (None, Endpoint::Any));
    assert_eq!(session.next(), Step::Wait, "nothing else leaves before");
    let response = api::AuthenticateResponse { header: None, token: token.to_owned() };
    session.on_result(ask.id, Ok(response.into()), Duration::ZERO);
}

#[test]
fn a_token_goes_with_every_call() {
    let mut session = start(&["--user=root:pw", "get", "k"]);
    log_in(&mut session, "t1");
    let get = call(&mut session);
    assert_eq!(get.token.as_deref(), Some("t1"));
    assert!(matches!(get.request, Request::Range(_)));
}

#[test]
fn a_missing_password_is_typed_and_an_empty_one_is_nobodys() {
    let mut session = start(&["--user=root", "get", "k"]);
    let prompt = Step::Read(Input::Password { prompt: "Password: ".into() });
    assert_eq!(session.next(), prompt);
    session.on_input(b"pw\n");
    log_in(&mut session, "t1");
    let mut session = start(&["--user=root", "get", "k"]);
    assert_eq!(session.next(), prompt);
    session.on_input(b"");
    assert!(matches!(call(&mut session).request, Request::Range(_)));
}

#[test]
fn a_token_that_is_refused_is_made_anew_and_the_call_is_sent_again() {
    let mut session = start(&["--user=root:pw", "put", "k", "v"]);
    log_in(&mut session, "t1");
    let put = call(&mut session);
    let refused = CallError::Status(Error::INVALID_AUTH_TOKEN);
    session.on_result(put.id, Err(refused), Duration::ZERO);
    log_in(&mut session, "t2");
    let again = call(&mut session);
    assert_eq!(
        (again.id, again.request, again.token.as_deref()),
        (put.id, put.request, Some("t2"))
    );
    session.on_result(again.id, Ok(api::PutResponse::default().into()), Duration::ZERO);
    assert_eq!(done(&mut session).stdout, b"OK\n");
}

#[test]
fn a_login_that_fails_ends_the_command() {
    for (argv, code) in [
        (&["--user=root:pw", "get", "k"][..], 2),
        (&["--user=root:pw", "snapshot", "save", "f"], 5),
    ] {
        let mut session = start(argv);
        let ask = call(&mut session);
        session.on_result(ask.id, Err(CallError::Status(Error::AUTH_FAILED)), Duration::ZERO);
        let output = done(&mut session);
        let text = String::from_utf8(output.stderr).unwrap();
        let why = "Error: etcdserver: authentication failed, invalid user ID or password\n";
        assert_eq!((text.as_str(), output.exit_code), (why, code));
    }
}

#[test]
fn a_cluster_without_users_is_asked_without_a_token() {
    let mut session = start(&["--user=root:pw", "get", "k"]);
    let ask = call(&mut session);
    session.on_result(ask.id, Err(CallError::Status(Error::AUTH_NOT_ENABLED)), Duration::ZERO);
    assert_eq!(call(&mut session).token, None);
}

#[test]
fn a_watch_that_goes_on_shows_a_new_token() {
    let mut session = start(&["--user=root:pw", "watch", "k"]);
    log_in(&mut session, "t1");
    let Step::Open(stream) = session.next() else { panic!("a stream") };
    assert_eq!(stream.token.as_deref(), Some("t1"));
    let broken = Error::new(api::Code::Unavailable, "error reading from server: EOF");
    session.on_stream_end(stream.id, &CallError::Status(broken));
    log_in(&mut session, "t2");
    let Step::Open(stream) = session.next() else { panic!("another stream") };
    assert_eq!(stream.token.as_deref(), Some("t2"));
}

#[test]
fn a_new_password_is_typed_twice_before_anybody_is_asked() {
    let mut session = start(&["user", "add", "u"]);
    let prompt = |text: &str| Step::Read(Input::Password { prompt: text.to_owned() });
    assert_eq!(session.next(), prompt("Password of u: "));
    session.on_input(b"pw\n");
    assert_eq!(session.next(), prompt("Type password of u again for confirmation: "));
    session.on_input(b"pw\n");
    let add = call(&mut session);
    let Request::UserAdd(request) = &add.request else { panic!("a user is added") };
    assert_eq!((request.name.as_str(), request.password.as_str()), ("u", "pw"));
    assert_eq!(add.timeout, None, "etcdctl waits for it as long as it takes");
}
