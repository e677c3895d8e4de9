//! Raft's messages, built without `protoc`.
//!
//! The `raft` crate takes its messages from a crate called `raft-proto`, whose
//! published version runs `protoc` in its build script. This crate stands in its
//! place (`[patch.crates-io]` in the workspace's `Cargo.toml`), so that a machine
//! needs only a Rust toolchain to build Glasshouse, whatever its processor.
//!
//! ```text
//!   proto/eraftpb.proto ──tests/codegen.rs──► src/generated/eraftpb.rs   committed
//!                                                      │
//!   membership.rs  what raft asks of a change, of a ConfState            │ used by
//!                                                      └──────► raft ◄───┘
//! ```
//!
//! * [`eraftpb`] are the messages. Names and numbers are upstream's: they are
//!   what `raft` is compiled against.
//! * [`ConfChangeI`], [`new_conf_change_single`], [`conf_state_eq`] and the
//!   inherent methods on the messages are what `raft` calls besides.
//!
//! Reading is strict: a number that names no variant of an enum is an error, not
//! the first variant. An entry of an unknown type must not pass for a command.

mod generated;
mod membership;

pub use generated::eraftpb;
pub use membership::{ConfChangeI, conf_state_eq, new_conf_change_single};

/// The messages by their short names; `raft::prelude` passes them on.
pub mod prelude {
    pub use crate::eraftpb::{
        ConfChange, ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2,
        ConfState, Entry, EntryType, HardState, Message, MessageType, Snapshot, SnapshotMetadata,
    };
}

impl eraftpb::Snapshot {
    /// A snapshot at index 0 holds nothing: the log starts at 1.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.get_metadata().get_index() == 0
    }
}
