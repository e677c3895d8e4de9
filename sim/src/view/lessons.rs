//! The page's lessons: one is open at a time, and its run is the one on the bench.

use super::call::Action;
use super::call::lesson::{
    Branch, Card, Goal, Grade, Offer, Prediction, Question, Result as GoalResult, Seat, Sheet,
    Step, Which,
};
use crate::chronicle::Moment;
use crate::lesson::goal::Judged;
use crate::lesson::grade::{self, Played};
use crate::lesson::submission::{self, BRANCHES_MAX};
use crate::lesson::{Lab, Submission, file, lab, library, offer, setup};
use crate::script::{Bench, Setup};

/// The lesson that is open.
#[derive(Default)]
pub(super) struct Lessons {
    open: Option<Open>,
}

struct Open {
    lab: Lab,
    class: String,
    student: String,
    seed: u64,
    /// Lines that were prepared.
    prepared: usize,
    /// When the student came, in microseconds.
    start_us: u64,
    /// Branches that were done again, so that it is done once.
    played: Vec<(Branch, Played)>,
}

/// What a text is the lesson of.
pub(super) fn card_of(text: &str) -> Result<Card, String> {
    file::read(text).map(|lab| card(&lab))
}

/// The lesson that is meant: the file that came with it, or one of this build.
pub(super) fn read(which: &Which) -> Result<Lab, String> {
    if !which.file.is_empty() {
        return file::read(&which.file);
    }
    let source = library::find(&which.id);
    source.ok_or_else(|| format!("There is no lesson {:?}.", which.id))?.read()
}

impl Lessons {
    /// Opens a lesson: its world, set up, and its texts for this student.
    pub(super) fn open(&mut self, lab: Lab, which: &Which) -> Result<(Bench, Sheet), String> {
        let seed = lab.seed(&which.class, &which.student);
        let bench = lab.open(seed)?;
        let open = Open {
            prepared: bench.log().len(),
            start_us: bench.now_us(),
            class: which.class.clone(),
            student: which.student.clone(),
            played: Vec::new(),
            lab,
            seed,
        };
        let sheet = open.sheet(&bench);
        self.open = Some(open);
        Ok((bench, sheet))
    }

    /// Takes a lesson in its new wording, for the run that is on the bench, if it prepares that one.
    pub(super) fn revise(&mut self, text: &str, bench: Option<&Bench>) -> Result<Sheet, String> {
        let lab = file::read(text)?;
        let begins = |lab: &Lab| (lab.id.clone(), lab.members, lab.prepare.clone());
        match (&mut self.open, bench) {
            (Some(open), Some(bench)) if begins(&open.lab) == begins(&lab) => {
                open.lab = lab;
                Ok(open.sheet(bench))
            }
            _ => Ok(Sheet { unopened: true, ..sheet(&lab, &[]) }),
        }
    }

    /// What happened on the bench, as goals.
    pub(super) fn offers(&mut self, bench: &Bench) -> Result<Vec<Offer>, String> {
        let open = self.opened()?;
        let end = Moment::after(bench.world().now());
        let offers = bench.world().chronicle(|chronicle| offer::offers(&open.lab, chronicle, end));
        let told = |offer: offer::Offer| Offer {
            at_us: offer.at_us,
            title: offer.title,
            formula: offer.formula,
        };
        Ok(offers.unwrap_or_default().into_iter().map(told).collect())
    }

    /// What was done on the bench, as prepared lines.
    pub(super) fn set_up(&mut self, bench: &Bench) -> Result<Vec<String>, String> {
        let open = self.opened()?;
        setup::lines(&open.lab, &open.class, &open.student, bench, open.prepared)
    }

    /// A world that is made anew: that of the open lesson keeps a chronicle, another one ends the lesson.
    pub(super) fn boot(&mut self, setup: &Setup, actions: &[Action]) -> Option<Bench> {
        let open = self.open.as_ref()?;
        if setup.seed != open.seed || setup.members != open.lab.members {
            self.open = None;
            return None;
        }
        let mut bench = Bench::chronicled(setup.clone());
        bench.follow(actions.iter().cloned());
        Some(bench)
    }

    fn opened(&mut self) -> Result<&mut Open, String> {
        self.open.as_mut().ok_or_else(|| "No lesson is open. Send open-lesson first.".to_string())
    }

    /// Why the open lesson does not let a line pass, if it does not.
    pub(super) fn forbids(&self, line: &str) -> Option<String> {
        self.open.as_ref()?.lab.forbids(line)
    }

    /// Judges the present run, and other branches beside it.
    pub(super) fn judge(
        &mut self,
        bench: &Bench,
        present: &str,
        branches: &[Branch],
    ) -> Result<Grade, String> {
        let open = self.opened()?;
        if branches.len() >= BRANCHES_MAX {
            return Err(format!("A lesson has {BRANCHES_MAX} branches at most."));
        }
        open.played.retain(|(known, _)| branches.contains(known));
        for branch in branches {
            if !open.played.iter().any(|(known, _)| known == branch) {
                let played = grade::play(&open.lab, open.seed, &own(branch))?;
                open.played.push((branch.clone(), played));
            }
        }
        let mut played: Vec<Played> = Vec::new();
        for branch in branches {
            let known = open.played.iter().find(|(known, _)| known == branch);
            played.extend(known.map(|(_, played)| played.clone()));
        }
        played.push(Played {
            name: present.to_owned(),
            end: Moment::after(bench.world().now()),
            chronicle: bench.world().chronicle(Clone::clone).unwrap_or_default(),
        });
        let grade = grade::judge(&open.lab, &played);
        Ok(told(&open.lab, &open.class, &open.student, &grade))
    }

    /// The text to hand in: other branches and the present run.
    pub(super) fn submission(
        &mut self,
        bench: &Bench,
        present: &Branch,
        branches: &[Branch],
    ) -> Result<String, String> {
        let open = self.opened()?;
        let mut submission = Submission::new(&open.lab.id, &open.class, &open.student);
        submission.branches = branches.iter().map(own).collect();
        let lines = bench.log().iter().skip(open.prepared).cloned().collect();
        let until_us = bench.end_us();
        submission.branches.push(own(&Branch { lines, until_us, ..present.clone() }));
        let text = submission.to_string();
        // What cannot be read is not handed in.
        submission::read(&text)?;
        Ok(text)
    }
}

/// Reads a submission of this lesson, or of one of this build, and grades it.
pub(super) fn grade_text(text: &str, file: &str) -> Result<Grade, String> {
    let submission = submission::read(text)?;
    let which = Which { id: submission.lesson.clone(), file: file.to_owned(), ..Which::default() };
    let lab = read(&which)?;
    let grade = grade::grade(&lab, &submission)?;
    Ok(told(&lab, &submission.class, &submission.student, &grade))
}

fn own(branch: &Branch) -> submission::Branch {
    submission::Branch {
        name: branch.name.clone(),
        from: (!branch.from.is_empty()).then(|| (branch.from.clone(), branch.shared)),
        lines: branch.lines.clone(),
        until_us: branch.until_us,
    }
}

fn card(lab: &Lab) -> Card {
    Card {
        id: lab.id.clone(),
        title: lab.title.clone(),
        minutes: lab.minutes,
        objective: lab.objective.clone(),
        goals: u32::try_from(lab.goals.len()).unwrap_or(u32::MAX),
    }
}

impl Open {
    /// The lesson as this student reads it.
    fn sheet(&self, bench: &Bench) -> Sheet {
        let fills = bench.world().chronicle(|chronicle| self.lab.fills(chronicle));
        Sheet {
            seed: self.seed,
            start_us: self.start_us,
            prepared: bench.log().iter().take(self.prepared).cloned().collect(),
            ..sheet(&self.lab, &fills.unwrap_or_default())
        }
    }
}

/// The seeds of a class.
pub(super) fn seats(lesson: &str, class: &str, students: &[String]) -> Vec<Seat> {
    let seat = |student: &String| Seat {
        student: student.clone(),
        seed: lab::seed_of(lesson, class, student),
    };
    students.iter().map(seat).collect()
}

/// The texts of a lesson, with what its names stand for.
fn sheet(lab: &Lab, fills: &[(String, String)]) -> Sheet {
    let told = |text: &str| lab::told(text, fills);
    let all = |texts: &[String]| texts.iter().map(|text| told(text)).collect();
    let (intro, sections) = sections(&lab.text);
    let step = |(place, step): (usize, &lab::Step)| Step {
        title: told(&step.title),
        text: sections.get(place).map(|text| told(text)).unwrap_or_default(),
    };
    let prediction = |one: &lab::Prediction| Prediction {
        name: one.name.clone(),
        step: one.step,
        question: told(&one.question),
        choices: all(&one.choices),
        several: one.several,
        accepted: all(&one.accepted),
        tempting: one.tempting.iter().map(|(choice, why)| (told(choice), told(why))).collect(),
    };
    let question = |one: &lab::Question| Question {
        name: one.name.clone(),
        step: one.step,
        question: told(&one.question),
        kind: one.kind.name().to_owned(),
        choices: all(&one.choices),
        unit: one.unit.clone(),
    };
    let goal = |one: &lab::LabGoal| Goal {
        name: one.name.clone(),
        step: one.step,
        title: told(&one.title),
        weight: one.weight,
        formula: one.text.trim().to_owned(),
        hints: all(&one.hints),
    };
    Sheet {
        card: card(lab),
        intro: told(intro),
        steps: lab.steps.iter().enumerate().map(step).collect(),
        predictions: lab.predictions.iter().map(prediction).collect(),
        questions: lab.questions.iter().map(question).collect(),
        goals: lab.goals.iter().map(goal).collect(),
        locked: lab.locked.clone(),
        members: lab.members.into(),
        ..Sheet::default()
    }
}

/// A part without its first line: that is its heading, which lesson and step have themselves.
fn body(part: &str) -> &str {
    part.split_once('\n').map_or("", |(_, body)| body.trim())
}

/// What stands above the first `## `, and what stands below each of them.
fn sections(text: &str) -> (&str, Vec<&str>) {
    let mut parts = text.split("\n## ");
    let intro = parts.next().unwrap_or_default();
    (body(intro), parts.map(body).collect())
}

fn told(lab: &Lab, class: &str, student: &str, grade: &grade::Grade) -> Grade {
    let result = |goal: &grade::GoalGrade| {
        let (verdict, words) = match &goal.judged {
            Judged::Met { .. } => ("met", goal.event.clone().unwrap_or_default()),
            Judged::NotMet(why) => ("not-met", why.clone()),
            Judged::Undecided(why) => ("undecided", why.clone()),
        };
        GoalResult {
            name: goal.name.clone(),
            verdict: verdict.to_owned(),
            at_us: goal.at.as_ref().map(|(_, at_us)| *at_us),
            branch: goal.at.as_ref().map(|(branch, _)| branch.clone()).unwrap_or_default(),
            words,
            points: goal.points,
            most: goal.most,
        }
    };
    Grade {
        lesson: lab.id.clone(),
        class: class.to_owned(),
        student: student.to_owned(),
        goals: grade.goals.iter().map(result).collect(),
        predictions: grade
            .predictions
            .iter()
            .map(|one| (one.name.clone(), one.made.word().to_owned()))
            .collect(),
        points: grade.points(),
        most: grade.most(),
    }
}
