//! Random calls to the store and to the model, with the disk slow, late or lost in between.

use super::*;
use crate::txn::check_txn;

/// What a call is answered with.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Range(RangeResponse),
    Put(PutResponse),
    Delete(DeleteRangeResponse),
    Txn(TxnResponse),
    Compact,
    Hash(u32, i64),
    Error(Error),
}

fn answer<T>(result: Result<T, Error>, ok: impl FnOnce(T) -> Answer) -> Answer {
    result.map_or_else(Answer::Error, ok)
}

fn ask(mvcc: &mut Mvcc, call: &Call) -> Answer {
    match call {
        Call::Range(request) => answer(mvcc.range(request), Answer::Range),
        Call::Put(request) => answer(mvcc.put(request, &NoLeases), Answer::Put),
        Call::Delete(request) => Answer::Delete(mvcc.delete_range(request)),
        Call::Txn(request) => answer(mvcc.txn(request, &NoLeases), Answer::Txn),
        Call::Compact(revision) => answer(mvcc.compact(*revision), |()| Answer::Compact),
        Call::Hash(revision) => answer(mvcc.hash_kv(*revision), |result| {
            assert_eq!(result.compact_revision, mvcc.compacted());
            Answer::Hash(result.hash, result.hash_revision)
        }),
    }
}

fn ask_model(model: &mut Model, call: &Call) -> Answer {
    match call {
        Call::Range(request) => answer(model.range(request), Answer::Range),
        Call::Put(request) => answer(model.put(request), Answer::Put),
        Call::Delete(request) => Answer::Delete(model.delete_range(request)),
        Call::Txn(request) => answer(model.txn(request), Answer::Txn),
        Call::Compact(revision) => answer(model.compact(*revision), |()| Answer::Compact),
        Call::Hash(revision) => answer(model.hash(*revision), |(hash, at)| Answer::Hash(hash, at)),
    }
}

/// A member: the store of keys, its disk, and the log from which it recovers.
struct Member {
    mvcc: Mvcc,
    log: Vec<(Call, Answer)>,
    /// Entries of the log that the store holds.
    applied: usize,
    /// Batches on their way: entries that they bring the store to.
    flying: Vec<(usize, StoreBatch)>,
}

impl Member {
    fn new() -> Self {
        Self { mvcc: new(), log: Vec::new(), applied: 0, flying: Vec::new() }
    }

    fn take(&mut self) {
        let (rows, meta) = (self.mvcc.take_rows(), self.mvcc.meta());
        self.flying
            .push((self.log.len(), StoreBatch::Write { rows, leases: vec![], auth: vec![], meta }));
        assert_eq!(self.mvcc.pending_rows_bytes(), 0);
    }

    /// The disk finishes the oldest batch; the node may hear of it later.
    fn commit(&mut self, heard: bool) {
        if self.flying.is_empty() {
            return;
        }
        let (applied, batch) = self.flying.remove(0);
        self.mvcc.store.commit(&batch).unwrap();
        self.applied = applied;
        if heard {
            self.mvcc.rows_stored();
        }
    }

    /// The process dies and starts again; what was not committed is done again from the log.
    fn restart(&mut self) {
        self.flying.clear();
        self.mvcc = Mvcc::open(self.mvcc.store.clone()).unwrap();
        for (call, expected) in &self.log[self.applied..] {
            let is_write = !matches!(call, Call::Range(_) | Call::Hash(_));
            if is_write {
                assert_eq!(ask(&mut self.mvcc, call), *expected, "again: {call:?}");
            }
        }
    }
}

fn run(seed: u64, steps: u64) {
    let mut random = Random::new(seed);
    let (mut member, mut model) = (Member::new(), Model::new());
    // Half of the runs have a disk, half live in the overlay.
    let disk = seed.is_multiple_of(2);
    for step in 0..steps {
        let call = random.call(model.revision());
        if let Call::Txn(request) = &call
            && check_txn(request, 128).is_err()
        {
            continue;
        }
        let (got, expected) = (ask(&mut member.mvcc, &call), ask_model(&mut model, &call));
        assert_eq!(got, expected, "seed {seed}, step {step}: {call:?}");
        assert_eq!(member.mvcc.revision(), model.revision(), "seed {seed}, step {step}");
        assert!(member.mvcc.failure().is_none());
        member.log.push((call, got));
        match random.below(12) {
            0 if disk => member.take(),
            1 if disk => member.commit(true),
            2 => {
                member.mvcc.compact_slice(1 + random.below(4));
            }
            3 if disk && random.below(8) == 0 => {
                // Committed, but the node dies before it hears of it.
                member.commit(false);
                member.restart();
            }
            4 if disk && random.below(8) == 0 => member.restart(),
            _ => {}
        }
    }
    while member.mvcc.compact_slice(100) {}
    member.take();
    while !member.flying.is_empty() {
        member.commit(true);
    }
    let hash = model.hash(0).unwrap().0;
    assert_eq!(member.mvcc.hash_kv(0).unwrap().hash, hash, "seed {seed}: the end");
    member.restart();
    assert_eq!(member.mvcc.hash_kv(0).unwrap().hash, hash, "seed {seed}: after the end");
}

#[test]
fn random_calls_are_answered_as_by_the_model() {
    for seed in 0..150 {
        run(seed, 250);
    }
}

#[test]
fn a_long_history_is_answered_as_by_the_model() {
    run(1000, 3000);
    run(1001, 3000);
}
