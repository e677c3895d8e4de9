//! Beside the stages: a client wants a snapshot file.
//!
//! The file is made of the store, which lags behind what is applied by one batch. So the node sends
//! that batch on its way and answers when it is durable: whoever then reads the store reads
//! everything that any client was told by this member before. Reading it, hashing it and sending it is
//! the world's work, from a handle of its own and beside the node ([`crate::backup`]).

use super::{Effect, Node};
use crate::VERSION;
use crate::api::SnapshotResponse;
use crate::id::CallId;

/// Calls that wait for the store, with the last entry that was applied when they came, in order.
#[derive(Debug, Default)]
pub(super) struct Backups(Vec<(CallId, u64)>);

impl Node {
    /// A client asks for a snapshot file.
    pub(super) fn request_backup(&mut self, call: CallId, effects: &mut Vec<Effect>) {
        self.backups.0.push((call, self.applied.index));
        self.flush(effects);
        self.answer_backups(effects);
    }

    /// The store may be new enough for those that wait.
    pub(super) fn answer_backups(&mut self, effects: &mut Vec<Effect>) {
        let stored = self.stored.index;
        let count = self.backups.0.partition_point(|(_, index)| *index <= stored);
        for (call, _) in self.backups.0.drain(..count).collect::<Vec<_>>() {
            let version = String::from(VERSION);
            let response = SnapshotResponse { version, ..SnapshotResponse::default() };
            self.respond(call, Ok(response.into()), effects);
        }
    }
}
