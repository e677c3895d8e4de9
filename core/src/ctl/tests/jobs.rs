//! Commands that go on: locks, elections, mirrors and checks, in a made-up cluster and made-up time.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::{self, Error, KeyValue, Request, Response, ResponseHeader};
use crate::ctl::{
    Call, CallError, Elsewhere, Endpoint, FileWork, Input, Output, ProgramError, Session, Step,
    StreamRequest, StreamResponse, TimerId, Tls, utl,
};

fn start(argv: &[&str]) -> Session {
    Session::start(argv, &BTreeMap::new())
}

fn call(session: &mut Session) -> Call {
    match session.next() {
        Step::Call(call) => call,
        step => panic!("expected a call, got {step:?}"),
    }
}

fn written(session: &mut Session) -> String {
    match session.next() {
        Step::Write(output) => String::from_utf8(output.stdout).unwrap(),
        step => panic!("expected text, got {step:?}"),
    }
}

fn done(session: &mut Session) -> Output {
    match session.next() {
        Step::Done(output) => output,
        step => panic!("expected the end, got {step:?}"),
    }
}

fn answer(session: &mut Session, call: &Call, response: impl Into<Response>) {
    session.on_result(call.id, Ok(response.into()), Duration::from_millis(1));
}

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned().into(),
        value: value.to_owned().into(),
        create_revision: 7,
        mod_revision: 7,
        ..KeyValue::default()
    }
}

fn found(pairs: Vec<KeyValue>) -> api::RangeResponse {
    api::RangeResponse { header: header(9), kvs: pairs, ..api::RangeResponse::default() }
}

const LEASE: i64 = 0x0abc;

/// Grants the lease and renews it once; gives the call that enters the queue.
fn enter(session: &mut Session, ttl: i64) -> Call {
    let grant = call(session);
    assert_eq!(grant.request, api::LeaseGrantRequest { ttl, id: 0 }.into());
    assert_eq!(grant.timeout, None, "etcdctl waits as long as it takes");
    let granted = api::LeaseGrantResponse { id: LEASE, ttl, ..Default::default() };
    answer(session, &grant, granted);
    let renew = call(session);
    assert_eq!(renew.request, api::LeaseKeepAliveRequest { id: LEASE }.into());
    let enter = call(session);
    answer(session, &renew, api::LeaseKeepAliveResponse { header: None, id: LEASE, ttl });
    let Step::Timer(_, third) = session.next() else { panic!("it is renewed again") };
    assert_eq!(third, Duration::from_secs(ttl.unsigned_abs()) / 3);
    enter
}

/// What the transaction that enters a queue answers: the queue's first key.
fn entered(first: KeyValue) -> api::TxnResponse {
    let ranged = found(vec![first]);
    let range = api::response_op::Response::ResponseRange(ranged);
    let put = api::response_op::Response::ResponsePut(api::PutResponse::default());
    let responses = [put, range].map(|one| api::ResponseOp { response: Some(one) });
    api::TxnResponse { header: header(7), succeeded: true, responses: responses.into() }
}

#[test]
fn a_program_runs_while_the_lock_is_held_and_its_code_is_passed_on() {
    let mut session = start(&["lock", "--ttl=30", "jobs", "--", "work", "-x"]);
    let enter = enter(&mut session, 30);
    let Request::Txn(_) = enter.request else { panic!("the queue is entered at once") };
    answer(&mut session, &enter, entered(pair("jobs/abc", "")));
    let Step::Execute(program) = session.next() else { panic!("the program") };
    assert_eq!(program.command, [b"work".to_vec(), b"-x".to_vec()]);
    assert_eq!(program.environment[0], ("ETCD_LOCK_KEY", b"jobs/abc".to_vec()));
    assert_eq!(program.environment[1], ("ETCD_LOCK_REV", b"7".to_vec()));
    assert_eq!(session.next(), Step::Wait);
    assert!(session.takes_interrupt(), "the program hears of Ctrl-C, and decides");
    session.on_interrupt();
    assert_eq!(session.next(), Step::Wait);
    let failed = ProgramError { why: "exit status 3".to_owned(), code: Some(3) };
    session.on_executed(&program, Err(failed));
    let unlock = call(&mut session);
    let gone = api::DeleteRangeRequest { key: "jobs/abc".into(), ..Default::default() };
    assert_eq!(unlock.request, gone.into());
    answer(&mut session, &unlock, api::DeleteRangeResponse::default());
    let end = done(&mut session);
    assert_eq!((end.exit_code, &*end.stderr), (3, &b"Error: exit status 3\n"[..]));
}

#[test]
fn who_waits_for_a_lock_leaves_the_queue_on_ctrl_c() {
    let mut session = start(&["lock", "jobs"]);
    let enter = enter(&mut session, 10);
    let elder = KeyValue { create_revision: 5, ..pair("jobs/111", "") };
    answer(&mut session, &enter, entered(elder.clone()));
    let ask = call(&mut session);
    answer(&mut session, &ask, found(vec![elder]));
    let Step::Open(stream) = session.next() else { panic!("the elder is watched") };
    assert!(stream.requires_leader);
    assert!(session.is_watching(), "nothing is to be done until the elder goes");
    session.on_interrupt();
    assert_eq!(call(&mut session).request, {
        let key = "jobs/abc".into();
        api::DeleteRangeRequest { key, ..Default::default() }.into()
    });
    assert_eq!(session.next(), Step::Close(stream.id));
}

#[test]
fn a_lock_is_shown_held_and_given_back() {
    let mut session = start(&["lock", "jobs"]);
    let enter = enter(&mut session, 10);
    answer(&mut session, &enter, entered(pair("jobs/abc", "")));
    let show = call(&mut session);
    answer(&mut session, &show, found(vec![pair("jobs/abc", "")]));
    assert_eq!(written(&mut session), "jobs/abc\n\n");
    assert_eq!(session.next(), Step::Wait);
    session.on_interrupt();
    let unlock = call(&mut session);
    answer(&mut session, &unlock, api::DeleteRangeResponse::default());
    assert_eq!(done(&mut session), Output::default());
}

#[test]
fn a_lock_whose_lease_ends_is_lost() {
    let mut session = start(&["lock", "jobs"]);
    let enter = enter(&mut session, 10);
    answer(&mut session, &enter, entered(pair("jobs/abc", "")));
    let show = call(&mut session);
    answer(&mut session, &show, found(vec![pair("jobs/abc", "")]));
    written(&mut session);
    // The second timer of the session: the first one was set before the answer to the grant.
    session.on_timer(TimerId(1), Duration::from_secs(3));
    let renew = call(&mut session);
    answer(&mut session, &renew, api::LeaseKeepAliveResponse { ttl: 0, ..Default::default() });
    let end = done(&mut session);
    assert_eq!((end.exit_code, &*end.stderr), (1, &b"Error: session expired\n"[..]));
}

#[test]
fn an_observer_prints_every_leader() {
    let mut session = start(&["elect", "-l", "boss"]);
    let ask = enter(&mut session, 60);
    answer(&mut session, &ask, found(vec![pair("boss/1", "A")]));
    assert_eq!(written(&mut session), "boss/1\nA\n");
    let Step::Open(stream) = session.next() else { panic!("its key is watched") };
    let kv = Some(KeyValue { mod_revision: 12, ..pair("boss/1", "B") });
    let events = vec![api::Event { kv, ..api::Event::default() }];
    let said = api::WatchResponse { header: header(12), events, ..Default::default() };
    session.on_message(stream.id, &StreamResponse::Watch(said));
    assert_eq!(written(&mut session), "boss/1\nB\n");
    session.on_interrupt();
    assert_eq!(done(&mut session).exit_code, 0);
}

#[test]
fn a_mirror_shows_each_cluster_what_belongs_to_it() {
    let line = ["--user=here:pw", "make-mirror", "--dest-user=there", "--prefix=a/", "b:1"];
    let mut session = start(&line);
    let log_in = call(&mut session);
    let token = api::AuthenticateResponse { header: None, token: "of the source".to_owned() };
    answer(&mut session, &log_in, token);
    let Step::Timer(..) = session.next() else { panic!("it counts every half a minute") };
    let prompt = Input::Password { prompt: "Destination Password: ".to_owned() };
    assert_eq!(session.next(), Step::Read(prompt));
    session.on_input(b"secret\n");
    let there = Endpoint::Elsewhere(Box::new(Elsewhere {
        endpoint: "b:1".to_owned(),
        tls: Tls { insecure_transport: true, ..Tls::default() },
    }));
    let log_in = call(&mut session);
    assert_eq!((&log_in.endpoint, &log_in.token), (&there, &None));
    let token = api::AuthenticateResponse { header: None, token: "of the destination".to_owned() };
    answer(&mut session, &log_in, token);
    let ask = call(&mut session);
    assert_eq!((&ask.endpoint, ask.token.as_deref()), (&Endpoint::Any, Some("of the source")));
    answer(&mut session, &ask, found(Vec::new()));
    let page = call(&mut session);
    let Request::Range(range) = &page.request else { panic!("a page") };
    assert_eq!((range.limit, range.revision), (1000, 9));
    answer(&mut session, &page, found(vec![pair("a/1", "one")]));
    let put = call(&mut session);
    assert_eq!((&put.endpoint, put.token.as_deref()), (&there, Some("of the destination")));
}

#[test]
fn a_mirror_without_a_user_is_shown_no_token() {
    let mut session = start(&["--user=here:pw", "make-mirror", "b:1"]);
    let log_in = call(&mut session);
    let token = api::AuthenticateResponse { header: None, token: "of the source".to_owned() };
    answer(&mut session, &log_in, token);
    let ask = call(&mut session);
    answer(&mut session, &ask, found(Vec::new()));
    let page = call(&mut session);
    answer(&mut session, &page, found(vec![pair("a", "1")]));
    assert_eq!(call(&mut session).token, None);
}

#[test]
fn a_mirror_from_a_revision_on_copies_nothing_and_cuts_large_transactions() {
    let mut session = start(&["make-mirror", "--rev=8", "--max-txn-ops=2", "b:1"]);
    let Step::Timer(..) = session.next() else { panic!("it counts") };
    let Step::Open(stream) = session.next() else { panic!("it watches at once") };
    let StreamRequest::Watch(request) = stream.request else { panic!("a watch") };
    let Some(api::watch_request::RequestUnion::CreateRequest(watch)) = request.request_union else {
        panic!("a watch of its own")
    };
    assert_eq!(watch.start_revision, 8);
    let event = |key| api::Event { kv: Some(pair(key, "v")), ..api::Event::default() };
    let events = ["1", "2", "3"].map(event).into();
    let said = api::WatchResponse { header: header(8), events, ..Default::default() };
    session.on_message(stream.id, &StreamResponse::Watch(said));
    for expected in [2, 1] {
        let write = call(&mut session);
        let Request::Txn(txn) = &write.request else { panic!("a transaction") };
        assert_eq!(txn.success.len(), expected);
        answer(&mut session, &write, api::TxnResponse::default());
    }
}

#[test]
fn a_compacted_mirror_ends() {
    let mut session = start(&["make-mirror", "b:1"]);
    for _ in 0..2 {
        let ask = call(&mut session);
        answer(&mut session, &ask, found(Vec::new()));
    }
    let Step::Timer(..) = session.next() else { panic!("it counts") };
    let Step::Open(stream) = session.next() else { panic!("what comes later is watched") };
    let StreamRequest::Watch(_) = stream.request else { panic!("a watch") };
    let gone = api::WatchResponse { compact_revision: 20, canceled: true, ..Default::default() };
    session.on_message(stream.id, &StreamResponse::Watch(gone));
    let end = done(&mut session);
    let why = format!("Error: {}\n", Error::COMPACTED.message);
    assert_eq!((end.exit_code, end.stderr), (1, why.into_bytes()));
}

// --- checks, in time that passes at once ---

/// Plays a whole check: every put takes so long.
fn check(argv: &[&str], put: Duration) -> (Output, Vec<Request>) {
    let mut session = start(argv);
    let (mut stdout, mut asked) = (Vec::new(), Vec::new());
    let mut now = Duration::ZERO;
    let mut events: BTreeMap<(Duration, u64), Result<TimerId, Call>> = BTreeMap::new();
    let mut count = 0;
    loop {
        count += 1;
        match session.next() {
            Step::Call(call) => {
                let is_put = matches!(call.request, Request::Put(_));
                if !is_put {
                    asked.push(call.request.clone());
                }
                let took = if is_put { put } else { Duration::ZERO };
                events.insert((now + took, count), Err(call));
            }
            Step::Timer(timer, after) => {
                events.insert((now + after, count), Ok(timer));
            }
            Step::Write(output) => stdout.extend(output.stdout),
            Step::Wait => {
                let ((at, _), event) = events.pop_first().expect("something will happen");
                now = at;
                match event {
                    Ok(timer) => session.on_timer(timer, now),
                    Err(call) => session.on_result(call.id, Ok(says_yes(&call)), put),
                }
            }
            Step::Fetch(page) => {
                assert_eq!(page.url, "http://127.0.0.1:2379/metrics");
                let kilobytes = 1000 + now.as_millis();
                let page_says = format!("# HELP\nprocess_resident_memory_bytes {kilobytes}000\n");
                session.on_fetched(page.id, Ok(page_says.into_bytes()));
            }
            Step::Done(mut output) => {
                output.stdout.splice(0..0, stdout);
                return (output, asked);
            }
            step => panic!("a check wants {step:?}"),
        }
    }
}

fn says_yes(call: &Call) -> Response {
    match call.request {
        Request::Range(_) => api::RangeResponse::default().into(),
        Request::Put(_) => api::PutResponse::default().into(),
        Request::DeleteRange(_) => {
            api::DeleteRangeResponse { header: header(77), ..Default::default() }.into()
        }
        Request::Compact(_) => api::CompactionResponse::default().into(),
        Request::Defragment(_) => api::DefragmentResponse::default().into(),
        ref other => panic!("a check asks {other:?}"),
    }
}

#[test]
fn a_quick_cluster_passes() {
    let line = ["check", "perf", "--auto-compact", "--auto-defrag"];
    let (output, asked) = check(&line, Duration::from_millis(20));
    let text = String::from_utf8(output.stdout).unwrap();
    let (bar, rest) = text.split_once('\n').unwrap();
    assert!(bar.starts_with("\r 0 / 60    0.00%\r 0 / 60    0.00%"), "{bar}");
    assert!(bar.contains("\r 12 / 60   20.00% 00m48s"), "{bar}");
    assert!(bar.ends_with("\r 60 / 60  100.00% 1m0s"), "{bar}");
    assert_eq!(
        rest,
        "Compacting with revision 77\nCompacted with revision 77\n\
         Defragmenting \"127.0.0.1:2379\"\nDefragmented \"127.0.0.1:2379\"\n\
         PASS: Throughput is 150 writes/s\nPASS: Slowest request took 0.020000s\n\
         PASS: Stddev is 0.000000s\nPASS\n"
    );
    assert_eq!(output.exit_code, 0);
    assert_eq!(asked.len(), 4, "looked, deleted, compacted, defragmented: {asked:?}");
}

#[test]
fn a_slow_cluster_fails() {
    // 50 clients, each of which writes less than two keys in a second.
    let (output, _) = check(&["check", "perf"], Duration::from_millis(600));
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    assert!(rest.starts_with("FAIL: Throughput too low: "), "{rest}");
    assert!(rest.contains("\nSlowest request took too long: 0.600000s\n"), "{rest}");
    assert!(rest.ends_with("\nFAIL\n"), "{rest}");
    assert_eq!((output.exit_code, &*output.stderr), (1, &b""[..]));
}

#[test]
fn datascale_tells_what_the_first_endpoint_weighs() {
    let (output, asked) = check(&["check", "datascale"], Duration::from_millis(10));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(
        "Start data scale check for work load [10000 key-value pairs, 1024 bytes per key-value, 50 concurrent clients].\n"
    ));
    // 10,000 puts by 50 clients take two seconds here.
    assert!(text.ends_with("PASS: Approximate system memory used : 1.91 MB.\n"), "{text}");
    assert_eq!(asked.len(), 2, "looked, and deleted");
}

#[test]
fn a_check_touches_nobodys_keys() {
    let mut session = start(&["check", "perf", "--prefix=mine/"]);
    let look = call(&mut session);
    answer(&mut session, &look, found(vec![pair("mine/1", "")]));
    let end = done(&mut session);
    let why = "Error: prefix \"mine/\" has keys. Delete with 'etcdctl del --prefix mine/' first\n";
    assert_eq!((end.exit_code, end.stderr), (3, why.to_owned().into_bytes()));
    let mut session = start(&["check", "perf", "--load=huge"]);
    assert_eq!(done(&mut session).exit_code, 4);
}

// --- files ---

#[test]
fn a_snapshot_file_is_looked_into_by_utl() {
    let mut session = start(&["snapshot", "status", "db", "-w", "json"]);
    let Step::Write(told) = session.next() else { panic!("it is deprecated") };
    assert_eq!(told.stderr, b"Deprecated: Use `etcdutl snapshot status` instead.\n\n");
    let Step::OnDisk(utl::Job::Status { file, .. }) = session.next() else { panic!("the file") };
    assert_eq!(file, b"db");
    session.on_disk_work(Err("stat db: no such file or directory".to_owned()));
    let end = done(&mut session);
    assert_eq!(end.stderr, b"Error: stat db: no such file or directory\n");
    assert_eq!(end.exit_code, 1);
}

#[test]
fn work_that_nobody_waits_for_is_heard_by_nobody() {
    let mut session = start(&["put", "k", "v"]);
    let put = call(&mut session);
    session.on_file(Err("late".to_owned()));
    session.on_disk_work(Err("late".to_owned()));
    session.on_timer(TimerId(9), Duration::ZERO);
    assert_eq!(session.next(), Step::Wait);
    let refused = CallError::Status(Error::NO_SPACE);
    session.on_result(put.id, Err(refused), Duration::ZERO);
    assert_eq!(done(&mut session).exit_code, 1);
    let removed = FileWork::Remove { path: Vec::new() };
    assert_ne!(session.next(), Step::File(removed), "what is over stays over");
}
