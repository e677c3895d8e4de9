//! Messages and calls: from a sender through the network to a receiver, and back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use glasshouse_core::api;
use glasshouse_core::id::CallId;
use glasshouse_core::node::Input;
use glasshouse_core::peer::MessageInfo;

use super::State;
use crate::call::OpenCall;
use crate::clock::Nanos;
use crate::member::{Member, PORT};
use crate::network::{Cargo, Fate, Flight, MessageId};
use crate::place::{ClientNo, MemberNo, Place};
use crate::trace::{CallEnd, Carried, DropReason, What};

impl State {
    // --- messages ---

    /// A member sends a message to another.
    pub(crate) fn send_peer(
        &mut self,
        from: MemberNo,
        to: MemberNo,
        info: MessageInfo,
        bytes: Bytes,
    ) {
        self.counts.messages += 1;
        let Member { id, cluster, .. } = self.member(from);
        let cargo = Cargo::Peer { from: *id, cluster: *cluster, bytes };
        self.send(from.into(), to.into(), Carried::Peer(info), cargo);
    }

    /// Sends a message; says whether it is on its way.
    pub(crate) fn send(&mut self, from: Place, to: Place, carries: Carried, cargo: Cargo) -> bool {
        let now = self.now();
        let id = self.network.next_id();
        match self.network.decide(now, from, to, carries) {
            Fate::Lost(why) => {
                self.sent(id, from, to, carries, &cargo, now, None);
                self.lost(id, from, to, carries, why);
                false
            }
            Fate::Arrives { at, copy_at } => {
                let copy = copy_at.map(|at| (at, cargo.clone()));
                let flight = Flight { id, from, to, carries, sent_at: now, arrives_at: at, cargo };
                let listens = self.take_off(flight, None);
                if let Some((at, cargo)) = copy
                    && listens
                {
                    self.send_copy(id, (from, to), carries, cargo, at);
                }
                listens
            }
        }
    }

    fn send_copy(
        &mut self,
        of: MessageId,
        (from, to): (Place, Place),
        carries: Carried,
        cargo: Cargo,
        arrives_at: Nanos,
    ) {
        let (id, sent_at) = (self.network.next_id(), self.now());
        let flight = Flight { id, from, to, carries, sent_at, arrives_at, cargo };
        self.take_off(flight, Some(of));
    }

    /// Puts a message on its way; says whether somebody listens at its end.
    fn take_off(&mut self, flight: Flight, copy_of: Option<MessageId>) -> bool {
        let (id, from, to, carries) = (flight.id, flight.from, flight.to, flight.carries);
        self.sent(id, from, to, carries, &flight.cargo, flight.arrives_at, copy_of);
        let latency = flight.arrives_at.saturating_sub(self.now());
        if self.launch(from, to, id, latency) {
            self.network.take_off(flight);
            return true;
        }
        self.lost(id, from, to, carries, DropReason::NobodyListens);
        if let (Carried::Peer(_), Some(sender), Some(peer)) = (carries, from.member(), to.member())
        {
            // The connection was refused: a real sender hears of it as well.
            let peer = self.member(peer).id;
            self.member_mut(sender).tell(Input::Unreachable { peer });
        }
        false
    }

    /// Hands a datagram to madsim's network.
    fn launch(&self, from: Place, to: Place, id: MessageId, latency: Nanos) -> bool {
        let (node, addr) = (self.node_of(from), Self::addr_of(to));
        self.net.send_after(node, PORT, addr, Duration::from_nanos(latency), Box::new(id))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one event")]
    fn sent(
        &mut self,
        id: MessageId,
        from: Place,
        to: Place,
        carries: Carried,
        cargo: &Cargo,
        arrives_at: Nanos,
        copy_of: Option<MessageId>,
    ) {
        let payload = match cargo {
            Cargo::Peer { bytes, .. } => Some(bytes),
            Cargo::Request { .. }
            | Cargo::Cancel { .. }
            | Cargo::Answer { .. }
            | Cargo::Said { .. }
            | Cargo::Heard { .. } => None,
        };
        let size = payload.map_or(0, |bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let what = What::Sent { id, from, to, carries, bytes: size, arrives_at, copy_of };
        self.event_with(what, payload);
    }

    fn lost(&mut self, id: MessageId, from: Place, to: Place, carries: Carried, why: DropReason) {
        if matches!(carries, Carried::Peer(_)) {
            self.counts.dropped += 1;
        }
        self.event(What::Dropped { id, from, to, carries, why });
        self.lose_of_stream(carries);
    }

    /// A datagram has reached the socket of its receiver, and the receiver reads it.
    pub(crate) fn on_arrival(&mut self, id: MessageId) {
        if self.violation.is_some() {
            return;
        }
        // A message that is not on its way any more was taken out of the network.
        let Some(flight) = self.network.flight(id) else { return };
        let (from, to, arrives_at) = (flight.from, flight.to, flight.arrives_at);
        let now = self.now();
        if arrives_at > now {
            // It was held back while it travelled.
            if !self.launch(from, to, id, arrives_at - now) {
                self.drop_flight(id, DropReason::ReceiverDied);
            }
            return;
        }
        if self.network.was_cut(from, to, arrives_at) {
            self.drop_flight(id, DropReason::Cut);
            return;
        }
        let Some(Flight { carries, cargo, .. }) = self.network.land(id) else { return };
        self.event(What::Delivered { id, from, to, carries });
        match (to, cargo) {
            (Place::Member(to), Cargo::Peer { cluster, .. }) if cluster != self.cluster_of(to) => {
                if let Some(from) = from.member() {
                    self.turn_away(to, from, cluster);
                }
            }
            (Place::Member(to), Cargo::Peer { from, bytes, .. }) => {
                if let Some(bytes) = self.as_it_arrives(to, bytes) {
                    self.step(to, Input::Message { from, bytes });
                }
            }
            (Place::Member(to), Cargo::Request { call, caller, request }) => {
                if let Some(answer) = self.renewed_beside_the_leader(to, &request) {
                    return self.answer(to, call, Arc::new(Ok(answer)));
                }
                let request = self.as_the_member_reads_it(to, (*request).clone());
                let caller = self.whom_the_member_sees(to, caller);
                self.step(to, Input::Request { call, caller, request });
            }
            (Place::Member(to), Cargo::Cancel { call }) => self.step(to, Input::Cancel { call }),
            (Place::Client(_), Cargo::Answer { call, result }) => {
                self.end_call(call, CallEnd::Answer(result));
            }
            (Place::Member(to), Cargo::Said { stream, number, said }) => {
                self.on_said(to, stream, number, &said);
            }
            (Place::Client(_), Cargo::Heard { stream, number, heard }) => {
                self.on_heard(stream, number, heard);
            }
            (Place::Client(_), _)
            | (Place::Member(_), Cargo::Answer { .. } | Cargo::Heard { .. }) => {
                unreachable!("members do not get answers, and clients get nothing else")
            }
        }
    }

    // --- messages in the hands of a user ---

    /// A second copy of a message that is on its way, right behind it or this much later.
    pub(super) fn duplicate(&mut self, id: MessageId, after: Nanos) {
        if let Some(flight) = self.network.flight(id).cloned() {
            let at = flight.arrives_at.max(self.now()).saturating_add(after.max(1));
            self.send_copy(id, (flight.from, flight.to), flight.carries, flight.cargo, at);
        }
    }

    /// Lets a message arrive later.
    pub(super) fn delay(&mut self, id: MessageId, by: Nanos) {
        if let Some(flight) = self.network.flight_mut(id) {
            flight.arrives_at = flight.arrives_at.saturating_add(by);
            let arrives_at = flight.arrives_at;
            self.event(What::Delayed { id, arrives_at });
        }
    }

    /// Lets a message arrive earlier: a second datagram goes ahead of the one that is on its way, which
    /// will find that the message has landed.
    pub(super) fn hasten(&mut self, id: MessageId, by: Nanos) {
        let now = self.now();
        let Some(flight) = self.network.flight_mut(id) else { return };
        let arrives_at = flight.arrives_at.saturating_sub(by).max(now + 1);
        if arrives_at >= flight.arrives_at {
            // It is there already, and waits for a process that does not read.
            return;
        }
        flight.arrives_at = arrives_at;
        let (from, to) = (flight.from, flight.to);
        self.event(What::Delayed { id, arrives_at });
        if !self.launch(from, to, id, arrives_at - now) {
            self.drop_flight(id, DropReason::ReceiverDied);
        }
    }

    // --- calls ---

    /// A client calls a member.
    pub(crate) fn call(
        &mut self,
        client: ClientNo,
        member: MemberNo,
        caller: api::Caller,
        request: api::Request,
        timeout: Nanos,
    ) -> CallId {
        let call = self.calls.next_id();
        let request = Arc::new(request);
        let now = self.now();
        // Another cluster is another database, and no part of this history.
        let is_home = self.cluster_of(member) == self.first;
        if let Some(history) = self.history.as_mut().filter(|_| is_home) {
            history.on_called(call, client, now, &request);
        }
        self.counts.calls += 1;
        self.event(What::Called { call, client, member, request: Arc::clone(&request) });
        let deadline = self.after(timeout, move |state| state.give_up(call, CallEnd::TimedOut));
        let open = OpenCall {
            client,
            member,
            caller: caller.clone(),
            request: Arc::clone(&request),
            began_at: now,
            asked: self.checks.of_mut(member).on_called(now, &request),
            deadline: Some(deadline),
            waker: None,
        };
        self.calls.insert(call, open);
        let (from, to) = (client.into(), member.into());
        let cargo = Cargo::Request { call, caller, request };
        let reachable = !self.network.link_view(from, to).cut;
        let listens = self.send(from, to, Carried::Request(call), cargo);
        let has_power = self.member(member).state != crate::member::MemberState::PoweredOff;
        if reachable && !listens && has_power {
            // The machine is there and refuses the connection: the client hears of it.
            let round_trip = 2 * self.spec.client_latency;
            self.after(round_trip, move |state| state.end_call(call, CallEnd::NoConnection));
        }
        call
    }

    /// A member answers a call.
    pub(super) fn answer(
        &mut self,
        no: MemberNo,
        call: CallId,
        result: Arc<Result<api::Response, api::Error>>,
    ) {
        // A call that ended without the member's knowledge needs no answer.
        let Some(open) = self.calls.get(call) else { return };
        let to = Place::Client(open.client);
        if !self.plants.is_empty() {
            self.remember_txn(&result);
        }
        self.send(no.into(), to, Carried::Answer(call), Cargo::Answer { call, result });
    }

    /// The client gives up: the member is told to forget the call.
    pub(crate) fn give_up(&mut self, call: CallId, end: CallEnd) {
        let Some(open) = self.calls.get(call) else { return };
        let (from, to) = (open.client.into(), open.member.into());
        self.end_call(call, end);
        self.send(from, to, Carried::Cancel(call), Cargo::Cancel { call });
    }

    /// The client takes a call back.
    pub(super) fn cancel(&mut self, call: CallId) {
        self.give_up(call, CallEnd::Canceled);
    }

    /// The process that was called died: its client hears of it.
    pub(super) fn break_call(&mut self, call: CallId) {
        let latency = self.spec.client_latency;
        self.after(latency, move |state| state.end_call(call, CallEnd::Broken));
    }

    /// A call is over.
    pub(crate) fn end_call(&mut self, id: CallId, end: CallEnd) {
        if !self.plants.is_empty() && self.is_tried_again(id, &end) {
            return;
        }
        let now = self.now();
        let Some(call) = self.calls.end(id, now, &end) else { return };
        let (client, member, waker) = (call.client, call.member, call.waker.take());
        let (request, asked) = (Arc::clone(&call.request), call.asked);
        let caller = call.caller.clone();
        if let Some(deadline) = call.deadline.take() {
            self.cancel_timer(deadline);
        }
        if end.success().is_some() {
            self.counts.answered += 1;
        }
        if let Some(history) = &mut self.history {
            history.on_end(id, now, &end);
        }
        let checks = self.checks.of_mut(member);
        let verdict = checks.on_end(now, (member, &caller), &request, end.success(), asked);
        self.event(What::Returned { call: id, client, end });
        self.violate(verdict);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
