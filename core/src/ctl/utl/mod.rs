//! etcdutl as a library: the command line for what lies on a disk while no member runs.
//!
//! As with etcdctl, lines are read and answers printed here, and files are the work of the world: it
//! [parses](parse) a line, does the [`Job`], and prints what came out.
//!
//! ```text
//!   argv ──parse──► Job ──── the world: files, a store, a log ────► print_status, print_hash
//!              └──► Output (help, version, a wrong line)                      │
//!                                                                             ▼
//!                                                                           Output
//! ```
//!
//! Names, options and outputs are those of etcdutl 3.5.16; `hashkv` and `migrate` came with 3.6.
//! Differences, all on purpose:
//!
//! - `migrate` is refused with a sentence: there is one layout of our files, and etcd's are not ours;
//! - `hashkv` takes a data directory, too, and neither it nor `defrag` waits for a running member:
//!   they say that it runs;
//! - `backup`, which was for version 2 of etcd's API, and `completion` do not exist.

mod commands;
mod print;
mod usage;

use self::commands::{Action, COMMANDS, Command};
use super::flags::{Arg, FlagSet};
use super::print::Format;
use super::{API_VERSION, Exit, Output, VERSION, go, help};

pub use self::print::{print_error, print_hash, print_status};

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Something to do with files.
    Run(Job),
    /// Nothing to do: the output is known already.
    Print(Output),
}

/// Something to do with files. Paths are bytes, as an operating system has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Print what a snapshot file holds.
    Status {
        /// The file.
        file: Arg,
        /// How to print it.
        format: WriteOut,
    },
    /// Make a data directory of a snapshot file.
    Restore(Box<Restore>),
    /// Give space of a store back to the disk.
    Defrag {
        /// The directory.
        data_dir: Arg,
    },
    /// Print the hash of the keys in a snapshot file, a store, or a data directory.
    HashKv {
        /// The file or directory.
        file: Arg,
        /// The revision to hash at, 0 for the last.
        revision: i64,
        /// How to print it.
        format: WriteOut,
    },
}

/// A value of `--write-out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOut(Format);

/// The options of `snapshot restore`, as they were given. URLs are not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// The snapshot file.
    pub file: Arg,
    /// `--name`
    pub name: Arg,
    /// `--data-dir`
    pub data_dir: Arg,
    /// `--wal-dir`; empty when it is in the data directory.
    pub wal_dir: Arg,
    /// `--initial-cluster`
    pub initial_cluster: Arg,
    /// `--initial-cluster-token`
    pub token: Arg,
    /// `--initial-advertise-peer-urls`
    pub peer_urls: Arg,
    /// `--skip-hash-check`
    pub skip_hash_check: bool,
    /// `--bump-revision`, 0 for none.
    pub bump_revision: u64,
}

/// The error that a job ended with, as the last line of the command.
#[must_use]
pub fn failed(why: &str) -> Output {
    let mut output = Output::default();
    print_error(why, &mut output);
    output
}

/// Reads a line of etcdutl, without the program's name.
#[must_use]
pub fn parse(argv: Vec<Arg>) -> Parsed {
    let (command, words) = find(argv);
    if command.is_root()
        && let Some(at) = first_argument(command, &words)
    {
        return Parsed::Print(usage::unknown(&words[at]));
    }
    let mut flags = FlagSet::new(command.all_flags().into_iter().chain([&help::FLAG]));
    let args = match flags.parse(&words) {
        Ok(args) => args,
        Err(why) => return Parsed::Print(usage::wrong(command, &why)),
    };
    if flags.bool(help::FLAG.name) {
        return Parsed::Print(usage::page(command));
    }
    let missing: Vec<String> = command
        .required
        .iter()
        .filter(|name| !flags.changed(name))
        .map(|name| format!("\"{name}\""))
        .collect();
    if !missing.is_empty() {
        let why = format!("required flag(s) {} not set", missing.join(", "));
        return Parsed::Print(usage::wrong(command, why.as_bytes()));
    }
    run(command, &flags, args).unwrap_or_else(|exit| {
        let mut output = Output::default();
        output.fail(exit);
        Parsed::Print(output)
    })
}

/// The command that the words name, by cobra's rules: words between flags, each of which may be cut
/// down to a prefix of one name only.
fn find(mut argv: Vec<Arg>) -> (&'static Command, Vec<Arg>) {
    let mut command = &COMMANDS[0];
    while let Some(at) = first_argument(command, &argv) {
        let Some(child) = command.child(&argv[at]) else { break };
        argv.remove(at);
        command = child;
    }
    (command, argv)
}

/// The place of the first word that is neither a flag nor a flag's value.
fn first_argument(command: &Command, argv: &[Arg]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = argv.get(at) {
        match word.as_slice() {
            b"--" => return None,
            word if command.takes_next_word(word) => at += 2,
            [] | [b'-', ..] => at += 1,
            _ => return Some(at),
        }
    }
    None
}

fn run(command: &'static Command, flags: &FlagSet, mut args: Vec<Arg>) -> Result<Parsed, Exit> {
    let Some(action) = command.action else {
        return Ok(Parsed::Print(usage::page(command)));
    };
    let job = match action {
        Action::Help => return Ok(Parsed::Print(usage::page(find(args).0))),
        Action::Version => {
            let mut output = Output::default();
            output.out_line(format!("etcdutl version: {VERSION}"));
            output.out_line(format!("API version: {API_VERSION}"));
            return Ok(Parsed::Print(output));
        }
        Action::Migrate => {
            return Err(Exit::error(
                "there is nothing to migrate: Glasshouse has one layout of its files, and cannot \
                 read those of etcd; move data with `snapshot save` and `snapshot restore`",
            ));
        }
        Action::Status => status(flags, &args)?,
        Action::Restore => restore(flags, &args)?,
        Action::Defrag => Job::Defrag { data_dir: flags.string("data-dir").to_vec() },
        Action::HashKv => {
            if args.len() != 1 {
                let why = format!("accepts 1 arg(s), received {}", args.len());
                return Ok(Parsed::Print(usage::wrong(command, why.as_bytes())));
            }
            let (file, revision) = (args.remove(0), flags.int64("rev"));
            Job::HashKv { file, revision, format: write_out(flags)? }
        }
    };
    Ok(Parsed::Run(job))
}

/// Reads the line of `snapshot status`, which etcdctl has, too.
pub(super) fn status(flags: &FlagSet, args: &[Arg]) -> Result<Job, Exit> {
    let file = only(args, "snapshot status requires exactly one argument")?;
    Ok(Job::Status { file, format: write_out(flags)? })
}

/// Reads the line of `snapshot restore`, which etcdctl has, too.
pub(super) fn restore(flags: &FlagSet, args: &[Arg]) -> Result<Job, Exit> {
    let file = only(args, "snapshot restore requires exactly one argument")?;
    let bump_revision = flags.uint64("bump-revision");
    if (bump_revision > 0) != flags.bool("mark-compacted") {
        return Err(Exit::bad_args("--mark-compacted required if --revision-bump > 0"));
    }
    let text = |name| flags.string(name).to_vec();
    let mut data_dir = text("data-dir");
    if data_dir.is_empty() {
        data_dir = [flags.string("name"), b".etcd"].concat();
    }
    Ok(Job::Restore(Box::new(Restore {
        file,
        name: text("name"),
        data_dir,
        wal_dir: text("wal-dir"),
        initial_cluster: text("initial-cluster"),
        token: text("initial-cluster-token"),
        peer_urls: text("initial-advertise-peer-urls"),
        skip_hash_check: flags.bool("skip-hash-check"),
        bump_revision,
    })))
}

fn only(args: &[Arg], otherwise: &str) -> Result<Arg, Exit> {
    let [arg] = args else { return Err(Exit::bad_args(otherwise)) };
    Ok(arg.clone())
}

fn write_out(flags: &FlagSet) -> Result<WriteOut, Exit> {
    let format = Format::from_name(flags.string("write-out"));
    format.map(WriteOut).ok_or_else(|| Exit::bad_feature("unsupported output format"))
}
