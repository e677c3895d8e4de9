//! Leases: whose clock counts, who renews, and who revokes.

use std::collections::BTreeMap;

use glasshouse_core::api::{
    self, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseRevokeRequest,
};
use glasshouse_core::node::Config;
use glasshouse_core::order;

use super::Mutant;
use crate::place::MemberNo;
use crate::world::State;

/// Seconds between two checkpoints of a lease that has none: longer than any world lasts.
const NEVER_SECONDS: u64 = 1 << 40;

/// When leases run out, as former leaders remember it: (life, ticks of it by lease).
#[derive(Debug, Default)]
pub(super) struct Deadlines(BTreeMap<MemberNo, (u32, BTreeMap<i64, u64>)>);

/// M27: no leader notes how much of a lease is left, so each new one gives it its full time again. It holds
/// from the member's next start.
pub(super) fn without_checkpoints(config: &mut Config) {
    config.lease_checkpoint_seconds = NEVER_SECONDS;
}

impl State {
    /// M26: whoever led once goes on counting, and asks for the end of leases that have been renewed at
    /// their new leader since.
    pub(super) fn revoke_as_deposed(&mut self, no: MemberNo) {
        let member = self.member(no);
        let (life, tick) = (member.life, member.ticks);
        let Some(view) = member.node().map(glasshouse_core::Node::view) else { return };
        let known: Vec<i64> = view.lessor().leases().map(|(id, _)| id).collect();
        let counted = view.lease_deadlines().map(|deadlines| {
            let at = |id: &i64| Some((*id, deadlines.tick_of(*id)?));
            order::map(known.iter().filter_map(at))
        });
        let (remembered_in, remembered) = self.memory.lease.0.entry(no).or_default();
        if *remembered_in != life {
            remembered.clear();
        }
        *remembered_in = life;
        if let Some(counted) = counted {
            *remembered = counted;
            return;
        }
        let over = remembered.extract_if(.., |_, at| *at <= tick).map(|(id, _)| id);
        for id in over.filter(|id| known.contains(id)).collect::<Vec<_>>() {
            self.ask_beside_clients(no, LeaseRevokeRequest { id });
        }
    }

    /// M28: a lease that is about to run out gets its time again, from its own leader; so nothing is ever
    /// revoked.
    pub(super) fn never_revoke(&mut self, no: MemberNo) {
        let member = self.member(no);
        let Some(view) = member.node().map(glasshouse_core::Node::view) else { return };
        let Some(deadlines) = view.lease_deadlines() else { return };
        let soon = member.ticks + 4;
        let ends = |id: &i64| deadlines.tick_of(*id).is_some_and(|at| at <= soon);
        let ending: Vec<i64> = view.lessor().leases().map(|(id, _)| id).filter(ends).collect();
        for id in ending {
            self.ask_beside_clients(no, LeaseKeepAliveRequest { id });
        }
    }

    /// M40: the member that is asked renews a lease by itself, and the leader never hears of it.
    pub(crate) fn renewed_beside_the_leader(
        &self,
        no: MemberNo,
        request: &api::Request,
    ) -> Option<api::Response> {
        let api::Request::LeaseKeepAlive(request) = request else { return None };
        if !self.is_sick(Mutant::LocalRenewal, no) {
            return None;
        }
        let ttl = self.member(no).node()?.view().lessor().get(request.id)?.ttl;
        let header = Some(api::ResponseHeader::default());
        Some(LeaseKeepAliveResponse { header, id: request.id, ttl }.into())
    }
}
