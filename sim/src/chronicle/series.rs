//! Moments, and values that change by steps.

use crate::clock::Nanos;

/// A point of a run: behind all events with a smaller number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Virtual time.
    pub at: Nanos,
    /// Number of the event in the record.
    pub seq: u64,
}

impl Moment {
    /// Before everything.
    pub const BEGIN: Self = Self { at: 0, seq: 0 };

    /// Behind all events of an instant.
    #[must_use]
    pub fn after(at: Nanos) -> Self {
        Self { at, seq: u64::MAX }
    }

    /// Just before this one, in the order of events.
    #[must_use]
    pub fn before(self) -> Self {
        match self.seq {
            0 => Self { at: self.at.saturating_sub(1), seq: u64::MAX },
            seq => Self { at: self.at, seq: seq - 1 },
        }
    }
}

/// A value that is constant between its steps.
#[derive(Clone, Debug)]
pub struct Series<T>(Vec<(Moment, T)>);

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Series<T> {
    /// From `moment` on it is `value`; says whether that is a change. Moments come in order.
    pub fn set(&mut self, moment: Moment, value: T) -> bool {
        match self.0.last_mut() {
            Some((_, last)) if *last == value => false,
            // Two steps of one moment: only the last can be seen.
            Some((at, last)) if *at == moment => {
                *last = value;
                true
            }
            _ => {
                self.0.push((moment, value));
                true
            }
        }
    }

    /// What it is at a moment; `None` before its first step.
    #[must_use]
    pub fn at(&self, moment: Moment) -> Option<&T> {
        let behind = self.0.partition_point(|(at, _)| *at <= moment);
        self.0[..behind].last().map(|(_, value)| value)
    }

    /// What it is at the end.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> &[(Moment, T)] {
        &self.0
    }
}
