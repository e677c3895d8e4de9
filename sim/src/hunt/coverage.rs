//! What a run has seen, in a few dozen features, and the runs worth going on from.
//!
//! Blind draws see the same few things over and over. So who hunts keeps the runs in which something
//! happened that no run before had seen, and every fourth seed goes on from one of them: the same
//! world up to a moment, and another future from there (as in Go-Explore, Ecoffet and others, 2021).
//!
//! What a seed draws depends on what earlier ones have seen, so seeds go by generations: a corpus
//! stands still while [`GENERATION`] seeds draw from it, and takes in what they saw in the order of the
//! seeds. How many threads there are has no influence.

use std::collections::BTreeSet;
use std::mem::discriminant;

use crate::clock::{Nanos, SECOND};
use crate::fault::Deed;
use crate::hunt::case::Case;
use crate::hunt::draw::Draw;
use crate::mutant::Mutant;
use crate::rng::Stream;
use crate::run::Trial;
use crate::world::Action;

/// Seeds that draw from the same corpus.
pub const GENERATION: u64 = 128;
/// Runs that a corpus keeps; older ones have been gone on from.
const RUNS_MAX: usize = 64;
/// Every so many seeds go on from a kept run.
const FORKS_EVERY: u64 = 4;
/// Two deeds belong together when so little time is between them.
const TOGETHER: Nanos = SECOND / 2;

/// Features of a run: each is a kind and how much of it, or two deeds that came together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeSet<(u32, u32)>);

impl Coverage {
    /// What a run has seen.
    #[must_use]
    pub fn of(trial: &Trial) -> Self {
        let counts = trial.world.counts();
        let amounts = [
            counts.elections,
            counts.snapshots,
            counts.starts,
            counts.joins,
            counts.removals,
            counts.dropped,
            counts.calls.saturating_sub(counts.answered),
            trial.world.expired_leases(),
            trial.world.fenced_writes().1,
        ];
        // How much: none, one, two or three, four to seven, and so on.
        let amounts = (0..)
            .zip(amounts)
            .map(|(kind, amount)| (kind, amount.checked_ilog2().map_or(0, |log| log + 1)));
        let deeds = trial.siege.deeds();
        let pairs = deeds.iter().zip(deeds.iter().skip(1));
        let pairs = pairs.filter(|(one, next)| next.at - one.at <= TOGETHER);
        let pairs = pairs.map(|(one, next)| (100 + kind(one), kind(next)));
        Self(amounts.chain(pairs).collect())
    }
}

/// The place of a deed's kind among all that a siege does.
fn kind(deed: &Deed) -> u32 {
    let no = crate::place::MemberNo::first(1).next().expect("a world has a first member");
    let kinds = [
        Action::Restart(no),
        Action::Kill(no),
        Action::Stop(no),
        Action::Freeze(no),
        Action::Thaw(no),
        Action::PowerOff { member: no, torn: false },
        Action::Partition(Vec::new()),
        Action::Mend(Vec::new()),
        Action::CutLink { from: no.into(), to: no.into() },
        Action::HealLink { from: no.into(), to: no.into() },
        Action::SlowDisk { member: no, fsync: None },
        Action::FullDisk { member: no, full: true },
        Action::Campaign(no),
    ];
    let same = |known: &Action| discriminant(known) == discriminant(&deed.action);
    let place = kinds.iter().position(same).unwrap_or(kinds.len());
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Runs that saw something first.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    seen: Coverage,
    runs: Vec<Case>,
}

impl Corpus {
    /// What a seed asks for, given what was seen before.
    #[must_use]
    pub fn draw(&self, seed: u64, mutant: Option<Mutant>) -> Draw {
        let forks = seed % FORKS_EVERY == FORKS_EVERY - 1 && !self.runs.is_empty();
        if !forks {
            return Draw::of_seed(seed, mutant);
        }
        let mut random = Stream::new(seed, "fork", 0, 0);
        let case = random.pick(&self.runs).clone();
        let at = match case.deeds.as_slice() {
            [] => 0,
            deeds => random.pick(deeds).at,
        };
        Draw::fork(case, at, seed, random)
    }

    /// Takes in a sound run; it is kept if it saw something new.
    pub fn add(&mut self, case: Case, coverage: Coverage) {
        let before = self.seen.0.len();
        self.seen.0.extend(coverage.0);
        if self.seen.0.len() > before {
            if self.runs.len() == RUNS_MAX {
                self.runs.remove(0);
            }
            self.runs.push(case);
        }
    }

    /// How many features were seen.
    #[must_use]
    pub fn features(&self) -> usize {
        self.seen.0.len()
    }
}
