//! Messages and calls on their way, kept a little longer than they last, so that their end is seen.

use std::collections::{BTreeMap, VecDeque};

use glasshouse_core::id::CallId;
use glasshouse_core::order;
use glasshouse_core::peer::{MessageInfo, MessageKind};

use super::frame::{Call, Client, Fate, Kind, MESSAGE_LINGER_US, Message};
use super::narrate::Speaker;
use super::words;
use crate::clock::{MICROS, Nanos};
use crate::network::MessageId;
use crate::place::{ClientNo, MemberNo, Place};
use crate::script::bench::TERMINAL;
use crate::trace::{Carried, DiskStep, DropReason, Event, What};
use crate::world::World;

/// Messages that are kept at most; the drawing shows a few hundred.
const MESSAGES_MAX: usize = 2_000;

/// Background clients that are drawn at most.
const BACKGROUND_MAX: usize = 4;

/// What is on its way.
#[derive(Debug)]
pub(super) struct Traffic {
    latency: Nanos,
    flying: BTreeMap<MessageId, Message>,
    ended: VecDeque<(Nanos, Message)>,
    calls: BTreeMap<CallId, Open>,
    speakers: BTreeMap<ClientNo, Speaker>,
    last: BTreeMap<ClientNo, MemberNo>,
    heard: BTreeMap<(MemberNo, MemberNo), Nanos>,
    syncs: BTreeMap<MemberNo, Syncs>,
    moves: u64,
    disk_steps: u64,
}

/// The fsyncs of a member's WAL.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Syncs {
    /// When the one that is under way began.
    pub(super) since: Option<Nanos>,
    /// What the last one took.
    pub(super) last: Nanos,
}

#[derive(Debug)]
struct Open {
    client: ClientNo,
    member: MemberNo,
    write: bool,
    call: Call,
}

/// A call that waits, for the sentence of the moment.
pub(super) struct WaitingCall<'a> {
    pub(super) client: Option<&'a str>,
    pub(super) member: MemberNo,
    pub(super) write: bool,
    pub(super) call: &'a Call,
}

impl Traffic {
    /// `latency` is what a message takes on a plain link: one that is lost at once is drawn for
    /// that long.
    pub(super) fn new(latency: Nanos) -> Self {
        Self {
            latency,
            flying: BTreeMap::new(),
            ended: VecDeque::new(),
            calls: BTreeMap::new(),
            speakers: BTreeMap::new(),
            last: BTreeMap::new(),
            heard: BTreeMap::new(),
            syncs: BTreeMap::new(),
            moves: 0,
            disk_steps: 0,
        }
    }

    pub(super) fn introduce(&mut self, client: ClientNo, speaker: Speaker) {
        self.speakers.insert(client, speaker);
    }

    /// Messages that left or ended so far.
    pub(super) fn moves(&self) -> u64 {
        self.moves
    }

    /// Operations of disks so far.
    pub(super) fn disk_steps(&self) -> u64 {
        self.disk_steps
    }

    /// When `to` last got a message of `from`.
    pub(super) fn heard(&self, to: MemberNo, from: MemberNo) -> Option<Nanos> {
        self.heard.get(&(to, from)).copied()
    }

    /// The fsyncs of a member's WAL.
    pub(super) fn syncs(&self, member: MemberNo) -> Syncs {
        self.syncs.get(&member).copied().unwrap_or_default()
    }

    /// Takes the next event of the record.
    pub(super) fn hear(&mut self, event: &Event) {
        match &event.what {
            What::Sent { id, from, to, carries, arrives_at, copy_of, .. } => {
                self.moves += 1;
                self.on_sent(event.at, *id, (*from, *to), *carries, *arrives_at, copy_of.is_some());
            }
            What::Delivered { id, from, to, carries } => {
                self.moves += 1;
                if let (Some(from), Some(to)) = (from.member(), to.member()) {
                    self.heard.insert((to, from), event.at);
                }
                if let Carried::Peer(_) = carries
                    && let Some(message) = self.flying.remove(id)
                {
                    self.end(event.at, message);
                }
            }
            What::Dropped { id, from, to, carries, why } => {
                self.moves += 1;
                self.on_dropped(event.at, *id, (*from, *to), *carries, *why);
            }
            What::Delayed { id, arrives_at } => {
                if let Some(message) = self.flying.get_mut(id) {
                    message.arrive_us = arrives_at / MICROS;
                    message.fate = Fate::Delayed;
                }
            }
            What::Called { call, client, member, request } => {
                let sent_us = event.at / MICROS;
                let words = words::request(request);
                let call_frame = Call { words, sent_us, arrive_us: sent_us, ..Call::default() };
                let write = words::writes(request);
                self.calls.insert(
                    *call,
                    Open { client: *client, member: *member, write, call: call_frame },
                );
                self.last.insert(*client, *member);
            }
            What::Returned { call, .. } => {
                self.calls.remove(call);
            }
            What::Disk { member, step } => {
                self.disk_steps += 1;
                let syncs = self.syncs.entry(*member).or_default();
                match step {
                    DiskStep::SyncBegan { .. } => syncs.since = Some(event.at),
                    DiskStep::Synced { .. } => {
                        if let Some(since) = syncs.since.take() {
                            syncs.last = event.at - since;
                        }
                    }
                    _ => {}
                }
            }
            What::Life { member, .. } => {
                self.syncs.entry(*member).or_default().since = None;
            }
            What::Fault(_)
            | What::PeerRefused { .. }
            | What::Standing { .. }
            | What::Committed { .. }
            | What::Applied { .. }
            | What::Compacted { .. }
            | What::SnapshotInstalled { .. }
            | What::StreamOpened { .. }
            | What::Watched { .. }
            | What::StreamEnded { .. }
            | What::Note(_)
            | What::Violated(_) => {}
        }
    }

    fn on_sent(
        &mut self,
        at: Nanos,
        id: MessageId,
        (from, to): (Place, Place),
        carries: Carried,
        arrives_at: Nanos,
        copy: bool,
    ) {
        match (carries, from.member(), to.member()) {
            (Carried::Peer(info), Some(from), Some(to)) => {
                let mut message = message(id, from, to, info);
                message.sent_us = at / MICROS;
                message.arrive_us = arrives_at / MICROS;
                if copy {
                    message.fate = Fate::Duplicate;
                }
                self.flying.insert(id, message);
                if self.flying.len() > MESSAGES_MAX {
                    self.flying.pop_first();
                }
            }
            (Carried::Request(call), _, _) => {
                if let Some(open) = self.calls.get_mut(&call) {
                    open.call.sent_us = at / MICROS;
                    open.call.arrive_us = arrives_at / MICROS;
                }
            }
            (Carried::Answer(call), _, _) => {
                if let Some(open) = self.calls.get_mut(&call) {
                    open.call.answered_us = Some(at / MICROS);
                    open.call.back_us = Some(arrives_at / MICROS);
                }
            }
            _ => {}
        }
    }

    fn on_dropped(
        &mut self,
        at: Nanos,
        id: MessageId,
        (from, to): (Place, Place),
        carries: Carried,
        why: DropReason,
    ) {
        let (Carried::Peer(info), Some(from), Some(to)) = (carries, from.member(), to.member())
        else {
            return;
        };
        let mut message = self.flying.remove(&id).unwrap_or_else(|| {
            let mut message = message(id, from, to, info);
            message.sent_us = at / MICROS;
            message.arrive_us = (at + self.latency) / MICROS;
            message
        });
        message.fate = match why {
            DropReason::NobodyListens | DropReason::ReceiverDied => Fate::Unheard,
            DropReason::Loss | DropReason::Cut | DropReason::ByHand => Fate::Dropped,
        };
        let end = at.max(message.arrive_us * MICROS);
        self.end(end, message);
    }

    fn end(&mut self, at: Nanos, message: Message) {
        if self.ended.len() == MESSAGES_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((at, message));
    }

    /// Forgets what ended long enough ago.
    pub(super) fn forget_before(&mut self, now: Nanos) {
        self.ended.retain(|(at, _)| at + MESSAGE_LINGER_US * MICROS >= now);
    }

    /// The messages of a frame, in the order of sending.
    pub(super) fn messages(&self) -> Vec<Message> {
        let mut list: Vec<Message> =
            self.ended.iter().map(|(_, message)| message.clone()).collect();
        list.extend(self.flying.values().cloned());
        order::sort_by_key(&mut list, |message| message.id);
        list
    }

    /// Messages that are on their way.
    pub(super) fn flying(&self) -> impl Iterator<Item = &Message> {
        self.flying.values()
    }

    /// The clients of a frame: the terminal first, then by name, then a few of a load, named as the world does.
    pub(super) fn clients(&self, world: &World) -> Vec<Client> {
        let mut list = Vec::new();
        for (client, speaker) in &self.speakers {
            let name = match speaker {
                Speaker::You => TERMINAL.to_string(),
                Speaker::Named(name) => name.clone(),
                Speaker::Background => continue,
            };
            list.push(self.client(*client, name));
        }
        order::sort_by(&mut list, |a, b| {
            (a.name != TERMINAL, &a.name).cmp(&(b.name != TERMINAL, &b.name))
        });
        let background = |client: &&ClientNo| !self.speakers.contains_key(client);
        for client in self.last.keys().filter(background).take(BACKGROUND_MAX) {
            list.push(self.client(*client, world.client_name(*client)));
        }
        list
    }

    fn client(&self, client: ClientNo, name: String) -> Client {
        let open = self.calls.values().rev().find(|open| open.client == client);
        Client {
            name,
            at: self.last.get(&client).map(|member| u32::from(member.number())),
            call: open.map(|open| open.call.clone()),
        }
    }

    /// Calls of the terminal and of named clients that wait, oldest first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = WaitingCall<'_>> {
        self.calls.values().filter_map(|open| {
            let client = match self.speakers.get(&open.client)? {
                Speaker::You => None,
                Speaker::Named(name) => Some(name.as_str()),
                Speaker::Background => return None,
            };
            Some(WaitingCall { client, member: open.member, write: open.write, call: &open.call })
        })
    }
}

/// A message between members, without its times.
pub(super) fn message(id: MessageId, from: MemberNo, to: MemberNo, info: MessageInfo) -> Message {
    let kind = match info.kind {
        MessageKind::Heartbeat => Kind::Heartbeat,
        MessageKind::Append => Kind::Append,
        MessageKind::Vote => Kind::Vote,
        MessageKind::PreVote => Kind::PreVote,
        MessageKind::Snapshot => Kind::Snapshot,
        MessageKind::ReadIndex => Kind::ReadIndex,
        MessageKind::Propose => Kind::Propose,
        MessageKind::TimeoutNow => Kind::TimeoutNow,
        MessageKind::Forward | MessageKind::Hash | MessageKind::Removed | MessageKind::Other => {
            Kind::Other
        }
    };
    Message {
        id: id.0,
        kind,
        answer: info.answer,
        reject: info.reject,
        term: info.term,
        from: from.number().into(),
        to: to.number().into(),
        entries: info.entries.into(),
        index: info.index,
        words: label(from, info),
        ..Message::default()
    }
}

/// The words beside a glyph.
fn label(from: MemberNo, info: MessageInfo) -> String {
    match (info.kind, info.answer) {
        (MessageKind::Append, false) if info.entries == 1 => format!("entry {}", info.index + 1),
        (MessageKind::Append, false) if info.entries > 1 => {
            format!("entries {}-{}", info.index + 1, info.index + u64::from(info.entries))
        }
        (MessageKind::Append, true) if !info.reject => format!("{from} has {}", info.index),
        (MessageKind::Snapshot, false) => format!("snapshot {}", info.index),
        _ => String::new(),
    }
}
