//! Latencies, counted in buckets whose width grows with the value.
//!
//! ```text
//!   0 .. 63     64 .. 127      128 .. 255          256 .. 511
//!   64 buckets  64 buckets     64 buckets          64 buckets      ...
//!   1 wide      1 wide         2 wide              4 wide
//! ```
//!
//! So every value is known to 1/64, from nanoseconds to centuries, in 30 KB. This is the idea of
//! HdrHistogram (Gil Tene), without its options.

/// Buckets for each power of two, as a power of two.
const FINE_BITS: u32 = 6;
const FINE: usize = 1 << FINE_BITS;
/// The highest bit of a `u64` is 63, and the first `FINE_BITS` powers share one row.
const BUCKETS: usize = (64 - FINE_BITS as usize + 1) * FINE;

/// How often each value was seen.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
    }

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Self) {
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
        self.total += other.total;
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value below or at which `permille` of a thousand values lie; 0 when there is none.
    pub fn quantile(&self, permille: u64) -> u64 {
        let rank = (self.total * permille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(bucket);
            }
        }
        0
    }
}

fn bucket(value: u64) -> usize {
    let shift = value.max(1).ilog2().saturating_sub(FINE_BITS);
    let fine = usize::try_from(value >> shift).expect("less than two rows of buckets");
    shift as usize * FINE + fine
}

/// The value in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let shift = (bucket / FINE).saturating_sub(1);
    let fine = (bucket - shift * FINE) as u64;
    (fine << shift) + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_touch_and_keep_their_precision() {
        let mut last = 0;
        for value in (0..10_000).chain((14..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit])) {
            let at = bucket(value);
            assert!(at >= last && at < BUCKETS, "{value} is in bucket {at}, after {last}");
            assert!(middle(at).abs_diff(value) <= value / 64, "{value} is read as {}", middle(at));
            last = at;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_of_a_hundred() {
        let mut low = Histogram::default();
        let mut all = Histogram::default();
        assert_eq!(all.quantile(500), 0);
        (1..=50).for_each(|value| low.record(value));
        (51..=100).for_each(|value| all.record(value));
        all.merge(&low);
        assert_eq!(all.total(), 100);
        assert_eq!([500, 990, 1_000].map(|permille| all.quantile(permille)), [50, 99, 100]);
    }
}
