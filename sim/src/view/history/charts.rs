//! Numbers over virtual time, counted as the record is read.
//!
//! A series has a bounded number of stretches from the beginning of the run to now: when it is
//! full, two neighbours become one of twice the width.

use std::collections::BTreeMap;

use crate::clock::{MICROS, MILLIS, Nanos};
use crate::place::MemberNo;
use crate::trace::{DiskStep, Life, What};
use crate::view::call::history::{Charts, FSYNC_BUCKETS_MS, Fsyncs};

/// Stretches of a series: as many as a chart has pixels to tell apart.
const STRETCHES_MAX: usize = 240;

/// The first width of a stretch.
const WIDTH: Nanos = 10 * MILLIS;

/// What is counted.
#[derive(Debug)]
pub(super) struct Counted {
    /// When the fsync that is under way began, and the counts.
    fsyncs: BTreeMap<MemberNo, (Option<Nanos>, Vec<u32>)>,
    width: Nanos,
    answered: Vec<u32>,
    lag: Vec<u32>,
    commits: BTreeMap<MemberNo, u64>,
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            fsyncs: BTreeMap::new(),
            width: WIDTH,
            answered: Vec::new(),
            lag: Vec::new(),
            commits: BTreeMap::new(),
        }
    }
}

impl Counted {
    /// Takes the next event of the record.
    pub(super) fn hear(&mut self, at: Nanos, what: &What) {
        match what {
            What::Disk { member, step } => {
                let (since, counts) = self.fsyncs.entry(*member).or_default();
                match step {
                    DiskStep::SyncBegan { .. } => *since = Some(at),
                    DiskStep::Synced { .. } => {
                        if let Some(since) = since.take() {
                            counts.resize(FSYNC_BUCKETS_MS.len() + 1, 0);
                            let took = at - since;
                            let fits = |bound: &u64| took <= bound * MILLIS;
                            let bucket = FSYNC_BUCKETS_MS.iter().position(fits);
                            counts[bucket.unwrap_or(FSYNC_BUCKETS_MS.len())] += 1;
                        }
                    }
                    _ => {}
                }
            }
            What::Life { member, step } => {
                if let Some((since, _)) = self.fsyncs.get_mut(member) {
                    *since = None;
                }
                if !matches!(step, Life::Frozen | Life::Thawed | Life::Stopping) {
                    self.commits.remove(member);
                }
            }
            What::Committed { member, index } => {
                self.commits.insert(*member, *index);
                let newest = self.commits.values().max().copied().unwrap_or(0);
                let oldest = self.commits.values().min().copied().unwrap_or(0);
                let lag = u32::try_from(newest - oldest).unwrap_or(u32::MAX);
                let slot = self.slot(at);
                self.lag[slot] = self.lag[slot].max(lag);
            }
            _ => {}
        }
    }

    /// A client has an answer.
    pub(super) fn answered(&mut self, at: Nanos) {
        let slot = self.slot(at);
        self.answered[slot] += 1;
    }

    /// The stretch of a moment, in series that reach so far.
    fn slot(&mut self, at: Nanos) -> usize {
        while at / self.width >= STRETCHES_MAX as u64 {
            self.width *= 2;
            let halve = |series: &[u32], join: fn(u32, u32) -> u32| {
                series.chunks(2).map(|two| two.iter().copied().fold(0, join)).collect()
            };
            self.answered = halve(&self.answered, |a, b| a + b);
            self.lag = halve(&self.lag, u32::max);
        }
        let slot = usize::try_from(at / self.width).unwrap_or(STRETCHES_MAX - 1);
        for series in [&mut self.answered, &mut self.lag] {
            series.resize(series.len().max(slot + 1), 0);
        }
        slot
    }

    /// The numbers so far.
    pub(super) fn charts(&self) -> Charts {
        let fsyncs = self.fsyncs.iter().map(|(member, (_, counts))| Fsyncs {
            member: member.number().into(),
            counts: counts.clone(),
        });
        Charts {
            fsyncs: fsyncs.collect(),
            bucket_us: self.width / MICROS,
            answered: self.answered.clone(),
            lag: self.lag.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn a_longer_run_has_wider_stretches_and_loses_no_count() {
        let mut counted = Counted::default();
        for second in 0..100 {
            counted.answered(second * SECOND);
        }
        let charts = counted.charts();
        assert_eq!(charts.answered.iter().sum::<u32>(), 100);
        assert_eq!((charts.bucket_us, charts.answered.len()), (640_000, 155));
    }

    #[test]
    fn an_fsync_is_in_the_bucket_that_holds_it() {
        let mut counted = Counted::default();
        let member = MemberNo::first(1).next().unwrap();
        let mut sync = |from: Nanos, took: Nanos| {
            let step = DiskStep::SyncBegan { until: from + took };
            counted.hear(from, &What::Disk { member, step });
            counted.hear(from + took, &What::Disk { member, step: DiskStep::Synced { append: 1 } });
        };
        sync(0, MILLIS);
        sync(SECOND, MILLIS + 1);
        sync(2 * SECOND, 20 * MILLIS);
        sync(3 * SECOND, 9 * SECOND);
        let counts = &counted.charts().fsyncs[0].counts;
        assert_eq!(counts[..], [1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
