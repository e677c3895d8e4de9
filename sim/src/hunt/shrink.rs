//! Leaves out of a case what its violation does not need.
//!
//! ```text
//!   people ─► deeds ─► calls ─► settings ─► members ─► time ─┐
//!      ▲                                                     │ as long as a round
//!      └─────────────────────────────────────────────────────┘ leaves something out
//! ```
//!
//! Every attempt is a whole run, and counts only if it breaks the same property. Lists are cut by
//! delta debugging (Zeller and Hildebrandt, 2002): halves first, then smaller pieces, one by one at
//! the end. Where a large step fails under the seed of the finding, a few other seeds are asked as
//! well: which seed it is means nothing to who reads the story. The result depends on the case alone,
//! and it is a local minimum unless the limit on work was reached.

use crate::check::{Property, Violation};
use crate::clock::{MILLIS, Nanos, SECOND};
use crate::fault::Deed;
use crate::hunt::case::Case;
use crate::workload::Mix;
use crate::world::Ground;

/// Virtual time that one shrinking may spend, over all its runs: on two cores of 2020 about half a
/// minute.
pub const SPENT_MAX: Nanos = 12_000 * SECOND;
/// Other seeds that a large step may ask.
const OTHER_SEEDS: u64 = 3;
/// A run goes on for so long behind the moment of the last violation: a smaller case may take longer.
const SLACK: Nanos = SECOND;

/// What was left, and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The smallest case that was found.
    pub case: Case,
    /// How it breaks the property.
    pub violation: Violation,
    /// Runs that were made.
    pub runs: u32,
    /// The limit on work was reached before nothing more could be left out.
    pub cut_short: bool,
}

/// Shrinks a case that breaks a property as `violation` says. `told` hears of every success.
pub fn shrink(case: Case, violation: Violation, told: &mut dyn FnMut(&Case, u32)) -> Shrunk {
    let mut work = Work { property: violation.property, case, violation, runs: 0, spent: 0, told };
    let mut before = None;
    while before.as_ref() != Some(&work.case) && !work.is_spent() {
        before = Some(work.case.clone());
        work.people();
        work.deeds();
        work.calls();
        work.settings();
        work.members();
        work.time();
    }
    let cut_short = work.is_spent();
    Shrunk { case: work.case, violation: work.violation, runs: work.runs, cut_short }
}

struct Work<'a> {
    property: Property,
    case: Case,
    violation: Violation,
    runs: u32,
    spent: Nanos,
    told: &'a mut dyn FnMut(&Case, u32),
}

impl Work<'_> {
    fn is_spent(&self) -> bool {
        self.spent >= SPENT_MAX
    }

    /// Tries a smaller case; keeps it if it breaks the property.
    fn holds(&mut self, mut case: Case) -> bool {
        if case == self.case || self.is_spent() {
            return false;
        }
        let trial = case.play();
        self.runs += 1;
        self.spent += trial.world.now();
        let Some(violation) = trial.world.violation().filter(|v| v.property == self.property)
        else {
            return false;
        };
        // What was refused or came too late had no part in it.
        case.deeds = trial.siege.deeds().to_vec();
        case.peace = case.peace.filter(|(from, _)| *from <= violation.at);
        case.end = case.end.min(violation.at + SLACK);
        (self.told)(&case, self.runs);
        (self.case, self.violation) = (case, violation);
        true
    }

    /// Tries it under other seeds, too.
    fn holds_somewhere(&mut self, case: &Case) -> bool {
        (0..=OTHER_SEEDS).any(|more| {
            let seed = case.seed.wrapping_add(more);
            self.holds(Case { seed, ..case.clone() })
        })
    }

    /// Tries a change of the present case.
    fn change(&mut self, change: impl FnOnce(&mut Case)) -> bool {
        let mut case = self.case.clone();
        change(&mut case);
        self.holds(case)
    }

    fn change_somewhere(&mut self, change: impl FnOnce(&mut Case)) -> bool {
        let mut case = self.case.clone();
        change(&mut case);
        case != self.case && self.holds_somewhere(&case)
    }

    fn people(&mut self) {
        let all_at_once = |case: &mut Case| {
            let cast = &mut case.cast;
            (cast.operator, cast.warden, cast.contenders) = (false, false, false);
            cast.workload.watchers = 0;
        };
        if self.change_somewhere(all_at_once) {
            return;
        }
        self.change_somewhere(|case| case.cast.operator = false);
        self.change_somewhere(|case| case.cast.warden = false);
        self.change_somewhere(|case| case.cast.contenders = false);
        for watchers in 0..self.case.cast.workload.watchers {
            if self.change_somewhere(|case| case.cast.workload.watchers = watchers) {
                break;
            }
        }
    }

    /// Delta debugging: pieces of the list are left out, large ones first.
    fn deeds(&mut self) {
        let mut piece = self.case.deeds.len();
        while piece > 0 && !self.is_spent() {
            let mut from = 0;
            while from < self.case.deeds.len() {
                let to = (from + piece).min(self.case.deeds.len());
                if !self.change(|case| drop(case.deeds.drain(from..to))) {
                    from = to;
                }
            }
            piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
            piece = piece.min(self.case.deeds.len());
        }
    }

    fn calls(&mut self) {
        let parts = self.case.cast.workload.mix.parts();
        // All but one kind, then one kind fewer.
        for only in 0..parts.len() {
            let others = parts.iter().filter(|part| **part > 0).count() > 1;
            let mix = Mix::some(|kind| kind == only);
            if others
                && parts[only] > 0
                && self.change_somewhere(|case| case.cast.workload.mix = mix)
            {
                break;
            }
        }
        for without in 0..parts.len() {
            let parts = self.case.cast.workload.mix.parts();
            if parts[without] > 0 && parts.iter().filter(|part| **part > 0).count() > 1 {
                let mix = Mix::some(|kind| kind != without && parts[kind] > 0);
                self.change_somewhere(|case| case.cast.workload.mix = mix);
            }
        }
        for clients in 1..self.case.cast.workload.clients {
            if self.change_somewhere(|case| case.cast.workload.clients = clients) {
                break;
            }
        }
        for keys in [1, 2, 4] {
            if keys < self.case.cast.workload.keys
                && self.change_somewhere(|case| case.cast.workload.keys = keys)
            {
                break;
            }
        }
        for rate in [1, 2, 5, 10, 20] {
            if rate < self.case.cast.rate()
                && self.change_somewhere(|case| case.cast.workload.calls_per_1000_s = rate * 1000)
            {
                break;
            }
        }
    }

    fn settings(&mut self) {
        let short_log = self.case.ground.short_log;
        let _ = self.change_somewhere(|case| case.ground = Ground::PLAIN)
            || self.change_somewhere(|case| case.ground = Ground { short_log, ..Ground::PLAIN })
            || self.change(|case| case.ground.quota_bytes = 0)
                | self.change(|case| case.ground.compare_ms = None)
                | self.change(|case| case.ground.compaction = None)
                | self.change(|case| case.ground.strict_reconfig = true);
        self.change(|case| case.peace = None);
    }

    fn members(&mut self) {
        for members in 1..self.case.members {
            if self.change_somewhere(|case| case.members = members) {
                break;
            }
        }
    }

    /// Makes it shorter, and its moments round.
    fn time(&mut self) {
        let at = self.violation.at;
        for until in [at / 8, at / 4, at / 2, at] {
            let until = round_up(until, SECOND / 2);
            if until < self.case.cast.workload.until
                && self.change(|case| case.cast.workload.until = until)
            {
                break;
            }
        }
        for nth in 0..self.case.deeds.len() {
            for part in [1, 2, 4] {
                if self.earlier(nth, part) {
                    break;
                }
            }
        }
        for grain in [SECOND, SECOND / 10, SECOND / 100] {
            let rounds = |deed: &mut Deed| deed.at = deed.at / grain * grain;
            let all = self.change(|case| case.deeds.iter_mut().for_each(rounds));
            for nth in 0..self.case.deeds.len() {
                if all || nth >= self.case.deeds.len() {
                    break;
                }
                // They stay in their order.
                let before = nth.checked_sub(1).map_or(0, |nth| self.case.deeds[nth].at);
                if self.case.deeds[nth].at / grain * grain >= before {
                    self.change(|case| rounds(&mut case.deeds[nth]));
                }
            }
        }
    }

    /// Everything from the `nth` deed on comes earlier, by a part of the pause before it.
    fn earlier(&mut self, nth: usize, part: u64) -> bool {
        let Some(deed) = self.case.deeds.get(nth) else { return false };
        let before = nth.checked_sub(1).map_or(0, |nth| self.case.deeds[nth].at);
        let by = (deed.at - before) / part / MILLIS * MILLIS;
        if by < SECOND / 10 {
            return false;
        }
        self.change(|case| {
            for deed in &mut case.deeds[nth..] {
                deed.at -= by;
            }
            if let Some((from, _)) = &mut case.peace {
                *from = from.saturating_sub(by);
            }
        })
    }
}

fn round_up(at: Nanos, grain: Nanos) -> Nanos {
    at.div_ceil(grain) * grain
}
