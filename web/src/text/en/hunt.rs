//! The words of the hunts.

use glasshouse_sim::view::call::hunt::Card;

use super::{capital, count};
use crate::hunt::{Chase, Hunts, Known, Score, Stage, Told};

pub(crate) const TITLE: &str = "Hunts: Glasshouse";
pub(crate) const TO_THE_HUNTS: &str = "known bugs, planted: find the seed that shows one";
pub(crate) const TO_THE_BENCH: &str = "back to the cluster";
pub(crate) const COPIED: &str =
    "The link opens the run at the violation. It is on the clipboard, where the browser allows it.";
pub(crate) const NOTHING: &str = "Nothing planted";
pub(crate) const LOADING: &str = "Building a simulation to hunt with.";
pub(crate) const JUDGING: &str = "Doing again what the file says.";
pub(crate) const NO_STORY: &str = "No story yet";
pub(crate) const NO_STORY_HOW: &str = "Choose a code and press Hunt. What is caught is made small and told here. A finding that was saved can be opened, or dropped here: it is done again, and nothing in it is believed.";
pub(crate) const SEEDS_KEY: &str = "the stronger, the more elections; hollow: still to come";
pub(crate) const NOT_SMALL_YET: &str = "When a seed has broken something, what is not needed for that is left out, line by line: faults, calls, members, time.";
pub(crate) const MAKING_SMALL: &str =
    "Leaving out whatever is not needed. This takes some seconds.";
pub(crate) const BY_HAND: &str =
    "It is planted where it shows. Break a rule by hand, with fewer lines than the hunter.";
pub(crate) const SOUND_BY_HAND: &str = "Nothing is planted, so whatever breaks here is a bug that nobody knows. Save it and report it.";
pub(crate) const HIDDEN: &str = "What it is stays hidden until a seed has shown what it does.";
pub(crate) const SOUND: &str = "The cluster as it is, without a planted bug. Nothing should break.";
pub(crate) const FORGET: &str = "What was found is kept in this browser only.";

/// A level in words.
pub(crate) fn level(level: u32) -> &'static str {
    match level {
        0 | 1 => "easy",
        2 => "medium",
        3 => "hard",
        _ => "expert",
    }
}

/// A number with its thousands apart: `10,000`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a hunt of this level may take.
pub(crate) fn within(of: u32, seeds: u64) -> String {
    format!("{}, within {} seeds", level(of), thousands(seeds))
}

/// The id of a row of the list.
pub(crate) fn row_id(code: Option<&str>) -> String {
    format!("fault-{}", code.unwrap_or("none"))
}

/// Who has found it.
pub(crate) fn state(known: Option<&Known>) -> &'static str {
    match known {
        Some(known) if known.by_hand > 0 => "yours",
        Some(_) => "found",
        None => "",
    }
}

/// What is said of what is chosen.
pub(crate) fn about(card: Option<&Card>, known: bool) -> String {
    let Some(card) = card else { return SOUND.to_owned() };
    if known { rule_broken(&card.rule) } else { HIDDEN.to_owned() }
}

/// A rule says how it should be: without this, it would read as what the bug does.
pub(crate) fn rule_broken(rule: &str) -> String {
    format!("The rule that it breaks: {rule}")
}

/// The sentence of the moment, without figures that move.
pub(crate) fn now(hunts: &Hunts) -> String {
    if hunts.cards.is_empty() {
        return LOADING.to_owned();
    }
    if hunts.judging() {
        return JUDGING.to_owned();
    }
    let told = hunts.told.as_deref().map(|told| broken(&told.tale.property));
    let Some(chase) = &hunts.chase else {
        return told.unwrap_or_else(|| {
            let seeds = thousands(hunts.budget());
            match hunts.chosen.as_deref().and_then(|code| hunts.card(code)) {
                Some(card) => format!(
                    "{} is {}: it shows within {seeds} seeds.",
                    card.code,
                    level(card.level)
                ),
                None => format!("{seeds} seeds will be tried."),
            }
        });
    };
    match &chase.stage {
        Stage::Seeking => match &chase.best {
            None => {
                let last = chase.first.saturating_add(chase.budget).saturating_sub(1);
                format!(
                    "{} {} the seeds from {} to {}.",
                    workers(hunts.workers),
                    if hunts.workers == 1 { "tries" } else { "try" },
                    thousands(chase.first),
                    thousands(last)
                )
            }
            Some((_, catch)) => format!(
                "Seed {} breaks a rule. Smaller seeds that are under way run to their end.",
                catch.seed
            ),
        },
        Stage::Shrinking => match &chase.best {
            Some((_, catch)) => format!(
                "{} Seed {} needs {} for it. It is made small.",
                broken(&catch.property),
                catch.seed,
                count(catch.lines.into(), "line")
            ),
            None => String::new(),
        },
        Stage::Told => match (hunts.told.as_deref(), &chase.best) {
            (Some(told), Some((_, catch))) => format!(
                "{} Seed {}: {} became {}.",
                broken(&told.tale.property),
                catch.seed,
                count(catch.lines.into(), "line"),
                told.lines
            ),
            _ => String::new(),
        },
        Stage::Nothing => format!("{} broke nothing.", capital(&count_of_seeds(chase.tried))),
        Stage::Stopped => format!("Stopped after {}.", count_of_seeds(chase.tried)),
        Stage::Failed(why) => why.clone(),
    }
}

fn count_of_seeds(seeds: u64) -> String {
    format!("{} seed{}", thousands(seeds), if seeds == 1 { "" } else { "s" })
}

/// `One worker`, `4 workers`.
pub(crate) fn workers(workers: usize) -> String {
    match workers {
        1 => "One worker".to_owned(),
        more => format!("{more} workers"),
    }
}

/// `Durable commit is broken.`
pub(crate) fn broken(property: &str) -> String {
    format!("{} is broken.", capital(property))
}

/// Virtual time: `20 h 35 min`, `35 min`, `48 s`.
pub(crate) fn long(us: u64) -> String {
    let seconds = us / 1_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// Seeds per real second.
pub(crate) fn rate(tried: u64, seconds: f64) -> String {
    match tried as f64 / seconds {
        rate if !rate.is_finite() || tried == 0 => "0".to_owned(),
        rate if rate < 10.0 => format!("{rate:.1}"),
        rate => format!("{rate:.0}"),
    }
}

/// The picture of the seeds in words.
pub(crate) fn seeds(chase: &Chase) -> String {
    let seeds = chase.first..chase.first.saturating_add(chase.budget);
    let found = match &chase.best {
        Some((_, catch)) => format!("seed {} broke a rule", catch.seed),
        None => "none broke a rule".to_owned(),
    };
    format!(
        "Seeds {} to {}: {} were run, {found}.",
        thousands(seeds.start),
        thousands(seeds.end.saturating_sub(1)),
        thousands(chase.tried)
    )
}

/// How a cell is read.
pub(crate) fn cell(per_cell: u64) -> String {
    match per_cell {
        1 => format!("a cell is a seed; {SEEDS_KEY}"),
        many => format!("a cell is {} seeds; {SEEDS_KEY}", thousands(many)),
    }
}

/// `60 lines to 4, in 137 runs`.
pub(crate) fn made_small(shrinking: &[(u32, u32)], runs: u32) -> String {
    let ends = shrinking.first().zip(shrinking.last());
    ends.map_or_else(String::new, |((_, from), (_, to))| {
        format!("{} to {to}, in {}", count((*from).into(), "line"), count(runs.into(), "run"))
    })
}

/// The head of a story.
pub(crate) fn story(told: &Told) -> String {
    format!("The story, {}", count(told.lines.into(), "line"))
}

/// What is left out of a story.
pub(crate) fn quiet(commits: usize) -> String {
    format!("{commits} more commits")
}

/// Who needed how many lines.
pub(crate) fn lines(known: Option<&Known>) -> Option<String> {
    let known = known?;
    match (known.by_hand, known.hunter) {
        (0, 0) => None,
        (0, hunter) => Some(format!("The hunter needed {}.", count(hunter.into(), "line"))),
        (you, 0) => Some(format!("You needed {}.", count(you.into(), "line"))),
        (you, hunter) => {
            Some(format!("You needed {}, the hunter {hunter}.", count(you.into(), "line")))
        }
    }
}

/// Under the banner of a violation that was brought about by hand.
pub(crate) fn score(score: &Score) -> String {
    let yours = format!("{} is yours: {}", score.code, count(score.lines.into(), "line"));
    match score.hunter {
        Some(hunter) => format!("{yours}, the hunter: {hunter}."),
        None => format!("{yours}. No hunter has found it here yet."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            ["0", "999", "1,000", "1,000,000"],
            [0, 999, 1_000, 1_000_000].map(thousands).each_ref().map(String::as_str)
        );
        assert_eq!([long(48_000_000), long(74_100_000_000)], ["48 s", "20 h 35 min"]);
        assert_eq!([rate(0, 0.0), rate(9, 2.0), rate(472, 2.0)], ["0", "4.5", "236"]);
        assert_eq!(made_small(&[(0, 60), (9, 4)], 137), "60 lines to 4, in 137 runs");
        assert_eq!(broken("durable commit"), "Durable commit is broken.");
    }
}
