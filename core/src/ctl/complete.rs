//! Completion for a terminal: which words may stand where the line ends.

use super::commands::ROOT;
use super::flags::{Arg, Kind};
use super::parse::Path;
use super::print::Format;
use super::words::words;
use crate::order;

/// The words that may replace the last one of `line`, in alphabetical order: commands, flags when it
/// begins with `-`, and values of flags that have few. The line holds no program's name.
pub fn complete(line: &str) -> Vec<String> {
    let Ok(mut typed) = words(line) else { return Vec::new() };
    let last = match line.ends_with(char::is_whitespace) || typed.is_empty() {
        true => String::new(),
        false => typed.pop().expect("not empty"),
    };
    let before: Vec<Arg> = typed.iter().map(|word| word.clone().into_bytes()).collect();
    let path = Path::root(&ROOT).find(before).0;
    let flag_before = typed.last().and_then(|word| flag_name(&path, word));
    if let Some(name) = flag_before.filter(|_| typed.iter().all(|word| word != "--")) {
        return matching(values(name).iter().copied(), &last);
    }
    if let Some((flag, value)) = last.split_once('=').filter(|_| last.starts_with("--")) {
        let values = values(&flag[2..]);
        return matching(values.iter().copied(), value)
            .into_iter()
            .map(|value| format!("{flag}={value}"))
            .collect();
    }
    if last.starts_with('-') {
        let known = path.local_flags().into_iter().chain(path.inherited_flags());
        let names: Vec<String> =
            known.map(|flag| format!("--{}", flag.name)).chain(["--help".to_owned()]).collect();
        return matching(names.iter().map(String::as_str), &last);
    }
    matching(path.command().children.iter().map(|child| child.name), &last)
}

/// The flag whose value comes next, when `word` is one that takes a value.
fn flag_name(path: &Path, word: &str) -> Option<&'static str> {
    let mut known = path.local_flags().into_iter().chain(path.inherited_flags());
    let name = word.strip_prefix("--");
    let short = word.strip_prefix('-').and_then(|rest| rest.parse().ok());
    known
        .find(|flag| name == Some(flag.name) || short.is_some() && flag.short == short)
        .filter(|flag| flag.kind != Kind::Bool)
        .map(|flag| flag.name)
}

/// The values of a flag that has few.
fn values(flag: &str) -> Vec<&'static str> {
    match flag {
        "write-out" => Format::NAMES.iter().map(|(name, _)| *name).collect(),
        "consistency" => vec!["l", "s"],
        "order" => vec!["ASCEND", "DESCEND"],
        "sort-by" => vec!["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"],
        _ => Vec::new(),
    }
}

fn matching<'a>(words: impl Iterator<Item = &'a str>, start: &str) -> Vec<String> {
    let mut words: Vec<String> =
        words.filter(|word| word.starts_with(start)).map(str::to_owned).collect();
    order::sort(&mut words);
    words
}
