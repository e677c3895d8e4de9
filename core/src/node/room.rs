//! Whether a request needs room, and whether there is some.
//!
//! Every member has a quota (`--quota-backend-bytes`). When it runs over, the member raises `NOSPACE`
//! through the log. While such an alarm stands, all members refuse what would add values, before the
//! log and again in apply; deletes and compactions go through, because they are the way out (etcd:
//! `quotaAlarmer` in `server/etcdserver/api/v3rpc/quota.go`, `applierV3Capped` in `apply/capped.go`).
//!
//! What counts is what is **in use**: bytes of keys and values of all rows, those that still wait for
//! the disk included, and a fixed price for each lease. etcd counts the whole file, in which
//! compaction leaves holes, so that its alarm outlasts the shortage until every member is
//! defragmented by hand. Here the holes are free: redb writes into them before the file grows.
//! (The file itself is larger than what is in use by what a B-tree and its checksums need, from an
//! eighth for large values to a multiple for tiny ones.)
//!
//! ```text
//!   in use    quota ─────────────────────╭──╮────────────  raise: NOSPACE
//!                                    ╭───╯  ╰╮ compact
//!             nine tenths ───────────╯───────╰───────────  clear: the member takes its word back
//! ```
//!
//! The tenth between the two keeps the alarm from coming and going with every put.

use super::Node;
use crate::api::{
    self, AlarmType, InternalRaftRequest, PutRequest, Request, RequestOp, SpaceRequest, TxnRequest,
    request_op,
};
use crate::id::MemberId;
use crate::limits;
use crate::store::Store;

/// What this member has said of its room lately.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Bytes of rows in the durable store.
    pub(super) stored_bytes: u64,
    /// Tick of the last word that went into the log.
    said_tick: Option<u64>,
}

impl Room {
    /// As a store is found, or as a snapshot has left it.
    pub(super) fn of(store: &Store) -> Self {
        Self { stored_bytes: store.in_use_bytes(), said_tick: None }
    }
}

impl Node {
    /// The quota in bytes; `None` when there is none (a negative flag, as in etcd).
    pub(super) fn quota_bytes(&self) -> Option<u64> {
        match self.config.quota_backend_bytes {
            0 => Some(limits::QUOTA_BYTES_DEFAULT),
            bytes => u64::try_from(bytes).ok(),
        }
    }

    /// Bytes that count against the quota.
    pub(super) fn used_bytes(&self) -> u64 {
        let leases = self.lessor.len() as u64 * limits::QUOTA_LEASE_BYTES;
        self.room.stored_bytes + self.mvcc.unstored_bytes() + leases
    }

    /// Refuses a request that does not fit under the quota, and raises the alarm.
    pub(super) fn check_quota(&mut self, request: &Request) -> Result<(), api::Error> {
        let cost = match request {
            Request::Put(put) => put_cost(put),
            Request::Txn(txn) => txn_cost(txn),
            Request::LeaseGrant(_) => limits::QUOTA_LEASE_BYTES,
            _ => 0,
        };
        let Some(quota) = self.quota_bytes().filter(|_| cost > 0) else { return Ok(()) };
        if self.used_bytes() + cost < quota {
            return Ok(());
        }
        self.raise_no_space();
        Err(api::Error::NO_SPACE)
    }

    /// Refuses when a `NOSPACE` alarm stands.
    pub(super) fn check_room(&self) -> Result<(), api::Error> {
        if self.alarms.stands(AlarmType::Nospace) { Err(api::Error::NO_SPACE) } else { Ok(()) }
    }

    /// Refuses a transaction that may put something, while a `NOSPACE` alarm stands.
    pub(super) fn check_txn_room(&self, txn: &TxnRequest) -> Result<(), api::Error> {
        if puts_something(txn) { self.check_room() } else { Ok(()) }
    }

    /// In apply: as [`Self::check_room`]; what was let through by a member with room may be more than
    /// this one has. It is done nevertheless, as everywhere, and the next one will be refused.
    pub(super) fn take_room(&mut self) -> Result<(), api::Error> {
        self.check_room()?;
        if self.quota_bytes().is_some_and(|quota| self.used_bytes() >= quota) {
            self.raise_no_space();
        }
        Ok(())
    }

    /// Takes this member's word back when a tenth of its quota is free again.
    pub(super) fn tick_room(&mut self) {
        if self.owes_disarm() {
            self.say_space(false);
        }
    }

    /// This member's own alarm stands, and it has room again.
    pub(super) fn owes_disarm(&self) -> bool {
        let raised = self.alarms.is_own_word(self.config.member_id);
        if !raised || !self.config.quota_auto_disarm {
            return false;
        }
        let limit = self.quota_bytes().map_or(u64::MAX, |quota| {
            quota / 100 * limits::QUOTA_CLEAR_PERCENT
                + quota % 100 * limits::QUOTA_CLEAR_PERCENT / 100
        });
        self.used_bytes() <= limit
    }

    fn raise_no_space(&mut self) {
        if !self.alarms.stands_for(self.config.member_id, AlarmType::Nospace) {
            self.say_space(true);
        }
    }

    /// Once, and once more when that seems to be lost: with its leader, or in the network.
    fn say_space(&mut self, exhausted: bool) {
        let (_, found) = self.start.leader_change();
        let patience = self.patience_ticks();
        let on_its_way = |tick| self.tick < tick + patience && found <= tick;
        if self.room.said_tick.is_some_and(on_its_way) {
            return;
        }
        self.room.said_tick = Some(self.tick);
        let space = SpaceRequest { member_id: self.config.member_id.0, exhausted };
        self.propose_own(InternalRaftRequest {
            space: Some(space),
            ..InternalRaftRequest::default()
        });
    }

    /// A member's word was applied.
    pub(super) fn apply_space(&mut self, request: &SpaceRequest) {
        // One that was removed meanwhile could never take it back.
        if self.membership.get(MemberId(request.member_id)).is_none() {
            return;
        }
        self.alarms.apply_space(request);
        if request.member_id == self.config.member_id.0 {
            self.room.said_tick = None;
        }
    }
}

fn put_cost(put: &PutRequest) -> u64 {
    limits::QUOTA_ROW_BYTES + put.key.len() as u64 + put.value.len() as u64
}

/// Whether a transaction may put something.
pub(super) fn puts_something(txn: &TxnRequest) -> bool {
    txn_cost(txn) > 0
}

/// What the dearer of the two branches would add; 0 when neither puts anything.
fn txn_cost(txn: &TxnRequest) -> u64 {
    let branch = |ops: &[RequestOp]| ops.iter().map(op_cost).sum::<u64>();
    branch(&txn.success).max(branch(&txn.failure))
}

fn op_cost(op: &RequestOp) -> u64 {
    match &op.request {
        Some(request_op::Request::RequestPut(put)) => put_cost(put),
        Some(request_op::Request::RequestTxn(txn)) => txn_cost(txn),
        Some(request_op::Request::RequestRange(_) | request_op::Request::RequestDeleteRange(_))
        | None => 0,
    }
}
