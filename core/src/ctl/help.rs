//! The page that `--help` prints, in etcdctl's layout.
//!
//! Columns are aligned with tabs: every cell is padded to the next multiple of eight that leaves
//! room behind the widest cell of its column, and a column lasts for as many lines as have it.

use super::commands::Command;
use super::flags::{Flag, Kind};
use super::parse::Path;
use super::{API_VERSION, Output, VERSION, go};
use crate::order;

/// The flag that every command has.
pub(super) static FLAG: Flag = Flag::bool("help", "").short('h');

/// The help of a command, on standard output.
pub(super) fn printed(path: &Path) -> Output {
    let mut output = Output::default();
    output.out(align(&page(path)));
    output
}

/// The page with cells separated by tabs, before alignment.
fn page(path: &Path) -> String {
    let command = path.command();
    let names = path.names();
    let title = if path.is_root() { command.name.to_owned() } else { names[1..].join(" ") };
    let above: String = names[..names.len() - 1].iter().flat_map(|name| [name, " "]).collect();
    let mut page = format!("NAME:\n\t{title} - {}\n\n", command.short);
    page += &format!("USAGE:\n\t{above}{} [flags]\n", command.usage);
    if path.is_root() {
        page += &format!("\nVERSION:\n\t{VERSION}\n");
    }
    if !command.children.is_empty() {
        page += &format!("\nAPI VERSION:\n\t{API_VERSION}\n\n\nCOMMANDS:\n");
        list_commands(&mut page, command.children, "");
    }
    if !command.long.is_empty() {
        page += "\nDESCRIPTION:\n";
        for line in command.long.lines() {
            page += &format!("\t{line}\n");
        }
    }
    page += "\nOPTIONS:\n";
    let help = format!("help for {}", command.name);
    let mut local: Vec<_> = path.local_flags().into_iter().map(|flag| (flag, flag.usage)).collect();
    local.push((&FLAG, &help));
    order::sort_by_key(&mut local, |(flag, _)| flag.name);
    for (flag, usage) in local {
        page += &option(flag, usage);
    }
    let inherited = path.inherited_flags();
    if !inherited.is_empty() {
        page += "\nGLOBAL OPTIONS:\n";
        page.extend(inherited.into_iter().map(|flag| option(flag, flag.usage)));
    }
    page + "\n"
}

/// One line for each command that can run, groups resolved.
fn list_commands(page: &mut String, commands: &[Command], group: &str) {
    for command in commands {
        if command.action.is_some() {
            *page += &format!("\t{group}{}\t{}\n", command.name, command.short);
        }
        list_commands(page, command.children, &format!("{group}{} ", command.name));
    }
}

fn option(flag: &Flag, usage: &str) -> String {
    let name = flag_name(flag);
    let value = match flag.kind {
        Kind::Bool => format!("[={}]", flag.default),
        Kind::String => format!("={}", go::quote(flag.default.as_bytes())),
        Kind::Int64 | Kind::Uint64 | Kind::Duration | Kind::StringSlice => {
            format!("={}", flag.default)
        }
    };
    format!("{name}{value}\t{usage}\n")
}

fn flag_name(flag: &Flag) -> String {
    match flag.short {
        Some(short) => format!("  -{short}, --{}", flag.name),
        None => format!("      --{}", flag.name),
    }
}

/// The shorter page of cobra's own, which a wrong flag within a transaction prints.
pub(super) fn operation(path: &Path) -> String {
    let command = path.command();
    let help = format!("help for {}", command.name);
    let mut flags: Vec<(&Flag, &str)> =
        path.local_flags().into_iter().map(|flag| (flag, flag.usage)).collect();
    flags.push((&FLAG, &help));
    order::sort_by_key(&mut flags, |(flag, _)| flag.name);
    format!("Usage:\n   {} [flags]\n\nFlags:\n", command.usage) + &flag_usages(&flags)
}

/// Flags as pflag lists them: names, the kind of their values, what they do, their defaults.
pub(super) fn flag_usages(flags: &[(&Flag, &str)]) -> String {
    let name = |flag: &Flag| match flag.kind {
        Kind::Bool => flag_name(flag),
        Kind::Int64 => format!("{} int", flag_name(flag)),
        Kind::Uint64 => format!("{} uint", flag_name(flag)),
        Kind::String => format!("{} string", flag_name(flag)),
        Kind::Duration => format!("{} duration", flag_name(flag)),
        Kind::StringSlice => format!("{} strings", flag_name(flag)),
    };
    let width = flags.iter().map(|(flag, _)| name(flag).len()).max().unwrap_or(0);
    let mut page = String::new();
    for (flag, usage) in flags {
        let default = match flag.kind {
            Kind::String if !flag.default.is_empty() => format!(" (default {:?})", flag.default),
            Kind::Uint64 if flag.default != "0" => format!(" (default {})", flag.default),
            _ => String::new(),
        };
        page += &format!("{:width$}   {usage}{default}\n", name(flag));
    }
    page
}

const TAB: usize = 8;

/// Aligns cells that end with a tab.
fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|_| Vec::new()).collect();
    align_columns(&lines, &mut widths, 0, 0..lines.len());
    let mut out = String::new();
    for (line, widths) in lines.iter().zip(&widths) {
        for (cell, width) in line.iter().zip(widths) {
            out += cell;
            let missing = width - cell.chars().count();
            out.extend(std::iter::repeat_n('\t', missing.div_ceil(TAB)));
        }
        out += line.last().expect("a line has a last cell");
        out.push('\n');
    }
    out
}

/// Finds the width of `column` for every run of lines in `range` that have it, then of the columns
/// to its right within that run.
fn align_columns(
    lines: &[Vec<&str>],
    widths: &mut [Vec<usize>],
    column: usize,
    range: std::ops::Range<usize>,
) {
    let has_column = |line: usize| column + 1 < lines[line].len();
    let mut start = range.start;
    while start < range.end {
        if !has_column(start) {
            start += 1;
            continue;
        }
        let end = (start..range.end).find(|line| !has_column(*line)).unwrap_or(range.end);
        let widest = (start..end).map(|line| lines[line][column].chars().count()).max();
        let width = (widest.unwrap_or(0) + 1).next_multiple_of(TAB);
        for line in &mut widths[start..end] {
            line.push(width);
        }
        align_columns(lines, widths, column + 1, start..end);
        start = end;
    }
}
