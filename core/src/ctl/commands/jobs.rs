//! `check`, `elect`, `lock` and `make-mirror` in the table of commands.

use super::{Action, Command, command};
use crate::ctl::flags::Flag;

pub(super) const CHECK: Command = Command {
    children: &[CHECK_DATASCALE, CHECK_PERF],
    ..command("check", "check <subcommand>", "commands for checking properties of the etcd cluster")
};

const AUTO_COMPACT: Flag =
    Flag::bool("auto-compact", "Compact storage with last revision after test is finished.");
const AUTO_DEFRAG: Flag = Flag::bool("auto-defrag", "Defragment storage after test is finished.");

const CHECK_DATASCALE: Command = Command {
    long: "If no endpoint is provided, localhost will be used. If multiple endpoints are provided, first endpoint will be used.",
    flags: &[
        AUTO_COMPACT,
        AUTO_DEFRAG,
        Flag::string(
            "load",
            "The datascale check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge)",
        )
        .default("s"),
        Flag::string("prefix", "The prefix for writing the datascale check's keys.")
            .default("/etcdctl-check-datascale/"),
    ],
    action: Some(Action::CheckDatascale),
    ..command(
        "datascale",
        "datascale [options]",
        "Check the memory usage of holding data for different workloads on a given server endpoint.",
    )
};

const CHECK_PERF: Command = Command {
    flags: &[
        AUTO_COMPACT,
        AUTO_DEFRAG,
        Flag::string(
            "load",
            "The performance check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge)",
        )
        .default("s"),
        Flag::string("prefix", "The prefix for writing the performance check's keys.")
            .default("/etcdctl-check-perf/"),
    ],
    action: Some(Action::CheckPerf),
    ..command("perf", "perf [options]", "Check the performance of the etcd cluster")
};

pub(super) const ELECT: Command = Command {
    flags: &[Flag::bool("listen", "observation mode").short('l')],
    action: Some(Action::Elect),
    ..command(
        "elect",
        "elect <election-name> [proposal]",
        "Observes and participates in leader election",
    )
};

pub(super) const LOCK: Command = Command {
    flags: &[Flag::int64("ttl", "timeout for session").default("10")],
    action: Some(Action::Lock),
    ..command("lock", "lock <lockname> [exec-command arg1 arg2 ...]", "Acquires a named lock")
};

pub(super) const MAKE_MIRROR: Command = Command {
    flags: &[
        Flag::string(
            "dest-cacert",
            "Verify certificates of TLS enabled secure servers using this CA bundle",
        ),
        Flag::string(
            "dest-cert",
            "Identify secure client using this TLS certificate file for the destination cluster",
        ),
        Flag::bool("dest-insecure-transport", "Disable transport security for client connections")
            .default("true"),
        Flag::string("dest-key", "Identify secure client using this TLS key file"),
        Flag::string(
            "dest-password",
            "Destination password for authentication (if this option is used, --user option shouldn't include password)",
        ),
        Flag::string(
            "dest-prefix",
            "destination prefix to mirror a prefix to a different prefix in the destination cluster",
        ),
        Flag::string(
            "dest-user",
            "Destination username[:password] for authentication (prompt if password is not supplied)",
        ),
        Flag::uint64(
            "max-txn-ops",
            "Maximum number of operations permitted in a transaction during syncing updates.",
        )
        .default("128"),
        Flag::bool("no-dest-prefix", "mirror key-values to the root of the destination cluster"),
        Flag::string("prefix", "Key-value prefix to mirror"),
        Flag::int64("rev", "Specify the kv revision to start to mirror"),
    ],
    action: Some(Action::MakeMirror),
    ..command(
        "make-mirror",
        "make-mirror [options] <destination>",
        "Makes a mirror at the destination etcd cluster",
    )
};
