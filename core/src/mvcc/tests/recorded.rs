//! What a real etcd answered to the same calls.
//!
//! The random calls of `requests.rs` were made to etcd 3.5.16 (Debian), one fresh member for each
//! seed, over gRPC, compactions with `physical`. What came back, ids and term of the header set to
//! zero, is kept in `recorded.txt` as a checksum of its bytes: values, order, counts, revisions,
//! error texts and codes, hashes. Not compared are, as `-`:
//!
//! - `HashKV` of a revision to which the store was compacted: etcd remembers the hash that it took
//!   before it deleted, with the compaction before as `compact_revision`. Here it is computed anew.
//! - Transactions that two of their operations forbid: etcd 3.5 checks puts first, 3.6 and this
//!   store go in order of the operations.

use prost::Message;

use super::*;
use crate::txn;

type Answer = Result<Vec<u8>, Error>;

fn ask(mvcc: &mut Mvcc, call: &Call) -> Answer {
    Ok(match call {
        Call::Range(request) => {
            txn::check_range(request)?;
            mvcc.range(request)?.encode_to_vec()
        }
        Call::Put(request) => {
            txn::check_put(request)?;
            mvcc.put(request, &NoLeases)?.encode_to_vec()
        }
        Call::Delete(request) => {
            txn::check_delete_range(request)?;
            mvcc.delete_range(request).encode_to_vec()
        }
        Call::Txn(request) => {
            txn::check_txn(request, 128)?;
            mvcc.txn(request, &NoLeases)?.encode_to_vec()
        }
        Call::Compact(revision) => {
            mvcc.compact(*revision)?;
            while mvcc.compact_slice(7) {}
            Vec::new()
        }
        Call::Hash(revision) => {
            let HashKvResult { hash, compact_revision, .. } = mvcc.hash_kv(*revision)?;
            [&hash.to_le_bytes()[..], &compact_revision.to_le_bytes()].concat()
        }
    })
}

#[test]
fn answers_are_those_of_etcd() {
    let mut compared = 0;
    for recording in include_str!("recorded.txt").split("seed ").skip(1) {
        let mut words = recording.split_whitespace();
        let seed = words.next().unwrap().parse().unwrap();
        let (mut random, mut mvcc) = (Random::new(seed), new());
        for (step, word) in words.enumerate() {
            let call = random.call(mvcc.revision());
            let bytes = match ask(&mut mvcc, &call) {
                Ok(bytes) => bytes,
                Err(Error { code, message }) => format!("{} {message}", code.number()).into_bytes(),
            };
            if word != "-" {
                let crc = format!("{:08x}", crc32c::crc32c(&bytes));
                assert_eq!(crc, word, "seed {seed}, step {step}: {call:?}");
                compared += 1;
            }
            if step % 50 == 49 {
                flush(&mut mvcc);
            }
        }
    }
    assert!(compared > 1900);
}

/// What `etcdctl endpoint hashkv -w json` printed: for an empty store, and after
/// `put a 1`, `put b 2`, `put a 3`, `del b`.
#[test]
fn hashes_are_those_of_etcd() {
    let mut mvcc = new();
    assert_eq!(mvcc.hash_kv(0).unwrap().hash, 1_084_519_789);
    for (key, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
        mvcc.put(&put(key, value), &NoLeases).unwrap();
    }
    mvcc.delete_range(&delete("b", ""));
    let expected = HashKvResult { hash: 1_125_682_900, compact_revision: -1, hash_revision: 5 };
    assert_eq!(mvcc.hash_kv(0).unwrap(), expected);
}
