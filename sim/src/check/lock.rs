//! Locks: what is written under a lock is written by the one who holds it.
//!
//! A client of etcd holds a lock when its key is the oldest of a queue of keys. It learns that by reads
//! and watches, and by the time it writes it may be wrong: its lease may have ended. So each write
//! under the lock is fenced, a transaction that compares the create revision of the lock's key. With
//! that, at the place of the committed log where such a write takes effect, its writer's key must be the
//! oldest of the queue (etcd: `client/v3/concurrency`; Kleppmann, "How to do distributed locking", 2016).
//!
//! A client that was told too early that its elders are gone breaks this: by a read that is not
//! linearizable, by a watcher's event that never was, by a lease that lives on at one member only.

use bytes::Bytes;
use glasshouse_core::concurrency::Held;

use super::{Property, Violation};
use crate::model::{Change, Model};

/// The name of the lock that simulated clients want.
pub(crate) const NAME: &[u8] = b"key-lock";

/// Its queue: the keys of those who want it.
const QUEUE: (&[u8], &[u8]) = (b"key-lock/", b"key-lock0");

/// The key that is written only under the lock.
pub(crate) const GUARDED: &[u8] = b"key-guarded";

/// What a writer says of itself: its key in the queue, and when that was created.
pub(crate) fn signature(key: &Bytes, created: i64) -> Bytes {
    [key, b"@".as_slice(), created.to_string().as_bytes()].concat().into()
}

/// How the fences of a run went.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    /// Fenced writes that took effect, as their clients were told.
    pub(super) written: u64,
    /// Fenced writes that were refused, because the lock was lost.
    pub(super) refused: u64,
}

impl Locks {
    /// A client was told whether its fenced write took effect.
    pub(super) fn on_fenced(&mut self, took_effect: bool) {
        let count = if took_effect { &mut self.written } else { &mut self.refused };
        *count += 1;
    }
}

/// A client is told that it holds the lock with this key, as of a revision: there its key must be the oldest
/// of the queue. A key that was not there any more, because its lease had ended, holds nothing (Jepsen,
/// etcd 3.4.3).
pub(crate) fn on_held(model: &Model, held: &Held) -> Option<Violation> {
    let at = held.header.revision;
    if at < model.compacted() || at > model.revision() {
        return None;
    }
    let (first, end) = (Bytes::from_static(QUEUE.0), Bytes::from_static(QUEUE.1));
    let oldest = model.range(&first, &end, at).min_by_key(|(_, version)| version.created);
    let holder = oldest.map(|(key, version)| signature(key, version.created));
    let told = signature(&held.key, held.revision);
    (holder.as_ref() != Some(&told)).then(|| {
        let holder = holder.map_or_else(|| String::from("nobody"), |holder| text(&holder));
        let known = format!("{holder} is the first in the queue at revision {at}");
        let seen = format!("{} is told that it holds the lock", text(&told));
        Violation::new(Property::Locks, None, known, seen)
    })
}

/// An entry is committed for the first time anywhere, and the model has applied it.
pub(super) fn on_committed(changes: &[Change], model: &Model) -> Option<Violation> {
    let written = changes.iter().find(|change| change.key.as_ref() == GUARDED)?;
    let signed = written.after.value.as_ref()?;
    let (first, end) = (Bytes::from_static(QUEUE.0), Bytes::from_static(QUEUE.1));
    let queue = model.range(&first, &end, model.revision());
    let oldest = queue.min_by_key(|(_, version)| version.created);
    let holder = oldest.map(|(key, version)| signature(key, version.created));
    (holder.as_ref() != Some(signed)).then(|| {
        let holder = holder.map_or_else(|| String::from("nobody"), |holder| text(&holder));
        let known = format!("{holder} holds the lock at revision {}", model.revision());
        Violation::new(Property::Locks, None, known, format!("{} wrote under it", text(signed)))
    })
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use glasshouse_core::api::{DeleteRangeRequest, InternalRaftRequest, PutRequest};
    use prost::Message as _;

    use super::*;

    fn put(model: &mut Model, key: &[u8], value: Bytes) -> Vec<Change> {
        let put = PutRequest { key: key.to_vec().into(), value, ..PutRequest::default() };
        let request = InternalRaftRequest { put: Some(put), ..InternalRaftRequest::default() };
        model.apply(&request.encode_to_vec().into())
    }

    #[test]
    fn only_the_oldest_of_the_queue_may_write() {
        let mut model = Model::default();
        let keys = [b"key-lock/a".as_slice(), b"key-lock/b"];
        for key in keys {
            put(&mut model, key, Bytes::new());
        }
        let [a, b] = [(keys[0], 2), (keys[1], 3)]
            .map(|(key, created)| signature(&key.to_vec().into(), created));
        let judge = |model: &mut Model, value: &Bytes| {
            let changes = put(model, GUARDED, value.clone());
            on_committed(&changes, model)
        };
        assert_eq!(judge(&mut model, &a), None);
        let verdict = judge(&mut model, &b).unwrap();
        assert_eq!(verdict.known, "key-lock/a@2 holds the lock at revision 5");
        assert_eq!(verdict.seen, "key-lock/b@3 wrote under it");

        let delete = DeleteRangeRequest { key: "key-lock/a".into(), ..Default::default() };
        let request = InternalRaftRequest { delete_range: Some(delete), ..Default::default() };
        model.apply(&request.encode_to_vec().into());
        assert_eq!(judge(&mut model, &b), None);
        assert!(judge(&mut model, &a).is_some(), "its key is gone, so its fence must refuse it");
    }
}
