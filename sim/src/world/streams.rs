//! Streams of watches: opened by clients, carried by the network, broken by faults.

use std::sync::Arc;

use glasshouse_core::api;
use glasshouse_core::id::StreamId;
use glasshouse_core::node::Input;

use super::State;
use crate::member::MemberState;
use crate::network::Cargo;
use crate::place::{ClientNo, MemberNo, Place};
use crate::stream::{Heard, NOTICED_AFTER, Order, Said, StreamEnd};
use crate::trace::{Carried, What};

impl State {
    // --- the client's end ---

    /// A client opens a stream to a member and asks for a first watch.
    pub(crate) fn open_stream(
        &mut self,
        client: ClientNo,
        member: MemberNo,
        caller: api::Caller,
        request: api::WatchRequest,
    ) -> StreamId {
        let id = self.streams.insert(client, member);
        self.event(What::StreamOpened { stream: id, client, member });
        let reachable = !self.network.link_view(client.into(), member.into()).cut;
        let listens = self.say(id, Said::Opened { requires_leader: true, caller, request });
        let has_power = self.member(member).state != MemberState::PoweredOff;
        if reachable && !listens && has_power {
            // The machine is there and refuses the connection.
            let round_trip = 2 * self.spec.client_latency;
            self.after(round_trip, move |state| state.end_stream(id, StreamEnd::NoConnection));
        }
        id
    }

    /// A client says something on a stream; whether it is on its way.
    pub(crate) fn say(&mut self, id: StreamId, said: Said) -> bool {
        let Some(stream) = self.streams.open.get_mut(&id) else { return false };
        let number = stream.up.next();
        let member = stream.member;
        let (from, to): (Place, Place) = (stream.client.into(), member.into());
        if let Said::Opened { request, .. } | Said::Asked(request) = &said {
            self.checks.of_mut(member).on_watch_asked(id, request);
            if let Some(chronicle) = &mut self.chronicle {
                chronicle.hear_asked(id, request);
            }
        }
        let cargo = Cargo::Said { stream: id, number, said: Arc::new(said) };
        self.send(from, to, Carried::Said(id), cargo)
    }

    /// A client takes what has arrived, and how the stream ended, if it did. The member is told.
    pub(crate) fn take_stream(&mut self, id: StreamId) -> (Vec<Arc<Heard>>, Option<StreamEnd>) {
        let Some(stream) = self.streams.open.get_mut(&id) else {
            return (Vec::new(), Some(StreamEnd::Broken));
        };
        let arrived: Vec<_> = stream.arrived.drain(..).collect();
        let end = stream.end.clone();
        if end.is_some() {
            self.streams.open.remove(&id);
        } else if !arrived.is_empty() {
            self.say(id, Said::Took(arrived.len() as u64));
        }
        (arrived, end)
    }

    /// A client wants no more of a stream.
    pub(crate) fn close_stream(&mut self, id: StreamId) {
        self.say(id, Said::Closed);
        self.end_stream(id, StreamEnd::Closed);
    }

    // --- the member's end ---

    /// A message of a stream has reached its member.
    pub(super) fn on_said(&mut self, no: MemberNo, id: StreamId, number: u64, said: &Said) {
        let life = self.member(no).life;
        let Some(stream) = self.streams.open.get_mut(&id) else { return };
        let opens = matches!(said, Said::Opened { .. });
        if opens && number == 0 && stream.life == 0 {
            stream.life = life;
        }
        if stream.life != life {
            // The process that knew the stream is gone; its end is on its way to the client.
            if stream.end.is_some() {
                self.streams.open.remove(&id);
            }
            return;
        }
        match stream.up.take(number) {
            Order::Again => return,
            Order::Gap => return self.break_stream(id),
            Order::Next => {}
        }
        match said.clone() {
            Said::Opened { requires_leader, caller, mut request } => {
                self.as_the_watch_is_read(no, &mut request);
                self.step(no, Input::WatchOpened { stream: id, requires_leader, caller });
                self.step(no, Input::Watch { stream: id, request });
            }
            Said::Asked(mut request) => {
                self.as_the_watch_is_read(no, &mut request);
                self.step(no, Input::Watch { stream: id, request });
            }
            Said::Took(responses) => {
                self.remember_taken(id, responses);
                self.step(no, Input::WatchTaken { stream: id, responses });
            }
            Said::Closed => {
                self.streams.open.remove(&id);
                self.step(no, Input::WatchClosed { stream: id });
            }
        }
    }

    /// A member says something on a stream; a planted fault may change what.
    pub(super) fn tell(&mut self, no: MemberNo, id: StreamId, heard: Heard) {
        let all = match heard {
            Ok(response) if !self.plants.is_empty() => {
                self.as_the_watch_is_told(no, id, response).into_iter().map(Ok).collect()
            }
            heard => vec![heard],
        };
        for heard in all {
            let Some(stream) = self.streams.open.get_mut(&id) else { return };
            let number = stream.down.next();
            let to = Place::Client(stream.client);
            let cargo = Cargo::Heard { stream: id, number, heard: Arc::new(heard) };
            self.send(no.into(), to, Carried::Heard(id), cargo);
        }
    }

    /// A message of a stream has reached its client.
    pub(super) fn on_heard(&mut self, id: StreamId, number: u64, heard: Arc<Heard>) {
        let Some(stream) = self.streams.open.get_mut(&id) else { return };
        if stream.end.is_some() {
            return;
        }
        match stream.down.take(number) {
            Order::Again => return,
            Order::Gap => return self.break_stream(id),
            Order::Next => {}
        }
        let member = stream.member;
        match heard.as_ref() {
            Ok(response) => {
                let verdict = self.checks.of_mut(member).on_watched(member, id, response);
                self.event(What::Watched { stream: id, heard: Arc::clone(&heard) });
                self.violate(verdict);
                let Some(stream) = self.streams.open.get_mut(&id) else { return };
                stream.arrived.push_back(heard);
                if let Some(waker) = stream.waker.take() {
                    waker.wake();
                }
            }
            Err(error) => self.end_stream(id, StreamEnd::Error(error.clone())),
        }
    }

    // --- the end ---

    /// A stream is over for its client.
    pub(crate) fn end_stream(&mut self, id: StreamId, end: StreamEnd) {
        let Some(stream) = self.streams.open.get_mut(&id) else { return };
        if stream.end.is_some() {
            return;
        }
        stream.end = Some(end.clone());
        let waker = stream.waker.take();
        self.checks.on_stream_ended(id);
        self.event(What::StreamEnded { stream: id, end });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The connection of a stream broke: both ends hear of it.
    pub(super) fn break_stream(&mut self, id: StreamId) {
        let Some(stream) = self.streams.open.get(&id) else { return };
        let (no, life, is_closed) =
            (stream.member, stream.life, stream.end == Some(StreamEnd::Closed));
        self.end_stream(id, StreamEnd::Broken);
        if is_closed {
            self.streams.open.remove(&id);
        }
        let member = self.member_mut(no);
        if member.life == life {
            member.tell(Input::WatchClosed { stream: id });
        }
    }

    /// A message of a stream was lost: that is noticed after a while.
    pub(super) fn lose_of_stream(&mut self, carries: Carried) {
        if let Carried::Said(id) | Carried::Heard(id) = carries {
            self.after(NOTICED_AFTER, move |state| state.break_stream(id));
        }
    }

    /// A process died: its streams break. Without power nobody says so, and it takes longer.
    pub(super) fn lose_streams(&mut self, no: MemberNo, power_off: bool) {
        let after = if power_off { NOTICED_AFTER } else { self.spec.client_latency };
        for id in self.streams.open_at(no) {
            self.after(after, move |state| state.end_stream(id, StreamEnd::Broken));
        }
    }
}
