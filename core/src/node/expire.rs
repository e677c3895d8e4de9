//! Beside the stages: leases, where they meet time.
//!
//! What a lease *is* comes out of the log ([`crate::lease`]); when it *ends* is decided here, by the
//! leader alone, in its own ticks. It becomes the judge ("primary" in etcd's words) when it has
//! applied the first entry of its term, because then it has applied everything that leaders before
//! it could have promised, and it gives every lease its time from that moment on.
//!
//! Three rules keep the promise that no lease ends early, whoever leads:
//!
//! 1. A renewal is acknowledged only after a round of heartbeats has proved that this member led *after*
//!    the client asked (read index). So a later leader began later, and its deadline is later, too.
//! 2. A revoke of an expired lease goes into the leader's own log at once or not at all. It never waits
//!    and is never handed to another leader, who may have renewed the lease meanwhile (etcd issue
//!    15247 was that). Standing in this leader's log, it is either in a later leader's log before
//!    that one begins to count, or nowhere.
//! 3. A renewal behind a checkpoint waits until the checkpoint is cleared, see [`Deadlines`].

use super::forward::Asker;
use super::{Effect, Node};
use crate::api::{
    self, InternalRaftRequest, LeaseCheckpoint, LeaseCheckpointRequest, LeaseGrantRequest,
    LeaseGrantResponse, LeaseKeepAliveResponse, LeaseLeasesResponse, LeaseRevokeRequest,
    LeaseRevokeResponse, LeaseStatus, LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, Request,
    Response,
};
use crate::lease::{Clock, Deadlines, Renewal};
use crate::limits;

/// What the leader knows of time.
#[derive(Default)]
pub(super) struct Expiry {
    /// `None` unless this member leads and has applied an entry of its term.
    pub(super) deadlines: Option<Deadlines>,
    /// Keep-alives that wait for an entry: the revoke of a lease that has run out, or the end of a
    /// checkpoint.
    parked: Vec<(Asker, i64)>,
}

/// Applying.
impl Node {
    pub(super) fn grant_lease(
        &mut self,
        request: &LeaseGrantRequest,
    ) -> Result<LeaseGrantResponse, api::Error> {
        let ttl = self.lessor.grant(request.id, request.ttl)?;
        let clock = self.clock();
        if let Some(deadlines) = &mut self.expiry.deadlines {
            deadlines.refresh(request.id, ttl, clock);
        }
        Ok(LeaseGrantResponse { header: None, id: request.id, ttl, error: String::new() })
    }

    /// The keys of the lease go in one revision, in order, so that all members write the same rows.
    pub(super) fn revoke_lease(
        &mut self,
        request: &LeaseRevokeRequest,
    ) -> Result<LeaseRevokeResponse, api::Error> {
        let keys = self.lessor.revoke(request.id)?;
        self.mvcc.delete_keys(&keys);
        if let Some(deadlines) = &mut self.expiry.deadlines {
            deadlines.on_revoked(request.id);
        }
        Ok(LeaseRevokeResponse { header: None })
    }

    pub(super) fn checkpoint_leases(&mut self, request: &LeaseCheckpointRequest) {
        let clock = self.clock();
        for checkpoint in &request.checkpoints {
            self.lessor.checkpoint(checkpoint.id, checkpoint.remaining_ttl);
            if let Some(deadlines) = &mut self.expiry.deadlines {
                deadlines.on_applied(checkpoint, &self.lessor, clock);
            }
        }
    }

    /// Ties the keys that were written behind `revision` to their leases.
    pub(super) fn attach_keys(&mut self, revision: i64) {
        // Without a lease there is no key that could have one.
        if self.lessor.is_empty() {
            return;
        }
        for (_, pair) in self.mvcc.changes_after(revision) {
            self.lessor.on_write(&pair.key, pair.lease);
        }
    }
}

/// The leader's clock.
impl Node {
    fn clock(&self) -> Clock {
        Clock { tick: self.tick, tick_ms: self.config.tick_ms }
    }

    /// Begins to count when this member has become the judge, stops when it is no more. Called
    /// after every commit and on every tick.
    pub(super) fn judge_leases(&mut self, effects: &mut Vec<Effect>) {
        let term = self.raft.term();
        let judges = self.leads_with_commit();
        if self
            .expiry
            .deadlines
            .as_ref()
            .is_some_and(|deadlines| !judges || deadlines.term() != term)
        {
            self.expiry.deadlines = None;
        }
        if judges && self.expiry.deadlines.is_none() {
            let every = self.config.lease_checkpoint_seconds;
            let deadlines = Deadlines::promote(term, &self.lessor, self.clock(), every);
            self.expiry.deadlines = Some(deadlines);
        }
        for (asker, id) in std::mem::take(&mut self.expiry.parked) {
            self.keep_alive(asker, id, effects);
        }
    }

    /// Revokes what has run out, and notes what is left of long leases.
    pub(super) fn tick_leases(&mut self, effects: &mut Vec<Effect>) {
        self.judge_leases(effects);
        let per_tick = limits::LEASE_REVOKES_PER_SECOND_MAX * self.config.tick_ms / 1000;
        for _ in 0..per_tick.max(1) {
            let (clock, retry) = (self.clock(), self.patience_ticks());
            let Some(deadlines) = &mut self.expiry.deadlines else { return };
            let Some(id) = deadlines.next_expired(clock, retry) else { break };
            self.tally.leases_expired += 1;
            self.propose_as_leader(InternalRaftRequest {
                lease_revoke: Some(LeaseRevokeRequest { id }),
                ..InternalRaftRequest::default()
            });
        }
        if !self.raft.takes_proposals() {
            // Leadership is being handed over. If that comes to nothing, what is due is noted then.
            return;
        }
        let clock = self.clock();
        let Some(deadlines) = &mut self.expiry.deadlines else { return };
        let checkpoints = deadlines.due_checkpoints(&self.lessor, clock);
        if !checkpoints.is_empty() {
            self.propose_checkpoints(checkpoints);
        }
    }

    fn propose_checkpoints(&mut self, checkpoints: Vec<LeaseCheckpoint>) {
        let request = LeaseCheckpointRequest { checkpoints: checkpoints.clone() };
        let proposed = self.propose_as_leader(InternalRaftRequest {
            lease_checkpoint: Some(request),
            ..InternalRaftRequest::default()
        });
        if proposed && let Some(deadlines) = &mut self.expiry.deadlines {
            deadlines.on_proposed(&checkpoints);
        }
    }
}

/// Requests.
impl Node {
    /// A grant as it goes into the log: with an id, and with a time that outlasts an election, so that
    /// no lease dies while nobody can renew it. Whoever proposes decides, not whoever applies:
    /// members with different flags must come to the same result.
    pub(super) fn complete_grant(&mut self, mut grant: LeaseGrantRequest) -> LeaseGrantRequest {
        while grant.id == 0 {
            grant.id = (self.new_id() >> 1).cast_signed();
        }
        let election_ms = u64::from(3 * self.config.election_ticks / 2) * self.config.tick_ms;
        let least = i64::try_from(election_ms.div_ceil(1000)).unwrap_or(i64::MAX);
        grant.ttl = grant.ttl.max(least);
        grant
    }

    /// All leases that this member knows; the leader lists those first that run out first.
    pub(super) fn lease_list(&self) -> LeaseLeasesResponse {
        let ids = match &self.expiry.deadlines {
            Some(deadlines) => deadlines.in_order(),
            None => self.lessor.leases().map(|(id, _)| id).collect(),
        };
        let leases = ids.into_iter().map(|id| LeaseStatus { id }).collect();
        LeaseLeasesResponse { header: None, leases }
    }

    /// A request about a lease whose turn has come: this member led after it was asked, and has
    /// applied what was committed then.
    pub(super) fn serve_lease(
        &mut self,
        asker: Asker,
        request: &Request,
        effects: &mut Vec<Effect>,
    ) {
        // The member that was asked may not know yet of a right that was taken away.
        let permitted = self.who_asks(asker).and_then(|who| self.authorize_lease(&who, request));
        if let Err(error) = permitted {
            return self.answer(asker, Err(error), effects);
        }
        match request {
            Request::LeaseKeepAlive(request) => self.keep_alive(asker, request.id, effects),
            Request::LeaseTimeToLive(request) => self.time_to_live(asker, *request, effects),
            _ => unreachable!("only the leader's requests come here"),
        }
    }

    fn keep_alive(&mut self, asker: Asker, id: i64, effects: &mut Vec<Effect>) {
        if !self.is_wanted(asker) {
            return;
        }
        let clock = self.clock();
        let renewal = match self.judge() {
            Some((deadlines, lessor)) => deadlines.renew(id, lessor, clock),
            None => return self.leave_to_next_leader(asker),
        };
        let ttl = match renewal {
            Renewal::Done(ttl) => {
                self.tally.leases_renewed += 1;
                ttl
            }
            // etcd's way to say that there is no such lease.
            Renewal::Unknown => 0,
            Renewal::Clear => {
                self.propose_checkpoints(vec![LeaseCheckpoint { id, remaining_ttl: 0 }]);
                return self.expiry.parked.push((asker, id));
            }
            Renewal::Clearing | Renewal::Expired => return self.expiry.parked.push((asker, id)),
        };
        let response = LeaseKeepAliveResponse { header: None, id, ttl };
        self.answer(asker, Ok(Response::LeaseKeepAlive(response)), effects);
    }

    fn time_to_live(
        &mut self,
        asker: Asker,
        request: LeaseTimeToLiveRequest,
        effects: &mut Vec<Effect>,
    ) {
        let clock = self.clock();
        let id = request.id;
        let Some((deadlines, lessor)) = self.judge() else {
            return self.leave_to_next_leader(asker);
        };
        let mut response =
            LeaseTimeToLiveResponse { id, ttl: -1, ..LeaseTimeToLiveResponse::default() };
        if let Some(lease) = lessor.get(id) {
            response.ttl = deadlines.seconds_left(id, clock);
            response.granted_ttl = lease.ttl;
            if request.keys {
                response.keys = lease.keys.iter().cloned().collect();
            }
        }
        self.answer(asker, Ok(Response::LeaseTimeToLive(response)), effects);
    }

    /// The deadlines, if this member may judge by them now.
    fn judge(&mut self) -> Option<(&mut Deadlines, &crate::lease::Lessor)> {
        let term = self.raft.term();
        let leads = self.raft.is_leader();
        let deadlines = self.expiry.deadlines.as_mut();
        let deadlines = deadlines.filter(|deadlines| leads && deadlines.term() == term)?;
        Some((deadlines, &self.lessor))
    }
}
