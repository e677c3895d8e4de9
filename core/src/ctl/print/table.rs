//! `-w table`: boxes, for members and endpoints.
//!
//! Headers are centred, cells stand at the right. A cell wider than thirty columns is broken between
//! words, so that its lines are as even as possible.

use super::{
    Format, HASH_COLUMNS, HEALTH_COLUMNS, MEMBER_COLUMNS, Report, STATUS_COLUMNS, cluster,
    hash_row, health_row, member_row, status_row,
};
use crate::ctl::{Exit, Output};

/// Wider cells are broken.
const CELL_WIDTH_MAX: usize = 30;

pub(super) fn print(report: Report<'_>, output: &mut Output) -> Result<(), Exit> {
    match report {
        Report::MemberList(response) => {
            render(&MEMBER_COLUMNS, response.members.iter().map(member_row), output);
        }
        Report::Health(list) => render(&HEALTH_COLUMNS, list.iter().map(health_row), output),
        Report::Status(list) => render(&STATUS_COLUMNS, list.iter().map(status_row), output),
        Report::HashKv(list) => render(&HASH_COLUMNS, list.iter().map(hash_row), output),
        Report::Cluster(picture) => {
            render(&cluster::COLUMNS, cluster::rows(picture), output);
        }
        Report::Get(_)
        | Report::Put(_)
        | Report::Del(_)
        | Report::Txn(_)
        | Report::Watch(_)
        | Report::Grant(_)
        | Report::Revoke(..)
        | Report::KeepAlive(_)
        | Report::TimeToLive { .. }
        | Report::Leases(_)
        | Report::MemberAdd(_)
        | Report::MemberRemove(..)
        | Report::MemberUpdate(..)
        | Report::MemberPromote(..)
        | Report::MoveLeader(..)
        | Report::AuthStatus(_)
        | Report::Changed(..)
        | Report::RoleGet(..)
        | Report::RoleList(_)
        | Report::UserGet(..)
        | Report::UserList(_)
        | Report::Alarms(_)
        | Report::Downgrade(..) => return Err(Format::Table.unsupported()),
    }
    Ok(())
}

pub(in crate::ctl) fn render<const N: usize>(
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
    output: &mut Output,
) {
    let rows: Vec<[Cell; N]> = rows.map(|row| row.map(|text| Cell::new(&text))).collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].width);
        cells.chain([width(columns[column])]).max().unwrap_or(0)
    });
    let rule: String = widths.iter().map(|width| format!("+{}", "-".repeat(width + 2))).collect();
    let rule = rule + "+";
    output.out_line(&rule);
    let header: [String; N] = std::array::from_fn(|at| centred(columns[at], widths[at]));
    output.out_line(line(&header));
    output.out_line(&rule);
    for row in &rows {
        let height = row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
        for at in 0..height {
            let cells: [String; N] = std::array::from_fn(|column| {
                let text = row[column].lines.get(at).map_or("", String::as_str);
                format!("{}{text}", " ".repeat(widths[column] - width(text)))
            });
            output.out_line(line(&cells));
        }
    }
    output.out_line(&rule);
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn centred(text: &str, room: usize) -> String {
    let gap = room - width(text);
    format!("{}{text}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2))
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// A cell, broken into lines when it is too wide.
struct Cell {
    lines: Vec<String>,
    /// What the column must leave room for: a broken cell keeps the whole width that it may have.
    width: usize,
}

impl Cell {
    fn new(text: &str) -> Self {
        let words: Vec<&str> = text.split([' ', '\n']).collect();
        let longest_word = words.iter().map(|word| width(word)).max().unwrap_or(0);
        let width = width(text).min(CELL_WIDTH_MAX).max(longest_word);
        let lines = break_evenly(&words, width);
        Self { lines: lines.into_iter().map(|line| line.join(" ")).collect(), width }
    }
}

/// Breaks words into lines of at most `limit` columns so that the sum of the squares of what is
/// left free, in all lines but the last, is the least; the earliest break wins a tie.
fn break_evenly<'a>(words: &[&'a str], limit: usize) -> Vec<Vec<&'a str>> {
    let length = |from: usize, to: usize| {
        words[from..to].iter().map(|word| width(word)).sum::<usize>() + to - from - 1
    };
    let count = words.len();
    // For the words from each place on: the cost, and where the first of their lines ends.
    let mut best = vec![(0, count); count + 1];
    for from in (0..count).rev() {
        if length(from, count) <= limit {
            continue;
        }
        best[from] = (from + 1..count)
            .take_while(|end| length(from, *end) <= limit)
            .map(|end| ((limit - length(from, end)).pow(2) + best[end].0, end))
            .min()
            .expect("no word is longer than the limit");
    }
    let mut lines = Vec::new();
    let mut from = 0;
    while from < count {
        let end = best[from].1;
        lines.push(words[from..end].to_vec());
        from = end;
    }
    lines
}
