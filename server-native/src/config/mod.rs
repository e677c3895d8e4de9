//! What the operator wants: etcd's flags and `ETCD_*` variables, read and checked.
//!
//! ```text
//!   argv, environment ──flags──► values ──settings──► Settings
//!                        │                  │
//!                 2: cannot be read   1: makes no sense     (exit codes)
//! ```
//!
//! Rules, names, defaults and sentences are etcd's. What describes the first start of a cluster
//! (`--initial-*`) is checked later, by [`Settings::bootstrap`], because a member that has data
//! already does not look at it.

mod bootstrap;
mod compaction;
mod discovery;
mod features;
mod flags;
mod help;
mod security;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use glasshouse_core::auth::password;
pub use glasshouse_core::bootstrap::{
    Bootstrap, PeerMap, Url, cluster_text, first_members, parse_cluster,
};
use glasshouse_core::limits;
use glasshouse_core::node::AutoCompaction;
use serde_json::Value;

pub use self::discovery::DiscoverySettings;
pub use self::features::CorruptionChecks;
pub use self::flags::FlagError;
use self::flags::{Environment, Line, Support, Values, parse_bool, parse_duration};
pub use self::help::{USAGE, help};
use crate::http::Access;
use crate::jwt::JwtOptions;
use crate::log::Level;
use crate::tls::TlsSettings;

/// The longest election timeout in milliseconds that etcd accepts.
const ELECTION_MS_MAX: u64 = 50_000;

/// What a command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Run a member.
    Serve(Box<Settings>, Vec<Notice>),
    /// Print the flags.
    Help,
    /// Print the version.
    Version,
}

/// A line for the log that was due before the log could be opened.
#[derive(Debug)]
pub struct Notice {
    /// How grave it is.
    pub level: Level,
    /// etcd's text.
    pub message: &'static str,
    /// What stands beside it.
    pub fields: Vec<(&'static str, Value)>,
}

/// Whether the cluster starts with this member or was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// All first members start now.
    New,
    /// This member joins a running cluster.
    Existing,
}

/// A member's settings. Times are in milliseconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `--name`.
    pub name: String,
    /// `--data-dir`, or `{name}.etcd`.
    pub data_dir: PathBuf,
    /// `--data-dir` was not given.
    pub data_dir_is_default: bool,
    /// `--wal-dir`, when the log lives apart from the data.
    pub wal_dir: Option<PathBuf>,
    /// `--listen-peer-urls`.
    pub listen_peer: Vec<Url>,
    /// `--listen-client-urls`.
    pub listen_client: Vec<Url>,
    /// `--listen-metrics-urls`.
    pub listen_metrics: Vec<Url>,
    /// `--initial-advertise-peer-urls`.
    pub advertise_peer: Vec<Url>,
    /// `--advertise-client-urls`.
    pub advertise_client: Vec<Url>,
    /// `--initial-cluster`, as it was written, or this member alone.
    pub initial_cluster: String,
    /// `--initial-cluster-state`.
    pub cluster_state: ClusterState,
    /// `--initial-cluster-token`.
    pub token: String,
    /// `--discovery-endpoints` and what belongs to it.
    pub discovery: Option<DiscoverySettings>,
    /// `--heartbeat-interval`.
    pub heartbeat_ms: u64,
    /// `--election-timeout`.
    pub election_ms: u64,
    /// `--initial-election-tick-advance`.
    pub advance_first_election: bool,
    /// `--pre-vote`.
    pub pre_vote: bool,
    /// `--snapshot-count`.
    pub snapshot_count: u64,
    /// `--snapshot-catchup-entries`.
    pub snapshot_catchup_entries: u64,
    /// `--max-request-bytes`.
    pub max_request_bytes: u64,
    /// `--auto-compaction-mode` and `--auto-compaction-retention`.
    pub auto_compaction: Option<AutoCompaction>,
    /// `--compaction-batch-limit`, or etcd's 1000.
    pub compaction_batch_rows: u64,
    /// `--corrupt-check-time` and the other flags about comparing members.
    pub corruption: CorruptionChecks,
    /// `--watch-progress-notify-interval`, or etcd's 10 minutes.
    pub watch_progress_notify: Duration,
    /// `--max-range-bytes`.
    pub max_range_bytes: u64,
    /// `--max-txn-ops`.
    pub max_txn_ops: u64,
    /// `--max-concurrent-streams`.
    pub max_concurrent_streams: u32,
    /// `--grpc-keepalive-interval` and `--grpc-keepalive-timeout`; `None` for no pings.
    pub keepalive: Option<(Duration, Duration)>,
    /// `--enable-grpc-gateway`.
    pub enable_grpc_gateway: bool,
    /// `--cors` and `--host-whitelist`.
    pub access: Access,
    /// `--auth-token`; `None` for simple tokens.
    pub jwt: Option<JwtOptions>,
    /// `--auth-token-ttl`, in seconds.
    pub auth_token_ttl_seconds: u64,
    /// `--bcrypt-cost`.
    pub bcrypt_cost: u32,
    /// `--quota-backend-bytes`; 0 for 2 GiB, negative for none.
    pub quota_backend_bytes: i64,
    /// `--quota-auto-disarm`.
    pub quota_auto_disarm: bool,
    /// `--strict-reconfig-check`.
    pub strict_reconfig_check: bool,
    /// `--max-learners`.
    pub max_learners: u32,
    /// `--cert-file` and the other flags about TLS with clients.
    pub client_tls: TlsSettings,
    /// `--peer-cert-file` and the other flags about TLS with members.
    pub peer_tls: TlsSettings,
    /// `--self-signed-cert-validity`, in years.
    pub self_signed_validity_years: u64,
    /// `--log-level`.
    pub log_level: Level,
    /// `--log-outputs`.
    pub log_outputs: Vec<String>,
}

impl Settings {
    /// The directory of everything that belongs to the member.
    #[must_use]
    pub fn member_dir(&self) -> PathBuf {
        self.data_dir.join("member")
    }

    /// The directory of the log's segments.
    #[must_use]
    pub fn wal_path(&self) -> PathBuf {
        self.wal_dir.clone().unwrap_or_else(|| self.member_dir().join("wal"))
    }

    /// The file of the store.
    #[must_use]
    pub fn store_path(&self) -> PathBuf {
        self.member_dir().join("snap").join("db")
    }
}

/// Reads a command line, without the program's name, and the environment.
///
/// # Errors
/// What cannot be read ([`FlagError::Syntax`]) or makes no sense, in etcd's words.
pub fn parse(
    args: impl IntoIterator<Item = String>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Command, FlagError> {
    let mut values = match Values::from_args(args)? {
        Line::Help => return Ok(Command::Help),
        Line::Values(values) => values,
    };
    if values.bool("version") {
        return Ok(Command::Version);
    }
    let seen = values.add_environment(environment)?;
    let settings = settings(&values).map_err(FlagError::Invalid)?;
    let notices = notices(&settings, &seen);
    Ok(Command::Serve(Box::new(settings), notices))
}

fn settings(values: &Values) -> Result<Settings, String> {
    refuse_what_is_not_built(values)?;
    let listen_client = values.urls("listen-client-urls");
    let advertise_peer = values.urls("initial-advertise-peer-urls");
    let name = values.text("name").to_owned();
    let (client_tls, peer_tls) = security::read(values)?;
    let settings = Settings {
        client_tls,
        peer_tls,
        access: security::access(values),
        self_signed_validity_years: values.uint("self-signed-cert-validity"),
        data_dir: match values.text("data-dir") {
            "" => PathBuf::from(format!("{name}.etcd")),
            path => PathBuf::from(path),
        },
        data_dir_is_default: values.text("data-dir").is_empty(),
        wal_dir: Some(values.text("wal-dir")).filter(|path| !path.is_empty()).map(PathBuf::from),
        listen_peer: values.urls("listen-peer-urls"),
        listen_metrics: values.urls("listen-metrics-urls"),
        advertise_client: values.urls("advertise-client-urls"),
        initial_cluster: initial_cluster(values, &name, &advertise_peer),
        cluster_state: match values.text("initial-cluster-state") {
            "existing" => ClusterState::Existing,
            _ => ClusterState::New,
        },
        token: values.text("initial-cluster-token").to_owned(),
        discovery: discovery::read(values)?,
        heartbeat_ms: values.uint("heartbeat-interval"),
        election_ms: values.uint("election-timeout"),
        advance_first_election: values.bool("initial-election-tick-advance"),
        pre_vote: values.bool("pre-vote"),
        snapshot_count: values.uint("snapshot-count"),
        snapshot_catchup_entries: values.uint("snapshot-catchup-entries"),
        max_request_bytes: values.uint("max-request-bytes"),
        watch_progress_notify: watch_progress_notify(values),
        corruption: features::corruption_checks(values)?,
        auto_compaction: compaction::auto_compaction(
            values.text("auto-compaction-mode"),
            values.text("auto-compaction-retention"),
        )?,
        compaction_batch_rows: compaction_batch_rows(values),
        max_range_bytes: values.uint("max-range-bytes"),
        max_txn_ops: values.uint("max-txn-ops"),
        max_concurrent_streams: u32::try_from(values.uint("max-concurrent-streams"))
            .unwrap_or(u32::MAX),
        keepalive: keepalive(values),
        quota_backend_bytes: values.int("quota-backend-bytes"),
        quota_auto_disarm: values.bool("quota-auto-disarm"),
        jwt: security::jwt(values)?,
        auth_token_ttl_seconds: auth_token_ttl(values),
        bcrypt_cost: bcrypt_cost(values),
        strict_reconfig_check: values.bool("strict-reconfig-check"),
        enable_grpc_gateway: values.bool("enable-grpc-gateway"),
        max_learners: max_learners(values)?,
        log_level: log_level(values)?,
        log_outputs: log_outputs(values)?,
        name,
        listen_client,
        advertise_peer,
    };
    check(&settings)?;
    if values.is_given("listen-client-urls") && !values.is_given("advertise-client-urls") {
        return Err("--advertise-client-urls is required when --listen-client-urls is set \
                    explicitly"
            .into());
    }
    Ok(settings)
}

/// `--initial-cluster`; without it this member alone, under its own name if it has one.
fn initial_cluster(values: &Values, name: &str, advertise_peer: &[Url]) -> String {
    if values.is_given("initial-cluster") || name == values.default_of("name") {
        return values.text("initial-cluster").to_owned();
    }
    let urls = advertise_peer.iter().map(|url| format!("{name}={url}"));
    urls.collect::<Vec<_>>().join(",")
}

fn max_learners(values: &Values) -> Result<u32, String> {
    let text = values.text("max-learners");
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("--max-learners must be > 0 (set to {text})"))
}

/// As etcd: shorter times would be noise.
fn watch_progress_notify(values: &Values) -> Duration {
    match values.duration("watch-progress-notify-interval") {
        Duration::ZERO => Duration::from_mins(10),
        interval => interval.max(Duration::from_millis(100)),
    }
}

fn keepalive(values: &Values) -> Option<(Duration, Duration)> {
    let interval = values.duration("grpc-keepalive-interval");
    (!interval.is_zero()).then(|| (interval, values.duration("grpc-keepalive-timeout")))
}

/// As etcd: no number means the usual one.
fn compaction_batch_rows(values: &Values) -> u64 {
    let rows = u64::try_from(values.int("compaction-batch-limit")).ok();
    rows.filter(|rows| *rows > 0).unwrap_or(limits::COMPACTION_ROWS_PER_STEP)
}

/// As etcd: no time means the usual one.
fn auth_token_ttl(values: &Values) -> u64 {
    match values.uint("auth-token-ttl") {
        0 => 300,
        seconds => seconds,
    }
}

/// As etcd: a cost that bcrypt cannot have is the usual one.
fn bcrypt_cost(values: &Values) -> u32 {
    let cost = u32::try_from(values.uint("bcrypt-cost")).ok();
    let possible = password::COST_MIN..=password::COST_MAX;
    cost.filter(|cost| possible.contains(cost)).unwrap_or(password::COST_DEFAULT)
}

/// A flag that asks for what does not exist here must not be taken in silence.
fn refuse_what_is_not_built(values: &Values) -> Result<(), String> {
    for flag in table::flags().filter(|flag| flag.support == Support::NotYet) {
        let (value, default) = (values.text(flag.name), flag.default);
        let same = value == default
            || parse_bool(value).is_some_and(|yes| Some(yes) == parse_bool(default))
            || parse_duration(value).is_some_and(|time| Some(time) == parse_duration(default));
        if !same {
            return Err(format!(
                "--{} ({}) is not supported yet, remove it or leave it at its default {default:?}",
                flag.name, flag.help
            ));
        }
    }
    Ok(())
}

fn check(settings: &Settings) -> Result<(), String> {
    let Settings { heartbeat_ms, election_ms, .. } = *settings;
    let listened = [&settings.listen_peer, &settings.listen_client, &settings.listen_metrics];
    for url in listened.into_iter().flatten() {
        url.check_bind()?;
    }
    check_hosts("initial-advertise-peer-urls", &settings.advertise_peer)?;
    check_hosts("advertise-client-urls", &settings.advertise_client)?;
    settings.check_tls()?;
    if heartbeat_ms == 0 {
        return Err("--heartbeat-interval must be >0 (set to 0ms)".into());
    }
    if election_ms == 0 {
        return Err("--election-timeout must be >0 (set to 0ms)".into());
    }
    if heartbeat_ms.saturating_mul(5) > election_ms {
        return Err(format!(
            "--election-timeout[{election_ms}ms] should be at least as 5 times as \
             --heartbeat-interval[{heartbeat_ms}ms]"
        ));
    }
    if election_ms > ELECTION_MS_MAX {
        return Err(format!(
            "--election-timeout[{election_ms}ms] is too long, and should be set less than \
             {ELECTION_MS_MAX}ms"
        ));
    }
    Ok(())
}

fn check_hosts(flag: &str, urls: &[Url]) -> Result<(), String> {
    let text = || urls.iter().map(Url::as_str).collect::<Vec<_>>().join(",");
    urls.iter()
        .try_for_each(Url::check_host)
        .map_err(|why| format!("--{flag} {:?} must be \"host:port\" ({why})", text()))
}

fn log_level(values: &Values) -> Result<Level, String> {
    if values.text("logger") != "zap" {
        return Err(format!("unknown logger option {:?}", values.text("logger")));
    }
    if values.bool("debug") {
        return Ok(Level::Debug);
    }
    let name = values.text("log-level");
    Level::from_name(name).ok_or_else(|| format!("unrecognized level: {name:?}"))
}

fn log_outputs(values: &Values) -> Result<Vec<String>, String> {
    let mut outputs: Vec<String> =
        values.text("log-outputs").split(',').map(str::to_owned).collect();
    outputs.sort();
    outputs.dedup();
    if outputs.len() > 1 && outputs.iter().any(|output| output == "default") {
        return Err("multi logoutput for \"default\" is not supported yet".into());
    }
    if outputs.iter().any(|output| output == "systemd/journal") {
        return Err("--log-outputs systemd/journal is not supported yet, use stderr".into());
    }
    Ok(outputs)
}

fn notices(settings: &Settings, seen: &Environment) -> Vec<Notice> {
    let used = seen.used.iter().map(|(name, value)| Notice {
        level: Level::Info,
        message: "recognized and used environment variable",
        fields: vec![
            ("variable-name", name.as_str().into()),
            ("variable-value", value.as_str().into()),
        ],
    });
    let unknown = seen.unknown.iter().map(|(name, value)| Notice {
        level: Level::Warn,
        message: "unrecognized environment variable",
        fields: vec![("environment-variable", format!("{name}={value}").into())],
    });
    let mut notices: Vec<Notice> = used.chain(unknown).collect();
    if let Some(jwt) = settings.jwt.as_ref().filter(|jwt| !jwt.unknown.is_empty()) {
        notices.push(Notice {
            level: Level::Warn,
            message: "unknown JWT options",
            fields: vec![("keys", jwt.unknown.clone().into())],
        });
    }
    if settings.data_dir_is_default {
        notices.push(Notice {
            level: Level::Warn,
            message: "'data-dir' was empty; using default",
            fields: vec![("data-dir", path_value(&settings.data_dir))],
        });
    }
    notices
}

/// A path as the log shows it.
#[must_use]
pub fn path_value(path: &Path) -> Value {
    path.display().to_string().into()
}
