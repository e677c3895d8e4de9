//! What happens to a member that is removed: it stops, and says so, but not before it may.
//!
//! ```text
//!   removed member B                      member A that stays
//!      │ the removal is applied               │ the removal is applied
//!      │ B follows nobody, and still votes    │ the store gets it
//!      │── "was I removed?" ─────────────────►│ (not before it is stored)
//!      │◄──────────────── "you were removed" ─│
//!      ▼ a majority said so: stores what it applied, ends
//! ```
//!
//! What is committed need not be known to be committed after a crash (Raft figure 2). A cluster of two
//! that becomes one would be lost, if the removed member left as soon as it knew: the other one might
//! wake up with the removal in its log, not know that it counts, and need a second vote for ever. So
//! whoever is removed votes and takes entries until members tell it whose stores have the removal, in
//! this life or the next. Whoever was down, or has no vote and hears no leader, asks the same
//! question and gets the same answer.
//!
//! One that has stored it is not enough: four become three, the one loses its disk, the other two wake
//! up and need three of four. A majority is. Any majority that is up later has one of them, whose request
//! for a vote says what is committed (raft-rs `maybe_commit_by_vote`). Where no majority can be heard,
//! because most are down or were removed too, one must do after
//! [`REMOVAL_PATIENCE_ELECTION_TIMEOUTS`], or a process that nobody needs would stay for ever.
//!
//! A removed leader hands over first. For a moment the process goes on, so that what it has to say is
//! heard (etcd `stopWithDelay`, `server/etcdserver/server.go`).

use std::collections::BTreeSet;

use super::{Effect, Node};
use crate::id::MemberId;
use crate::limits::REMOVAL_PATIENCE_ELECTION_TIMEOUTS;
use crate::peer::{Envelope, MessageInfo, MessageKind, Removed};

/// What a member knows of its own end, and of the ends of others.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// The last entry that removed another member, in this life.
    last_index: u64,
    /// Who was removed by an entry that is not stored yet.
    to_tell: BTreeSet<MemberId>,
    own: Option<Own>,
}

/// This member is none any more.
#[derive(Debug)]
struct Own {
    since_tick: u64,
    /// The members that stay and have stored it, as far as they said so.
    told_by: BTreeSet<MemberId>,
}

impl Own {
    fn since(tick: u64) -> Self {
        Self { since_tick: tick, told_by: BTreeSet::new() }
    }
}

impl Removals {
    /// What a member's own disk says at the beginning of a life.
    pub(super) fn found(is_removed: bool) -> Self {
        let own = is_removed.then(|| Own::since(0));
        Self { own, ..Self::default() }
    }

    /// This member was removed.
    pub(super) fn is_out(&self) -> bool {
        self.own.is_some()
    }
}

impl Node {
    /// The entry at `index` takes a member out of the configuration: nothing of the log is sent to it
    /// any more.
    pub(super) fn forget(&mut self, id: MemberId, index: u64) {
        self.alarms.on_removed(id);
        self.sending.remove(&id);
        if id == self.config.member_id {
            self.raft.retire();
            self.removals.own.get_or_insert(Own::since(self.tick));
        } else {
            self.removals.last_index = index;
            self.removals.to_tell.insert(id);
        }
    }

    /// This member stays, and its next life will know of all removals that this one knows. A learner
    /// does not count: whatever it remembers, it elects nobody.
    pub(super) fn tells_removals(&self) -> bool {
        let votes = self.membership.get(self.config.member_id).is_some_and(|own| !own.is_learner);
        votes && !self.removals.is_out() && self.stored.index >= self.removals.last_index
    }

    /// Tells who is to be told, and ends this member when it was told and its time is over. What it
    /// applied is stored before, so that the next life knows from its own disk.
    pub(super) fn drive_removal(&mut self, effects: &mut Vec<Effect>) {
        if !self.removals.to_tell.is_empty() {
            if self.stored.index < self.removals.last_index {
                self.flush(effects);
            } else if self.tells_removals() {
                for id in std::mem::take(&mut self.removals.to_tell) {
                    self.tell_removed(id, effects);
                }
            }
        }
        let delay = u64::from(self.config.election_ticks);
        let waited = |own: &Own| self.tick.saturating_sub(own.since_tick);
        let ends = |own: &Own| waited(own) >= delay && self.is_needed_no_more(own);
        if !self.removals.own.as_ref().is_some_and(ends) {
            return;
        }
        if !self.is_flushed() {
            return self.flush(effects);
        }
        self.end(Effect::Removed, "removed from the cluster", effects);
    }

    /// Those that stay can elect a leader without this member, whatever one of them forgets.
    fn is_needed_no_more(&self, own: &Own) -> bool {
        let id = self.config.member_id;
        let stay = self.membership.voters().filter(|voter| voter.id != id).count();
        let patience = REMOVAL_PATIENCE_ELECTION_TIMEOUTS * u64::from(self.config.election_ticks);
        let told = own.told_by.len();
        told > stay / 2 || (told > 0 && self.tick >= own.since_tick + patience)
    }

    /// A member that is out, and was not told so by enough, asks the others; so does one without a vote that
    /// hears no leader, because it never calls an election that somebody could refuse.
    pub(super) fn tick_removal(&mut self, effects: &mut Vec<Effect>) {
        let own = self.membership.get(self.config.member_id);
        let asks = match &self.removals.own {
            Some(own) => !self.is_needed_no_more(own),
            None => own.is_none_or(|own| own.is_learner) && self.raft.hears_nobody(),
        };
        if !asks || !self.tick.is_multiple_of(u64::from(self.config.heartbeat_ticks)) {
            return;
        }
        let id = self.config.member_id;
        let others: Vec<MemberId> = self
            .membership
            .members()
            .map(|member| member.id)
            .filter(|other| *other != id)
            .collect();
        for other in others {
            self.send_removed(other, id, effects);
        }
    }

    /// Tells a removed member what it does not know yet, unless a crash could take it back.
    pub(super) fn tell_removed(&mut self, to: MemberId, effects: &mut Vec<Effect>) {
        if self.tells_removals() {
            self.send_removed(to, to, effects);
        }
    }

    fn send_removed(&mut self, to: MemberId, who: MemberId, effects: &mut Vec<Effect>) {
        let info = MessageInfo::of(MessageKind::Removed, self.raft.term());
        self.send(to, info, &Envelope::removed(self.config.cluster_id, who), effects);
    }

    /// A peer says that this member was removed, or asks whether it was itself. Ids never come back,
    /// so an answer is believed for good.
    pub(super) fn on_removed(
        &mut self,
        from: MemberId,
        removed: Removed,
        effects: &mut Vec<Effect>,
    ) -> Result<(), &'static str> {
        let who = MemberId(removed.member_id);
        if removed.cluster_id != self.config.cluster_id.0 {
            return Err("it speaks of another cluster");
        }
        if who == from {
            if self.membership.is_removed(from) {
                self.tell_removed(from, effects);
            }
            return Ok(());
        }
        if who != self.config.member_id || self.membership.is_removed(from) {
            return Err("it speaks of a removal that does not concern this member");
        }
        let since_tick = self.tick;
        self.removals.own.get_or_insert(Own::since(since_tick)).told_by.insert(from);
        Ok(())
    }
}
