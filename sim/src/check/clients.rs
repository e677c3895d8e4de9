//! What clients were told: acknowledged writes stay, and linearizable answers are not stale.
//!
//! The committed log is the witness. It is one order of all writes, so a history of clients is
//! linearizable if every answer fits into that order at a point between its call and its return:
//!
//! * **Durability.** When a write is acknowledged at revision r, the committed log has made
//!   exactly that change at r. (The ledger sees to it that the committed log never changes.)
//! * **Content.** What a read says about revision r is what the model says about r.
//! * **Not stale.** A linearizable answer's revision is not below the highest revision that any
//!   client was told before this call began (its [`Floor`]); a write's is above it.
//!
//! Calls without an answer may have happened or not; the log says which. So they need no check.

use bytes::Bytes;
use glasshouse_core::api::request_op::Request as Op;
use glasshouse_core::api::{self, Request, Response, response_op};
use glasshouse_core::node::{EntryKind, EntryView, NodeView};
use glasshouse_core::txn;

use super::{Property, Violation};
use crate::model::{Change, Model};
use crate::place::MemberNo;

/// The highest revision that any client was told before a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Floor(i64);

/// The model, and what clients were told.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    model: Model,
    floor: Floor,
}

/// How an answer must stand to what was known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// A write that changed something: above all that was known.
    After,
    /// It must know all that was known.
    NotBefore,
    /// It may be old.
    Any,
}

impl Clients {
    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    pub(super) fn floor(&self) -> Floor {
        self.floor
    }

    /// An entry is committed for the first time anywhere; gives what it changed.
    pub(super) fn on_committed(&mut self, entry: &EntryView) -> Vec<Change> {
        match entry.kind {
            EntryKind::Request => self.model.apply(&entry.data),
            EntryKind::ConfChange => {
                if let Some((member, user)) = entry.removal() {
                    self.model.on_removal(member.0, &user);
                }
                Vec::new()
            }
            EntryKind::Empty => Vec::new(),
        }
    }

    /// A client has a successful answer.
    pub(super) fn on_answer(
        &mut self,
        member: MemberNo,
        request: &Request,
        response: &Response,
        floor: Floor,
    ) -> Option<Violation> {
        let revision = response.header().map_or(0, |header| header.revision);
        let order = match (request, response) {
            (Request::Range(range), Response::Range(_)) if range.serializable => Order::Any,
            (Request::Put(_), Response::Put(_)) => Order::After,
            (_, Response::DeleteRange(deleted)) if deleted.deleted > 0 => Order::After,
            (Request::Txn(txn), _) if txn::is_read_only(txn) && txn::is_serializable(txn) => {
                Order::Any
            }
            (_, Response::Range(_) | Response::DeleteRange(_) | Response::Txn(_)) => {
                Order::NotBefore
            }
            // The others are about one member, or about things without a revision of their own.
            _ => return None,
        };
        let stale = match order {
            Order::After => revision <= floor.0,
            Order::NotBefore => revision < floor.0,
            Order::Any => false,
        };
        if stale {
            return Some(Violation::new(
                Property::Linearizability,
                member,
                format!("revision {} had been answered before the call began", floor.0),
                format!("{member} answers {} as of revision {revision}", request.name()),
            ));
        }
        if order != Order::Any {
            self.floor = self.floor.max(Floor(revision));
        }
        if revision > self.model.revision() {
            return Some(Violation::new(
                Property::Durability,
                member,
                format!("the committed log reaches revision {}", self.model.revision()),
                format!("{member} answers {} at revision {revision}", request.name()),
            ));
        }
        self.check_content(member, request, response, revision)
    }

    /// The answer says what the committed log says.
    fn check_content(
        &self,
        member: MemberNo,
        request: &Request,
        response: &Response,
        revision: i64,
    ) -> Option<Violation> {
        match (request, response) {
            (Request::Put(put), Response::Put(_)) => self.check_put(member, put, revision),
            (Request::Range(range), Response::Range(found)) => {
                self.check_range(member, range, found, revision)
            }
            (Request::DeleteRange(delete), Response::DeleteRange(_)) => {
                self.check_deleted(member, delete, revision)
            }
            (Request::Txn(txn), Response::Txn(done)) => self.check_txn(member, txn, done, revision),
            _ => None,
        }
    }

    fn check_put(
        &self,
        member: MemberNo,
        put: &api::PutRequest,
        revision: i64,
    ) -> Option<Violation> {
        if revision < self.model.compacted() {
            return None;
        }
        let made = self.model.at(&put.key, revision).filter(|made| made.revision == revision);
        let kept =
            made.is_some_and(|made| put.ignore_value || made.value == Some(put.value.clone()));
        (!kept).then(|| {
            let key = put.key.escape_ascii();
            Violation::new(
                Property::Durability,
                member,
                format!("{member} acknowledges the put of {key} at revision {revision}"),
                format!("the committed log has {made:?} there"),
            )
        })
    }

    fn check_range(
        &self,
        member: MemberNo,
        range: &api::RangeRequest,
        found: &api::RangeResponse,
        now: i64,
    ) -> Option<Violation> {
        let revision = if range.revision > 0 { range.revision } else { now };
        let filtered = range.min_mod_revision != 0
            || range.max_mod_revision != 0
            || range.min_create_revision != 0
            || range.max_create_revision != 0;
        if revision < self.model.compacted() {
            return None;
        }
        let wrong = (!range.keys_only)
            .then(|| found.kvs.iter().find(|pair| !self.model.agrees(pair, revision)))
            .flatten();
        if let Some(pair) = wrong {
            let key = pair.key.escape_ascii();
            let known = self.model.at(&pair.key, revision);
            return Some(Violation::new(
                Property::Linearizability,
                member,
                format!("at revision {revision} the committed log makes {key} {known:?}"),
                format!("{member} reads {pair:?}"),
            ));
        }
        let count = self.model.range(&range.key, &range.range_end, revision).count() as u64;
        let told = u64::try_from(found.count).unwrap_or(0);
        (!filtered && count != told).then(|| {
            let key = range.key.escape_ascii();
            Violation::new(
                Property::Linearizability,
                member,
                format!("at revision {revision} the committed log has {count} keys from {key} on"),
                format!("{member} counts {told}"),
            )
        })
    }

    fn check_deleted(
        &self,
        member: MemberNo,
        delete: &api::DeleteRangeRequest,
        revision: i64,
    ) -> Option<Violation> {
        if revision < self.model.compacted() {
            return None;
        }
        let left = self.model.range(&delete.key, &delete.range_end, revision).next();
        left.map(|(key, _)| {
            let key = key.escape_ascii();
            Violation::new(
                Property::Durability,
                member,
                format!("{member} acknowledges a delete of {key} as of revision {revision}"),
                String::from("the committed log still has the key there"),
            )
        })
    }

    /// The puts of the branch that was taken are there, unless something in the same transaction
    /// deleted them; what it read is judged like any other read.
    fn check_txn(
        &self,
        member: MemberNo,
        txn: &api::TxnRequest,
        done: &api::TxnResponse,
        revision: i64,
    ) -> Option<Violation> {
        let ops = if done.succeeded { &txn.success } else { &txn.failure };
        let writes = !txn::is_read_only(txn);
        let simple = ops
            .iter()
            .all(|op| matches!(op.request, Some(Op::RequestPut(_) | Op::RequestRange(_))));
        if !simple {
            return None;
        }
        let results = done.responses.iter().map(|response| response.response.as_ref());
        ops.iter().zip(results).find_map(|(op, result)| match (op.request.as_ref()?, result?) {
            (Op::RequestPut(put), _) => self.check_put(member, put, revision),
            (Op::RequestRange(range), response_op::Response::ResponseRange(found)) if !writes => {
                self.check_range(member, range, found, revision)
            }
            _ => None,
        })
    }
}

/// A member that has applied everything must hold exactly what the committed log adds up to.
pub(crate) fn compare_store(model: &Model, no: MemberNo, view: NodeView<'_>) -> Option<Violation> {
    let everything = api::RangeRequest {
        key: Bytes::from_static(&[0]),
        range_end: Bytes::from_static(&[0]),
        ..api::RangeRequest::default()
    };
    let revision = view.mvcc().revision();
    let Ok(found) = view.mvcc().range(&everything) else { return None };
    let count = model.range(&everything.key, &everything.range_end, revision).count();
    let wrong = found.kvs.iter().find(|pair| !model.agrees(pair, revision));
    if revision == model.revision() && wrong.is_none() && count == found.kvs.len() {
        return None;
    }
    let (last, told) = (model.revision(), found.kvs.len());
    let wrong = wrong.map_or_else(String::new, |pair| format!(", among them the wrong {pair:?}"));
    Some(Violation::new(
        Property::Durability,
        no,
        format!("the committed log adds up to {count} keys at revision {last}"),
        format!("{no} holds {told} keys at revision {revision}{wrong}"),
    ))
}
