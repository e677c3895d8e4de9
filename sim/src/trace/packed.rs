//! How bulk events are written and read: only numbers, each in as many bytes as it needs (LEB128), and times, numbers of
//! events and names of messages as what they are more than in the event before.

#![allow(
    clippy::cast_possible_truncation,
    reason = "what is read into a narrow field was written from one"
)]

use glasshouse_core::id::{CallId, StreamId};
use glasshouse_core::peer::{MessageInfo, MessageKind};

use super::{Carried, DiskStep, DropReason, Event, What};
use crate::clock::Nanos;
use crate::network::MessageId;
use crate::place::{ClientNo, MemberNo, Place};

/// What the next event is written against.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    seq: u64,
    at: Nanos,
    message: u64,
}

// Kinds of events; a disk's step is its number behind `DISK`.
const SENT: u8 = 1;
const DELIVERED: u8 = 2;
const DROPPED: u8 = 3;
const DELAYED: u8 = 4;
const COMMITTED: u8 = 5;
const APPLIED: u8 = 6;
const DISK: u8 = 16;

// What a message carries: a kind of raft's message with its flags, or one of these.
const ANSWER_FLAG: u8 = 1 << 4;
const REJECT_FLAG: u8 = 1 << 5;
const REQUEST: u8 = 1 << 6;
const CANCEL: u8 = REQUEST + 1;
const ANSWER: u8 = REQUEST + 2;
const SAID: u8 = REQUEST + 3;
const HEARD: u8 = REQUEST + 4;

/// All kinds, at the place that is their number here.
const KINDS: [MessageKind; 12] = [
    MessageKind::Heartbeat,
    MessageKind::Append,
    MessageKind::Vote,
    MessageKind::PreVote,
    MessageKind::Snapshot,
    MessageKind::ReadIndex,
    MessageKind::Propose,
    MessageKind::TimeoutNow,
    MessageKind::Forward,
    MessageKind::Hash,
    MessageKind::Removed,
    MessageKind::Other,
];
const REASONS: [DropReason; 5] = [
    DropReason::Loss,
    DropReason::Cut,
    DropReason::NobodyListens,
    DropReason::ReceiverDied,
    DropReason::ByHand,
];

/// Adds an event, which must be a bulk one ([`What::is_bulk`]).
pub(super) fn write(bytes: &mut Vec<u8>, before: &mut Before, event: &Event) {
    let mut to = Writer { bytes, before };
    match &event.what {
        What::Sent { id, from, to: receiver, carries, bytes, arrives_at, copy_of } => {
            to.begin(SENT, event);
            to.message(*id, *from, *receiver, *carries);
            to.number(u64::from(*bytes));
            to.number(arrives_at.wrapping_sub(event.at));
            to.optional(copy_of.map(|id| id.0));
        }
        What::Delivered { id, from, to: receiver, carries } => {
            to.begin(DELIVERED, event);
            to.message(*id, *from, *receiver, *carries);
        }
        What::Dropped { id, from, to: receiver, carries, why } => {
            to.begin(DROPPED, event);
            to.message(*id, *from, *receiver, *carries);
            to.place_of(&REASONS, *why);
        }
        What::Delayed { id, arrives_at } => {
            to.begin(DELAYED, event);
            to.id(*id);
            to.number(arrives_at.wrapping_sub(event.at));
        }
        What::Committed { member, index } => {
            to.begin(COMMITTED, event);
            to.numbers(&[u64::from(member.number()), *index]);
        }
        What::Applied { member, index } => {
            to.begin(APPLIED, event);
            to.numbers(&[u64::from(member.number()), *index]);
        }
        What::Disk { member, step } => to.disk(event, *member, step),
        _ => unreachable!("only bulk events are packed"),
    }
}

struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    before: &'a mut Before,
}

impl Writer<'_> {
    fn begin(&mut self, kind: u8, event: &Event) {
        self.bytes.push(kind);
        self.number(event.seq - self.before.seq);
        self.number(event.at - self.before.at);
        (self.before.seq, self.before.at) = (event.seq, event.at);
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn numbers(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.number(*number));
    }

    fn optional(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.numbers(number.as_slice());
    }

    fn place_of<T: PartialEq>(&mut self, all: &[T], one: T) {
        let place = all.iter().position(|other| *other == one).expect("all of them are listed");
        self.number(place as u64);
    }

    /// Names of messages go up and down by little: what is more or less, in zigzag.
    fn id(&mut self, id: MessageId) {
        let more = id.0.wrapping_sub(self.before.message).cast_signed();
        self.number((more << 1 ^ more >> 63).cast_unsigned());
        self.before.message = id.0;
    }

    fn message(&mut self, id: MessageId, from: Place, to: Place, carries: Carried) {
        self.id(id);
        self.numbers(&[u64::from(from.code()), u64::from(to.code())]);
        let (what, number) = match carries {
            Carried::Peer(info) => return self.info(&info),
            Carried::Request(call) => (REQUEST, call.0),
            Carried::Cancel(call) => (CANCEL, call.0),
            Carried::Answer(call) => (ANSWER, call.0),
            Carried::Said(stream) => (SAID, stream.0),
            Carried::Heard(stream) => (HEARD, stream.0),
        };
        self.bytes.push(what);
        self.number(number);
    }

    fn info(&mut self, info: &MessageInfo) {
        let MessageInfo { kind, answer, reject, term, index, log_term, commit, entries } = *info;
        let kind = KINDS.iter().position(|one| *one == kind).expect("all kinds are listed") as u8;
        let flags = (u8::from(answer) * ANSWER_FLAG) | (u8::from(reject) * REJECT_FLAG);
        self.bytes.push(kind | flags);
        self.numbers(&[term, index, log_term, commit, u64::from(entries)]);
    }

    fn disk(&mut self, event: &Event, member: MemberNo, step: &DiskStep) {
        let (kind, numbers): (u8, &[u64]) = match step {
            DiskStep::Wrote { append, segment, offset, bytes, crc } => {
                (0, &[*append, *segment, *offset, u64::from(*bytes), u64::from(*crc)])
            }
            DiskStep::SyncBegan { until } => (1, &[until.wrapping_sub(event.at)]),
            DiskStep::Synced { append } => (2, &[*append]),
            DiskStep::CommitBegan { batch, until } => (3, &[*batch, until.wrapping_sub(event.at)]),
            DiskStep::CommitDone { batch } => (4, &[*batch]),
            DiskStep::SegmentsDropped { first } => (5, &[*first]),
            DiskStep::Failed { reason } => (6, &[reason.len() as u64]),
            DiskStep::Lost { lost, kept } => (7, &[*lost, *kept]),
            DiskStep::Rotted { segment: Some(segment), offset, bit } => {
                (8, &[*offset, u64::from(*bit), *segment])
            }
            DiskStep::Rotted { segment: None, offset, bit } => (9, &[*offset, u64::from(*bit)]),
        };
        self.begin(DISK + kind, event);
        self.number(u64::from(member.number()));
        self.numbers(numbers);
        if let DiskStep::Failed { reason } = step {
            self.bytes.extend_from_slice(reason.as_bytes());
        }
    }
}

/// Reads what [`write()`] has written, from the beginning.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    before: Before,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, before: Before::default() }
    }

    fn byte(&mut self) -> u8 {
        self.rest.split_off_first().copied().unwrap_or(0)
    }

    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 63 {
                return number;
            }
        }
    }

    fn short(&mut self) -> u32 {
        self.number() as u32
    }

    fn after(&mut self, at: Nanos) -> Nanos {
        at.wrapping_add(self.number())
    }

    fn optional(&mut self) -> Option<u64> {
        (self.number() == 1).then(|| self.number())
    }

    fn id(&mut self) -> MessageId {
        let zigzag = self.number();
        let more = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
        self.before.message = self.before.message.wrapping_add(more);
        MessageId(self.before.message)
    }

    fn member(&mut self) -> MemberNo {
        let number = self.number() as u8;
        MemberNo::from_number(number).expect("a member was written here")
    }

    fn place(&mut self) -> Place {
        match self.short() {
            code @ 0..256 => {
                MemberNo::from_number(code as u8).expect("a member was written here").into()
            }
            code => ClientNo((code - 256) as u16).into(),
        }
    }

    fn carried(&mut self) -> Carried {
        let what = self.byte();
        if what < REQUEST {
            return Carried::Peer(MessageInfo {
                kind: KINDS[usize::from(what & 0xf) % KINDS.len()],
                answer: what & ANSWER_FLAG != 0,
                reject: what & REJECT_FLAG != 0,
                term: self.number(),
                index: self.number(),
                log_term: self.number(),
                commit: self.number(),
                entries: self.short(),
            });
        }
        let number = self.number();
        match what {
            REQUEST => Carried::Request(CallId(number)),
            CANCEL => Carried::Cancel(CallId(number)),
            ANSWER => Carried::Answer(CallId(number)),
            SAID => Carried::Said(StreamId(number)),
            _ => Carried::Heard(StreamId(number)),
        }
    }

    fn disk(&mut self, kind: u8, at: Nanos) -> DiskStep {
        match kind {
            0 => DiskStep::Wrote {
                append: self.number(),
                segment: self.number(),
                offset: self.number(),
                bytes: self.short(),
                crc: self.short(),
            },
            1 => DiskStep::SyncBegan { until: self.after(at) },
            2 => DiskStep::Synced { append: self.number() },
            3 => DiskStep::CommitBegan { batch: self.number(), until: self.after(at) },
            4 => DiskStep::CommitDone { batch: self.number() },
            5 => DiskStep::SegmentsDropped { first: self.number() },
            6 => {
                let length = self.number() as usize;
                let text = self.rest.split_off(..length).unwrap_or_default();
                DiskStep::Failed { reason: String::from_utf8_lossy(text).into_owned() }
            }
            7 => DiskStep::Lost { lost: self.number(), kept: self.number() },
            _ => {
                let (offset, bit) = (self.number(), self.number() as u8);
                let segment = (kind == 8).then(|| self.number());
                DiskStep::Rotted { segment, offset, bit }
            }
        }
    }

    fn what(&mut self, kind: u8, at: Nanos) -> What {
        match kind {
            SENT => What::Sent {
                id: self.id(),
                from: self.place(),
                to: self.place(),
                carries: self.carried(),
                bytes: self.short(),
                arrives_at: self.after(at),
                copy_of: self.optional().map(MessageId),
            },
            DELIVERED => What::Delivered {
                id: self.id(),
                from: self.place(),
                to: self.place(),
                carries: self.carried(),
            },
            DROPPED => What::Dropped {
                id: self.id(),
                from: self.place(),
                to: self.place(),
                carries: self.carried(),
                why: REASONS[self.number() as usize % REASONS.len()],
            },
            DELAYED => What::Delayed { id: self.id(), arrives_at: self.after(at) },
            COMMITTED => What::Committed { member: self.member(), index: self.number() },
            APPLIED => What::Applied { member: self.member(), index: self.number() },
            _ => What::Disk { member: self.member(), step: self.disk(kind - DISK, at) },
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let kind = *self.rest.split_off_first()?;
        self.before.seq += self.number();
        self.before.at += self.number();
        let Before { seq, at, .. } = self.before;
        Some(Event { seq, at, what: self.what(kind, at) })
    }
}
