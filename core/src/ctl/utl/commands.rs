//! The commands, as data: names, flags and texts of etcdutl.

use crate::ctl::flags::{Flag, Kind};
use crate::ctl::help;

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Defrag,
    HashKv,
    Help,
    Migrate,
    Restore,
    Status,
    Version,
}

/// One command, or a group of commands.
#[derive(Debug)]
pub(super) struct Command {
    /// The words that name it; none for etcdutl itself.
    pub(super) path: &'static [&'static str],
    /// What stands behind these words in its usage.
    pub(super) arguments: &'static str,
    pub(super) short: &'static str,
    pub(super) flags: &'static [Flag],
    /// Flags that must be given.
    pub(super) required: &'static [&'static str],
    /// `None` for a group.
    pub(super) action: Option<Action>,
}

/// The flags of all commands.
pub(super) static PERSISTENT: [Flag; 1] =
    [Flag::string("write-out", "set the output format (fields, json, protobuf, simple, table)")
        .default("simple")
        .short('w')];

const fn command(path: &'static [&'static str], short: &'static str) -> Command {
    Command { path, arguments: "", short, flags: &[], required: &[], action: None }
}

/// All commands; etcdutl itself first, then in alphabetical order, as the help lists them.
pub(super) static COMMANDS: [Command; 9] = [
    command(&[], "An administrative command line tool for etcd3."),
    Command {
        flags: &[Flag::string(
            "data-dir",
            "Required. Defragments a data directory not in use by etcd.",
        )],
        required: &["data-dir"],
        action: Some(Action::Defrag),
        ..command(&["defrag"], "Defragments the storage of the etcd")
    },
    Command {
        arguments: " <filename>",
        flags: &[Flag::int64("rev", "maximum revision to hash (default: latest revision)")],
        action: Some(Action::HashKv),
        ..command(&["hashkv"], "Prints the KV history hash of a given file")
    },
    Command {
        arguments: " [command]",
        action: Some(Action::Help),
        ..command(&["help"], "Help about any command")
    },
    Command {
        flags: &[
            Flag::string("data-dir", "Path to the etcd data dir"),
            Flag::bool(
                "force",
                "Ignore migration failure and forcefully override storage version. Not recommended.",
            ),
            Flag::string(
                "target-version",
                "Target etcd version to migrate contents of data dir. Minimal value 3.5. Format \"X.Y\" for example 3.6.",
            ),
        ],
        required: &["data-dir", "target-version"],
        action: Some(Action::Migrate),
        ..command(
            &["migrate"],
            "Migrates schema of etcd data dir files to make them compatible with different etcd version",
        )
    },
    command(&["snapshot"], "Manages etcd node snapshots"),
    Command {
        arguments: " <filename> --data-dir {output dir} [options]",
        flags: &[
            Flag::uint64("bump-revision", "How much to increase the latest revision after restore"),
            Flag::string("data-dir", "Path to the output data directory"),
            Flag::string(
                "initial-advertise-peer-urls",
                "List of this member's peer URLs to advertise to the rest of the cluster",
            )
            .default("http://localhost:2380"),
            Flag::string("initial-cluster", "Initial cluster configuration for restore bootstrap")
                .default("default=http://localhost:2380"),
            Flag::string(
                "initial-cluster-token",
                "Initial cluster token for the etcd cluster during restore bootstrap",
            )
            .default("etcd-cluster"),
            Flag::uint64(
                "initial-memory-map-size",
                "Initial memory map size of the database in bytes. It uses the default value if not defined or defined to 0",
            )
            .default("10737418240"),
            Flag::bool(
                "mark-compacted",
                "Mark the latest revision after restore as the point of scheduled compaction (required if --bump-revision > 0, disallowed otherwise)",
            ),
            Flag::string("name", "Human-readable name for this member").default("default"),
            Flag::bool(
                "skip-hash-check",
                "Ignore snapshot integrity hash value (required if copied from data directory)",
            ),
            Flag::string("wal-dir", "Path to the WAL directory (use --data-dir if none given)"),
        ],
        required: &["data-dir"],
        action: Some(Action::Restore),
        ..command(
            &["snapshot", "restore"],
            "Restores an etcd member snapshot to an etcd directory",
        )
    },
    Command {
        arguments: " <filename>",
        action: Some(Action::Status),
        ..command(&["snapshot", "status"], "Gets backend snapshot status of a given file")
    },
    Command {
        action: Some(Action::Version),
        ..command(&["version"], "Prints the version of etcdutl")
    },
];

impl Command {
    /// Its last word.
    pub(super) fn name(&self) -> &'static str {
        self.path.last().copied().unwrap_or("etcdutl")
    }

    pub(super) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// The words before its arguments.
    pub(super) fn line(&self) -> String {
        let words: Vec<&str> =
            std::iter::once("etcdutl").chain(self.path.iter().copied()).collect();
        words.join(" ")
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &'static Self> {
        COMMANDS.iter().filter(|other| {
            other.path.len() == self.path.len() + 1 && other.path.starts_with(self.path)
        })
    }

    /// The command below that a word names.
    pub(super) fn child(&self, word: &[u8]) -> Option<&'static Self> {
        let exact = self.children().find(|child| child.name().as_bytes() == word);
        let mut prefixed =
            self.children().filter(|child| child.name().as_bytes().starts_with(word));
        match (exact, prefixed.next(), prefixed.next()) {
            (Some(child), ..) | (None, Some(child), None) => Some(child),
            _ => None,
        }
    }

    /// Its flags and those of all commands.
    pub(super) fn all_flags(&self) -> Vec<&'static Flag> {
        self.flags.iter().chain(&PERSISTENT).collect()
    }

    /// Whether the next word is this one's value.
    pub(super) fn takes_next_word(&self, word: &[u8]) -> bool {
        let flags = self.all_flags();
        let flag = match word {
            _ if word.contains(&b'=') => return false,
            [b'-', b'-', name @ ..] => {
                flags.into_iter().chain([&help::FLAG]).find(|flag| flag.name.as_bytes() == name)
            }
            [b'-', short] => {
                let short = char::from(*short);
                flags.into_iter().chain([&help::FLAG]).find(|flag| flag.short == Some(short))
            }
            _ => return false,
        };
        flag.is_none_or(|flag| flag.kind != Kind::Bool)
    }
}
