//! Commit only what a quorum holds durably (Raft 5.3; dissertation 10.2.1 for the leader that
//! sends before its own fsync).
//!
//! What is durable is the disk's word, not the node's: a member that promises too early is caught
//! here, at the cause, long before a power failure makes the loss visible. And what was durable is there
//! when a member has read its disk again, in its log or in its store; a member that goes on with less
//! is caught before it votes.

use glasshouse_core::order;
use std::collections::VecDeque;

use super::ledger::Ledger;
use super::{Property, Violation};
use crate::place::MemberNo;

/// How far each member's log is on its platter.
#[derive(Debug)]
pub(super) struct Quorum(Vec<Durable>);

#[derive(Clone, Debug, Default)]
struct Durable {
    /// Appends that are not durable yet: (number, last index of the log when it was given out).
    appended: VecDeque<(u64, u64)>,
    /// Last index of the durable log.
    log: u64,
    /// Last index whose effect is in the durable store.
    store: u64,
}

impl Quorum {
    pub(super) fn new(count: usize) -> Self {
        Self(vec![Durable::default(); count])
    }

    /// A machine begins with an empty disk.
    pub(super) fn on_new_machine(&mut self, no: MemberNo) {
        super::renew(&mut self.0, no, Durable::default());
    }

    /// A member has read its disk, and made durable what it read.
    pub(super) fn on_recovered(
        &mut self,
        no: MemberNo,
        last: u64,
        stored: u64,
    ) -> Option<Violation> {
        let found = Durable { appended: VecDeque::new(), log: last, store: stored };
        let before = std::mem::replace(&mut self.0[no.index()], found);
        (last.max(stored) < before.log).then(|| {
            Violation::new(
                Property::DurableLog,
                no,
                format!("{no} had entry {} on its disk", before.log),
                format!("after its restart its log ends at {last}"),
            )
        })
    }

    /// A member gave out an append.
    pub(super) fn on_appended(&mut self, no: MemberNo, seq: u64, last: u64) {
        self.0[no.index()].appended.push_back((seq, last));
    }

    /// Entries behind `last` were taken back: they are durable no more.
    pub(super) fn on_cut(&mut self, no: MemberNo, last: u64) {
        let durable = &mut self.0[no.index()];
        durable.log = durable.log.min(last);
        for (_, appended) in &mut durable.appended {
            *appended = (*appended).min(last);
        }
    }

    /// Appends up to `seq` are on the platter.
    pub(super) fn on_synced(&mut self, no: MemberNo, seq: u64) {
        let durable = &mut self.0[no.index()];
        while let Some((_, last)) = durable.appended.pop_front_if(|(number, _)| *number <= seq) {
            durable.log = last;
        }
    }

    /// The store has committed.
    pub(super) fn on_stored(&mut self, no: MemberNo, index: u64) {
        let durable = &mut self.0[no.index()];
        durable.store = durable.store.max(index);
    }

    /// A process ended: nobody waits for its appends any more.
    pub(super) fn on_ended(&mut self, no: MemberNo) {
        self.0[no.index()].appended.clear();
    }

    /// `no` is the first to know that `index` is committed. `configs` are the voters that it went by,
    /// each with its machine if it has one: those before its last step and, if they changed in it,
    /// those after it.
    pub(super) fn on_commit(
        &self,
        ledger: &Ledger,
        no: MemberNo,
        index: u64,
        configs: &[Vec<Option<MemberNo>>],
    ) -> Option<Violation> {
        let (_, committed) = ledger.last_committed()?;
        let holds = |member: &MemberNo| {
            let durable = &self.0[member.index()];
            let has = ledger.link_at(*member, index).is_none_or(|link| link == committed);
            durable.store >= index || (durable.log >= index && has)
        };
        let holders = |voters: &[Option<MemberNo>]| -> Vec<MemberNo> {
            voters.iter().copied().flatten().filter(holds).collect()
        };
        if configs.iter().any(|voters| holders(voters).len() > voters.len() / 2) {
            return None;
        }
        let voters = configs.last().map_or(&[][..], Vec::as_slice);
        let (mut holders, count) = (holders(voters), voters.len());
        order::sort(&mut holders);
        let names: Vec<String> = holders.iter().map(MemberNo::to_string).collect();
        let who = match names.is_empty() {
            true => String::from("nobody"),
            false => format!("only {}", names.join(" and ")),
        };
        Some(Violation::new(
            Property::DurableQuorum,
            no,
            match names.len() {
                0 | 1 => format!("{who} of {count} has entry {index} on its disk"),
                _ => format!("{who} of {count} have entry {index} on their disks"),
            },
            format!("{no} takes it for committed"),
        ))
    }
}
