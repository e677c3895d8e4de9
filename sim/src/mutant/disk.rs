//! The log on the disk: what is called durable, and what a damaged log is taken for.

use glasshouse_core::node::{Append, Input, Node, RecoverError};
use glasshouse_core::store::Store;
use glasshouse_core::wal;

use super::Mutant;
use crate::place::MemberNo;
use crate::rng::Stream;
use crate::world::State;

/// One start in this many finds a rotten record in a log that is about to be cut.
const ROTS_ONE_IN: u64 = 3;
/// It is one of so many last ones.
const ROTTEN_TAIL: u64 = 4;

impl State {
    /// M02: records of term and vote alone wait in memory until an entry is appended. M04: who votes alone
    /// takes its entries for durable before they are written. Gives the append back if it shall be written.
    pub(crate) fn as_it_is_written(&mut self, no: MemberNo, append: Append) -> Option<Append> {
        let seq = append.seq;
        if self.is_sick(Mutant::ApplyBeforeSave, no) && self.votes_alone(no) {
            self.member_mut(no).tell(Input::Persisted { seq });
        }
        if !self.is_sick(Mutant::VoteNotPersisted, no) {
            return Some(append);
        }
        let member = self.member_mut(no);
        if holds_only_state(&append) {
            member.withheld.push(append);
            if member.disk.is_idle() {
                member.tell(Input::Persisted { seq });
            }
            return None;
        }
        for withheld in std::mem::take(&mut member.withheld) {
            member.disk.queue_append(withheld);
        }
        Some(append)
    }

    fn votes_alone(&self, no: MemberNo) -> bool {
        let voters = |node: &Node| node.view().membership().voters().count();
        self.member(no).node().map(voters) == Some(1)
    }

    /// M29: a log that is damaged is cut where the damage is, and the member goes on with what is left.
    /// Now and then the disk of such a member damages one of the last records.
    pub(crate) fn cut_damaged_log(
        &mut self,
        no: MemberNo,
        config: &glasshouse_core::Config,
        store: &Store,
    ) -> Result<Option<Node>, String> {
        if !self.is_sick(Mutant::CorruptTailCut, no) {
            return Ok(None);
        }
        self.rot_tail(no);
        loop {
            let disk = &mut self.member_mut(no).disk;
            match Node::recover(config.clone(), disk.read_wal()?, store.clone()) {
                Ok(node) => return Ok(Some(node)),
                Err(RecoverError::Corrupt(at)) if at.offset > 0 => {
                    disk.cut_wal(at.segment, at.offset);
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Flips a bit of one of the last entries' records.
    fn rot_tail(&mut self, no: MemberNo) {
        let life = self.member(no).life;
        let mut luck = Stream::new(self.spec.seed, "rotten tail", no.number().into(), life.into());
        if luck.below(ROTS_ONE_IN) > 0 {
            return;
        }
        let back = usize::try_from(luck.below(ROTTEN_TAIL)).unwrap_or(0);
        let disk = &mut self.member_mut(no).disk;
        let place = disk.durable_wal().last().and_then(|(segment, bytes)| {
            let records = wal::dump(&bytes.into());
            let is_entry = |record: &&wal::RecordView| record.kind == wal::RecordKind::Entry;
            let record = records.iter().rev().filter(is_entry).nth(back)?;
            Some((segment, record.offset + record.len / 2))
        });
        if let Some((segment, offset)) = place {
            disk.rot_wal(segment, offset, 3);
        }
    }
}

/// The append holds term and vote and nothing else.
fn holds_only_state(append: &Append) -> bool {
    let records = wal::dump(&append.bytes);
    !records.is_empty() && records.iter().all(|record| record.kind == wal::RecordKind::State)
}
