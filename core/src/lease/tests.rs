//! Leases against a small model, and the leader's clock in small stories.

use proptest::prelude::*;

use super::*;
use crate::api::{DeleteRangeRequest, LeaseCheckpoint, PutRequest};
use crate::mvcc::Mvcc;
use crate::store::{Store, StoreBatch};

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn keys(lessor: &Lessor, id: i64) -> Vec<String> {
    let keys = &lessor.get(id).unwrap().keys;
    keys.iter().map(|key| String::from_utf8(key.to_vec()).unwrap()).collect()
}

fn clock(tick: u64) -> Clock {
    Clock { tick, tick_ms: 100 }
}

#[test]
fn a_grant_is_refused_for_etcds_reasons_in_etcds_order() {
    let mut lessor = Lessor::default();
    assert_eq!(lessor.grant(7, 60), Ok(60));
    assert_eq!(lessor.grant(7, 60), Err(Error::LEASE_EXISTS));
    assert_eq!(lessor.grant(7, 9_000_000_001), Err(Error::LEASE_TTL_TOO_LARGE));
    assert_eq!(lessor.grant(0, 60), Err(Error::LEASE_NOT_FOUND));
    assert_eq!(lessor.grant(-8, 9_000_000_000), Ok(9_000_000_000));
    assert_eq!(lessor.revoke(9), Err(Error::LEASE_NOT_FOUND));
    assert_eq!(lessor.len(), 2);
}

#[test]
fn a_key_belongs_to_the_lease_that_was_named_last() {
    let mut lessor = Lessor::default();
    lessor.grant(1, 60).unwrap();
    lessor.grant(2, 60).unwrap();
    for (key, id) in [("b", 1), ("a", 1), ("c", 2), ("b", 2), ("a", 1), ("d", 0)] {
        lessor.on_write(key.as_bytes(), id);
    }
    assert_eq!(
        (keys(&lessor, 1), keys(&lessor, 2)),
        (vec!["a".into()], vec!["b".into(), "c".into()])
    );
    lessor.on_write(b"c", 0);
    assert_eq!(keys(&lessor, 2), ["b"]);
    let gone = lessor.revoke(2).unwrap();
    assert_eq!(gone.into_iter().collect::<Vec<_>>(), [bytes("b")]);
    // The key may have a lease again, and its old one does not come back with the same id.
    lessor.grant(2, 60).unwrap();
    assert!(lessor.get(2).unwrap().keys.is_empty());
    lessor.on_write(b"b", 1);
    assert_eq!(keys(&lessor, 1), ["a", "b"]);
}

#[derive(Clone, Debug)]
enum Op {
    Grant(i64),
    Revoke(i64),
    Put(u8, i64),
    Delete(u8, u8),
    Checkpoint(i64, i64),
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let id = 1..4_i64;
    prop_oneof![
        3 => id.clone().prop_map(Op::Grant),
        2 => id.clone().prop_map(Op::Revoke),
        8 => (0..6_u8, 0..4_i64).prop_map(|(key, id)| Op::Put(key, id)),
        2 => (0..6_u8, 1..4_u8).prop_map(|(from, count)| Op::Delete(from, count)),
        1 => (id, 0..90_i64).prop_map(|(id, left)| Op::Checkpoint(id, left)),
        1 => Just(Op::Restart),
    ]
}

/// What a node does with leases, without the node: mvcc, lessor and store, tied together.
struct Member {
    store: Store,
    mvcc: Mvcc,
    lessor: Lessor,
}

impl Member {
    fn new(store: Store) -> Self {
        let (mvcc, attached) = Mvcc::open_with_leases(store.clone()).unwrap();
        let lessor = Lessor::open(store.leases().unwrap(), attached);
        Self { store, mvcc, lessor }
    }

    fn apply(&mut self, op: &Op) {
        let revision = self.mvcc.revision();
        match op {
            Op::Grant(id) => drop(self.lessor.grant(*id, 60 + id)),
            Op::Revoke(id) => {
                if let Ok(keys) = self.lessor.revoke(*id) {
                    self.mvcc.delete_keys(&keys);
                    assert!(self.mvcc.revision() <= revision + 1, "one revision for all keys");
                }
            }
            Op::Put(key, lease) => {
                let request =
                    PutRequest { key: vec![*key].into(), lease: *lease, ..Default::default() };
                let known = *lease == 0 || self.lessor.exists(*lease);
                assert_eq!(self.mvcc.put(&request, &self.lessor).is_ok(), known);
            }
            Op::Delete(from, count) => {
                let (key, range_end) = (vec![*from].into(), vec![from + count].into());
                let request = DeleteRangeRequest { key, range_end, ..Default::default() };
                self.mvcc.delete_range(&request);
            }
            Op::Checkpoint(id, left) => self.lessor.checkpoint(*id, *left),
            Op::Restart => {
                let (rows, meta) = (self.mvcc.take_rows(), self.mvcc.meta());
                let leases = self.lessor.take_rows();
                self.store.commit(&StoreBatch::Write { rows, leases, auth: vec![], meta }).unwrap();
                let before = self.lessor.clone();
                *self = Self::new(self.store.clone());
                assert_eq!(self.lessor, before, "a restart changes nothing");
            }
        }
        for (_, pair) in self.mvcc.changes_after(revision) {
            self.lessor.on_write(&pair.key, pair.lease);
        }
    }
}

/// The whole of it in two maps.
#[derive(Default)]
struct Model {
    leases: BTreeSet<i64>,
    keys: BTreeMap<u8, i64>,
}

impl Model {
    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Grant(id) => {
                self.leases.insert(id);
            }
            Op::Revoke(id) => {
                if self.leases.remove(&id) {
                    self.keys.retain(|_, lease| *lease != id);
                }
            }
            Op::Put(key, id) if id == 0 || self.leases.contains(&id) => {
                self.keys.insert(key, id);
            }
            Op::Delete(from, count) => {
                self.keys.retain(|key, _| !(from..from + count).contains(key));
            }
            Op::Put(..) | Op::Checkpoint(..) | Op::Restart => {}
        }
    }
}

proptest! {
    #[test]
    fn leases_and_keys_agree_with_the_model(ops in prop::collection::vec(op(), 1..60)) {
        let (mut member, mut model) = (Member::new(Store::in_memory()), Model::default());
        for op in &ops {
            member.apply(op);
            model.apply(op);
            let ids: BTreeSet<i64> = member.lessor.leases().map(|(id, _)| id).collect();
            prop_assert_eq!(&ids, &model.leases);
            for id in ids {
                let ours: Vec<u8> = member.lessor.get(id).unwrap().keys.iter().map(|key| key[0]).collect();
                let theirs = model.keys.iter().filter(|(_, lease)| **lease == id);
                let theirs: Vec<u8> = theirs.map(|(key, _)| *key).collect();
                prop_assert_eq!(ours, theirs);
            }
            prop_assert_eq!(member.mvcc.live_keys(), model.keys.len() as u64);
        }
    }
}

#[test]
fn a_snapshot_carries_leases_and_replaces_those_that_were_there() {
    let mut source = Member::new(Store::in_memory());
    for op in [Op::Grant(1), Op::Grant(2), Op::Put(5, 2), Op::Checkpoint(2, 40), Op::Restart] {
        source.apply(&op);
    }
    let mut target = Member::new(Store::in_memory());
    for op in [Op::Grant(3), Op::Put(1, 3), Op::Restart] {
        target.apply(&op);
    }
    let mut reader = source.store.snapshot().unwrap();
    let mut first = true;
    while let Some(rows) = reader.next_rows(1).unwrap() {
        crate::store::check_rows(&rows).unwrap();
        target.store.commit(&StoreBatch::Stage { first, rows }).unwrap();
        first = false;
    }
    target.store.commit(&StoreBatch::Install { meta: Vec::new() }).unwrap();
    assert_eq!(Member::new(target.store.clone()).lessor, source.lessor);
}

/// A leader with leases 1 (2 s) and 2 (600 s), granted at tick 10.
fn leader() -> (Lessor, Deadlines) {
    let mut lessor = Lessor::default();
    lessor.grant(1, 2).unwrap();
    lessor.grant(2, 600).unwrap();
    let deadlines = Deadlines::promote(5, &lessor, clock(10), 300);
    (lessor, deadlines)
}

#[test]
fn a_lease_runs_out_one_tick_after_its_time_and_never_before() {
    let (mut lessor, mut deadlines) = leader();
    assert_eq!(deadlines.next_expired(clock(30), 70), None);
    assert_eq!(deadlines.next_expired(clock(31), 70), Some(1));
    assert_eq!(deadlines.next_expired(clock(31), 70), None, "the revoke is on its way");
    assert_eq!(deadlines.next_expired(clock(101), 70), Some(1), "it got lost");
    assert_eq!(deadlines.renew(1, &lessor, clock(102)), Renewal::Expired);
    lessor.revoke(1).unwrap();
    deadlines.on_revoked(1);
    assert_eq!(deadlines.renew(1, &lessor, clock(102)), Renewal::Unknown);
    assert_eq!(deadlines.next_expired(clock(1000), 70), None);
}

#[test]
fn a_renewal_moves_the_end_and_the_place_in_the_list() {
    let (lessor, mut deadlines) = leader();
    assert_eq!(deadlines.in_order(), [1, 2]);
    assert_eq!(deadlines.renew(1, &lessor, clock(30)), Renewal::Done(2));
    assert_eq!(deadlines.next_expired(clock(50), 70), None);
    assert_eq!(deadlines.next_expired(clock(51), 70), Some(1));
    assert_eq!(deadlines.renew(2, &lessor, clock(4000)), Renewal::Done(600));
    assert_eq!(deadlines.in_order(), [1, 2]);
}

#[test]
fn the_time_that_is_left_is_told_as_etcd_tells_it() {
    let (_, deadlines) = leader();
    // etcd cuts 1.99 s to 1.
    assert_eq!(deadlines.seconds_left(1, clock(10)), 1);
    assert_eq!(deadlines.seconds_left(2, clock(10)), 599);
    assert_eq!(deadlines.seconds_left(2, clock(20)), 598);
    assert_eq!(deadlines.seconds_left(1, clock(500)), 0);
}

#[test]
fn a_new_leader_goes_on_from_the_checkpoint() {
    let (mut lessor, mut deadlines) = leader();
    assert_eq!(deadlines.due_checkpoints(&lessor, clock(3009)), []);
    let due = deadlines.due_checkpoints(&lessor, clock(3010));
    assert_eq!(due, [LeaseCheckpoint { id: 2, remaining_ttl: 301 }]);
    assert_eq!(deadlines.due_checkpoints(&lessor, clock(3011)), [], "once");
    deadlines.on_proposed(&due);
    lessor.checkpoint(2, 301);
    deadlines.on_applied(&due[0], &lessor, clock(3012));
    let next = Deadlines::promote(6, &lessor, clock(50), 300);
    assert_eq!(next.tick_of(2), Some(50 + 3010 + 1));
    assert_eq!(next.tick_of(1), Some(50 + 20 + 1));
}

#[test]
fn a_renewal_waits_until_no_checkpoint_can_cut_it_short() {
    let (mut lessor, mut deadlines) = leader();
    let due = deadlines.due_checkpoints(&lessor, clock(3010));
    deadlines.on_proposed(&due);
    // The checkpoint is not applied yet, but it will be, and behind this renewal.
    assert_eq!(deadlines.renew(2, &lessor, clock(3011)), Renewal::Clear);
    let clear = LeaseCheckpoint { id: 2, remaining_ttl: 0 };
    deadlines.on_proposed(&[clear]);
    assert_eq!(deadlines.renew(2, &lessor, clock(3011)), Renewal::Clearing);
    lessor.checkpoint(2, 301);
    deadlines.on_applied(&due[0], &lessor, clock(3012));
    assert_eq!(deadlines.renew(2, &lessor, clock(3012)), Renewal::Clearing);
    lessor.checkpoint(2, 0);
    deadlines.on_applied(&clear, &lessor, clock(3013));
    assert_eq!(deadlines.renew(2, &lessor, clock(3013)), Renewal::Done(600));
    assert_eq!(lessor.get(2).unwrap().seconds_left(), 600);
}
