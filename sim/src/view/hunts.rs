//! The page's hunts: a few seeds in each question, so that a worker can be told to stop in between.

use super::call::hunt::{Card, Catch, Search, Tale};
use crate::check::Violation;
use crate::clock::MICROS;
use crate::hunt::case::Case;
use crate::hunt::draw::Draw;
use crate::hunt::finding::{self, Finding};
use crate::hunt::shrink::shrink;
use crate::hunt::story;
use crate::mutant::{Mutant, Plants};

/// Most seeds in one question: each takes some hundredths of a second.
const SEEDS_MAX: u32 = 1_000;

/// What was caught last.
#[derive(Default)]
pub(super) struct Hunts {
    caught: Option<(Case, Violation)>,
}

impl Hunts {
    /// Makes runs until one breaks something.
    pub(super) fn hunt(
        &mut self,
        mutant: Option<&str>,
        from: u64,
        seeds: u32,
    ) -> Result<Search, String> {
        if seeds > SEEDS_MAX {
            return Err(format!("A question is about {SEEDS_MAX} seeds at most."));
        }
        let unknown = |code: &str| format!("There is no planted fault {code:?}.");
        let planted = mutant.map(|code| Mutant::from_name(code).ok_or_else(|| unknown(code)));
        let planted = planted.transpose()?;
        self.caught = None;
        let mut search = Search::default();
        for nth in 0..seeds {
            let seed = from.wrapping_add(nth.into());
            let (case, trial) = Draw::of_seed(seed, planted).run();
            let elections = trial.world.counts().elections;
            search.elections.push(u32::try_from(elections).unwrap_or(u32::MAX));
            search.time_us += trial.world.now() / MICROS;
            if let Some(violation) = trial.world.violation() {
                search.catch = Some(Catch {
                    seed,
                    property: violation.property.name().to_owned(),
                    violation: violation.to_string(),
                    lines: lines(&case),
                });
                self.caught = Some((case, violation));
                break;
            }
        }
        Ok(search)
    }

    /// Shrinks what was caught.
    pub(super) fn shrink(&mut self) -> Result<Tale, String> {
        let nothing = || "Nothing was caught yet. Send hunt first.".to_string();
        let (case, violation) = self.caught.clone().ok_or_else(nothing)?;
        let mut shrinking = vec![(0, lines(&case))];
        let shrunk = shrink(case, violation, &mut |case, runs| shrinking.push((runs, lines(case))));
        let finding = Finding::of(&shrunk.case)
            .ok_or_else(|| "What was caught does not happen again on the bench.".to_string())?;
        Ok(Tale { runs: shrunk.runs, shrinking, ..tale(&finding) })
    }
}

/// Reads a finding and does what it says.
pub(super) fn judge(text: &str) -> Result<Tale, String> {
    let finding = finding::read(text)?;
    finding.verify()?;
    Ok(tale(&finding))
}

/// All planted faults, by their codes.
pub(super) fn catalogue() -> Vec<Card> {
    let card = |mutant: Mutant| {
        let facts = mutant.facts();
        Card {
            code: facts.code.to_owned(),
            level: facts.level as u32 + 1,
            budget: u32::try_from(facts.level.seeds()).unwrap_or(u32::MAX),
            line: Plants::usual(mutant).lines().remove(0),
            members: facts.cluster.into(),
            name: facts.name.to_owned(),
            rule: facts.rule.to_owned(),
            provenance: facts.provenance.to_owned(),
        }
    };
    Mutant::all().map(card).collect()
}

fn lines(case: &Case) -> u32 {
    u32::try_from(case.interventions()).unwrap_or(u32::MAX)
}

fn tale(finding: &Finding) -> Tale {
    Tale {
        property: finding.property.name().to_owned(),
        promise: finding.property.promise().to_owned(),
        at_us: finding.at.div_ceil(MICROS),
        runs: 0,
        shrinking: Vec::new(),
        text: finding.to_string(),
        link: finding.link(),
        steps: story::steps(finding),
    }
}
