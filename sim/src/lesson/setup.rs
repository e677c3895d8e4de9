//! What was done on a bench, as prepared lines of a lesson: whoever opens it begins where its author stood.
//!
//! ```text
//!   2.1 s put color red                  "put color red"
//!   4.0 s kill n2        (n2 led)  ──►   "run 1.88s", "kill leader"
//!   (now 6.0 s)                          "run 2s"
//! ```
//!
//! Another student has another seed, and so another leader. Where a line names the leader and no other line names that
//! member, it becomes `leader`.

use super::Lab;
use super::lab::{finish_prepared, seed_of};
use crate::chronicle::Moment;
use crate::clock::MICROS;
use crate::script::siege::time_text;
use crate::script::{Bench, Command, parse};
use crate::view::call::Action;

/// The lines that lead from the beginning of a world to where this bench stands; its first `prepared` lines are the
/// lesson's own.
///
/// # Errors
/// One sentence: it is too much to be prepared, or a line does not fit the run of another student.
pub fn lines(
    lab: &Lab,
    class: &str,
    student: &str,
    bench: &Bench,
    prepared: usize,
) -> Result<Vec<String>, String> {
    let mut lines = lab.prepare.clone();
    let mut again = lab.open(lab.seed(class, student))?;
    let done: Vec<&Action> =
        bench.log().iter().skip(prepared).filter(|action| is_of_the_world(&action.line)).collect();
    for (nth, action) in done.iter().enumerate() {
        wait(&mut again, action.time_us, &mut lines)?;
        let others = done.iter().enumerate().filter(|(other, _)| *other != nth);
        let others: Vec<&str> = others.map(|(_, action)| action.line.as_str()).collect();
        lines.push(for_all(&again, &action.line, &others));
        let id = again.exec(&action.line);
        finish_prepared(&mut again, id)?;
    }
    wait(&mut again, bench.now_us(), &mut lines)?;
    let all = Lab { prepare: lines, ..lab.clone() };
    all.open(seed_of(&lab.id, class, "somebody else"))
        .map_err(|why| format!("This fits your run and not that of another student. {why}"))?;
    Ok(all.prepare)
}

/// What a student says is no part of a set-up.
fn is_of_the_world(line: &str) -> bool {
    !matches!(
        parse(line),
        Err(_)
            | Ok(Command::Answer { .. }
                | Command::Predict { .. }
                | Command::Hint { .. }
                | Command::Mark(_))
    )
}

/// Lets time flow to a moment, by a line.
fn wait(bench: &mut Bench, until_us: u64, lines: &mut Vec<String>) -> Result<(), String> {
    let left_us = until_us.saturating_sub(bench.now_us());
    if left_us == 0 {
        return Ok(());
    }
    // A line that waits ends on a whole millisecond.
    let line = format!("run {}", time_text(left_us.next_multiple_of(1_000) * MICROS));
    let id = bench.exec(&line);
    finish_prepared(bench, id)?;
    lines.push(line);
    Ok(())
}

/// The line with `leader` in place of the member that leads now, if no other line means that member.
fn for_all(bench: &Bench, line: &str, others: &[&str]) -> String {
    let now = Moment::after(bench.world().now());
    let leader = bench.world().chronicle(|chronicle| chronicle.leader(now)).flatten();
    let Some(name) = leader.map(|leader| leader.to_string()) else { return line.to_owned() };
    let names = |line: &str| line.split_whitespace().filter(|word| *word == name).count();
    let of_one_member = matches!(
        parse(line),
        Ok(Command::Kill(_) | Command::Stop(_) | Command::PowerOff { .. } | Command::Freeze(_))
    );
    if !of_one_member || names(line) != 1 || others.iter().any(|line| names(line) > 0) {
        return line.to_owned();
    }
    let words = line.split(' ').map(|word| if word == name { "leader" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
