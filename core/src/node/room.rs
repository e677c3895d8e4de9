//! Whether a request needs room, and whether there is some.
//!
//! While a `NOSPACE` alarm stands, what would add values is refused, before the log and again in
//! apply; deletes and compactions go through, because they are the way out
//! (etcd `applierV3Capped`, `server/etcdserver/apply/`).

use super::Node;
use crate::api::{self, AlarmType, TxnRequest, request_op};

impl Node {
    /// Refuses when a `NOSPACE` alarm stands.
    pub(super) fn check_room(&self) -> Result<(), api::Error> {
        if self.alarms.stands(AlarmType::Nospace) { Err(api::Error::NO_SPACE) } else { Ok(()) }
    }

    /// Refuses a transaction that may put something, while a `NOSPACE` alarm stands.
    pub(super) fn check_txn_room(&self, txn: &TxnRequest) -> Result<(), api::Error> {
        if puts_something(txn) { self.check_room() } else { Ok(()) }
    }
}

fn puts_something(txn: &TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).any(|op| match &op.request {
        Some(request_op::Request::RequestPut(_)) => true,
        Some(request_op::Request::RequestTxn(nested)) => puts_something(nested),
        Some(request_op::Request::RequestRange(_) | request_op::Request::RequestDeleteRange(_))
        | None => false,
    })
}
