//! `cluster status`, endpoints of two clusters, and `snapshot save`.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::api::{self, Code, Error, Request, ResponseHeader};
use crate::ctl::{Call, CallError, Endpoint, FileWork, Output, Session, Step, StreamResponse};

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

fn header(cluster_id: u64, member_id: u64) -> Option<ResponseHeader> {
    Some(ResponseHeader { cluster_id, member_id, ..ResponseHeader::default() })
}

fn status(cluster_id: u64, member_id: u64, raft_index: u64) -> api::StatusResponse {
    api::StatusResponse {
        header: header(cluster_id, member_id),
        version: "3.6.0".to_owned(),
        leader: 1,
        raft_term: 4,
        raft_index,
        db_size: 20_480,
        db_size_in_use: 16_384,
        ..api::StatusResponse::default()
    }
}

#[test]
fn any_endpoint_shows_all_members_and_why_one_is_away() {
    let mut session = start(&["--endpoints=a:1", "cluster", "status"]);
    let list = call(&mut session);
    assert_eq!(list.request, api::MemberListRequest { linearizable: false }.into());
    let member = |id: u64, name: &str, url: &str| api::Member {
        id,
        name: name.to_owned(),
        client_urls: Vec::from_iter((!url.is_empty()).then(|| url.to_owned())),
        ..api::Member::default()
    };
    let response = api::MemberListResponse {
        header: header(7, 2),
        members: vec![
            member(1, "n1", "http://n1:2379"),
            member(2, "n2", "http://n2:2379"),
            member(3, "n3", "http://n3:2379"),
            member(4, "", ""),
        ],
    };
    session.on_result(list.id, Ok(response.into()), Duration::ZERO);
    let calls: Vec<Call> = (0..3).map(|_| call(&mut session)).collect();
    assert!(calls.iter().all(|call| call.once && call.request == api::StatusRequest {}.into()));
    assert_eq!(calls[2].endpoint, Endpoint::Named("http://n3:2379".to_owned()));
    session.on_result(calls[0].id, Ok(status(7, 1, 100).into()), Duration::ZERO);
    session.on_result(calls[1].id, Ok(status(7, 2, 88).into()), Duration::ZERO);
    let gone = CallError::Unreachable("connection refused".to_owned());
    session.on_result(calls[2].id, Err(gone), Duration::ZERO);
    let output = done(&mut session);
    let expected = "\
1, n1, http://n1:2379, 3.6.0, 20 kB, 16 kB, leader, 4, 100, 0, 
2, n2, http://n2:2379, 3.6.0, 20 kB, 16 kB, follower, 4, 88, 12, 
3, n3, http://n3:2379, , , , unreachable, , , , http://n3:2379: connection refused
4, , , , , , unstarted, , , , the member was added and never started
";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert_eq!(output.exit_code, 1, "not all is well");
}

#[test]
fn endpoints_of_two_clusters_are_named_and_refused() {
    let mut session = start(&["--endpoints=a:1,b:2,c:3", "put", "k", "v"]);
    session.guard();
    let mut calls: Vec<Call> = (0..3).map(|_| call(&mut session)).collect();
    assert_eq!(session.next(), Step::Wait, "nothing is written before");
    calls.sort_by_key(|call| call.endpoint.clone());
    session.on_result(calls[0].id, Ok(status(0xa, 1, 1).into()), Duration::ZERO);
    session.on_result(calls[1].id, Ok(status(0xb, 1, 1).into()), Duration::ZERO);
    session.on_result(calls[2].id, Ok(status(0xa, 2, 1).into()), Duration::ZERO);
    let output = done(&mut session);
    let why = "Error: the endpoints are of different clusters: a:1, c:3 of cluster a; b:2 of cluster b; name those of one\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), why);
    assert_eq!(output.exit_code, 128);
}

#[test]
fn endpoints_of_one_cluster_are_no_reason_to_wait() {
    let mut session = start(&["--endpoints=a:1,b:2", "put", "k", "v"]);
    session.guard();
    let (first, second) = (call(&mut session), call(&mut session));
    assert!(first.once && first.timeout.is_some_and(|limit| limit < Duration::from_secs(1)));
    session.on_result(first.id, Ok(status(7, 1, 1).into()), Duration::ZERO);
    let away = CallError::Unreachable("connection refused".to_owned());
    session.on_result(second.id, Err(away), Duration::ZERO);
    assert!(matches!(call(&mut session).request, Request::Put(_)));
    let mut alone = start(&["--endpoints=a:1", "put", "k", "v"]);
    alone.guard();
    assert!(matches!(call(&mut alone).request, Request::Put(_)), "there is nothing to compare");
}

#[test]
fn a_snapshot_gets_its_name_when_it_is_whole() {
    let mut session = start(&["snapshot", "save", "db"]);
    let part = b"db.part".to_vec();
    assert_eq!(session.next(), Step::File(FileWork::Create { path: part.clone() }));
    session.on_file(Ok(()));
    assert!(matches!(session.next(), Step::Write(_)), "it says what it does");
    let Step::Open(stream) = session.next() else { panic!("a stream") };
    let blob = Bytes::from(vec![7; 512 + 32]);
    let sent = api::SnapshotResponse { blob: blob.clone(), ..Default::default() };
    session.on_message(stream.id, &StreamResponse::Snapshot(sent));
    assert_eq!(session.next(), Step::File(FileWork::Append(blob)));
    session.on_file(Ok(()));
    assert_eq!(session.next(), Step::Wait);
    session.on_message(stream.id, &StreamResponse::SnapshotEnd);
    assert!(matches!(session.next(), Step::Write(_)));
    let finish = FileWork::Finish { from: part, to: b"db".to_vec() };
    assert_eq!(session.next(), Step::File(finish));
    session.on_file(Ok(()));
    assert_eq!(done(&mut session).stdout, b"Snapshot saved at db\n");
}

#[test]
fn half_a_snapshot_is_thrown_away() {
    let ends: [fn(&mut Session, crate::ctl::StreamId); 2] = [
        |session, stream| session.on_message(stream, &StreamResponse::SnapshotEnd),
        |session, stream| {
            let broken = Error::new(Code::Unavailable, "error reading from server: EOF");
            session.on_stream_end(stream, &CallError::Status(broken));
        },
    ];
    for end in ends {
        let mut session = start(&["snapshot", "save", "db"]);
        session.next();
        session.on_file(Ok(()));
        session.next();
        let Step::Open(stream) = session.next() else { panic!("a stream") };
        let half = api::SnapshotResponse { blob: vec![7; 100].into(), ..Default::default() };
        session.on_message(stream.id, &StreamResponse::Snapshot(half));
        assert!(matches!(session.next(), Step::File(FileWork::Append(_))));
        session.on_file(Ok(()));
        end(&mut session, stream.id);
        let path = b"db.part".to_vec();
        assert_eq!(session.next(), Step::File(FileWork::Remove { path }));
        session.on_file(Ok(()));
        assert_eq!(done(&mut session).exit_code, 5);
    }
}
