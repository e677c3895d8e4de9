//! How much of what a member has done in this life: for metrics, and nothing else.

use super::{Node, NodeView};
use crate::api::Response;

/// Totals since the start, this member's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Keys that were put.
    pub puts: u64,
    /// Keys that were deleted.
    pub deletes: u64,
    /// Ranges that were answered, beside those inside of transactions.
    pub ranges: u64,
    /// Transactions that were applied.
    pub txns: u64,
    /// Events that watchers were told.
    pub events: u64,
    /// Leases that were granted.
    pub leases_granted: u64,
    /// Leases that were revoked, expired ones included.
    pub leases_revoked: u64,
    /// Renewals that this member acknowledged as the leader.
    pub leases_renewed: u64,
    /// Leases that this member, as the leader, found expired.
    pub leases_expired: u64,
    /// Proposals of clients that found no place in raft's queue.
    pub proposals_failed: u64,
}

impl Tally {
    /// An answer that came out of apply.
    pub(super) fn on_applied(&mut self, response: &Response) {
        match response {
            Response::Txn(_) => self.txns += 1,
            Response::LeaseGrant(_) => self.leases_granted += 1,
            Response::LeaseRevoke(_) => self.leases_revoked += 1,
            _ => {}
        }
    }
}

impl Node {
    /// Counts the rows that an entry has written behind `revision`.
    pub(super) fn tally_rows(&mut self, revision: i64) {
        let tally = &mut self.tally;
        for row in self.mvcc.rows_after(revision) {
            let count = if row.tombstone { &mut tally.deletes } else { &mut tally.puts };
            *count += 1;
        }
    }
}

impl NodeView<'_> {
    /// How much it has done.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.node.tally
    }
}
