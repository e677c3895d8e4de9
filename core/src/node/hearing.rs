//! Whom a leader hears, and since when without a break.
//!
//! etcd refuses to change the members of a cluster that is not well: one whose voters have not been
//! connected for a while ([`limits::HEALTH_INTERVAL_MS`]; `isConnectedFullySince` in
//! `server/etcdserver/cluster_util.go`). It asks its connections; a node knows none, but a leader
//! hears every member that lives at each heartbeat.
//!
//! ```text
//!   leads from here      silence > election timeout       health interval
//!        |..x.x.x.x.x.x...............................x.x.x.x.x.x.x.x.x.x
//!           ^ connected, as before                    ^ heard again       ^ connected
//! ```
//!
//! Who is heard soon after the beginning of a leadership was connected before it.

use std::collections::BTreeMap;

use super::Node;
use crate::id::MemberId;
use crate::limits;

/// One peer.
#[derive(Clone, Copy, Debug)]
struct Heard {
    last_tick: u64,
    /// When it was heard again after a silence, or for the first time after a while.
    again_tick: Option<u64>,
}

/// The peers that this leader heard in its term.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    term: u64,
    began_tick: u64,
    heard: BTreeMap<MemberId, Heard>,
}

impl Node {
    /// A tick passed: a new leadership begins with nobody heard.
    pub(super) fn tick_hearing(&mut self) {
        let term = self.raft.term();
        if self.raft.is_leader() && self.hearing.term != term {
            self.hearing = Hearing { term, began_tick: self.tick, heard: BTreeMap::new() };
        }
    }

    /// A message of a peer arrived.
    pub(super) fn on_heard(&mut self, from: MemberId) {
        if !self.raft.is_leader() {
            return;
        }
        self.tick_hearing();
        let (tick, patience) = (self.tick, u64::from(self.config.election_ticks));
        let began_tick = self.hearing.began_tick;
        let first = Heard { last_tick: began_tick, again_tick: None };
        let heard = self.hearing.heard.entry(from).or_insert(first);
        if tick > heard.last_tick + patience {
            heard.again_tick = Some(tick);
        }
        heard.last_tick = tick;
    }

    /// This leader hears the peer at present.
    pub(super) fn is_heard(&self, id: MemberId) -> bool {
        self.heard(id).is_some()
    }

    /// Voters that are connected, and have been for the whole interval; this member is one of them if
    /// it votes.
    pub(super) fn connected_voters(&self) -> usize {
        let interval = limits::HEALTH_INTERVAL_MS / self.config.tick_ms;
        let is_connected = |id| {
            id == self.config.member_id
                || self.heard(id).is_some_and(|heard| {
                    heard.again_tick.is_none_or(|again| again + interval <= self.tick)
                })
        };
        self.membership.voters().filter(|member| is_connected(member.id)).count()
    }

    fn heard(&self, id: MemberId) -> Option<&Heard> {
        let patience = u64::from(self.config.election_ticks);
        let heard = self.hearing.heard.get(&id)?;
        let is_present = self.raft.is_leader() && self.hearing.term == self.raft.term();
        (is_present && heard.last_tick + patience >= self.tick).then_some(heard)
    }
}
