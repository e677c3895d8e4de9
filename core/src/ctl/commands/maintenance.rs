//! The care of members: `alarm`, `defrag`, `snapshot`, `downgrade`; and what ours adds to etcdctl:
//! `cluster status`.

use super::{Action, Command, Flag, command};

pub(super) const ALARM: Command = Command {
    children: &[
        Command {
            action: Some(Action::AlarmDisarm),
            ..command("disarm", "disarm", "Disarms all alarms")
        },
        Command { action: Some(Action::AlarmList), ..command("list", "list", "Lists all alarms") },
    ],
    ..command("alarm", "alarm <subcommand>", "Alarm related commands")
};

/// No command of etcdctl.
pub(super) const CLUSTER: Command = Command {
    children: &[Command {
        long: "Any one endpoint is enough, and no quorum is needed: the members are taken from whoever answers,\n\
            and each is asked at its client URLs. The items in the lists are ID, name, endpoint, version, db size,\n\
            db size in use, role, raft term, raft index, lag (entries behind the leader), errors.",
        action: Some(Action::ClusterStatus),
        ..command(
            "status",
            "status",
            "Prints out the status of every member, asked for at any one endpoint",
        )
    }],
    ..command("cluster", "cluster <subcommand>", "Commands about the cluster as a whole")
};

pub(super) const COMPLETION: Command = Command {
    long: "Generate the autocompletion script for etcdctl for the specified shell.\n\
        See each sub-command's help for details on how to use the generated script.",
    children: &[
        Command {
            long: "The script knows commands and flags. To load it in the current session:\n\
                \n\
                \tsource <(glasshouse ctl completion bash)",
            action: Some(Action::CompletionBash),
            ..command("bash", "bash", "Generate the autocompletion script for bash")
        },
        Command {
            long: "To load it in the current session:\n\
                \n\
                \tglasshouse ctl completion fish | source",
            action: Some(Action::CompletionFish),
            ..command("fish", "fish", "Generate the autocompletion script for fish")
        },
        Command {
            long: "To load it in the current session:\n\
                \n\
                \tglasshouse ctl completion powershell | Out-String | Invoke-Expression",
            action: Some(Action::CompletionPowershell),
            ..command(
                "powershell",
                "powershell",
                "Generate the autocompletion script for powershell",
            )
        },
        Command {
            long: "To load it in the current session:\n\
                \n\
                \tsource <(glasshouse ctl completion zsh)",
            action: Some(Action::CompletionZsh),
            ..command("zsh", "zsh", "Generate the autocompletion script for zsh")
        },
    ],
    ..command(
        "completion",
        "completion",
        "Generate the autocompletion script for the specified shell",
    )
};

pub(super) const DEFRAG: Command = Command {
    flags: &[Flag::string(
        "data-dir",
        "Optional. If present, defragments a data directory not in use by etcd.",
    )],
    persistent: &[Flag::bool("cluster", "use all endpoints from the cluster member list")],
    action: Some(Action::Defrag),
    ..command(
        "defrag",
        "defrag",
        "Defragments the storage of the etcd members with given endpoints",
    )
};

/// etcdctl has it since 3.6.
pub(super) const DOWNGRADE: Command = Command {
    long: "Downgrade related commands",
    children: &[
        Command {
            action: Some(Action::DowngradeCancel),
            ..command("cancel", "cancel", "Cancel the ongoing downgrade action to cluster")
        },
        Command {
            action: Some(Action::DowngradeEnable),
            ..command("enable", "enable <TARGET_VERSION>", "Start a downgrade action to cluster")
        },
        Command {
            action: Some(Action::DowngradeValidate),
            ..command(
                "validate",
                "validate <TARGET_VERSION>",
                "Validate downgrade capability before starting downgrade",
            )
        },
    ],
    ..command(
        "downgrade",
        "downgrade <TARGET_VERSION>",
        "Downgrade related commands. Use `etcdctl downgrade --help` to see subcommands",
    )
};

pub(super) const SNAPSHOT: Command = Command {
    children: &[
        SNAPSHOT_RESTORE,
        Command {
            action: Some(Action::SnapshotSave),
            ..command(
                "save",
                "save <filename>",
                "Stores an etcd node backend snapshot to a given file",
            )
        },
        Command {
            long: "When --write-out is set to simple, this command prints out comma-separated status lists for each endpoint.\n\
                The items in the lists are hash, revision, total keys, total size.\n\
                \n\
                Moved to 'etcdctl snapshot status ...'",
            action: Some(Action::SnapshotStatus),
            ..command(
                "status",
                "status <filename>",
                "[deprecated] Gets backend snapshot status of a given file",
            )
        },
    ],
    ..command("snapshot", "snapshot <subcommand>", "Manages etcd node snapshots")
};

const SNAPSHOT_RESTORE: Command = Command {
    long: "Moved to `etcdctl snapshot restore ...`",
    flags: &[
        Flag::uint64("bump-revision", "How much to increase the latest revision after restore"),
        Flag::string("data-dir", "Path to the data directory"),
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
        ),
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
    action: Some(Action::SnapshotRestore),
    ..command(
        "restore",
        "restore <filename> [options]",
        "Restores an etcd member snapshot to an etcd directory",
    )
};
