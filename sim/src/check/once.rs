//! What a client asked for once happens at most once.
//!
//! The member that a client asks gives each proposal a random id, and the id is in the entry. Two entries
//! with one id are one request that took effect twice: a put that comes back over a later one, a
//! counter that counts double. A network that doubles messages is enough for that, if a member hands
//! proposals on and the leader does not know them again.
//!
//! A request that is made again gets another id, but what it says is the same. So calls with the same
//! content are counted, too: the log has it at most as often as clients have asked for it. A library that
//! sends a write twice for one call is seen by that (Jepsen, jetcd 0.8.2).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use glasshouse_core::api::{Request, RequestHeader};
use glasshouse_core::node::{EntryKind, EntryView};
use prost::Message as _;

use super::{Property, Violation};
use crate::trace::TraceHash;

/// An entry's header, and its write as bytes; everything else of it is passed over.
#[derive(Clone, PartialEq, prost::Message)]
struct Headed {
    #[prost(message, optional, tag = "100")]
    header: Option<RequestHeader>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    put: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "6")]
    txn: Option<Bytes>,
}

/// How often something was asked for, and how often it was done.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    asked: u32,
    done: u32,
}

/// The ids of all committed requests, and what they were.
#[derive(Debug, Default)]
pub(super) struct Once {
    ids: BTreeSet<u64>,
    /// By a hash of the content.
    writes: BTreeMap<u64, Count>,
}

impl Once {
    /// A client calls.
    pub(super) fn on_called(&mut self, request: &Request) {
        let bytes = match request {
            Request::Put(put) => put.encode_to_vec(),
            Request::Txn(txn) => txn.encode_to_vec(),
            _ => return,
        };
        self.writes.entry(TraceHash::of(&bytes)).or_default().asked += 1;
    }

    /// An entry is committed for the first time anywhere.
    pub(super) fn on_committed(&mut self, entry: &EntryView) -> Option<Violation> {
        if entry.kind != EntryKind::Request {
            return None;
        }
        let Headed { header, put, txn } = Headed::decode(entry.data.clone()).ok()?;
        let id = header.map_or(0, |header| header.id);
        if id != 0 && !self.ids.insert(id) {
            let known = format!("request {id:x} was committed before");
            let seen = format!("entry {} is the same request again", entry.index);
            return Some(Violation::new(Property::AtMostOnce, None, known, seen));
        }
        // What no client asked for is somebody else's to judge.
        let count = self.writes.get_mut(&TraceHash::of(&put.or(txn)?))?;
        count.done += 1;
        let Count { asked, done } = *count;
        (done > asked).then(|| {
            let known = format!("clients asked {asked} times for what entry {} does", entry.index);
            let seen = format!("that is the entry number {done} that does it");
            Violation::new(Property::AtMostOnce, None, known, seen)
        })
    }
}

#[cfg(test)]
mod tests {
    use glasshouse_core::api::{InternalRaftRequest, PutRequest};

    use super::*;

    #[test]
    fn one_call_with_two_entries_is_seen() {
        let mut once = Once::default();
        let put = PutRequest { key: "a".into(), ..PutRequest::default() };
        once.on_called(&put.clone().into());
        let mut commit = |index, id| {
            let header = Some(RequestHeader { id, ..RequestHeader::default() });
            let put = Some(put.clone());
            let request = InternalRaftRequest { header, put, ..InternalRaftRequest::default() };
            let data = request.encode_to_vec().into();
            once.on_committed(&EntryView { index, term: 2, kind: EntryKind::Request, data })
        };
        assert_eq!(commit(5, 7), None);
        let verdict = commit(6, 8).unwrap();
        assert_eq!(verdict.known, "clients asked 1 times for what entry 6 does");
        assert_eq!(verdict.seen, "that is the entry number 2 that does it");
    }

    #[test]
    fn the_same_request_at_two_places_is_seen() {
        let mut once = Once::default();
        let mut commit = |index, id| {
            let header = Some(RequestHeader { id, ..RequestHeader::default() });
            let put = Some(PutRequest { key: "a".into(), ..PutRequest::default() });
            let request = InternalRaftRequest { header, put, ..InternalRaftRequest::default() };
            let data = request.encode_to_vec().into();
            once.on_committed(&EntryView { index, term: 2, kind: EntryKind::Request, data })
        };
        assert_eq!(commit(5, 7), None);
        assert_eq!(commit(6, 8), None);
        let verdict = commit(7, 7).unwrap();
        assert_eq!(verdict.seen, "entry 7 is the same request again");
    }
}
