//! The tree of commands, as data: names, flags and texts of etcdctl 3.5.
//!
//! One table serves parsing, help and completion. Texts of flags are part of etcdctl's output and
//! are therefore etcdctl's own words.

mod access;
mod jobs;
mod maintenance;

use self::access::{AUTH, ROLE, USER};
use self::jobs::{CHECK, ELECT, LOCK, MAKE_MIRROR};
use self::maintenance::{ALARM, CLUSTER, COMPLETION, DEFRAG, DOWNGRADE, SNAPSHOT};
use super::flags::Flag;

/// What a command does once its line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get,
    Put,
    Del,
    Txn,
    Compaction,
    CheckDatascale,
    CheckPerf,
    Elect,
    Lock,
    MakeMirror,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseList,
    LeaseRevoke,
    LeaseTimeToLive,
    MemberAdd,
    MemberList,
    MemberPromote,
    MemberRemove,
    MemberUpdate,
    MoveLeader,
    EndpointHealth,
    EndpointStatus,
    EndpointHashKv,
    AlarmDisarm,
    AlarmList,
    AuthDisable,
    AuthEnable,
    AuthStatus,
    ClusterStatus,
    CompletionBash,
    CompletionFish,
    CompletionPowershell,
    CompletionZsh,
    Defrag,
    DowngradeCancel,
    DowngradeEnable,
    DowngradeValidate,
    RoleAdd,
    RoleDelete,
    RoleGet,
    RoleGrantPermission,
    RoleList,
    RoleRevokePermission,
    SnapshotRestore,
    SnapshotSave,
    SnapshotStatus,
    UserAdd,
    UserDelete,
    UserGet,
    UserGrantRole,
    UserList,
    UserPasswd,
    UserRevokeRole,
    Version,
    Watch,
    Help,
}

/// One command, or a group of commands.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: &'static str,
    /// The line under USAGE, after the names of the commands above.
    pub(super) usage: &'static str,
    pub(super) short: &'static str,
    pub(super) long: &'static str,
    /// Flags of this command.
    pub(super) flags: &'static [Flag],
    /// Flags of this command and of all below it.
    pub(super) persistent: &'static [Flag],
    /// In alphabetical order, as the help lists them.
    pub(super) children: &'static [Self],
    /// `None` for a group.
    pub(super) action: Option<Action>,
}

const fn command(name: &'static str, usage: &'static str, short: &'static str) -> Command {
    Command {
        name,
        usage,
        short,
        long: "",
        flags: &[],
        persistent: &[],
        children: &[],
        action: None,
    }
}

/// etcdctl itself.
pub(super) static ROOT: Command = Command {
    persistent: &[
        Flag::string(
            "cacert",
            "verify certificates of TLS-enabled secure servers using this CA bundle",
        ),
        Flag::string("cert", "identify secure client using this TLS certificate file"),
        Flag::duration(
            "command-timeout",
            "5s",
            "timeout for short running command (excluding dial timeout)",
        ),
        Flag::bool("debug", "enable client-side debug logging"),
        Flag::duration("dial-timeout", "2s", "dial timeout for client connections"),
        Flag::string(
            "discovery-srv",
            "domain name to query for SRV records describing cluster endpoints",
        )
        .short('d'),
        Flag::string("discovery-srv-name", "service name to query when using DNS discovery"),
        Flag {
            name: "endpoints",
            short: None,
            kind: super::flags::Kind::StringSlice,
            default: "[127.0.0.1:2379]",
            usage: "gRPC endpoints",
        },
        Flag::bool("hex", "print byte strings as hex encoded strings"),
        Flag::bool(
            "insecure-discovery",
            "accept insecure SRV records describing cluster endpoints",
        )
        .default("true"),
        Flag::bool(
            "insecure-skip-tls-verify",
            "skip server certificate verification (CAUTION: this option should be enabled only for testing purposes)",
        ),
        Flag::bool("insecure-transport", "disable transport security for client connections")
            .default("true"),
        Flag::duration("keepalive-time", "2s", "keepalive time for client connections"),
        Flag::duration("keepalive-timeout", "6s", "keepalive timeout for client connections"),
        Flag::string("key", "identify secure client using this TLS key file"),
        Flag::string(
            "password",
            "password for authentication (if this option is used, --user option shouldn't include password)",
        ),
        Flag::string(
            "user",
            "username[:password] for authentication (prompt if password is not supplied)",
        ),
        Flag::string("write-out", "set the output format (fields, json, protobuf, simple, table)")
            .default("simple")
            .short('w'),
    ],
    children: &[
        ALARM,
        AUTH,
        CHECK,
        CLUSTER,
        COMPACTION,
        COMPLETION,
        DEFRAG,
        DEL,
        DOWNGRADE,
        ELECT,
        ENDPOINT,
        GET,
        HELP,
        LEASE,
        LOCK,
        MAKE_MIRROR,
        MEMBER,
        MOVE_LEADER,
        PUT,
        ROLE,
        SNAPSHOT,
        TXN,
        USER,
        VERSION,
        WATCH,
    ],
    ..command("etcdctl", "etcdctl", "A simple command line client for etcd3.")
};

/// What may stand in a transaction.
pub(super) static OPERATIONS: Command =
    Command { children: &[DEL, GET, PUT], ..command("", "", "") };

const COMPACTION: Command = Command {
    flags: &[Flag::bool(
        "physical",
        "'true' to wait for compaction to physically remove all old revisions",
    )],
    action: Some(Action::Compaction),
    ..command("compaction", "compaction [options] <revision>", "Compacts the event history in etcd")
};

const DEL: Command = Command {
    flags: &[
        Flag::bool(
            "from-key",
            "delete keys that are greater than or equal to the given key using byte compare",
        ),
        Flag::bool("prefix", "delete keys with matching prefix"),
        Flag::bool("prev-kv", "return deleted key-value pairs"),
        Flag::bool("range", "delete range of keys"),
    ],
    action: Some(Action::Del),
    ..command(
        "del",
        "del [options] <key> [range_end]",
        "Removes the specified key or range of keys [key, range_end)",
    )
};

const ENDPOINT: Command = Command {
    persistent: &[Flag::bool("cluster", "use all endpoints from the cluster member list")],
    children: &[ENDPOINT_HASHKV, ENDPOINT_HEALTH, ENDPOINT_STATUS],
    ..command("endpoint", "endpoint <subcommand>", "Endpoint related commands")
};

const ENDPOINT_HASHKV: Command = Command {
    persistent: &[Flag::int64("rev", "maximum revision to hash (default: all revisions)")],
    action: Some(Action::EndpointHashKv),
    ..command("hashkv", "hashkv", "Prints the KV history hash for each endpoint in --endpoints")
};

const ENDPOINT_HEALTH: Command = Command {
    action: Some(Action::EndpointHealth),
    ..command(
        "health",
        "health",
        "Checks the healthiness of endpoints specified in `--endpoints` flag",
    )
};

const ENDPOINT_STATUS: Command = Command {
    long: "When --write-out is set to simple, this command prints out comma-separated status lists for each endpoint.\n\
        The items in the lists are endpoint, ID, version, db size, is leader, is learner, raft term, raft index, raft applied index, errors.",
    action: Some(Action::EndpointStatus),
    ..command(
        "status",
        "status",
        "Prints out the status of endpoints specified in `--endpoints` flag",
    )
};

const GET: Command = Command {
    flags: &[
        Flag::string("consistency", "Linearizable(l) or Serializable(s)").default("l"),
        Flag::bool("count-only", "Get only the count"),
        Flag::bool(
            "from-key",
            "Get keys that are greater than or equal to the given key using byte compare",
        ),
        Flag::bool("keys-only", "Get only the keys"),
        Flag::int64("limit", "Maximum number of results"),
        Flag::string("order", "Order of results; ASCEND or DESCEND (ASCEND by default)"),
        Flag::bool("prefix", "Get keys with matching prefix"),
        Flag::bool("print-value-only", "Only write values when using the \"simple\" output format"),
        Flag::int64("rev", "Specify the kv revision"),
        Flag::string("sort-by", "Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION"),
    ],
    action: Some(Action::Get),
    ..command("get", "get [options] <key> [range_end]", "Gets the key or a range of keys")
};

const HELP: Command = Command {
    long: "Help provides help for any command in the application.\n\
        Simply type etcdctl help [path to command] for full details.",
    action: Some(Action::Help),
    ..command("help", "help [command]", "Help about any command")
};

const LEASE: Command = Command {
    children: &[LEASE_GRANT, LEASE_KEEP_ALIVE, LEASE_LIST, LEASE_REVOKE, LEASE_TIME_TO_LIVE],
    ..command("lease", "lease <subcommand>", "Lease related commands")
};

const LEASE_GRANT: Command = Command {
    action: Some(Action::LeaseGrant),
    ..command("grant", "grant <ttl>", "Creates leases")
};

const LEASE_KEEP_ALIVE: Command = Command {
    flags: &[Flag::bool(
        "once",
        "Resets the keep-alive time to its original value and cobrautl.Exits immediately",
    )],
    action: Some(Action::LeaseKeepAlive),
    ..command("keep-alive", "keep-alive [options] <leaseID>", "Keeps leases alive (renew)")
};

const LEASE_LIST: Command = Command {
    action: Some(Action::LeaseList),
    ..command("list", "list", "List all active leases")
};

const LEASE_REVOKE: Command = Command {
    action: Some(Action::LeaseRevoke),
    ..command("revoke", "revoke <leaseID>", "Revokes leases")
};

const LEASE_TIME_TO_LIVE: Command = Command {
    flags: &[Flag::bool("keys", "Get keys attached to this lease")],
    action: Some(Action::LeaseTimeToLive),
    ..command("timetolive", "timetolive <leaseID> [options]", "Get lease information")
};

const MEMBER: Command = Command {
    children: &[MEMBER_ADD, MEMBER_LIST, MEMBER_PROMOTE, MEMBER_REMOVE, MEMBER_UPDATE],
    ..command("member", "member <subcommand>", "Membership related commands")
};

const MEMBER_ADD: Command = Command {
    flags: &[
        Flag::bool("learner", "indicates if the new member is raft learner"),
        Flag::string("peer-urls", "comma separated peer URLs for the new member."),
    ],
    action: Some(Action::MemberAdd),
    ..command("add", "add <memberName> [options]", "Adds a member into the cluster")
};

const MEMBER_PROMOTE: Command = Command {
    long: "Promotes a non-voting learner member to a voting one in the cluster.",
    action: Some(Action::MemberPromote),
    ..command("promote", "promote <memberID>", "Promotes a non-voting member in the cluster")
};

const MEMBER_REMOVE: Command = Command {
    action: Some(Action::MemberRemove),
    ..command("remove", "remove <memberID>", "Removes a member from the cluster")
};

const MEMBER_UPDATE: Command = Command {
    flags: &[Flag::string("peer-urls", "comma separated peer URLs for the updated member.")],
    action: Some(Action::MemberUpdate),
    ..command("update", "update <memberID> [options]", "Updates a member in the cluster")
};

const MEMBER_LIST: Command = Command {
    long: "When --write-out is set to simple, this command prints out comma-separated member lists for each endpoint.\n\
        The items in the lists are ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.",
    action: Some(Action::MemberList),
    ..command("list", "list", "Lists all members in the cluster")
};

const MOVE_LEADER: Command = Command {
    action: Some(Action::MoveLeader),
    ..command(
        "move-leader",
        "move-leader <transferee-member-id>",
        "Transfers leadership to another etcd cluster member.",
    )
};

const PUT: Command = Command {
    long: "Puts the given key into the store.\n\
        \n\
        When <value> begins with '-', <value> is interpreted as a flag.\n\
        Insert '--' for workaround:\n\
        \n\
        $ put <key> -- <value>\n\
        $ put -- <key> <value>\n\
        \n\
        If <value> isn't given as a command line argument and '--ignore-value' is not specified,\n\
        this command tries to read the value from standard input.\n\
        \n\
        If <lease> isn't given as a command line argument and '--ignore-lease' is not specified,\n\
        this command tries to read the value from standard input.\n\
        \n\
        For example,\n\
        $ cat file | put <key>\n\
        will store the content of the file to <key>.",
    flags: &[
        Flag::bool("ignore-lease", "updates the key using its current lease"),
        Flag::bool("ignore-value", "updates the key using its current value"),
        Flag::string("lease", "lease ID (in hexadecimal) to attach to the key").default("0"),
        Flag::bool("prev-kv", "return the previous key-value pair before modification"),
    ],
    action: Some(Action::Put),
    ..command(
        "put",
        "put [options] <key> <value> (<value> can also be given from stdin)",
        "Puts the given key into the store",
    )
};

const TXN: Command = Command {
    flags: &[Flag::bool("interactive", "Input transaction in interactive mode").short('i')],
    action: Some(Action::Txn),
    ..command("txn", "txn [options]", "Txn processes all the requests in one transaction")
};

const VERSION: Command = Command {
    action: Some(Action::Version),
    ..command("version", "version", "Prints the version of etcdctl")
};

/// The flags of `watch`, on its command line and in the lines of `watch -i`.
pub(super) const WATCH_FLAGS: &[Flag] = &[
    Flag::bool("interactive", "Interactive mode").short('i'),
    Flag::bool("prefix", "Watch on a prefix if prefix is set"),
    Flag::bool("prev-kv", "get the previous key-value pair before the event happens"),
    Flag::bool("progress-notify", "get periodic watch progress notification from server"),
    Flag::int64("rev", "Revision to start watching"),
];

const WATCH: Command = Command {
    flags: WATCH_FLAGS,
    action: Some(Action::Watch),
    ..command(
        "watch",
        "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
        "Watches events stream on keys or prefixes",
    )
};
