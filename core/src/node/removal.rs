//! What happens to a member that is removed: it stops, and says so.
//!
//! It learns of it from its own log, or, if it was down at that time, from any peer that it calls. A
//! removed leader hands over first. For a moment the process goes on, so that what it has to say is
//! heard (etcd `stopWithDelay`, `server/etcdserver/server.go`).

use super::{Effect, Node};
use crate::id::MemberId;
use crate::peer::{Envelope, MessageInfo, MessageKind, Removed};

impl Node {
    /// A member is out of the configuration: nothing is sent to it any more.
    pub(super) fn forget(&mut self, id: MemberId) {
        self.alarms.on_removed(id);
        self.sending.remove(&id);
        if id == self.config.member_id {
            self.raft.retire();
            self.leave();
        }
    }

    /// This member was removed.
    pub(super) fn leave(&mut self) {
        let deadline_tick = self.tick + u64::from(self.config.election_ticks);
        self.leaves_at_tick.get_or_insert(deadline_tick);
    }

    /// Ends a removed member when its time is over and what it applied is stored, so that the next
    /// life knows from its own disk.
    pub(super) fn drive_removal(&mut self, effects: &mut Vec<Effect>) {
        if self.leaves_at_tick.is_none_or(|deadline| self.tick < deadline) {
            return;
        }
        if !self.is_flushed() {
            return self.flush(effects);
        }
        self.end(Effect::Removed, "removed from the cluster", effects);
    }

    /// Tells a removed member what it does not know yet.
    pub(super) fn tell_removed(&mut self, to: MemberId, effects: &mut Vec<Effect>) {
        let info = MessageInfo::of(MessageKind::Removed, self.raft.term());
        self.send(to, info, &Envelope::removed(self.config.cluster_id, to), effects);
    }

    /// A peer says that somebody was removed. Ids never come back, so it is believed for good.
    pub(super) fn on_told_removed(
        &mut self,
        from: MemberId,
        removed: Removed,
    ) -> Result<(), &'static str> {
        let own = (self.config.cluster_id.0, self.config.member_id.0);
        if (removed.cluster_id, removed.member_id) != own || self.membership.is_removed(from) {
            return Err("it speaks of a removal that does not concern this member");
        }
        self.leave();
        Ok(())
    }
}
