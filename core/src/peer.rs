//! What members say to each other: one envelope, and a short summary for those who watch.
//!
//! An envelope carries one raft message, one part of a snapshot transfer, a request for the leader or
//! its answer, a comparison of hashes, or the news of a removal. The bytes are opaque to whoever carries them; [`MessageInfo`]
//! tells a recorder or a panel what is inside.

pub(crate) mod forward;
mod hash;

use bytes::Bytes;
use prost::Message as _;

pub use self::forward::{Forward, ForwardAnswer, ForwardError, ForwardRequest, Forwarded};
pub use self::hash::{Hashed, WantHash};
use crate::id::{ClusterId, MemberId};

/// What kind of message it is. Names are the field's own; answers are told by `answer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// "I lead, here is the commit index."
    Heartbeat,
    /// Log entries (or none: a probe).
    Append,
    /// A request for a vote, and the vote.
    Vote,
    /// "Would you vote for me?", and the answer (Raft dissertation 9.6).
    PreVote,
    /// A part of a snapshot, and its acknowledgement.
    Snapshot,
    /// A linearizable read asks the leader for its commit index (dissertation 6.4).
    ReadIndex,
    /// A follower hands a proposal to the leader.
    Propose,
    /// Leadership transfer: "campaign now" (dissertation 3.10).
    TimeoutNow,
    /// A client's request that only the leader can answer, and its answer.
    Forward,
    /// "Which hash have your keys?", and the answer.
    Hash,
    /// "You were removed from the cluster", to one that was.
    Removed,
    /// Anything else raft says (status of a transfer, unreachable notes).
    Other,
}

impl MessageKind {
    /// The name in scripts, traces and panels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Append => "append",
            Self::Vote => "vote",
            Self::PreVote => "pre-vote",
            Self::Snapshot => "snapshot",
            Self::ReadIndex => "read-index",
            Self::Propose => "propose",
            Self::TimeoutNow => "timeout-now",
            Self::Forward => "forward",
            Self::Hash => "hash",
            Self::Removed => "removed",
            Self::Other => "other",
        }
    }
}

/// What is inside a message, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageInfo {
    /// The kind.
    pub kind: MessageKind,
    /// It answers a message of that kind.
    pub answer: bool,
    /// It refuses (a vote not granted, an append that does not fit).
    pub reject: bool,
    /// The sender's term (0 where raft leaves it out).
    pub term: u64,
    /// Append: the index before the first entry. Answer: the last index that matches.
    /// Snapshot: the index of the snapshot.
    pub index: u64,
    /// The term of the entry at `index`.
    pub log_term: u64,
    /// The commit index that the message tells.
    pub commit: u64,
    /// How many entries it carries.
    pub entries: u32,
}

impl MessageInfo {
    /// What there is to say of a message that is none of raft's.
    pub(crate) fn of(kind: MessageKind, term: u64) -> Self {
        let (answer, reject) = (false, false);
        let (index, log_term, commit, entries) = (0, 0, 0, 0);
        Self { kind, answer, reject, term, index, log_term, commit, entries }
    }
}

/// One message between members. `raft` is a protobuf `eraftpb.Message`; exactly one field is
/// set, and `mark` beside some of raft's.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Envelope {
    /// A raft message.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub raft: Option<Bytes>,
    /// A part of a snapshot.
    #[prost(message, optional, tag = "2")]
    pub chunk: Option<SnapshotChunk>,
    /// The receiver has a part of a snapshot and wants the next.
    #[prost(message, optional, tag = "3")]
    pub chunk_ack: Option<SnapshotChunkAck>,
    /// A client's request for the leader.
    #[prost(message, optional, tag = "7")]
    pub forward: Option<Forward>,
    /// The leader's answer to one.
    #[prost(message, optional, tag = "8")]
    pub forwarded: Option<Forwarded>,
    /// A member that compares all asks for a hash.
    #[prost(message, optional, tag = "9")]
    pub want_hash: Option<WantHash>,
    /// The answer to that.
    #[prost(message, optional, tag = "10")]
    pub hashed: Option<Hashed>,
    /// Beside `raft`, if it is a proposal: which one.
    #[prost(message, optional, tag = "11")]
    pub mark: Option<ProposalMark>,
    /// Somebody was removed from the cluster: the receiver, if it is the one that is named.
    #[prost(message, optional, tag = "6")]
    pub removed: Option<Removed>,
}

/// What tells a proposal from all others, so that it counts once.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ProposalMark {
    /// The term whose leader it is for.
    #[prost(uint64, tag = "1")]
    pub term: u64,
    /// A random name of the sender's present life.
    #[prost(fixed64, tag = "2")]
    pub life: u64,
    /// Its number in that life, from 1.
    #[prost(uint64, tag = "3")]
    pub number: u64,
}

/// Who was removed. It names both ids, so that no damaged bytes can end a member.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Removed {
    /// The cluster.
    #[prost(fixed64, tag = "1")]
    pub cluster_id: u64,
    /// Its former member.
    #[prost(fixed64, tag = "2")]
    pub member_id: u64,
}

/// A part of a snapshot in transfer. The last part carries raft's own snapshot message.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SnapshotChunk {
    /// Which transfer: chosen by the sender, one up for each.
    #[prost(uint64, tag = "1")]
    pub transfer: u64,
    /// Index of the last entry that the snapshot holds.
    #[prost(uint64, tag = "2")]
    pub index: u64,
    /// Number of this part, from 0.
    #[prost(uint64, tag = "3")]
    pub part: u64,
    /// Rows of the store, encoded by [`crate::store`].
    #[prost(bytes = "bytes", tag = "4")]
    pub rows: Bytes,
    /// On the last part: the `MsgSnapshot` that raft made for this receiver.
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub last: Option<Bytes>,
    /// The sender's term, for those who watch.
    #[prost(uint64, tag = "6")]
    pub term: u64,
}

/// The answer to a [`SnapshotChunk`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct SnapshotChunkAck {
    /// Which transfer.
    #[prost(uint64, tag = "1")]
    pub transfer: u64,
    /// The part that the receiver wants next.
    #[prost(uint64, tag = "2")]
    pub next_part: u64,
    /// The receiver gave this transfer up; the sender must start again.
    #[prost(bool, tag = "3")]
    pub refused: bool,
}

impl Envelope {
    /// "You were removed from the cluster": for a world whose peers say so by other means, such as
    /// the status of an answer (etcd's peers say 410 Gone).
    #[must_use]
    pub fn removed(cluster: ClusterId, member: MemberId) -> Self {
        let removed = Removed { cluster_id: cluster.0, member_id: member.0 };
        Self { removed: Some(removed), ..Self::default() }
    }

    /// The bytes to send.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.encode_to_vec().into()
    }
}
