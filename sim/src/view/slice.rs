//! Reads a stretch of the record as the picture of [`spacetime`](super::spacetime).
//!
//! The record is read from its beginning each time: what a member is, which messages fly and what its disk
//! has not written yet at the beginning of the stretch follows from what came before. A hundred thousand
//! events are read in about a millisecond.

use std::collections::{BTreeMap, VecDeque};

use glasshouse_core::id::CallId;
use glasshouse_core::order;

use super::frame::{self, Down, Kind, Message};
use super::look::role_of;
use super::spacetime::{
    Arrow, Band, CLIENTS_MAX, EVENTS_MAX, Event, Lane, LaneNo, Parting, Seq, Short, Slice, WORLD,
    What, Why, Write,
};
use super::{traffic, words};
use crate::clock::{MICROS, Nanos};
use crate::network::MessageId;
use crate::place::{MemberNo, Place};
use crate::script::siege::line_of;
use crate::trace::{self, CallEnd, Carried, DiskStep, DropReason, Life, Standing};
use crate::world::{Action, World};

/// The stretch of a world's record between two moments.
pub(crate) fn slice(world: &World, from_us: u64, to_us: u64) -> Slice {
    let to_us = to_us.min(world.now() / MICROS);
    let from_us = from_us.min(to_us);
    let mut reader = Reader::new(world, from_us, to_us);
    world.events_since(0, |event| reader.hear(event));
    reader.finish(world)
}

/// What is known while the record is read.
struct Reader {
    slice: Slice,
    /// A message that is lost at once is drawn for that long, as if it had flown.
    latency: Nanos,
    first: bool,
    events: VecDeque<Event>,
    lanes: BTreeMap<LaneNo, Lane>,
    arrows: BTreeMap<u64, Arrow>,
    /// The last event of each process.
    last: BTreeMap<LaneNo, Seq>,
    /// What was done to the world last, and when.
    done: Option<(Nanos, Seq)>,
    calls: BTreeMap<CallId, String>,
    /// Clients by the number of the last event of theirs.
    spoke: BTreeMap<LaneNo, Seq>,
    /// Writes that are not durable, and those that were.
    cached: BTreeMap<LaneNo, Vec<Write>>,
}

impl Reader {
    fn new(world: &World, from_us: u64, to_us: u64) -> Self {
        let lane = |no: MemberNo| Lane {
            no: no.number().into(),
            name: no.to_string(),
            role: Some(frame::Role::Follower),
            ..Lane::default()
        };
        let lanes = world.members().into_iter().map(lane);
        Self {
            slice: Slice { from_us, to_us, ..Slice::default() },
            latency: world.spec().latency,
            first: true,
            events: VecDeque::new(),
            lanes: order::map(lanes.map(|lane| (lane.no, lane))),
            arrows: BTreeMap::new(),
            last: BTreeMap::new(),
            done: None,
            calls: BTreeMap::new(),
            spoke: BTreeMap::new(),
            cached: BTreeMap::new(),
        }
    }

    /// Takes the next event of the record.
    fn hear(&mut self, event: &trace::Event) {
        let at_us = event.at / MICROS;
        if std::mem::take(&mut self.first) && event.seq > 0 && at_us > self.slice.from_us {
            (self.slice.from_us, self.slice.short) = (at_us, Some(Short::Record));
        }
        if at_us > self.slice.to_us {
            return;
        }
        let Some((lane, what, cause)) = self.read(event) else { return };
        let mut causes: Vec<Seq> = Vec::new();
        let is_lost = matches!(what, What::Lost { .. });
        if lane != WORLD && !is_lost {
            causes.extend(self.last.insert(lane, event.seq));
        }
        causes.extend(cause);
        causes.dedup();
        if lane >= 256 {
            self.spoke.insert(lane, event.seq);
        }
        if at_us < self.slice.from_us {
            return;
        }
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
            self.slice.from_us = self.events.front().map_or(at_us, |first| first.at_us);
            self.slice.short = Some(Short::Events);
        }
        self.events.push_back(Event { seq: event.seq, at_us, lane, what, causes });
    }

    /// Where it happened, what, and which event of another lane it follows from.
    fn read(&mut self, event: &trace::Event) -> Option<(LaneNo, What, Option<Seq>)> {
        let (at_us, seq) = (event.at / MICROS, event.seq);
        Some(match &event.what {
            trace::What::Fault(action) => {
                self.partings(action, at_us);
                self.done = Some((event.at, seq));
                (WORLD, What::Line { words: line_of(action)? }, None)
            }
            trace::What::Life { member, step } => {
                let cause = self.done.filter(|(at, _)| *at == event.at).map(|(_, seq)| seq);
                let (words, down) = self.live(*member, step, at_us);
                (number(*member), What::Life { words, down }, cause)
            }
            trace::What::Sent { .. }
            | trace::What::Delivered { .. }
            | trace::What::Dropped { .. }
            | trace::What::Delayed { .. } => return self.travel(event),
            trace::What::Disk { member, step } => {
                (number(*member), self.disk(number(*member), step, at_us)?, None)
            }
            trace::What::Standing { member, standing } => {
                let what = self.stand(number(*member), standing, at_us);
                (number(*member), what, None)
            }
            trace::What::Committed { member, index } => {
                (number(*member), What::Committed { index: *index }, None)
            }
            trace::What::Called { call, client, request, .. } => {
                let words = words::request(request);
                self.calls.insert(*call, words.clone());
                (Place::Client(*client).code(), What::Called { words }, None)
            }
            trace::What::Returned { call, client, end } => {
                self.calls.remove(call);
                let (words, ok) = outcome(end);
                (Place::Client(*client).code(), What::Returned { words, ok }, None)
            }
            trace::What::Violated(violation) => {
                (WORLD, What::Violated { words: violation.to_string() }, None)
            }
            // The message that came and was turned away is an arrow already.
            trace::What::PeerRefused { .. }
            | trace::What::Applied { .. }
            | trace::What::Compacted { .. }
            | trace::What::SnapshotInstalled { .. }
            | trace::What::StreamOpened { .. }
            | trace::What::Watched { .. }
            | trace::What::StreamEnded { .. }
            | trace::What::Note(_) => return None,
        })
    }

    /// A message leaves, arrives, is lost or held back.
    fn travel(&mut self, event: &trace::Event) -> Option<(LaneNo, What, Option<Seq>)> {
        let (at_us, seq) = (event.at / MICROS, event.seq);
        Some(match &event.what {
            trace::What::Sent { id, from, to, carries, arrives_at, copy_of, .. } => {
                let mut arrow = self.arrow(*id, (*from, *to), *carries, event.at);
                arrow.message.arrive_us = arrives_at / MICROS;
                if arrow.message.term == 0 && !arrow.client {
                    // A proposal names no term: its hue is its sender's.
                    arrow.message.term = self.lanes.get(&from.code()).map_or(0, Lane::term);
                }
                arrow.sent = Some(seq);
                arrow.copy_of = copy_of.map(|id| id.0);
                self.arrows.insert(id.0, arrow);
                (from.code(), What::Sent { message: id.0 }, None)
            }
            trace::What::Delivered { id, from, to, carries } => {
                let missing = self.arrow(*id, (*from, *to), *carries, event.at);
                let arrow = self.arrows.entry(id.0).or_insert(missing);
                (arrow.end, arrow.message.arrive_us) = (Some(seq), at_us);
                let sent = arrow.sent;
                (to.code(), What::Delivered { message: id.0 }, sent)
            }
            trace::What::Dropped { id, from, to, carries, why } => {
                let missing = self.arrow(*id, (*from, *to), *carries, event.at);
                let latency = self.latency / MICROS;
                let arrow = self.arrows.entry(id.0).or_insert(missing);
                (arrow.end, arrow.lost) = (Some(seq), Some((at_us, because(*why))));
                let message = &mut arrow.message;
                message.arrive_us = message.arrive_us.max(message.sent_us + latency);
                let sent = arrow.sent;
                (to.code(), What::Lost { message: id.0 }, sent)
            }
            trace::What::Delayed { id, arrives_at } => {
                if let Some(arrow) = self.arrows.get_mut(&id.0) {
                    arrow.message.arrive_us = arrives_at / MICROS;
                    arrow.message.fate = frame::Fate::Delayed;
                }
                return None;
            }
            _ => return None,
        })
    }

    fn arrow(
        &self,
        id: MessageId,
        (from, to): (Place, Place),
        carries: Carried,
        at: Nanos,
    ) -> Arrow {
        let call = |call: &CallId| self.calls.get(call).cloned().unwrap_or_default();
        let (message, client) = match (carries, from.member(), to.member()) {
            (Carried::Peer(info), Some(from), Some(to)) => {
                (traffic::message(id, from, to, info), false)
            }
            (carries, ..) => {
                let (answer, words) = match &carries {
                    Carried::Request(id) => (false, call(id)),
                    Carried::Cancel(id) => (false, format!("takes back: {}", call(id))),
                    Carried::Answer(id) => (true, call(id)),
                    Carried::Said(_) => (false, "watch".to_owned()),
                    Carried::Heard(_) | Carried::Peer(_) => (true, "watch".to_owned()),
                };
                let message = Message {
                    id: id.0,
                    kind: Kind::Other,
                    answer,
                    from: from.code(),
                    to: to.code(),
                    words,
                    ..Message::default()
                };
                (message, true)
            }
        };
        let at_us = at / MICROS;
        let message = Message { sent_us: at_us, arrive_us: at_us, ..message };
        Arrow { message, client, ..Arrow::default() }
    }

    /// Closes a member's band of term and begins the next one.
    fn band(&mut self, lane: LaneNo, term: Option<u64>, at_us: u64) {
        let Some(lane) = self.lanes.get_mut(&lane) else { return };
        if let Some(open) = lane.bands.last_mut().filter(|band| band.to_us == u64::MAX) {
            if Some(open.term) == term {
                return;
            }
            open.to_us = at_us;
        }
        if let Some(term) = term {
            lane.bands.push(Band { term, from_us: at_us, to_us: u64::MAX });
        }
    }

    fn stand(&mut self, no: LaneNo, standing: &Standing, at_us: u64) -> What {
        self.band(no, Some(standing.term), at_us);
        let role = role_of(standing.role);
        if let Some(lane) = self.lanes.get_mut(&no) {
            lane.role = Some(role);
        }
        let (vote, leader) = (standing.vote.map(number), standing.leader.map(number));
        What::Became { role, term: standing.term, vote, leader }
    }

    fn live(&mut self, member: MemberNo, step: &Life, at_us: u64) -> (String, bool) {
        let no = number(member);
        if let Life::Up { term, .. } = step {
            self.band(no, Some(*term), at_us);
        }
        let (words, down) = match step {
            Life::Starting => ("starts and reads its disk", true),
            Life::Up { .. } => ("takes part", false),
            Life::Killed => ("is killed", true),
            Life::Stopping => ("is on its way out", false),
            Life::Stopped => ("has stopped", true),
            Life::PoweredOff => ("loses power", true),
            Life::Frozen => ("is frozen", true),
            Life::Thawed => ("goes on", false),
            Life::Halted(_) => ("gives up", true),
            Life::Refused(_) => ("cannot start", true),
        };
        let frozen = *step == Life::Frozen;
        if down && !frozen {
            self.band(no, None, at_us);
        }
        if *step == Life::PoweredOff {
            for write in self.cached.entry(no).or_default().drain(..) {
                self.slice.writes.push(Write { lost_us: Some(at_us), ..write });
            }
        }
        if let Some(lane) = self.lanes.get_mut(&no) {
            if let Some(open) = lane.downs.last_mut().filter(|down| down.to_us.is_none())
                && (!down || open.frozen != frozen)
            {
                open.to_us = Some(at_us);
            }
            let is_open = lane.downs.last().is_some_and(|down| down.to_us.is_none());
            if down && !is_open {
                lane.downs.push(Down { member: no, frozen, from_us: at_us, to_us: None });
            }
        }
        let words = match step {
            Life::Halted(why) | Life::Refused(why) => format!("{words}: {why}"),
            _ => words.to_owned(),
        };
        (words, down)
    }

    fn disk(&mut self, lane: LaneNo, step: &DiskStep, at_us: u64) -> Option<What> {
        let term = self.lanes.get(&lane).map_or(0, Lane::term);
        let cached = self.cached.entry(lane).or_default();
        match step {
            DiskStep::Wrote { append, bytes, .. } => {
                let (append, bytes) = (*append, *bytes);
                let write = Write { lane, append, bytes, term, from_us: at_us, ..Write::default() };
                cached.push(write);
                Some(What::Wrote { append, bytes })
            }
            DiskStep::Synced { append } => {
                let done = cached.extract_if(.., |write| write.append <= *append);
                let done = done.map(|write| Write { durable_us: Some(at_us), ..write });
                self.slice.writes.extend(done);
                Some(What::Synced { append: *append })
            }
            _ => None,
        }
    }

    fn partings(&mut self, action: &Action, at_us: u64) {
        let close = matches!(action, Action::Partition(_) | Action::Heal | Action::Mend(_));
        if let Some(open) = self.slice.cuts.last_mut().filter(|cut| close && cut.to_us.is_none()) {
            open.to_us = Some(at_us);
        }
        if let Action::Partition(groups) = action {
            let members = |group: &Vec<Place>| {
                group.iter().filter_map(|place| place.member()).map(number).collect()
            };
            let groups = groups.iter().map(members).collect();
            self.slice.cuts.push(Parting { from_us: at_us, to_us: None, groups });
        }
    }

    /// Leaves out what lies before the stretch, and names the clients.
    fn finish(self, world: &World) -> Slice {
        let Self { mut slice, events, mut lanes, arrows, spoke, cached, .. } = self;
        let (from_us, to_us) = (slice.from_us, slice.to_us);
        let first = events.front().map_or(Seq::MAX, |event| event.seq);
        let mut clients: Vec<_> = spoke.into_iter().filter(|(_, seq)| *seq >= first).collect();
        order::sort_by_key(&mut clients, |(_, seq)| std::cmp::Reverse(*seq));
        let silent = order::set(clients.iter().skip(CLIENTS_MAX).map(|(lane, _)| *lane));
        slice.clients_left_out = u32::try_from(silent.len()).unwrap_or(u32::MAX);
        for (no, _) in clients.into_iter().take(CLIENTS_MAX) {
            let client = crate::place::ClientNo(u16::try_from(no - 256).unwrap_or(u16::MAX));
            lanes.insert(no, Lane { no, name: world.client_name(client), ..Lane::default() });
        }
        let here = |arrow: &Arrow| {
            let ends = [arrow.message.from, arrow.message.to];
            arrow.end.is_none_or(|end| end >= first) && !ends.iter().any(|end| silent.contains(end))
        };
        slice.arrows = arrows.into_values().filter(here).collect();
        for arrow in &mut slice.arrows {
            arrow.sent = arrow.sent.filter(|sent| *sent >= first);
        }
        let known = order::set(slice.arrows.iter().map(|arrow| arrow.message.id));
        let keep = |event: &Event| {
            !silent.contains(&event.lane)
                && event.what.message().is_none_or(|message| known.contains(&message))
        };
        // Whoever was after one that is left out is after what that one was after.
        let mut before: BTreeMap<Seq, Vec<Seq>> = BTreeMap::new();
        for mut event in events {
            let causes = std::mem::take(&mut event.causes).into_iter().filter(|seq| *seq >= first);
            let causes = causes.flat_map(|seq| before.get(&seq).cloned().unwrap_or(vec![seq]));
            event.causes = order::set(causes).into_iter().collect();
            if keep(&event) {
                slice.events.push(event);
            } else {
                before.insert(event.seq, event.causes);
            }
        }
        slice.writes.extend(cached.into_values().flatten());
        slice.writes.retain(|write| {
            let end = write.durable_us.or(write.lost_us);
            end.is_none_or(|end| end >= from_us)
        });
        order::sort_by_key(&mut slice.writes, |write| (write.lane, write.from_us, write.append));
        slice.cuts.retain(|cut| cut.to_us.is_none_or(|end| end >= from_us));
        for lane in lanes.values_mut() {
            clip(lane, from_us, to_us);
        }
        slice.lanes = lanes.into_values().collect();
        slice.voters = voters(world);
        slice
    }
}

/// Keeps of a lane what lies in the stretch.
fn clip(lane: &mut Lane, from_us: u64, to_us: u64) {
    lane.bands.retain(|band| band.to_us > from_us);
    for band in &mut lane.bands {
        (band.from_us, band.to_us) = (band.from_us.max(from_us), band.to_us.min(to_us));
    }
    lane.downs.retain(|down| down.to_us.is_none_or(|to| to > from_us));
}

fn number(member: MemberNo) -> u32 {
    member.number().into()
}

fn because(why: DropReason) -> Why {
    match why {
        DropReason::Loss => Why::Loss,
        DropReason::Cut => Why::Cut,
        DropReason::NobodyListens => Why::NobodyListens,
        DropReason::ReceiverDied => Why::ReceiverDied,
        DropReason::ByHand => Why::ByHand,
    }
}

fn outcome(end: &CallEnd) -> (String, bool) {
    match end {
        CallEnd::Answer(result) => match result.as_ref() {
            Ok(_) => ("done".to_owned(), true),
            Err(error) => (error.message.clone().into_owned(), false),
        },
        CallEnd::NoConnection => ("nobody listens".to_owned(), false),
        CallEnd::Broken => ("the connection broke".to_owned(), false),
        CallEnd::TimedOut => ("no answer in time".to_owned(), false),
        CallEnd::Canceled => ("taken back".to_owned(), false),
    }
}

/// Who votes, as far as somebody who runs knows.
fn voters(world: &World) -> Vec<u32> {
    let members = world.members();
    let ask = world.leader().into_iter().chain(members.iter().copied());
    let known = ask.into_iter().find_map(|member| {
        world.with_node(member, |node| {
            let peers = node.membership().members();
            peers.filter(|peer| !peer.is_learner).map(|peer| peer.id).collect::<Vec<_>>()
        })
    });
    let known = known.map(|ids| ids.into_iter().filter_map(|id| world.member_of_id(id)));
    let mut voters: Vec<u32> = match known {
        Some(voters) => voters.map(number).collect(),
        None => members.into_iter().map(number).collect(),
    };
    order::sort(&mut voters);
    voters
}
