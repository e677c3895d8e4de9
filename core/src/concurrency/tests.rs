//! The machines, told by hand what a member would answer.

use super::*;
use crate::api::mvccpb::event::EventType;
use crate::api::response_op::Response as Found;
use crate::api::{
    Event, KeyValue, PutResponse, RangeResponse, Request, ResponseOp, TxnRequest, TxnResponse,
};

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..ResponseHeader::default() })
}

fn pair(key: &str, created: i64) -> KeyValue {
    let key = Bytes::copy_from_slice(key.as_bytes());
    KeyValue { key, create_revision: created, mod_revision: created, ..KeyValue::default() }
}

fn found(revision: i64, pairs: &[KeyValue]) -> RangeResponse {
    RangeResponse { header: header(revision), kvs: pairs.to_vec(), ..RangeResponse::default() }
}

/// The answer to entering a queue: what was put or found, and who is first.
fn entered(revision: i64, own: Option<KeyValue>, first: Option<KeyValue>) -> Response {
    let one = |response| ResponseOp { response: Some(response) };
    let succeeded = own.is_none();
    let own = match own {
        None => Found::ResponsePut(PutResponse::default()),
        Some(own) => Found::ResponseRange(found(revision, &[own])),
    };
    let first = first.map(|first| one(Found::ResponseRange(found(revision, &[first]))));
    let responses = [one(own)].into_iter().chain(first).collect();
    TxnResponse { header: header(revision), succeeded, responses }.into()
}

fn event(kind: EventType, key: &str, revision: i64) -> WatchResponse {
    let kv = Some(KeyValue { mod_revision: revision, ..pair(key, 0) });
    let event = Event { r#type: kind.into(), kv, prev_kv: None };
    WatchResponse { header: header(revision), events: vec![event], ..WatchResponse::default() }
}

fn called<T: fmt::Debug>(turn: Turn<T>) -> Request {
    match turn {
        Turn::Call(request) => request,
        other => panic!("a call was expected: {other:?}"),
    }
}

fn watched<T: fmt::Debug>(turn: Turn<T>) -> (Bytes, i64) {
    match turn {
        Turn::Watch(request) => (request.key, request.start_revision),
        other => panic!("a watch was expected: {other:?}"),
    }
}

fn lock(lease: i64) -> (Lock, TxnRequest) {
    Lock::begin(b"jobs", lease)
}

#[test]
fn a_free_lock_takes_one_round_trip() {
    let (mut lock, enter) = lock(0xa1);
    assert_eq!(enter.compare, [created_at(&"jobs/a1".into(), 0)]);
    let turn = lock.on_answer(entered(7, None, Some(pair("jobs/a1", 7))));
    let Turn::Done(held) = turn else { panic!("{turn:?}") };
    assert_eq!((held.key.clone(), held.revision), ("jobs/a1".into(), 7));
    assert_eq!(held.still_held(), created_at(&"jobs/a1".into(), 7));
    // Nobody hears of it: it must not stay.
    assert_eq!(lock.after_cancel(), Some(unlock("jobs/a1".into()).into()));
}

#[test]
fn a_negative_lease_is_written_as_go_does() {
    let (_, enter) = lock(-1);
    assert_eq!(enter.compare, [created_at(&"jobs/-1".into(), 0)]);
}

#[test]
fn one_who_asks_again_finds_its_own_key() {
    let (mut lock, _) = lock(0xa1);
    let own = pair("jobs/a1", 7);
    let turn = lock.on_answer(entered(9, Some(own.clone()), Some(own)));
    let Turn::Done(held) = turn else { panic!("{turn:?}") };
    assert_eq!(held.revision, 7);
    assert_eq!(lock.after_cancel(), None, "it was held before");
}

#[test]
fn everybody_waits_for_the_next_elder_only() {
    let (mut lock, _) = lock(0xc3);
    let ask = called(lock.on_answer(entered(12, None, Some(pair("jobs/a1", 7)))));
    let Request::Range(range) = &ask else { panic!("{ask:?}") };
    assert_eq!((range.max_create_revision, range.limit), (11, 1));
    assert_eq!((&range.key[..], &range.range_end[..]), (&b"jobs/"[..], &b"jobs0"[..]));
    let next = watched(lock.on_answer(found(13, &[pair("jobs/b2", 9)]).into()));
    assert_eq!(next, ("jobs/b2".into(), 13));
    // The elder keeps its key alive, and the watch breaks behind that.
    assert_eq!(lock.on_watch(&event(EventType::Put, "jobs/b2", 14)), Turn::Wait);
    assert_eq!(watched(lock.on_watch_lost()), ("jobs/b2".into(), 15));
    // It gives up, but the first one still holds the lock.
    assert_eq!(called(lock.on_watch(&event(EventType::Delete, "jobs/b2", 16))), ask);
    let next = watched(lock.on_answer(found(16, &[pair("jobs/a1", 7)]).into()));
    assert_eq!(next, ("jobs/a1".into(), 16));
    assert_eq!(called(lock.on_watch(&event(EventType::Delete, "jobs/a1", 17))), ask);
    // Nobody is left: is one's own key still there?
    let check = called(lock.on_answer(found(17, &[]).into()));
    let Request::Range(range) = check else { panic!("{check:?}") };
    assert_eq!(range.key, "jobs/c3");
    let mut expired = lock.clone();
    let turn = expired.on_answer(found(18, &[]).into());
    assert_eq!(turn, Turn::Refused(Refusal::SessionExpired));
    let turn = lock.on_answer(found(18, &[pair("jobs/c3", 12)]).into());
    let Turn::Done(held) = turn else { panic!("{turn:?}") };
    assert_eq!((held.revision, held.header.revision), (12, 18));
}

#[test]
fn one_who_gives_up_leaves_the_queue() {
    let (mut lock, _) = lock(0xc3);
    assert_eq!(lock.after_cancel(), None, "it may not have entered");
    lock.on_answer(entered(12, None, Some(pair("jobs/a1", 7))));
    let leave = Some(unlock("jobs/c3".into()).into());
    assert_eq!(lock.after_cancel(), leave);
    assert_eq!(lock.after_failure(), leave);
}

#[test]
fn history_that_is_gone_ends_a_wait() {
    let (mut lock, _) = lock(0xc3);
    lock.on_answer(entered(12, None, Some(pair("jobs/a1", 7))));
    lock.on_answer(found(13, &[pair("jobs/a1", 7)]).into());
    let compacted = WatchResponse { canceled: true, compact_revision: 20, ..Default::default() };
    let why = "etcdserver: mvcc: required revision has been compacted".to_owned();
    assert_eq!(lock.on_watch(&compacted), Turn::Refused(Refusal::WatchCanceled(why)));
}

#[test]
fn a_candidate_leads_when_nobody_is_older() {
    let (mut campaign, _) = Campaign::begin(b"boss", 0xa1, "first".into());
    called(campaign.on_answer(entered(7, None, None)));
    let turn = campaign.on_answer(found(7, &[]).into());
    let Turn::Done((leadership, header)) = turn else { panic!("{turn:?}") };
    assert_eq!((leadership.key.clone(), leadership.revision), ("boss/a1".into(), 7));
    assert_eq!(header.revision, 7);
    let proclaim = leadership.proclaim("second".into());
    assert_eq!(proclaim.compare, [created_at(&"boss/a1".into(), 7)]);
    let lost = TxnResponse { succeeded: false, ..TxnResponse::default() };
    assert_eq!(proclaimed(&lost), Err(Refusal::NotLeader));
    assert_eq!(campaign.after_cancel(), Some(leadership.resign().into()));
}

#[test]
fn a_candidate_that_stood_there_with_another_value_proclaims_first() {
    let (mut campaign, _) = Campaign::begin(b"boss", 0xa1, "new".into());
    let own = KeyValue { value: "old".into(), ..pair("boss/a1", 7) };
    let request = called(campaign.on_answer(entered(9, Some(own), None)));
    let leadership = Leadership { key: "boss/a1".into(), revision: 7, lease: 0xa1 };
    assert_eq!(request, leadership.proclaim("new".into()).into());
    let mut refused = campaign.clone();
    let lost = TxnResponse { succeeded: false, ..TxnResponse::default() };
    assert_eq!(refused.on_answer(lost.into()), Turn::Refused(Refusal::NotLeader));
    let done = TxnResponse { succeeded: true, header: header(10), ..TxnResponse::default() };
    called(campaign.on_answer(done.into()));
    let turn = campaign.on_answer(found(10, &[]).into());
    let Turn::Done((_, header)) = turn else { panic!("{turn:?}") };
    assert_eq!(header.revision, 9, "etcd gives the header of the first answer");
}

#[test]
fn an_observer_follows_from_leader_to_leader() {
    let (mut observe, ask) = Observe::begin(b"boss");
    // Nobody leads: the whole queue is watched.
    let turn = observe.on_answer(found(5, &[]).into());
    let Turn::Watch(queue) = turn else { panic!("{turn:?}") };
    assert_eq!((&queue.range_end[..], queue.start_revision), (&b"boss0"[..], 5));
    assert_eq!(observe.take(), None);
    let next = watched(observe.on_watch(&event(EventType::Put, "boss/a1", 6)));
    assert_eq!(next, ("boss/a1".into(), 7));
    let seen = observe.take().expect("somebody entered");
    assert_eq!(seen.header, header(6));
    // Another value, then the end of that leader.
    assert_eq!(observe.on_watch(&event(EventType::Put, "boss/a1", 8)), Turn::Wait);
    assert_eq!(observe.take().and_then(|seen| seen.kv).map(|kv| kv.mod_revision), Some(8));
    assert_eq!(watched(observe.on_watch_lost()), ("boss/a1".into(), 9));
    let again = called(observe.on_watch(&event(EventType::Delete, "boss/a1", 9)));
    assert_eq!(again, ask.into());
    let next = watched(observe.on_answer(found(12, &[pair("boss/b2", 10)]).into()));
    assert_eq!(next, ("boss/b2".into(), 13));
    assert_eq!(observe.take().and_then(|seen| seen.kv).map(|kv| kv.key), Some("boss/b2".into()));
}
