//! The table of etcd's flags: names, defaults, and what becomes of each here.
//!
//! The names and defaults are those of etcd 3.6, with the ones of 3.4 and 3.5 that documents
//! still use. A flag is never ignored in silence: it works, or it tunes something that does not
//! exist here (and `--help` says so), or any value but its default is refused.

use super::flags::{Flag, Kind, Support};

/// A heading of `--help` and the flags under it.
pub(super) type Group = (&'static str, &'static [Flag]);

/// One line for each flag: name, kind, default, support, help.
macro_rules! groups {
    ($($title:literal { $($name:literal $kind:ident $(($words:expr))? $default:literal $support:ident $help:literal;)+ })+) => {
        /// All flags in the order of `--help`.
        pub(super) const GROUPS: &[Group] = &[$(($title, &[$(Flag {
            name: $name,
            kind: Kind::$kind $(($words))?,
            default: $default,
            support: Support::$support,
            help: $help,
        },)+])),+];
    };
}

/// The flag of this name.
#[must_use]
pub(super) fn find(name: &str) -> Option<&'static Flag> {
    flags().find(|flag| flag.name == name)
}

/// All flags.
pub(super) fn flags() -> impl Iterator<Item = &'static Flag> {
    GROUPS.iter().flat_map(|(_, flags)| flags.iter())
}

groups! {
    "Member" {
        "name" Text "default" Works "name of this member, for people";
        "data-dir" Text "" Works "directory of this member's data; ${name}.etcd by default";
        "wal-dir" Text "" Works "directory of the write-ahead log; inside the data directory by default";
        "snapshot-count" Uint "10000" Works "applied entries after which the log in memory is compacted";
        "heartbeat-interval" Uint "100" Works "milliseconds between two heartbeats of a leader";
        "election-timeout" Uint "1000" Works "milliseconds without a leader before an election";
        "initial-election-tick-advance" Bool "true" Works "a member that is alone does not wait for its first election";
        "listen-peer-urls" Urls "http://localhost:2380" Works "where other members connect";
        "listen-client-urls" Urls "http://localhost:2379" Works "where clients connect, by gRPC and by HTTP";
        "listen-client-http-urls" Urls "" NotYet "a port of its own for HTTP";
        "max-snapshots" Uint "5" NoEffect "snapshot files to keep; one is enough here";
        "max-wals" Uint "5" NoEffect "log files to keep; those that are needed are kept";
        "memory-mlock" Bool "false" NotYet "keep the process in RAM";
        "quota-backend-bytes" Int "0" Works "bytes of keys and values after which the alarm NOSPACE is raised; 0 means 2 GiB, less means no quota";
        "quota-auto-disarm" Bool "true" Works "clear the NOSPACE that this member raised when a tenth of its quota is free again (not in etcd)";
        "backend-bbolt-freelist-type" Text "map" NoEffect "a setting of bbolt, which is not used";
        "backend-batch-interval" Duration "0" NoEffect "a setting of bbolt, which is not used";
        "backend-batch-limit" Int "0" NoEffect "a setting of bbolt, which is not used";
        "max-txn-ops" Uint "128" Works "most operations in one transaction";
        "max-request-bytes" Uint "1572864" Works "largest request of a client in bytes";
        "max-range-bytes" Uint "1073741824" Works "most bytes of keys and values in the answer to one range (not in etcd)";
        "max-concurrent-streams" Uint "4294967295" Works "most streams that one client may have open";
        "grpc-keepalive-min-time" Duration "5s" NoEffect "shortest time between two pings of a client";
        "grpc-keepalive-interval" Duration "2h" Works "time between two pings to a silent client; 0 for none";
        "grpc-keepalive-timeout" Duration "20s" Works "time after which a client that does not answer is dropped";
        "socket-reuse-port" Bool "false" NotYet "share a port that is in use";
        "socket-reuse-address" Bool "false" NoEffect "bind to a port that was closed a moment ago; always done";
        "enable-grpc-gateway" Bool "true" Works "answer JSON under /v3";
        "raft-read-timeout" Duration "5s" NoEffect "time after which a silent peer is dropped; 5s here";
        "raft-write-timeout" Duration "5s" NoEffect "time that a write to a peer may take; 5s here";
        "feature-gates" Text "" Works "features on trial: InitialCorruptCheck=true, CompactHashCheck=true";
        "version" Bool "false" Works "print the version and exit";
    }
    "Clustering" {
        "initial-advertise-peer-urls" Urls "http://localhost:2380" Works "how other members reach this one";
        "initial-cluster" Text "default=http://localhost:2380" Works "the first members, name=url,name=url";
        "initial-cluster-state" OneOf(&["new", "existing"]) "new" Works "new: the cluster starts now; existing: this member joins one";
        "initial-cluster-token" Text "etcd-cluster" Works "tells clusters that begin alike from each other";
        "advertise-client-urls" Urls "http://localhost:2379" Works "how clients reach this member";
        "discovery" Text "" NotYet "find the first members through a v2 discovery service";
        "discovery-endpoints" Text "" Works "find the first members through an etcd cluster";
        "discovery-token" Text "" Works "the new cluster's name there; its ids are hashed with it";
        "discovery-dial-timeout" Duration "2s" Works "time to connect to the discovery service";
        "discovery-request-timeout" Duration "5s" Works "time to be answered by the discovery service";
        "discovery-keepalive-time" Duration "2s" NoEffect "pings to the discovery service, which is asked once a second";
        "discovery-keepalive-timeout" Duration "6s" NoEffect "pings to the discovery service, which is asked once a second";
        "discovery-insecure-transport" Bool "true" Works "no TLS with endpoints that do not say https";
        "discovery-insecure-skip-tls-verify" Bool "false" Works "take any certificate of the discovery service";
        "discovery-cert" Text "" Works "certificate to show to the discovery service";
        "discovery-key" Text "" Works "its private key";
        "discovery-cacert" Text "" Works "authorities that sign the discovery service's certificate";
        "discovery-user" Text "" Works "user at the discovery service, user[:password]";
        "discovery-password" Text "" Works "its password";
        "discovery-fallback" OneOf(&["exit", "proxy"]) "exit" NotYet "what to do when discovery fails";
        "discovery-proxy" Text "" NotYet "a setting of discovery";
        "discovery-srv" Text "" NotYet "find the first members by DNS";
        "discovery-srv-name" Text "" NotYet "a setting of discovery by DNS";
        "strict-reconfig-check" Bool "true" Works "refuse changes of members that could lose the quorum";
        "pre-vote" Bool "true" Works "ask before an election whether it could be won";
        "auto-compaction-retention" Text "0" Works "forget old revisions after this time (hours, or 5m, 2h) or this number; 0 for never";
        "auto-compaction-mode" Text "periodic" Works "periodic or revision";
        "max-learners" Int "1" Works "most learners in the cluster";
        "v2-deprecation" Text "not-yet" NoEffect "a stage of etcd's leaving its v2 store";
        "enable-v2" Bool "false" NotYet "the v2 API";
        "proxy" OneOf(&["off", "readonly", "on"]) "off" NotYet "the v2 proxy";
    }
    "Security" {
        "cert-file" Text "" Works "certificate for clients";
        "key-file" Text "" Works "key of that certificate";
        "client-cert-auth" Bool "false" Works "want certificates of clients";
        "client-cert-file" Text "" Works "certificate with which this member calls itself";
        "client-key-file" Text "" Works "key of that certificate";
        "client-crl-file" Text "" Works "certificates of clients that are withdrawn";
        "client-cert-allowed-hostname" Text "" Works "names that certificates of clients may have";
        "trusted-ca-file" Text "" Works "who signs certificates of clients";
        "auto-tls" Bool "false" Works "make a certificate for clients";
        "peer-cert-file" Text "" Works "certificate for peers";
        "peer-key-file" Text "" Works "key of that certificate";
        "peer-client-cert-auth" Bool "false" Works "want certificates of peers";
        "peer-client-cert-file" Text "" Works "certificate with which this member calls peers";
        "peer-client-key-file" Text "" Works "key of that certificate";
        "peer-trusted-ca-file" Text "" Works "who signs certificates of peers";
        "peer-auto-tls" Bool "false" Works "make a certificate for peers";
        "peer-crl-file" Text "" Works "certificates of peers that are withdrawn";
        "peer-cert-allowed-cn" Text "" Works "names that certificates of peers may have";
        "peer-cert-allowed-hostname" Text "" Works "host names that certificates of peers may have";
        "peer-skip-client-san-verification" Bool "false" Works "do not look at the names in peers' certificates";
        "self-signed-cert-validity" Uint "1" Works "years for which a made certificate is valid";
        "cipher-suites" Text "" Works "ciphers of TLS";
        "tls-min-version" Text "TLS1.2" Works "lowest version of TLS";
        "tls-max-version" Text "" Works "highest version of TLS";
        "cors" Origins "*" Works "origins whose pages may read answers by HTTP; * for all";
        "host-whitelist" Text "*" Works "names under which HTTP without TLS may be asked; * for all";
        "auth-token" Text "simple" Works "kind of token that users get: simple, or jwt,sign-method=RS256,pub-key=..,priv-key=..,ttl=5m";
        "auth-token-ttl" Uint "300" Works "seconds after which a token ends that is not used";
        "bcrypt-cost" Uint "10" Works "work for one guess of a password";
    }
    "Logging and looking in" {
        "logger" Text "zap" Works "zap is the only one";
        "log-outputs" Text "default" Works "default, stderr, stdout or paths of files, separated by commas";
        "log-level" Text "info" Works "debug, info, warn, error, panic or fatal";
        "log-format" OneOf(&["json", "console"]) "json" NotYet "how a line looks; only json";
        "log-package-levels" Text "" NoEffect "a setting of a logger that etcd had once";
        "debug" Bool "false" Works "the same as --log-level debug";
        "enable-log-rotation" Bool "false" NotYet "begin a new log file when one is full";
        "log-rotation-config-json" Text "{\"maxsize\": 100, \"maxage\": 0, \"maxbackups\": 0, \"localtime\": false, \"compress\": false}" NoEffect "a setting of log rotation";
        "metrics" OneOf(&["basic", "extensive"]) "basic" NoEffect "how much /metrics tells";
        "listen-metrics-urls" Urls "" Works "further places that answer /metrics and /health";
        "enable-pprof" Bool "false" NotYet "profiles over HTTP";
        "enable-distributed-tracing" Bool "false" NotYet "send traces to a collector";
        "distributed-tracing-address" Text "localhost:4317" NoEffect "a setting of tracing";
        "distributed-tracing-service-name" Text "etcd" NoEffect "a setting of tracing";
        "distributed-tracing-instance-id" Text "" NoEffect "a setting of tracing";
        "distributed-tracing-sampling-rate" Int "0" NoEffect "a setting of tracing";
    }
    "Tuning and danger" {
        "config-file" Text "" NotYet "read the settings from a file";
        "force-new-cluster" Bool "false" NotYet "make a cluster of one out of a member that lost the others";
        "unsafe-no-fsync" Bool "false" NotYet "answer before the disk has it";
        "snapshot-catchup-entries" Uint "5000" Works "entries kept behind a compaction of the log for slow followers";
        "corrupt-check-time" Duration "0" Works "time between two comparisons of all members; 0 for none";
        "compact-hash-check-time" Duration "1m" Works "time between two comparisons of compacted revisions";
        "compaction-batch-limit" Int "0" Works "rows that one step of a compaction deletes; 0 means 1000";
        "compaction-sleep-interval" Duration "0" NoEffect "pause between two steps of a compaction";
        "watch-progress-notify-interval" Duration "0" Works "time between two progress notes of a watch; 0 means 10m";
        "warning-apply-duration" Duration "100ms" NoEffect "time after which a slow apply is logged";
        "warning-unary-request-duration" Duration "300ms" NoEffect "time after which a slow request is logged";
        "downgrade-check-time" Duration "5s" NoEffect "time between two looks at a downgrade";
        "bootstrap-defrag-threshold-megabytes" Uint "0" NoEffect "free space above which the store is packed at the start";
    }
    "Old names" {
        "experimental-corrupt-check-time" Duration "0" Works "the old name of --corrupt-check-time";
        "experimental-compact-hash-check-time" Duration "1m" Works "the old name of --compact-hash-check-time";
        "experimental-compaction-batch-limit" Int "0" Works "the old name of --compaction-batch-limit";
        "experimental-compaction-sleep-interval" Duration "0" NoEffect "the old name of --compaction-sleep-interval";
        "experimental-watch-progress-notify-interval" Duration "0" Works "the old name of --watch-progress-notify-interval";
        "experimental-warning-apply-duration" Duration "100ms" NoEffect "the old name of --warning-apply-duration";
        "experimental-warning-unary-request-duration" Duration "300ms" NoEffect "the old name of --warning-unary-request-duration";
        "experimental-downgrade-check-time" Duration "5s" NoEffect "the old name of --downgrade-check-time";
        "experimental-bootstrap-defrag-threshold-megabytes" Uint "0" NoEffect "the old name of --bootstrap-defrag-threshold-megabytes";
        "experimental-snapshot-catchup-entries" Uint "5000" Works "the old name of --snapshot-catchup-entries";
        "experimental-memory-mlock" Bool "false" NotYet "the old name of --memory-mlock";
        "experimental-enable-distributed-tracing" Bool "false" NotYet "the old name of --enable-distributed-tracing";
        "experimental-distributed-tracing-address" Text "localhost:4317" NoEffect "the old name of --distributed-tracing-address";
        "experimental-distributed-tracing-service-name" Text "etcd" NoEffect "the old name of --distributed-tracing-service-name";
        "experimental-distributed-tracing-instance-id" Text "" NoEffect "the old name of --distributed-tracing-instance-id";
        "experimental-distributed-tracing-sampling-rate" Int "0" NoEffect "the old name of --distributed-tracing-sampling-rate";
        "experimental-peer-skip-client-san-verification" Bool "false" Works "the old name of --peer-skip-client-san-verification";
        "experimental-initial-corrupt-check" Bool "false" Works "the old name of --feature-gates InitialCorruptCheck=true";
        "experimental-compact-hash-check-enabled" Bool "false" Works "the old name of --feature-gates CompactHashCheck=true";
        "experimental-enable-lease-checkpoint" Bool "false" NoEffect "leases keep their time over a change of leader";
        "experimental-enable-lease-checkpoint-persist" Bool "false" NoEffect "leases keep their time over a restart";
        "experimental-txn-mode-write-with-shared-buffer" Bool "true" NoEffect "a setting of bbolt, which is not used";
        "experimental-stop-grpc-service-on-defrag" Bool "false" NoEffect "defragmentation never stops the service here";
    }
}
