//! What a client asked for once happens at most once.
//!
//! The member that a client asks gives each proposal a random id, and the id is in the entry. Two entries
//! with one id are one request that took effect twice: a put that comes back over a later one, a
//! counter that counts double. A network that doubles messages is enough for that, if a member hands
//! proposals on and the leader does not know them again.

use std::collections::BTreeSet;

use glasshouse_core::api::RequestHeader;
use glasshouse_core::node::{EntryKind, EntryView};
use prost::Message as _;

use super::{Property, Violation};

/// An entry's header alone; everything else of it is passed over.
#[derive(Clone, PartialEq, prost::Message)]
struct Headed {
    #[prost(message, optional, tag = "100")]
    header: Option<RequestHeader>,
}

/// The ids of all committed requests.
#[derive(Debug, Default)]
pub(super) struct Once(BTreeSet<u64>);

impl Once {
    /// An entry is committed for the first time anywhere.
    pub(super) fn on_committed(&mut self, entry: &EntryView) -> Option<Violation> {
        if entry.kind != EntryKind::Request {
            return None;
        }
        let id = Headed::decode(entry.data.clone()).ok()?.header?.id;
        (id != 0 && !self.0.insert(id)).then(|| {
            let known = format!("request {id:x} was committed before");
            let seen = format!("entry {} is the same request again", entry.index);
            Violation::new(Property::AtMostOnce, None, known, seen)
        })
    }
}

#[cfg(test)]
mod tests {
    use glasshouse_core::api::{InternalRaftRequest, PutRequest};

    use super::*;

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
