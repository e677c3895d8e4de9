//! The network between all places: who can reach whom, how fast, and what is on its way.
//!
//! A message leaves with its fate decided by its link's own random stream (latency, loss, a
//! second copy), travels through madsim's network as a datagram with exactly that latency, and is
//! judged once more when it arrives: a link that was cut in the meantime loses it, a hand that
//! took it out or held it back is obeyed.
//!
//! ```text
//!    send ──► lost? cut? nobody there? ──► Dropped
//!      │
//!      └────► Flight ··· latency ··· ──► cut? taken out? held back? ──► Delivered
//! ```
//!
//! Messages of one link arrive in the order in which they were sent, as they do on a TCP
//! connection, unless the link is told to reorder, or a hand hastens or holds back one of them. Nothing is repeated: what is lost is lost, as
//! if the connection had broken.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use glasshouse_core::api;
use glasshouse_core::id::{CallId, ClusterId, MemberId, StreamId};
use glasshouse_core::peer::MessageKind;

use crate::clock::Nanos;
use crate::place::Place;
use crate::rng::Stream;
use crate::stream::{Heard, Said};
use crate::trace::{Carried, DropReason};
use crate::world::Trouble;

/// A message of a run, numbered from 1 in the order of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

/// A message that is on its way.
#[derive(Clone, Debug)]
pub struct Flight {
    /// Its name.
    pub id: MessageId,
    /// The sender.
    pub from: Place,
    /// The receiver.
    pub to: Place,
    /// What it carries.
    pub carries: Carried,
    /// When it was sent.
    pub sent_at: Nanos,
    /// When it will arrive. It may wait there: a frozen process does not read.
    pub arrives_at: Nanos,
    /// The content.
    pub(crate) cargo: Cargo,
}

/// The content of a message.
#[derive(Clone, Debug)]
pub(crate) enum Cargo {
    /// A message between members.
    Peer { from: MemberId, cluster: ClusterId, bytes: Bytes },
    /// A client's request.
    Request { call: CallId, caller: api::Caller, request: Arc<api::Request> },
    /// A client takes its request back.
    Cancel { call: CallId },
    /// A member's answer.
    Answer { call: CallId, result: Arc<Result<api::Response, api::Error>> },
    /// A client says something on a stream.
    Said { stream: StreamId, number: u64, said: Arc<Said> },
    /// A member says something on a stream.
    Heard { stream: StreamId, number: u64, heard: Arc<Heard> },
}

/// One direction of a link, to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkView {
    /// Nothing gets through.
    pub cut: bool,
    /// The one-way delay that was set by hand; `None` is the world's own.
    pub one_way: Option<Nanos>,
    /// How often it loses, doubles or reorders.
    pub trouble: Trouble,
    /// The next message (of that kind) will be lost.
    pub drops_next: Option<Option<MessageKind>>,
}

/// One direction of a link.
#[derive(Debug)]
struct Link {
    ends: (Place, Place),
    view: LinkView,
    /// Since when it is cut.
    cut_at: Nanos,
    /// When the last message that keeps its place in the queue arrives.
    last_arrival: Nanos,
    random: Stream,
}

/// What a link decides about one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is lost at once.
    Lost(DropReason),
    /// It arrives, and perhaps a second time.
    Arrives { at: Nanos, copy_at: Option<Nanos> },
}

/// All links and everything that travels on them.
#[derive(Debug)]
pub(crate) struct Network {
    seed: u64,
    latency: Nanos,
    jitter: Nanos,
    client_latency: Nanos,
    links: BTreeMap<(u32, u32), Link>,
    flights: BTreeMap<MessageId, Flight>,
    last_id: u64,
}

/// How much later than its place in the queue a reordered message arrives, in latencies.
const REORDERED_LATENCIES: u64 = 4;

impl Network {
    pub(crate) fn new(seed: u64, latency: Nanos, jitter: Nanos, client_latency: Nanos) -> Self {
        Self {
            seed,
            latency,
            jitter: jitter.min(latency),
            client_latency,
            links: BTreeMap::new(),
            flights: BTreeMap::new(),
            last_id: 0,
        }
    }

    /// A link and its settings, created when it is first used.
    fn link(&mut self, from: Place, to: Place) -> &mut Link {
        let key = (from.code(), to.code());
        let seed = self.seed;
        self.links.entry(key).or_insert_with(|| Link {
            ends: (from, to),
            view: LinkView::default(),
            cut_at: 0,
            last_arrival: 0,
            random: Stream::new(seed, "link", key.0.into(), key.1.into()),
        })
    }

    /// Changes one direction of a link.
    pub(crate) fn set(&mut self, from: Place, to: Place, change: impl FnOnce(&mut LinkView)) {
        change(&mut self.link(from, to).view);
    }

    /// Cuts one direction of a link.
    pub(crate) fn cut(&mut self, now: Nanos, from: Place, to: Place) {
        let link = self.link(from, to);
        if !link.view.cut {
            link.view.cut = true;
            link.cut_at = now;
        }
    }

    /// The link is cut, and was when a message arrived at its end at `arrived_at`.
    pub(crate) fn was_cut(&self, from: Place, to: Place, arrived_at: Nanos) -> bool {
        let link = self.links.get(&(from.code(), to.code()));
        link.is_some_and(|link| link.view.cut && link.cut_at <= arrived_at)
    }

    /// Mends one direction of a link.
    pub(crate) fn heal(&mut self, from: Place, to: Place) {
        self.link(from, to).view = LinkView::default();
    }

    /// One direction of a link, to look at.
    pub(crate) fn link_view(&self, from: Place, to: Place) -> LinkView {
        self.links.get(&(from.code(), to.code())).map_or_else(LinkView::default, |link| link.view)
    }

    /// Decides what happens to a message that is sent now. Draws the same number of words for
    /// every message, so that a dial does not shift what later messages meet.
    pub(crate) fn decide(&mut self, now: Nanos, from: Place, to: Place, carries: Carried) -> Fate {
        let among_members = from.member().is_some() && to.member().is_some();
        let (latency, jitter) =
            if among_members { (self.latency, self.jitter) } else { (self.client_latency, 0) };
        let link = self.link(from, to);
        let (wobble, luck) = (link.random.word(), link.random.word());
        if link.view.cut {
            return Fate::Lost(DropReason::Cut);
        }
        if let Some(kind) = link.view.drops_next
            && kind.is_none_or(|kind| matches!(carries, Carried::Peer(info) if info.kind == kind))
        {
            link.view.drops_next = None;
            return Fate::Lost(DropReason::ByHand);
        }
        // Three independent numbers below 2^21 decide three independent chances.
        let unlucky = |shift: u32, millionths: u32| {
            ((luck >> shift) & 0x1f_ffff) * 1_000_000 < u64::from(millionths) << 21
        };
        if unlucky(0, link.view.trouble.loss) {
            return Fate::Lost(DropReason::Loss);
        }
        let base = link.view.one_way.unwrap_or(latency);
        let at = now + base - jitter.min(base) + wobble % (2 * jitter.min(base) + 1);
        let copy_at =
            unlucky(21, link.view.trouble.duplicates).then(|| at + 1 + (wobble >> 32) % (base + 1));
        if unlucky(42, link.view.trouble.reordered) {
            return Fate::Arrives { at: at + base * REORDERED_LATENCIES, copy_at };
        }
        let at = at.max(link.last_arrival + 1);
        link.last_arrival = at;
        Fate::Arrives { at, copy_at: copy_at.map(|copy| copy.max(at + 1)) }
    }

    /// All links that were used or set.
    pub(crate) fn links(&self) -> Vec<(Place, Place)> {
        self.links.values().map(|link| link.ends).collect()
    }

    /// A name for the next message.
    pub(crate) fn next_id(&mut self) -> MessageId {
        self.last_id += 1;
        MessageId(self.last_id)
    }

    /// The message is on its way.
    pub(crate) fn take_off(&mut self, flight: Flight) {
        self.flights.insert(flight.id, flight);
    }

    /// The message is no longer on its way.
    pub(crate) fn land(&mut self, id: MessageId) -> Option<Flight> {
        self.flights.remove(&id)
    }

    /// A message that is on its way.
    pub(crate) fn flight(&self, id: MessageId) -> Option<&Flight> {
        self.flights.get(&id)
    }

    /// A message that is on its way, to change it.
    pub(crate) fn flight_mut(&mut self, id: MessageId) -> Option<&mut Flight> {
        self.flights.get_mut(&id)
    }

    /// Everything on its way, in the order of sending.
    pub(crate) fn flights(&self) -> Vec<Flight> {
        self.flights.values().cloned().collect()
    }

    /// The messages on their way to `to`.
    pub(crate) fn flights_to(&self, to: Place) -> Vec<MessageId> {
        self.flights.values().filter(|flight| flight.to == to).map(|flight| flight.id).collect()
    }
}

#[cfg(test)]
mod tests;
