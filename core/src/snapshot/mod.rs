//! Snapshots: how a member that lags behind a compacted log catches up.
//!
//! A snapshot is nothing apart: the durable store *is* one. It holds every row up to its own applied
//! index, together with the members and the configuration of that index, committed atomically. So
//! taking a snapshot is opening a read transaction, and what is stored of it locally is one record.
//!
//! ```text
//!   leader                                              follower
//!   raft: its next entry is gone -> MsgSnapshot
//!   [Sender] opens the store, streams rows
//!      part 0 ------------------------------------------> stage in a table aside
//!      part 1, 2, ... (a few under way) ----------------> stage          (durable before the ack)
//!      <------------------------------------------------- ack: next part
//!      last part, with the MsgSnapshot -----------------> raft takes it: Install swaps the tables
//!      <------------------------------------------------- MsgAppendResponse at its index
//! ```
//!
//! A crash at any point leaves either the old table or the new one: parts live aside until `Install`
//! swaps them in one transaction with the applied index. The next transfer starts from part 0.
//! Source of the idea: Raft section 7; the parts and their acks are ours.

mod receive;
mod send;

pub(crate) use receive::{Receiver, Verdict};
pub(crate) use send::{Progress, Sender};

use bytes::Bytes;

/// What travels in raft's own snapshot message beside the place in the log.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Contents {
    /// The meta rows of the store: (key, bytes).
    #[prost(message, repeated, tag = "1")]
    pub(crate) meta: Vec<MetaRow>,
}

/// One meta row.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct MetaRow {
    /// Number of the key ([`crate::store::MetaKey`]).
    #[prost(uint32, tag = "1")]
    pub(crate) key: u32,
    /// Its bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) value: Bytes,
}
