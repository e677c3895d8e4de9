//! `watch`: what it asks, what it prints, and how it goes on. What etcdctl prints against a real etcd
//! is compared in `tests/watch.rs`.

use std::collections::BTreeMap;

use crate::api::mvccpb::event::EventType;
use crate::api::watch_request::RequestUnion;
use crate::api::{Code, Error, Event, KeyValue, ResponseHeader, WatchCreateRequest, WatchResponse};
use crate::ctl::{
    CallError, Input, Output, Program, Session, Step, Stream, StreamId, StreamRequest,
    StreamResponse,
};

fn start(argv: &[&str]) -> Session {
    Session::start(argv, &BTreeMap::new())
}

fn opened(session: &mut Session) -> Stream {
    match session.next() {
        Step::Open(stream) => stream,
        step => panic!("expected a stream, got {step:?}"),
    }
}

fn create(request: &StreamRequest) -> WatchCreateRequest {
    let StreamRequest::Watch(request) = request else { panic!("a watch") };
    match &request.request_union {
        Some(RequestUnion::CreateRequest(create)) => create.clone(),
        union => panic!("expected a watch, got {union:?}"),
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

fn response(watch_id: i64, revision: i64) -> WatchResponse {
    let header = Some(ResponseHeader { revision, ..ResponseHeader::default() });
    WatchResponse { header, watch_id, ..WatchResponse::default() }
}

fn hear(session: &mut Session, stream: StreamId, response: WatchResponse) {
    session.on_message(stream, &StreamResponse::Watch(response));
}

fn created(session: &mut Session, stream: StreamId, watch_id: i64, revision: i64) {
    hear(session, stream, WatchResponse { created: true, ..response(watch_id, revision) });
}

fn put(watch_id: i64, revision: i64, value: &'static str) -> WatchResponse {
    let pair = KeyValue {
        key: "k".into(),
        value: value.into(),
        mod_revision: revision,
        ..KeyValue::default()
    };
    let event = Event { r#type: EventType::Put as i32, kv: Some(pair), prev_kv: None };
    WatchResponse { events: vec![event], ..response(watch_id, revision) }
}

fn broken() -> CallError {
    CallError::Status(Error::new(Code::Unavailable, "error reading from server: EOF"))
}

#[test]
fn options_become_a_request() {
    let mut session =
        start(&["watch", "k", "--prefix", "--rev=7", "--prev-kv", "--progress-notify"]);
    let stream = opened(&mut session);
    assert!(stream.requires_leader);
    let expected = WatchCreateRequest {
        key: "k".into(),
        range_end: "l".into(),
        start_revision: 7,
        progress_notify: true,
        prev_kv: true,
        ..WatchCreateRequest::default()
    };
    assert_eq!(create(&stream.request), expected);
    assert_eq!(session.next(), Step::Wait);
}

#[test]
fn events_are_written_when_they_come_and_the_watch_goes_on_elsewhere() {
    let mut session = start(&["watch", "k"]);
    let first = opened(&mut session);
    assert!(!session.is_watching());
    created(&mut session, first.id, 0, 4);
    assert!(session.is_watching());
    assert_eq!(session.next(), Step::Wait);
    session.on_stream_end(first.id, &broken());
    // Nothing was heard yet, but what came after its creation must not be missed.
    let second = opened(&mut session);
    assert_eq!(create(&second.request).start_revision, 5);
    created(&mut session, second.id, 3, 9);
    hear(&mut session, second.id, put(3, 6, "one"));
    assert_eq!(written(&mut session), "PUT\nk\none\n");
    hear(&mut session, first.id, put(0, 6, "late"));
    assert_eq!(session.next(), Step::Wait, "the old stream is over");
    session.on_stream_end(second.id, &broken());
    let third = opened(&mut session);
    assert_eq!(create(&third.request).start_revision, 7);
    created(&mut session, third.id, 0, 9);
    hear(&mut session, third.id, response(0, 9));
    assert_eq!(written(&mut session), "progress notify: 9\n");
    session.on_stream_end(third.id, &CallError::Status(Error::NO_LEADER));
    let Step::Write(output) = session.next() else { panic!("it says why") };
    assert_eq!(output.stderr, b"watch was canceled (etcdserver: no leader)\n");
    let output = done(&mut session);
    assert_eq!(output.stderr, b"Error: watch is canceled by the server\n");
    assert_eq!(output.exit_code, 5);
}

#[test]
fn fragments_are_seen_when_the_last_one_is() {
    let mut session = start(&["watch", "k"]);
    let stream = opened(&mut session);
    created(&mut session, stream.id, 0, 1);
    hear(&mut session, stream.id, WatchResponse { fragment: true, ..put(0, 2, "a part") });
    written(&mut session);
    session.on_stream_end(stream.id, &broken());
    assert_eq!(create(&opened(&mut session).request).start_revision, 2);
}

#[test]
fn lines_begin_watches_one_after_the_other() {
    let mut session = start(&["watch", "-i"]);
    let line = Step::WaitOrRead(Input::Line { prompt: "" });
    assert_eq!(session.next(), line);
    session.on_input(b"watch a\n");
    let stream = opened(&mut session);
    session.on_input(b"watch b --rev=3 -- echo hi\n");
    assert_eq!(session.next(), line, "the first one is not created yet");
    created(&mut session, stream.id, 0, 5);
    let Step::Send(of, request) = session.next() else { panic!("the second is created") };
    assert_eq!((of, create(&request).key), (stream.id, "b".into()));
    created(&mut session, stream.id, 1, 5);
    hear(&mut session, stream.id, put(1, 4, "x"));
    assert_eq!(written(&mut session), "PUT\nk\nx\n");
    let Step::Execute(program) = session.next() else { panic!("a command is run") };
    let expected = Program {
        command: vec![b"echo".to_vec(), b"hi".to_vec()],
        environment: vec![
            ("ETCD_WATCH_REVISION", b"4".to_vec()),
            ("ETCD_WATCH_EVENT_TYPE", b"\"PUT\"".to_vec()),
            ("ETCD_WATCH_KEY", b"\"k\"".to_vec()),
            ("ETCD_WATCH_VALUE", b"\"x\"".to_vec()),
        ],
    };
    assert_eq!(program, expected);
    session.on_executed(&program, Ok(()));
    // After a break both are created again, the second from where it was.
    session.on_stream_end(stream.id, &broken());
    let stream = opened(&mut session);
    assert_eq!(create(&stream.request).start_revision, 6);
    created(&mut session, stream.id, 0, 9);
    let Step::Send(_, request) = session.next() else { panic!("the second is created") };
    assert_eq!(create(&request).start_revision, 5);
    session.on_input(b"");
    let output = done(&mut session);
    assert_eq!(output.stderr, b"Error: error reading watch request line: EOF\n");
    assert_eq!(output.exit_code, 3);
}
