//! Virtual time: one number, in nanoseconds, that starts at zero with the world.
//!
//! Nothing in this crate reads a real clock. A world's time moves only while
//! [`World::run_until`](crate::world::World::run_until) runs, and it stands still in between.
//! A member's own clock may run fast or slow; only its ticks feel that.

/// Nanoseconds of virtual time since the world began, or a span of it.
pub type Nanos = u64;

/// One microsecond.
pub const MICROS: Nanos = 1_000;
/// One millisecond.
pub const MILLIS: Nanos = 1_000_000;
/// One second.
pub const SECOND: Nanos = 1_000_000_000;

/// How fast a member's clock runs, in millionths: 1,000,000 is true time, 500,000 half speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

impl Rate {
    /// A clock that keeps true time.
    pub const TRUE: Self = Self(1_000_000);
    /// The slowest clock that can be asked for: a thousandth.
    pub const SLOWEST: Self = Self(1_000);
    /// The fastest clock that can be asked for: a hundred times true time.
    pub const FASTEST: Self = Self(100_000_000);

    /// A rate in millionths of true time; `None` outside of `SLOWEST..=FASTEST`.
    #[must_use]
    pub fn from_millionths(millionths: u32) -> Option<Self> {
        (Self::SLOWEST.0..=Self::FASTEST.0).contains(&millionths).then_some(Self(millionths))
    }

    /// The rate in millionths of true time.
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// What this clock counts while a span of true time passes.
    #[must_use]
    pub fn counted(self, true_span: Nanos) -> Nanos {
        let span = u128::from(true_span) * u128::from(self.0) / 1_000_000;
        u64::try_from(span).unwrap_or(u64::MAX)
    }

    /// The true time that passes while this clock counts `span`.
    #[must_use]
    pub fn true_time(self, span: Nanos) -> Nanos {
        let true_span = u128::from(span) * 1_000_000 / u128::from(self.0);
        u64::try_from(true_span).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_clock_takes_longer_to_count() {
        let half = Rate::from_millionths(500_000).unwrap();
        assert_eq!(half.true_time(100 * MILLIS), 200 * MILLIS);
        assert_eq!(half.counted(200 * MILLIS), 100 * MILLIS);
        assert_eq!(Rate::TRUE.true_time(7), 7);
        assert_eq!(Rate::from_millionths(0), None);
    }
}
