//! The lines of the feed: two rings, so that many messages never push a change out.

use glasshouse_core::order;
use std::collections::VecDeque;

use super::super::frame::{EVENTS_MAX, Event, Icon, Level};
use crate::clock::{MICROS, Nanos};
use crate::place::MemberNo;

/// Lines of each level that are kept.
const LINES_MAX: usize = 2_000;

/// How a line looks, beside its sentence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) icon: Icon,
    pub(super) term: u64,
    pub(super) member: Option<MemberNo>,
    pub(super) level: Level,
}

impl Look {
    /// A change of a member.
    pub(super) fn of(icon: Icon, member: MemberNo) -> Self {
        Self { icon, term: 0, member: Some(member), level: Level::Change }
    }

    /// In a term's hue.
    pub(super) fn term(self, term: u64) -> Self {
        Self { term, ..self }
    }

    /// No more than a message.
    pub(super) fn quiet(self) -> Self {
        Self { level: Level::Message, ..self }
    }
}

/// The last lines of the feed.
#[derive(Debug, Default)]
pub(super) struct Feed {
    changes: VecDeque<Event>,
    messages: VecDeque<Event>,
    said: u64,
    /// Lines so far that are more than a message.
    pub(super) changes_said: u64,
}

impl Feed {
    /// Adds a line and gives its number.
    pub(super) fn add(&mut self, at: Nanos, look: Look, text: String) -> u64 {
        let quiet = look.level == Level::Message;
        self.changes_said += u64::from(!quiet);
        self.said += 1;
        let ring = if quiet { &mut self.messages } else { &mut self.changes };
        if ring.len() == LINES_MAX {
            ring.pop_front();
        }
        ring.push_back(Event {
            seq: self.said,
            time_us: at / MICROS,
            icon: look.icon,
            term: look.term,
            member: look.member.map(|member| u32::from(member.number())),
            text,
            level: look.level,
        });
        self.said
    }

    /// Takes the quiet line of this number back, if it is the very last.
    pub(super) fn take_back(&mut self, seq: u64) -> bool {
        let last = seq == self.said && self.messages.pop_back_if(|line| line.seq == seq).is_some();
        self.said -= u64::from(last);
        last
    }

    /// The lines from `seq` on, the newest [`EVENTS_MAX`], in order.
    pub(super) fn since(&self, seq: u64, messages_too: bool) -> Vec<Event> {
        let newest = |ring: &VecDeque<Event>| -> Vec<Event> {
            ring.iter().rev().take_while(|line| line.seq >= seq).take(EVENTS_MAX).cloned().collect()
        };
        let mut lines = newest(&self.changes);
        if messages_too {
            lines.extend(newest(&self.messages));
            order::sort_by_key(&mut lines, |line| std::cmp::Reverse(line.seq));
            lines.truncate(EVENTS_MAX);
        }
        lines.reverse();
        lines
    }
}
