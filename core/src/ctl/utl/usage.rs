//! The page that cobra prints by itself: usage, commands, flags.

use super::commands::{Command, PERSISTENT};
use super::{go, help};
use crate::ctl::flags::{Arg, Flag};
use crate::ctl::{Exit, Output};
use crate::order;

/// Columns that the name of a command takes at least.
const NAME_WIDTH: usize = 11;

/// The page of a command, on standard output.
pub(super) fn page(command: &Command) -> Output {
    let mut output = Output::default();
    output.out(text(command));
    output
}

/// A wrong flag, or a missing one: cobra prints the error and the page, etcdutl the error again.
pub(super) fn wrong(command: &Command, why: &[u8]) -> Output {
    let mut output = Output::default();
    output.err_line([b"Error: ", why].concat());
    output.err_line(text(command));
    output.fail(Exit::error(why));
    output
}

/// A word that names no command.
pub(super) fn unknown(word: &Arg) -> Output {
    let why = format!("unknown command {} for \"etcdutl\"", go::quote(word));
    let mut output = Output::default();
    output.err_line(format!("Error: {why}"));
    output.err_line("Run 'etcdutl --help' for usage.");
    output.fail(Exit::error(why));
    output
}

fn text(command: &Command) -> String {
    let line = command.line();
    let children: Vec<&Command> = command.children().collect();
    let mut page = String::from("Usage:\n");
    if command.action.is_some() {
        page += &format!("  {line}{} [flags]\n", command.arguments);
    }
    if !children.is_empty() {
        page += &format!("  {line} [command]\n\nAvailable Commands:\n");
        for child in &children {
            page += &format!("  {:NAME_WIDTH$} {}\n", child.name(), child.short);
        }
    }
    let help_usage = format!("help for {}", command.name());
    let mut local: Vec<(&Flag, &str)> =
        command.flags.iter().map(|flag| (flag, flag.usage)).collect();
    local.push((&help::FLAG, &help_usage));
    let global = PERSISTENT.iter().map(|flag| (flag, flag.usage));
    if command.is_root() {
        local.extend(global.clone());
    }
    order::sort_by_key(&mut local, |(flag, _)| flag.name);
    page += &format!("\nFlags:\n{}", help::flag_usages(&local));
    if !command.is_root() {
        page += &format!("\nGlobal Flags:\n{}", help::flag_usages(&global.collect::<Vec<_>>()));
    }
    if !children.is_empty() {
        page +=
            &format!("\nUse \"{line} [command] --help\" for more information about a command.\n");
    }
    page
}
