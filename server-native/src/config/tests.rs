//! The command line as etcd reads it. Sentences were recorded from etcd 3.5.16 and read in 3.6.

use super::*;
use crate::http::AllowList;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn parse_line(line: &str, environment: &[(&str, &str)]) -> Result<Command, FlagError> {
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    parse(words(line), environment)
}

fn served(line: &str, environment: &[(&str, &str)]) -> Settings {
    match parse_line(line, environment) {
        Ok(Command::Serve(settings, _)) => *settings,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    match parse_line(line, &[]) {
        Err(FlagError::Syntax(why)) => format!("2: {why}"),
        Err(error) => format!("1: {error}"),
        Ok(command) => panic!("{line}: {command:?}"),
    }
}

fn texts(urls: &[Url]) -> Vec<&str> {
    urls.iter().map(Url::as_str).collect()
}

#[test]
fn defaults_are_etcds() {
    let settings = served("", &[]);
    assert_eq!(settings.name, "default");
    assert_eq!(settings.data_dir, Path::new("default.etcd"));
    assert_eq!(settings.store_path(), Path::new("default.etcd/member/snap/db"));
    assert_eq!(settings.wal_path(), Path::new("default.etcd/member/wal"));
    assert_eq!(texts(&settings.listen_client), ["http://localhost:2379"]);
    assert_eq!(settings.initial_cluster, "default=http://localhost:2380");
    assert_eq!((settings.heartbeat_ms, settings.election_ms), (100, 1_000));
    assert_eq!(settings.max_request_bytes, 1_572_864);
    let bootstrap = settings.bootstrap().unwrap();
    assert_eq!(bootstrap.member_id.to_string(), "8e9e05c52164694d");
    assert_eq!(bootstrap.cluster_id.to_string(), "cdf818194e3a8c32");
}

#[test]
fn every_way_to_write_a_flag() {
    let settings = served(
        "-name a --data-dir=/x --pre-vote=false --heartbeat-interval 50 --election-timeout=500",
        &[("ETCD_SNAPSHOT_COUNT", "5"), ("ETCD_WAL_DIR", ""), ("PATH", "/bin")],
    );
    assert_eq!(settings.name, "a");
    assert_eq!(settings.data_dir, Path::new("/x"));
    assert!(!settings.pre_vote);
    assert_eq!(settings.snapshot_count, 5);
    assert_eq!(settings.wal_dir, None);
    assert_eq!(settings.initial_cluster, "a=http://localhost:2380");
    assert!(matches!(parse_line("--version", &[]), Ok(Command::Version)));
    assert!(matches!(parse_line("--name x -h", &[]), Ok(Command::Help)));
}

/// The compose file of the walkthroughs 000 and 002.
#[test]
fn the_variables_of_the_walkthrough() {
    let cluster = "etcd1=http://etcd1:2380,etcd2=http://etcd2:2380,etcd3=http://etcd3:2380";
    let environment = [
        ("ALLOW_NONE_AUTHENTICATION", "yes"),
        ("ETCD_NAME", "etcd2"),
        ("ETCD_INITIAL_ADVERTISE_PEER_URLS", "http://etcd2:2380"),
        ("ETCD_LISTEN_PEER_URLS", "http://0.0.0.0:2380"),
        ("ETCD_LISTEN_CLIENT_URLS", "http://0.0.0.0:2379"),
        ("ETCD_ADVERTISE_CLIENT_URLS", "http://etcd2:2379"),
        ("ETCD_INITIAL_CLUSTER_TOKEN", "etcd-cluster"),
        ("ETCD_INITIAL_CLUSTER", cluster),
        ("ETCD_INITIAL_CLUSTER_STATE", "new"),
    ];
    let bootstrap = served("", &environment).bootstrap().unwrap();
    assert_eq!(bootstrap.member_id.to_string(), "d282ac2ce600c1ce");
    assert_eq!(bootstrap.members.len(), 3);
}

#[test]
fn two_listeners_and_a_two_member_cluster() {
    let settings = served(
        "--name infra0 --initial-advertise-peer-urls http://172.16.80.20:2380 \
         --initial-cluster infra0=http://172.16.80.20:2380,infra1=http://172.16.80.21:2380 \
         --listen-peer-urls http://172.16.80.20:2380 \
         --listen-client-urls http://172.16.80.20:2379,http://127.0.0.1:2379 \
         --advertise-client-urls http://172.16.80.20:2379 \
         --initial-cluster-token etcd-cluster-1 --initial-cluster-state new \
         --data-dir /root/ETCD/infra0",
        &[],
    );
    assert_eq!(
        texts(&settings.listen_client),
        ["http://127.0.0.1:2379", "http://172.16.80.20:2379"]
    );
    let bootstrap = settings.bootstrap().unwrap();
    assert_eq!(bootstrap.member_id.to_string(), "5a1e3e74478b7608");
    assert_eq!(bootstrap.cluster_id.to_string(), "2904ef1066e801d0");
}

/// A command line, the exit code, and the sentence.
const REFUSED: &[(&str, &str)] = &[
    ("--bogus", "2: flag provided but not defined: -bogus"),
    ("--name", "2: flag needs an argument: -name"),
    ("---name x", "2: bad flag syntax: ---name"),
    ("foo", "1: \"foo\" is not a valid flag"),
    ("--name a -- b", "1: \"b\" is not a valid flag"),
    (
        "--listen-client-urls xyz",
        "2: invalid value \"xyz\" for flag -listen-client-urls: \
         URL scheme must be http, https, unix, or unixs: xyz",
    ),
    (
        "--listen-client-urls http://foo:abc",
        "2: invalid value \"http://foo:abc\" for flag -listen-client-urls: \
         parse \"http://foo:abc\": invalid port \":abc\" after host",
    ),
    (
        "--listen-peer-urls 127.0.0.1:2380",
        "2: invalid value \"127.0.0.1:2380\" for flag -listen-peer-urls: \
         parse \"127.0.0.1:2380\": first path segment in URL cannot contain colon",
    ),
    (
        "--listen-peer-urls http://127.0.0.1",
        "2: invalid value \"http://127.0.0.1\" for flag -listen-peer-urls: \
         URL address does not have the form \"host:port\": http://127.0.0.1",
    ),
    (
        "--initial-advertise-peer-urls http://a.b:2380/x",
        "2: invalid value \"http://a.b:2380/x\" for flag -initial-advertise-peer-urls: \
         URL must not contain a path: http://a.b:2380/x",
    ),
    (
        "--heartbeat-interval abc",
        "2: invalid value \"abc\" for flag -heartbeat-interval: parse error",
    ),
    (
        "--strict-reconfig-check=maybe",
        "2: invalid boolean value \"maybe\" for -strict-reconfig-check: parse error",
    ),
    (
        "--initial-cluster-state foo",
        "2: invalid value \"foo\" for flag -initial-cluster-state: invalid value",
    ),
    (
        "--listen-peer-urls http://example.com:2380",
        "1: expected IP in URL for binding (http://example.com:2380)",
    ),
    (
        "--listen-client-urls http://0.0.0.0:2379",
        "1: --advertise-client-urls is required when --listen-client-urls is set explicitly",
    ),
    (
        "--advertise-client-urls http://:2379",
        "1: --advertise-client-urls \"http://:2379\" must be \"host:port\" \
         (unexpected empty host (http://:2379))",
    ),
    (
        "--election-timeout 100",
        "1: --election-timeout[100ms] should be at least as 5 times as \
         --heartbeat-interval[100ms]",
    ),
    (
        "--election-timeout 60000",
        "1: --election-timeout[60000ms] is too long, and should be set less than 50000ms",
    ),
    ("--auto-compaction-mode x", "1: unknown auto-compaction-mode \"x\""),
    ("--logger foo", "1: unknown logger option \"foo\""),
    ("--log-level foo", "1: unrecognized level: \"foo\""),
    ("--log-outputs stdout,default", "1: multi logoutput for \"default\" is not supported yet"),
    (
        "--listen-client-urls https://127.0.0.1:2379 --advertise-client-urls http://a:1",
        "1: TLS key/cert (--cert-file, --key-file) must be provided for client url \
         https://127.0.0.1:2379 with HTTPS scheme",
    ),
    (
        "--enable-pprof",
        "1: --enable-pprof (profiles over HTTP) is not supported yet, \
         remove it or leave it at its default \"false\"",
    ),
    (
        "--listen-peer-urls https://127.0.0.1:2380 --initial-advertise-peer-urls https://a:1",
        "1: cannot listen on TLS for 127.0.0.1:2380: KeyFile and CertFile are not presented",
    ),
    (
        "--client-cert-auth",
        "1: certificates of callers cannot be checked without --trusted-ca-file: name the file of \
         the authority that signs them",
    ),
    (
        "--tls-min-version TLS1.1",
        "1: unexpected TLS version \"TLS1.1\" (must be one of: TLS1.2, TLS1.3)",
    ),
    (
        "--tls-min-version TLS1.3 --tls-max-version TLS1.2",
        "1: min version (TLS1.3) is greater than max version (TLS1.2)",
    ),
    (
        "--peer-cert-allowed-cn a --peer-cert-allowed-hostname b",
        "1: AllowedCN and AllowedHostname are mutually exclusive (cn=\"a\", hostname=\"b\")",
    ),
];

#[test]
fn sentences_of_the_flags() {
    for (line, want) in REFUSED {
        assert_eq!(refused(line), *want, "{line}");
    }
}

#[test]
fn a_flag_and_its_variable_together_are_refused() {
    let error = parse_line("--name y", &[("ETCD_NAME", "x")]).unwrap_err();
    assert_eq!(error, FlagError::Conflict { variable: "ETCD_NAME".into() });
    let error = parse_line("", &[("ETCD_LISTEN_PEER_URLS", "foo")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid value \"foo\" for ETCD_LISTEN_PEER_URLS: \
         URL scheme must be http, https, unix, or unixs: foo"
    );
}

#[test]
fn an_unknown_variable_only_warns() {
    let Ok(Command::Serve(_, notices)) = parse_line("--data-dir x", &[("ETCD_FOO", "1")]) else {
        panic!("it is served");
    };
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].message, "unrecognized environment variable");
    assert_eq!(notices[0].fields, [("environment-variable", "ETCD_FOO=1".into())]);
}

#[test]
fn harmless_and_default_values_are_taken() {
    served("--max-wals 3 --backend-batch-interval 10ms --auth-token simple", &[]);
    served("--client-cert-auth=false --corrupt-check-time 0s --enable-pprof=0", &[]);
}

#[test]
fn old_names_and_gates_mean_the_same() {
    let old = served(
        "--experimental-initial-corrupt-check --experimental-corrupt-check-time=10s \
         --experimental-compact-hash-check-enabled --experimental-compact-hash-check-time 2m \
         --experimental-compaction-batch-limit=5 --experimental-snapshot-catchup-entries=7",
        &[],
    );
    let new = served(
        "--feature-gates=InitialCorruptCheck=true,CompactHashCheck=true --corrupt-check-time=10s \
         --compact-hash-check-time 2m --compaction-batch-limit=5 --snapshot-catchup-entries=7",
        &[],
    );
    for settings in [old, new] {
        let periodic = Some(Duration::from_secs(10));
        let compaction = Some(Duration::from_mins(2));
        assert_eq!(settings.corruption, CorruptionChecks { initial: true, periodic, compaction });
        assert_eq!((settings.compaction_batch_rows, settings.snapshot_catchup_entries), (5, 7));
    }
    assert_eq!(served("", &[]).corruption, CorruptionChecks::default());
    assert_eq!(refused("--feature-gates=Flying=true"), "1: unrecognized feature gate: Flying");
}

#[test]
fn who_may_ask_is_read_from_the_flags() {
    assert_eq!(served("", &[]).access, Access::default());
    let access = served("--cors=http://b:80,http://a:80 --host-whitelist=x,y", &[]).access;
    let list = |names: [&str; 2]| AllowList::new(names.map(str::to_owned));
    assert_eq!(
        access,
        Access { cors: list(["http://a:80", "http://b:80"]), hosts: list(["x", "y"]) }
    );
    assert_eq!(
        refused("--cors=http://a"),
        "2: invalid value \"http://a\" for flag -cors: URL address does not have the form \
         \"host:port\": http://a"
    );
    assert_eq!(refused("--auth-token=token"), "1: auth: invalid auth options");
}

#[test]
fn sentences_of_the_first_start() {
    let refused = |line: &str| served(line, &[]).bootstrap().unwrap_err();
    assert_eq!(
        refused("--initial-cluster a=http://x:2380"),
        "couldn't find local name \"default\" in the initial cluster configuration"
    );
    assert_eq!(
        refused(
            "--name a --initial-advertise-peer-urls http://127.0.0.1:2381 \
             --initial-cluster a=http://127.0.0.1:2380"
        ),
        "--initial-cluster has a=http://127.0.0.1:2380 but missing from \
         --initial-advertise-peer-urls=http://127.0.0.1:2381"
    );
    assert_eq!(
        refused("--name a --initial-cluster a=http://localhost:2380,b"),
        "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: "
    );
    assert_eq!(
        refused("--name a --initial-cluster a=http://localhost:2380,b=http://localhost:2380"),
        "initial cluster a=http://localhost:2380,b=http://localhost:2380 has duplicate url"
    );
}

#[test]
fn durations_are_gos() {
    assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5_400)));
    assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1_500)));
    assert_eq!(parse_duration("0"), Some(Duration::ZERO));
    for wrong in ["", "5", "s", "-1s", "1x", "1s2"] {
        assert_eq!(parse_duration(wrong), None, "{wrong}");
    }
}

#[test]
fn every_flag_has_a_default_that_it_accepts() {
    for flag in table::flags() {
        assert!(table::flags().filter(|other| other.name == flag.name).count() == 1);
        let line = [format!("--{}={}", flag.name, flag.default)];
        if !matches!(flag.name, "version") {
            parse(line, []).unwrap_or_else(|error| {
                assert!(flag.name == "listen-client-urls", "--{}: {error}", flag.name);
                Command::Help
            });
        }
    }
    assert!(help().contains("--data-dir ''"));
}

/// etcd's sentences about a registry that is named by halves, or beside a list of the members.
#[test]
fn a_registry_needs_a_token_and_no_list() {
    let both = "1: both --discovery-token and --discovery-endpoints must be set";
    assert_eq!(refused("--discovery-token t"), both);
    assert_eq!(refused("--discovery-endpoints http://a:2379"), both);
    assert_eq!(
        refused("--discovery-endpoints a:1,,b:1 --discovery-token t"),
        "1: --discovery-endpoints must not contain empty endpoints"
    );
    let conflict = refused(
        "--discovery-endpoints a:1 --discovery-token t --initial-cluster default=http://a:2380",
    );
    assert!(
        conflict.starts_with("1: multiple discovery or bootstrap flags are set."),
        "{conflict}"
    );
    let line = "--discovery-endpoints a:1,b:2 --discovery-token t --discovery-user root:pw:x";
    let registry = served(line, &[]).discovery.unwrap();
    assert_eq!(registry.endpoints, ["a:1", "b:2"]);
    assert_eq!(registry.user, Some(("root".to_owned(), "pw:x".to_owned())));
    assert_eq!(registry.request_timeout, Duration::from_secs(5));
    assert!(registry.tls.insecure_transport);
    assert!(served("", &[]).discovery.is_none());
}
