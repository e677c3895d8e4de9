//! raft's messages as far as planted faults read and rewrite them.
//!
//! The core keeps the raft crate to itself, and only bytes pass by here. Names and numbers are those of
//! `core/raft-proto/proto/eraftpb.proto`; what is not named here is not in these messages.

use bytes::Bytes;
use glasshouse_core::peer::Envelope;
use prost::Message as _;

/// Kinds of messages, by their numbers.
pub(super) mod kind {
    pub(in super::super) const APPEND: i32 = 3;
    pub(in super::super) const APPENDED: i32 = 4;
    pub(in super::super) const VOTE: i32 = 5;
    pub(in super::super) const HEARTBEAT: i32 = 8;
    pub(in super::super) const READ_INDEX: i32 = 15;
    pub(in super::super) const READ_INDEX_ANSWER: i32 = 16;
    pub(in super::super) const PRE_VOTE: i32 = 17;
    pub(in super::super) const PRE_VOTED: i32 = 18;
}

/// One message of raft.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RaftMessage {
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(uint64, tag = "2")]
    pub(super) to: u64,
    #[prost(uint64, tag = "3")]
    pub(super) from: u64,
    #[prost(uint64, tag = "4")]
    pub(super) term: u64,
    #[prost(uint64, tag = "5")]
    pub(super) log_term: u64,
    #[prost(uint64, tag = "6")]
    pub(super) index: u64,
    #[prost(message, repeated, tag = "7")]
    pub(super) entries: Vec<RaftEntry>,
    #[prost(uint64, tag = "8")]
    pub(super) commit: u64,
    #[prost(message, optional, tag = "9")]
    pub(super) snapshot: Option<RaftSnapshot>,
    #[prost(bool, tag = "10")]
    pub(super) reject: bool,
    #[prost(uint64, tag = "11")]
    pub(super) reject_hint: u64,
    #[prost(bytes = "bytes", tag = "12")]
    pub(super) context: Bytes,
    #[prost(uint64, tag = "13")]
    pub(super) request_snapshot: u64,
    #[prost(uint64, tag = "14")]
    pub(super) deprecated_priority: u64,
    #[prost(uint64, tag = "15")]
    pub(super) commit_term: u64,
    #[prost(int64, tag = "16")]
    pub(super) priority: i64,
}

/// One entry.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RaftEntry {
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(uint64, tag = "2")]
    pub(super) term: u64,
    #[prost(uint64, tag = "3")]
    pub(super) index: u64,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) data: Bytes,
    #[prost(bool, tag = "5")]
    pub(super) sync_log: bool,
    #[prost(bytes = "bytes", tag = "6")]
    pub(super) context: Bytes,
}

/// The place of a snapshot.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RaftSnapshot {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) data: Bytes,
    #[prost(message, optional, tag = "2")]
    pub(super) place: Option<RaftPlace>,
}

/// Up to where a snapshot reaches.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RaftPlace {
    /// Who votes; carried along unread.
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) voters: Bytes,
    #[prost(uint64, tag = "2")]
    pub(super) index: u64,
    #[prost(uint64, tag = "3")]
    pub(super) term: u64,
}

impl RaftMessage {
    /// The message in these bytes, if they carry one of raft's.
    pub(super) fn open(bytes: &Bytes) -> Option<(Envelope, Self)> {
        let envelope = Envelope::decode(bytes.clone()).ok()?;
        let message = Self::decode(envelope.raft.clone()?).ok()?;
        Some((envelope, message))
    }

    /// The bytes to carry instead.
    pub(super) fn close(&self, envelope: Envelope) -> Bytes {
        Envelope { raft: Some(self.encode_to_vec().into()), ..envelope }.to_bytes()
    }

    /// (term, index) of the last entry that it tells of.
    pub(super) fn last(&self) -> (u64, u64) {
        let last = self.entries.last();
        last.map_or((self.log_term, self.index), |entry| (entry.term, entry.index))
    }
}
