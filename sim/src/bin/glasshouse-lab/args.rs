//! Command lines of this program: flags with a value, flags without, one-sentence errors.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use glasshouse_sim::mutant::Mutant;

/// The flags of one command, each taken once.
pub(crate) struct Args {
    flags: BTreeMap<String, Option<String>>,
    words: Vec<String>,
}

/// Flags that stand alone.
const SWITCHES: [&str; 7] =
    ["--all", "--black-box", "--calm", "--csv", "--faults", "--twice", "--unchecked"];
/// Flags that want a value, with an example of one.
const VALUES: [(&str, &str); 17] = [
    ("--seed", "42"),
    ("--seeds", "1..500"),
    ("--nodes", "5"),
    ("--seconds", "60"),
    ("--script", "story.txt"),
    ("--mutant", "M05"),
    ("--rate", "100"),
    ("--jobs", "2"),
    ("--minutes", "10"),
    ("--shard", "0/4"),
    ("--out", "findings"),
    ("--up-to", "medium"),
    ("--format", "json"),
    ("--labs", "labs"),
    ("--lesson", "30-mine.lesson"),
    ("--class", "spring"),
    ("--student", "017"),
];

impl Args {
    /// Reads flags; each may be written `--flag value` or `--flag=value`.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut flags = BTreeMap::new();
        let mut plain = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                plain.push(word);
                continue;
            }
            let (flag, mut value) = match word.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            if let Some((_, example)) = VALUES.iter().find(|(name, _)| *name == flag) {
                value = value.or_else(|| words.next());
                if value.is_none() {
                    return Err(format!("{flag} wants a value, like {flag} {example}."));
                }
            } else if !SWITCHES.contains(&flag.as_str()) {
                return Err(format!("There is no flag {flag}; glasshouse-lab help lists them."));
            } else if value.is_some() {
                return Err(format!("{flag} takes no value."));
            }
            if flags.insert(flag.clone(), value).is_some() {
                return Err(format!("{flag} is given twice."));
            }
        }
        Ok(Self { flags, words: plain })
    }

    /// What is no flag and no value of one: files.
    pub(crate) fn words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// Whether a flag without a value is there.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        self.flags.remove(name).is_some()
    }

    /// The text of a flag.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.flags.remove(name).flatten()
    }

    /// The number of a flag, or `default`.
    pub(crate) fn number<N: FromStr>(&mut self, name: &str, default: N) -> Result<N, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|_| format!("{name} wants a whole number, not {text:?}."))
    }

    /// How many members: 1 to 9.
    pub(crate) fn nodes(&mut self, default: u8) -> Result<u8, String> {
        let nodes = self.number("--nodes", default)?;
        if (1..=9).contains(&nodes) { Ok(nodes) } else { Err("--nodes wants 1 to 9.".into()) }
    }

    /// The length of a run in virtual seconds.
    pub(crate) fn seconds(&mut self) -> Result<u64, String> {
        let seconds = self.number("--seconds", 60)?;
        let sane = (1..=1_000_000).contains(&seconds);
        if sane { Ok(seconds) } else { Err("--seconds wants 1 to 1000000.".into()) }
    }

    /// Seeds `A..B`: from A up to and without B.
    pub(crate) fn seeds(&mut self, default: Range<u64>) -> Result<Range<u64>, String> {
        let Some(text) = self.text("--seeds") else { return Ok(default) };
        let range = text.split_once("..").and_then(|(from, to)| {
            let range = from.parse().ok()?..to.parse().ok()?;
            (range.start < range.end).then_some(range)
        });
        range.ok_or_else(|| format!("--seeds wants a range like 1..500, not {text:?}."))
    }

    /// The planted fault, if one is asked for.
    pub(crate) fn mutant(&mut self) -> Result<Option<Mutant>, String> {
        let Some(name) = self.text("--mutant") else { return Ok(None) };
        let known = || Mutant::all().map(Mutant::code).collect::<Vec<_>>().join(", ");
        let mutant = Mutant::from_name(&name);
        mutant
            .map(Some)
            .ok_or_else(|| format!("There is no mutant {name:?}; there is {}.", known()))
    }

    /// Nothing may be left over: a flag of another command is a mistake.
    pub(crate) fn finish(self, command: &str) -> Result<(), String> {
        match self.words.into_iter().chain(self.flags.into_keys()).next() {
            Some(flag) => Err(format!("{flag} means nothing to glasshouse-lab {command}.")),
            None => Ok(()),
        }
    }
}
