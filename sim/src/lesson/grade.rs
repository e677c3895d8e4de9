//! Grading: every branch is done again from the seed, and the goals are judged on what happens.

use super::goal::{Judge, Judged, Value};
use super::lab::{self, Lab};
use super::submission::{Branch, Submission};
use crate::chronicle::{Chronicle, Fact, Moment};
use crate::clock::MICROS;
use crate::hunt::finding::BUILD;
use crate::script::units::spoken;
use crate::script::{Command, parse};
use crate::view::call::Stop;

/// Most events of all branches together: some ten seconds of work.
const EVENTS_MAX: u64 = 8_000_000;
/// It is looked that often, in microseconds, how many events there were.
const LOOK_EVERY_US: u64 = 1_000_000;
/// Points for each unit of a goal's weight, so that a tenth of it is a whole number.
pub const POINTS: u32 = 10;

/// What came of a submission.
#[derive(Clone, Debug, PartialEq)]
pub struct Grade {
    /// The goals, in the order of the lesson.
    pub goals: Vec<GoalGrade>,
    /// The predictions, kept apart from the score.
    pub predictions: Vec<PredictionGrade>,
}

/// What came of one goal.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalGrade {
    /// `G1`.
    pub name: String,
    /// What was to be reached.
    pub title: String,
    /// Whether it was.
    pub judged: Judged,
    /// The branch in which it was, and when (microseconds).
    pub at: Option<(String, u64)>,
    /// The event that decided, in a few words; none when it was so without one.
    pub event: Option<String>,
    /// Points that it gives.
    pub points: u32,
    /// Points that it could give.
    pub most: u32,
}

impl GoalGrade {
    /// The result in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.judged, &self.at) {
            (Judged::Met { .. }, Some((branch, at_us))) => {
                let hinted = if self.points < self.most { ", with a hint" } else { "" };
                let event =
                    self.event.as_ref().map(|event| format!(": {event}")).unwrap_or_default();
                format!("met at {} in {branch}{hinted}{event}", spoken(*at_us))
            }
            (Judged::Met { .. }, None) => "met".to_owned(),
            (Judged::NotMet(why), _) => format!("not met: {why}"),
            (Judged::Undecided(why), _) => format!("undecided: {why}"),
        }
    }
}

/// What came of one prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredictionGrade {
    /// `P1`.
    pub name: String,
    /// What became of it.
    pub made: Made,
}

/// Whether a prediction was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// Before anything was to be seen, and whether it was right.
    Before {
        /// What was said.
        text: String,
        /// It is what happens.
        right: bool,
    },
    /// Only when it was to be seen already.
    TooLate,
    /// Never.
    Skipped,
}

impl Made {
    /// In one word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Before { right: true, .. } => "right",
            Self::Before { right: false, .. } => "wrong",
            Self::TooLate => "late",
            Self::Skipped => "skipped",
        }
    }
}

impl Grade {
    /// Points that were reached.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.goals.iter().map(|goal| goal.points).sum()
    }

    /// Points that could be reached.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.goals.iter().map(|goal| goal.most).sum()
    }

    /// Predictions that were made in time.
    #[must_use]
    pub fn predicted(&self) -> usize {
        let made = |one: &&PredictionGrade| matches!(one.made, Made::Before { .. });
        self.predictions.iter().filter(made).count()
    }

    /// The grade as a table that people read.
    #[must_use]
    pub fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let width = self.goals.iter().map(|goal| goal.title.chars().count()).max().unwrap_or(0);
        for goal in &self.goals {
            let (points, most) = (shown(goal.points), shown(goal.most));
            let _ = writeln!(
                text,
                "{:<4} {:<width$}  {points:>4} of {most:<4} {}",
                goal.name,
                goal.title,
                goal.words()
            );
        }
        for prediction in &self.predictions {
            let _ = writeln!(text, "{:<4} {}", prediction.name, prediction.made.word());
        }
        let (points, most) = (shown(self.points()), shown(self.most()));
        let _ = writeln!(text, "score {points} of {most}");
        text
    }
}

/// Points as people read them: `2`, `1.9`.
#[must_use]
pub fn shown(points: u32) -> String {
    match points % POINTS {
        0 => format!("{}", points / POINTS),
        tenth => format!("{}.{tenth}", points / POINTS),
    }
}

/// A branch, done again.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// What happened.
    pub chronicle: Chronicle,
    /// When it ended.
    pub end: Moment,
}

/// Does a submission again and judges it.
///
/// # Errors
/// One sentence: it is of another build or lesson, a line cannot be read or is locked, or it asks for too much.
pub fn grade(lab: &Lab, submission: &Submission) -> Result<Grade, String> {
    if submission.build != BUILD {
        return Err(format!(
            "It was made by build {}, and this is build {BUILD}: grade it with the build that made it.",
            submission.build
        ));
    }
    if submission.lesson != lab.id {
        return Err(format!("It is of lesson {}, and this is {}.", submission.lesson, lab.id));
    }
    let seed = lab.seed(&submission.class, &submission.student);
    let mut played: Vec<Played> = Vec::new();
    let mut left = EVENTS_MAX;
    for branch in &submission.branches {
        let (one, events) = play_within(lab, seed, branch, left)?;
        left = left.saturating_sub(events);
        played.push(one);
    }
    Ok(judge(lab, &played))
}

/// Does one branch again.
///
/// # Errors
/// One sentence: a line cannot be read or is locked, or it asks for too much.
pub fn play(lab: &Lab, seed: u64, branch: &Branch) -> Result<Played, String> {
    play_within(lab, seed, branch, EVENTS_MAX).map(|(played, _)| played)
}

/// The same within a number of events; gives how many there were.
fn play_within(
    lab: &Lab,
    seed: u64,
    branch: &Branch,
    events_max: u64,
) -> Result<(Played, u64), String> {
    let mut bench = lab.open(seed)?;
    if branch.lines.first().is_some_and(|first| first.time_us < bench.now_us()) {
        return Err(format!(
            "In {} something was done before the lesson began at {}.",
            branch.name,
            spoken(bench.now_us())
        ));
    }
    for action in &branch.lines {
        parse(&action.line)
            .map_err(|error| format!("Its line \"{}\" cannot be read: {error}", action.line))?;
        if let Some(why) = lab.forbids(&action.line) {
            return Err(format!("Its line \"{}\" is not allowed. {why}", action.line));
        }
    }
    bench.follow(branch.lines.iter().cloned());
    while bench.now_us() < branch.until_us && bench.world().violation().is_none() {
        let next = branch.until_us.min(bench.now_us() + LOOK_EVERY_US);
        bench.run_until(next, Stop::Time, 0);
        if bench.world().events() > events_max {
            return Err(format!("It asks for more than {EVENTS_MAX} events."));
        }
    }
    let played = Played {
        name: branch.name.clone(),
        end: Moment::after(bench.world().now()),
        chronicle: bench.world().chronicle(Clone::clone).unwrap_or_default(),
    };
    Ok((played, bench.world().events()))
}

/// Judges branches that were played.
#[must_use]
pub fn judge(lab: &Lab, played: &[Played]) -> Grade {
    let runs: Vec<_> =
        played.iter().map(|branch| lab::run(&branch.name, &branch.chronicle, branch.end)).collect();
    let wanted = lab.wanted();
    let judge = Judge { runs: &runs, names: &lab.names, wanted: &wanted };
    let fills = runs.first().map(|run| lab.fills(run.chronicle)).unwrap_or_default();
    let goal = |goal: &lab::LabGoal| {
        let judged = judge.judge(&goal.goal);
        let at = match &judged {
            Judged::Met { branch, at } => {
                Some((runs[*branch].name.to_owned(), at.at.min(runs[*branch].end.at) / MICROS))
            }
            _ => None,
        };
        let event = match &judged {
            Judged::Met { branch, at } => judge.event(*branch, *at),
            _ => None,
        };
        let most = goal.weight * POINTS;
        let hinted = runs.iter().any(|run| is_hinted(run.chronicle, &goal.name));
        let full = if hinted { most - most / POINTS } else { most };
        let points = if judged.is_met() { full } else { 0 };
        let (name, title) = (goal.name.clone(), lab::told(&goal.title, &fills));
        GoalGrade { name, title, judged, at, event, points, most }
    };
    Grade {
        goals: lab.goals.iter().map(goal).collect(),
        predictions: lab.predictions.iter().map(|one| predicted(&judge, one)).collect(),
    }
}

/// The hint that costs something was read.
fn is_hinted(chronicle: &Chronicle, goal: &str) -> bool {
    chronicle.facts().iter().any(|noted| match &noted.fact {
        Fact::Line(line) if line.starts_with("hint") => {
            matches!(parse(line), Ok(Command::Hint { goal: of, number }) if of == goal && number > 1)
        }
        _ => false,
    })
}

/// A prediction counts if it was made before its event in the first branch that shows it: who has seen it in
/// one branch knows it in all that come behind.
fn predicted(judge: &Judge<'_>, prediction: &lab::Prediction) -> PredictionGrade {
    let name = prediction.name.clone();
    let (mut known, mut late) = (false, false);
    for (place, run) in judge.runs.iter().enumerate() {
        let seen = match judge.value(&prediction.reveal, place) {
            Ok(Value::Events(events)) => events.first().map(|event| event.from),
            _ => None,
        };
        let said = run.chronicle.facts().iter().find_map(|noted| match &noted.fact {
            Fact::Line(line) if line.starts_with("predict") => match parse(line) {
                Ok(Command::Predict { name: of, text }) if of == name => Some((noted.moment, text)),
                _ => None,
            },
            _ => None,
        });
        if let Some((at, text)) = said {
            if !known && seen.is_none_or(|seen| at < seen) {
                let right = prediction.is_right(&text);
                return PredictionGrade { name, made: Made::Before { text, right } };
            }
            late = true;
        }
        known |= seen.is_some();
    }
    PredictionGrade { name, made: if late { Made::TooLate } else { Made::Skipped } }
}
