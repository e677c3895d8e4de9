//! The ring of bulk events: there are a thousand of them in a second, and as they are each takes a hundred bytes.
//!
//! ```text
//!   ring    | chunk | chunk | chunk | newest events as they are |
//!               the oldest is forgotten as a whole
//!   chunk   | event | event | ... |         4 KiB, can be read without the chunks before
//!   event   | kind | seq - before | time - before | its fields |    numbers as long as they are great
//! ```
//!
//! A packed event takes some 17 bytes. That keeps images of the memory small (`crate::images`), which would otherwise
//! hold more old messages than anything else. The newest are what everybody reads, after every step: they are at hand.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::packed::{Before, Reader, write};
use super::{Event, RING_EVENTS};

/// Bytes of a chunk: enough events that its own fields do not count, few enough to read all of it for the last ones.
const CHUNK_BYTES: usize = 4_096;
/// Events that are not packed yet: more than happen between two looks at the record.
const AT_HAND: usize = 512;
/// A chunk with less room than this takes no more events: none is longer, but for what a disk says.
const EVENT_BYTES: usize = 128;

#[derive(Debug)]
struct Chunk {
    /// Number of its first event.
    first: u64,
    events: usize,
    /// What the next event is written against.
    before: Before,
    bytes: Vec<u8>,
}

/// See the module's page.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    chunks: VecDeque<Chunk>,
    /// How many events the chunks hold.
    packed: usize,
    at_hand: VecDeque<Event>,
}

impl Bulk {
    /// Adds an event, and forgets the oldest chunk if [`RING_EVENTS`] are left without it.
    pub(super) fn push(&mut self, event: Event) {
        if self.at_hand.len() == AT_HAND
            && let Some(oldest) = self.at_hand.pop_front()
        {
            self.pack(&oldest);
        }
        self.at_hand.push_back(event);
        while let Some(oldest) = self.chunks.front()
            && self.packed - oldest.events + self.at_hand.len() >= RING_EVENTS
        {
            self.packed -= oldest.events;
            self.chunks.pop_front();
        }
    }

    fn pack(&mut self, event: &Event) {
        let full = |chunk: &Chunk| chunk.bytes.len() + EVENT_BYTES > CHUNK_BYTES;
        if self.chunks.back().is_none_or(full) {
            let (before, bytes) = (Before::default(), Vec::with_capacity(CHUNK_BYTES));
            self.chunks.push_back(Chunk { first: event.seq, events: 0, before, bytes });
        }
        if let Some(chunk) = self.chunks.back_mut() {
            write(&mut chunk.bytes, &mut chunk.before, event);
            chunk.events += 1;
            self.packed += 1;
        }
    }

    /// The events from number `cursor` on that are still kept, in order.
    pub(super) fn since(&self, cursor: u64) -> impl Iterator<Item = Cow<'_, Event>> {
        let is_at_hand = self.at_hand.front().is_some_and(|first| first.seq <= cursor);
        let first = match is_at_hand {
            true => self.chunks.len(),
            false => self.chunks.partition_point(|chunk| chunk.first <= cursor).saturating_sub(1),
        };
        let packed = self.chunks.range(first..).flat_map(|chunk| Reader::new(&chunk.bytes));
        let packed = packed.skip_while(move |event| event.seq < cursor).map(Cow::Owned);
        let after = self.at_hand.partition_point(|event| event.seq < cursor);
        packed.chain(self.at_hand.range(after..).map(Cow::Borrowed))
    }
}
