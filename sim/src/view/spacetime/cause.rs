//! Lamport's "happened before", on a slice.
//!
//! An event is after the one before it on its own lane, and the arrival of a message is after its
//! sending; that is all, and everything else follows by going on. What two events cannot reach in this way
//! is concurrent: neither can have influenced the other, whatever the clock says.

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, Seq, Slice, What};

/// Everything that happened before this event, with itself. It is closed: the causes of all that is in it
/// are in it, as far as the slice reaches.
#[must_use]
pub fn past(slice: &Slice, seq: Seq) -> BTreeSet<Seq> {
    let mut past = BTreeSet::new();
    let mut open = vec![seq];
    while let Some(seq) = open.pop() {
        if let Some(event) = slice.event(seq)
            && past.insert(seq)
        {
            open.extend(&event.causes);
        }
    }
    past
}

/// The places of all events in an order in which no effect stands before its cause and chains stay
/// together: what an event set off directly follows it, as soon as nothing else is missing.
#[must_use]
pub fn order(slice: &Slice) -> Vec<usize> {
    let mut effects: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut missing: Vec<usize> = Vec::with_capacity(slice.events.len());
    for (place, event) in slice.events.iter().enumerate() {
        let causes = event.causes.iter().filter_map(|cause| slice.place(*cause));
        let causes: BTreeSet<usize> = causes.collect();
        missing.push(causes.len());
        for cause in causes {
            effects.entry(cause).or_default().push(place);
        }
    }
    let mut order = Vec::with_capacity(slice.events.len());
    // The next one is taken from the end.
    let free = (0..slice.events.len()).filter(|place| missing[*place] == 0);
    let mut ready: Vec<usize> = free.rev().collect();
    while let Some(place) = ready.pop() {
        order.push(place);
        let set_off = effects.get(&place).into_iter().flatten().rev();
        for effect in set_off {
            missing[*effect] -= 1;
            if missing[*effect] == 0 {
                ready.push(*effect);
            }
        }
    }
    order
}

/// One step towards the cause: from an arrival to its sending, from a sync to its write, else to what the
/// process did before.
#[must_use]
pub fn before(slice: &Slice, event: &Event) -> Option<Seq> {
    event.causes.iter().rev().copied().find(|seq| slice.event(*seq).is_some())
}

/// One step towards the effect: from a sending to its arrival or loss, from a write to its sync, else to
/// what the process did next.
#[must_use]
pub fn after(slice: &Slice, event: &Event) -> Option<Seq> {
    let end = match event.what {
        What::Sent { .. } => slice.arrow_of(event).and_then(|arrow| arrow.end),
        What::Wrote { append, .. } => slice
            .events
            .iter()
            .filter(|later| later.seq > event.seq && later.lane == event.lane)
            .find(|later| matches!(later.what, What::Synced { append: last } if last >= append))
            .map(|later| later.seq),
        _ => None,
    };
    end.or_else(|| along(slice, event, 1))
}

/// The next (+1) or the previous (-1) event of the same lane.
#[must_use]
pub fn along(slice: &Slice, event: &Event, by: i32) -> Option<Seq> {
    let place = slice.place(event.seq)?;
    let same = |other: &&Event| other.lane == event.lane;
    let found = if by > 0 {
        slice.events[place + 1..].iter().find(same)
    } else {
        slice.events[..place].iter().rev().find(same)
    };
    found.map(|event| event.seq)
}
