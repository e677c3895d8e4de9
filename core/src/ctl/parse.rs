//! From a command line to one command of the tree, by the rules of cobra.
//!
//! cobra is the library behind etcdctl's commands. What users see of it: a command may be shortened
//! to any prefix that fits one command only (`etcdctl mem li`); flags may come before the command;
//! a command that is only a group prints its help; `--help` wins over everything after the flags
//! were read; a wrong flag prints the error, the usage, and the error again.

use super::commands::{Action, Command};
use super::flags::{Arg, Flag, FlagSet};
use super::{Exit, Output, go, help};
use crate::order;

/// What a command line asks for.
pub(super) enum Parsed {
    /// A command to run.
    Run(Invocation),
    /// Nothing to run: the output is known already.
    Print(Output),
}

/// One command with its flags and arguments.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) action: Action,
    pub(super) flags: FlagSet,
    /// The names of the flags that the command inherits, in alphabetical order: those that an
    /// environment variable may set.
    pub(super) inherited: Vec<&'static str>,
    pub(super) args: Vec<Arg>,
    /// All words as they were typed.
    pub(super) line: Vec<Arg>,
}

/// The commands from the root down to one of them.
#[derive(Clone)]
pub(super) struct Path(Vec<&'static Command>);

impl Path {
    pub(super) fn root(root: &'static Command) -> Self {
        Self(vec![root])
    }

    /// The command that the path leads to.
    pub(super) fn command(&self) -> &'static Command {
        self.0.last().expect("a path holds the root")
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The names of the commands, the root's included.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|command| command.name).collect()
    }

    fn join(&self, child: &'static Command) -> Self {
        Self(self.0.iter().copied().chain([child]).collect())
    }

    /// The flags that belong to the command itself, in alphabetical order; `help` is not declared
    /// but known everywhere.
    pub(super) fn local_flags(&self) -> Vec<&'static Flag> {
        let command = self.command();
        sorted(command.flags.iter().chain(command.persistent))
    }

    /// The flags that come from the commands above, in alphabetical order.
    pub(super) fn inherited_flags(&self) -> Vec<&'static Flag> {
        let above = &self.0[..self.0.len() - 1];
        sorted(above.iter().flat_map(|command| command.persistent))
    }

    fn flag(&self, matches: impl Fn(&Flag) -> bool) -> Option<&'static Flag> {
        self.local_flags().into_iter().chain(self.inherited_flags()).find(|flag| matches(flag))
    }

    /// Whether the next word is this one's value, as in `--endpoints a get k`. Flags that are unknown
    /// here seem to have values, `--help` among them, which cobra adds after it found the command.
    fn takes_next_word(&self, word: &[u8]) -> bool {
        let is_bool =
            |flag: Option<&Flag>| flag.is_some_and(|flag| flag.kind == super::flags::Kind::Bool);
        match word {
            _ if word.contains(&b'=') => false,
            [b'-', b'-', name @ ..] => !is_bool(self.flag(|flag| flag.name.as_bytes() == name)),
            [b'-', short] => {
                let short = char::from(*short);
                !is_bool(self.flag(|flag| flag.short == Some(short)))
            }
            _ => false,
        }
    }

    /// The place of the first word that is neither a flag nor a flag's value.
    fn first_argument(&self, argv: &[Arg]) -> Option<usize> {
        let mut at = 0;
        while let Some(word) = argv.get(at) {
            match word.as_slice() {
                b"--" => return None,
                word if self.takes_next_word(word) => at += 2,
                [] | [b'-', ..] => at += 1,
                _ => return Some(at),
            }
        }
        None
    }

    /// The command that `word` names: exactly, or as the prefix of one only.
    pub(super) fn child(&self, word: &[u8]) -> Option<Self> {
        let children = self.command().children;
        let exact = children.iter().find(|child| child.name.as_bytes() == word);
        let mut prefixed = children.iter().filter(|child| child.name.as_bytes().starts_with(word));
        let ((Some(child), ..) | (None, Some(child), None)) =
            (exact, prefixed.next(), prefixed.next())
        else {
            return None;
        };
        Some(self.join(child))
    }

    /// Walks down as far as the words go, and takes the words of commands out of `argv`.
    pub(super) fn find(self, mut argv: Vec<Arg>) -> (Self, Vec<Arg>) {
        let mut path = self;
        while let Some(at) = path.first_argument(&argv) {
            let Some(child) = path.child(&argv[at]) else { break };
            argv.remove(at);
            path = child;
        }
        (path, argv)
    }
}

fn sorted(flags: impl Iterator<Item = &'static Flag>) -> Vec<&'static Flag> {
    let mut flags: Vec<_> = flags.collect();
    order::sort_by_key(&mut flags, |flag| flag.name);
    flags
}

/// Reads a whole command line of etcdctl, without the program's name.
pub(super) fn parse(root: &'static Command, argv: Vec<Arg>) -> Parsed {
    let line = argv.clone();
    let (path, words) = Path::root(root).find(argv);
    if path.is_root()
        && let Some(at) = path.first_argument(&words)
    {
        return Parsed::Print(unknown_command(&path, &words[at]));
    }
    match read(&path, &words) {
        Ok(Read::Help) => Parsed::Print(help::printed(&path)),
        Ok(Read::Run(invocation)) if invocation.action == Action::Help => {
            Parsed::Print(help_topic(root, invocation.args))
        }
        Ok(Read::Run(invocation)) => Parsed::Run(Invocation { line, ..invocation }),
        Err(why) => Parsed::Print(wrong_flag(&path, &why)),
    }
}

/// Reads one line of a transaction, where only the commands of `root` exist; `None` when it is wrong.
pub(super) fn parse_operation(
    root: &'static Command,
    argv: Vec<Arg>,
    output: &mut Output,
) -> Option<Invocation> {
    let (path, words) = Path::root(root).find(argv);
    if path.is_root() {
        return None;
    }
    match read(&path, &words) {
        Ok(Read::Run(invocation)) => Some(invocation),
        Ok(Read::Help) => None,
        Err(_) => {
            output.err_line(help::operation(&path));
            None
        }
    }
}

enum Read {
    Run(Invocation),
    Help,
}

/// Reads the flags of the command that was found.
fn read(path: &Path, words: &[Arg]) -> Result<Read, Arg> {
    let inherited = path.inherited_flags();
    let known = path.local_flags().into_iter().chain(inherited.iter().copied());
    let mut flags = FlagSet::new(known.chain([&help::FLAG]));
    let args = flags.parse(words)?;
    Ok(match path.command().action {
        Some(action) if !flags.bool(help::FLAG.name) => Read::Run(Invocation {
            action,
            flags,
            inherited: inherited.iter().map(|flag| flag.name).collect(),
            args,
            line: Vec::new(),
        }),
        _ => Read::Help,
    })
}

fn help_topic(root: &'static Command, args: Vec<Arg>) -> Output {
    let topic = args.join(&b"` `"[..]);
    let (path, rest) = Path::root(root).find(args);
    if path.is_root() && path.first_argument(&rest).is_some() {
        let mut output = help::printed(&path);
        output.err_line([b"Unknown help topic [`", topic.as_slice(), b"`]"].concat());
        return output;
    }
    help::printed(&path)
}

fn wrong_flag(path: &Path, why: &[u8]) -> Output {
    let mut output = help::printed(path);
    output.err_line([b"Error: ", why].concat());
    output.err_line("");
    output.fail(Exit::error(why));
    output
}

fn unknown_command(path: &Path, word: &[u8]) -> Output {
    let root = path.command();
    let mut why = format!("unknown command {} for {:?}", go::quote(word), root.name).into_bytes();
    let similar = suggestions(root, word);
    if !similar.is_empty() {
        why.extend_from_slice(b"\n\nDid you mean this?\n");
        for name in similar {
            why.extend_from_slice(format!("\t{name}\n").as_bytes());
        }
    }
    let mut output = Output::default();
    output.err_line([b"Error: ", why.as_slice()].concat());
    output.err_line(format!("Run '{} --help' for usage.", root.name));
    output.fail(Exit::error(&why));
    output
}

/// The commands within two edits of `word`, or that begin with it.
fn suggestions(root: &Command, word: &[u8]) -> Vec<&'static str> {
    let lower = word.to_ascii_lowercase();
    let similar = |name: &str| {
        edit_distance(&lower, name.as_bytes()) <= 2 || name.as_bytes().starts_with(&lower)
    };
    root.children.iter().map(|child| child.name).filter(|name| similar(name)).collect()
}

/// Levenshtein's distance, row by row.
fn edit_distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
