//! A member from its first line to its last: open the disk, find out who it is, listen, run, stop.
//!
//! ```text
//!   settings ─► data directory ─► Node::recover ─► ports ─► driver … stop or halt ─► exit code
//! ```
//!
//! One thread runs everything that can wait (connections, timers, the node); two more write
//! the disk. What is bound, and when who is served, is told in `ports.rs`.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use glasshouse_core::membership::Member;
use glasshouse_core::wal::{WalImage, peek};
use glasshouse_core::{Config, Input, MemberId, Node, TokenKind, limits};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client_port::ClientPort;
use crate::config::{Bootstrap, ClusterState, Settings, Url, path_value};
use crate::discovery;
use crate::disk::{DataDir, DiskError, StoreThread, WalThread};
use crate::driver::{Driver, End, NodeState};
use crate::http::HttpContext;
use crate::join::{Joining, check_begins, join};
use crate::jwt::{Jwt, JwtError};
use crate::log::Log;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::peer::{Identity, PeerContext, Peers, REMOVED};
use crate::ports::Ports;
use crate::tls::{Dialer, TlsError};

/// How long open connections may take to end when the member stops.
const FAREWELL: Duration = Duration::from_millis(500);

/// Bytes that a message to a peer may have beside one request.
const PEER_OVERHEAD_BYTES: u64 = 1024 * 1024;

/// Milliseconds between two commits of the store (`--backend-batch-interval` of etcd).
const STORE_FLUSH_MS: u64 = 100;

/// Why a member does not start or does not go on; each is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The flags contradict each other.
    #[error("{0}")]
    Flags(String),
    /// The data directory cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// What is on the disk cannot be gone on from.
    #[error("{0}")]
    Recover(String),
    /// A port cannot be listened on.
    #[error("listen tcp {address}: bind: {error}")]
    Listen {
        /// Where.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// Certificates are missing or do not fit.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The keys of signed tokens are missing or do not fit.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// The system refuses threads or signals.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    /// The node ended by itself.
    #[error("{0}")]
    Halted(String),
}

/// Runs a member until a signal ends it.
///
/// # Errors
/// Why it did not start, or had to end.
pub fn run(settings: &Settings, log: &Arc<Log>) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(settings, log))
}

async fn serve(settings: &Settings, log: &Arc<Log>) -> Result<(), ServerError> {
    log_settings(settings, log);
    let mut ports = Ports::listen(settings).await?;
    let DataDir { wal, store, store_path, wal_path, lock } = DataDir::open(settings)?;
    ports.certify(settings, log)?;
    let dialer = ports.dialer.clone();
    let identify = identify(settings, dialer.as_ref(), &wal, log);
    let Start { identity, bootstrap, told } = ports.hang_up_during(identify).await?;
    let jwt = settings.jwt.as_ref().map(Jwt::open).transpose()?.map(Arc::new);
    let config = node_config(settings, identity, bootstrap)?;
    let node = Node::recover(config, wal, store.clone())
        .map_err(|error| ServerError::Recover(error.to_string()))?;
    log_start(&node, identity, log);

    let mailbox = Arc::new(Mailbox::default());
    let metrics = Arc::new(Metrics::default());
    let (state_sender, state) = watch::channel(NodeState::default());
    let disks = (
        WalThread::start(wal_path, mailbox.clone(), metrics.clone())?,
        StoreThread::start(store.clone(), store_path, mailbox.clone(), metrics.clone())?,
    );
    let context = Arc::new(PeerContext {
        identity,
        mailbox: mailbox.clone(),
        metrics: metrics.clone(),
        log: log.clone(),
        message_bytes_max: message_bytes_max(settings),
        dial_timeout: dial_timeout(settings),
        dialer,
        state: state.clone(),
    });
    let http = Arc::new(HttpContext {
        mailbox: mailbox.clone(),
        state: state.clone(),
        metrics,
        store,
        log: log.clone(),
    });
    let mut peers = Peers::new(context.clone());
    peers.call_told(&first_peers(settings, context.dialer.as_ref(), &node, told).await);

    let may_hurry = settings.advance_first_election;
    let driver =
        Driver::new(node, mailbox.clone(), disks, peers, state_sender, log.clone(), may_hurry)
            .sign_with(jwt.clone());
    let tick = Duration::from_millis(settings.heartbeat_ms);
    let driver = tokio::spawn(driver.run(tick));
    let (closing_sender, closing) = watch::channel(false);
    let client_port = ClientPort::new(settings, http, jwt);
    ports.serve(client_port, log, context, state, &closing);
    tokio::spawn(stop_on_signal(mailbox, log.clone())?);

    let end = driver.await.unwrap_or_else(|error| End::Halted(format!("this is a bug: {error}")));
    closing_sender.send_replace(true);
    drop(closing);
    // Each open connection holds a receiver.
    let _ = timeout(FAREWELL, closing_sender.closed()).await;
    drop(lock);
    farewell(end, settings, log)
}

/// What is said of an end, and what comes of it.
fn farewell(end: End, settings: &Settings, log: &Log) -> Result<(), ServerError> {
    match end {
        End::Stopped => {
            log.info("closed etcd server", &[("name", settings.name.as_str().into())]);
            Ok(())
        }
        End::Removed => {
            // etcd ends with success here: somebody wanted it so.
            log.warn("server error", &[("error", REMOVED.into())]);
            log.warn("data-dir used by this member must be removed", &[]);
            Ok(())
        }
        End::Halted(reason) => Err(ServerError::Halted(reason)),
    }
}

/// How a member begins.
struct Start {
    identity: Identity,
    /// The first members, when it is one of them and has no members on its disk.
    bootstrap: Vec<Member>,
    /// Whom it can call before its log names anybody.
    told: Vec<Member>,
}

impl Start {
    fn first(first: Bootstrap) -> Self {
        let identity = Identity { cluster: first.cluster_id, member: first.member_id };
        Self { identity, told: first.members.clone(), bootstrap: first.members }
    }
}

/// Who this member is: what its disk says, or what the flags describe for the first start.
async fn identify(
    settings: &Settings,
    dialer: Option<&Dialer>,
    wal: &WalImage,
    log: &Log,
) -> Result<Start, ServerError> {
    let found = peek(wal).map_err(|error| ServerError::Recover(error.to_string()))?;
    let Some(found) = found else {
        if settings.cluster_state == ClusterState::Existing {
            let Joining { identity, members } =
                join(settings, dialer, dial_timeout(settings)).await.map_err(ServerError::Flags)?;
            return Ok(Start { identity, bootstrap: Vec::new(), told: members });
        }
        let first = match &settings.discovery {
            Some(registry) => discovery::join(settings, registry, log).await,
            None => settings.bootstrap(),
        };
        let first = first.map_err(ServerError::Flags)?;
        check_begins(&first, dialer).await.map_err(ServerError::Flags)?;
        return Ok(Start::first(first));
    };
    if settings.discovery.is_some() {
        log.warn(
            "discovery token is ignored since cluster already initialized; valid logs are found",
            &[("wal-dir", path_value(&settings.wal_path()))],
        );
    }
    let identity = Identity { cluster: found.cluster_id, member: found.member_id };
    // As in etcd, what describes a first start is of no interest to a disk that has had one. The same flags as
    // then still name the members of a log that had no time to name them itself.
    let told = settings.bootstrap().ok().filter(|told| told.cluster_id == found.cluster_id);
    let bootstrap = told.map(|told| told.members).unwrap_or_default();
    Ok(Start { identity, told: bootstrap.clone(), bootstrap })
}

/// Whom to call first: the members on the disk or, before there are any, those that were told. A
/// member that joined and died before it had a log asks its peers once more.
async fn first_peers(
    settings: &Settings,
    dialer: Option<&Dialer>,
    node: &Node,
    told: Vec<Member>,
) -> Vec<Member> {
    let members: Vec<Member> = node.view().membership().members().cloned().collect();
    if !members.is_empty() {
        return members;
    }
    if told.is_empty() && settings.cluster_state == ClusterState::Existing {
        let joining = join(settings, dialer, dial_timeout(settings)).await;
        return joining.map(|joining| joining.members).unwrap_or_default();
    }
    told
}

fn node_config(
    settings: &Settings,
    identity: Identity,
    bootstrap: Vec<Member>,
) -> Result<Config, ServerError> {
    let ticks = |ms: u64| u32::try_from(ms / settings.heartbeat_ms).unwrap_or(u32::MAX).max(1);
    Ok(Config {
        bootstrap,
        name: settings.name.clone(),
        client_urls: settings.advertise_client.iter().map(Url::to_string).collect(),
        seed: random_seed()?,
        tick_ms: settings.heartbeat_ms,
        heartbeat_ticks: 1,
        election_ticks: ticks(settings.election_ms),
        pre_vote: settings.pre_vote,
        snapshot_count: settings.snapshot_count,
        snapshot_catchup_entries: settings.snapshot_catchup_entries,
        max_request_bytes: settings.max_request_bytes,
        max_range_bytes: settings.max_range_bytes,
        max_txn_ops: settings.max_txn_ops,
        watch_progress_notify_ms: milliseconds(settings.watch_progress_notify),
        quota_backend_bytes: settings.quota_backend_bytes,
        token_kind: match settings.jwt {
            Some(_) => TokenKind::Signed,
            None => TokenKind::Simple,
        },
        auth_token_ttl_seconds: settings.auth_token_ttl_seconds,
        bcrypt_cost: settings.bcrypt_cost,
        quota_auto_disarm: settings.quota_auto_disarm,
        initial_corrupt_check: settings.corruption.initial,
        corrupt_check_ms: settings.corruption.periodic.map(milliseconds),
        compact_hash_check_ms: settings.corruption.compaction.map(milliseconds),
        auto_compaction: settings.auto_compaction,
        compaction_batch_rows: settings.compaction_batch_rows,
        strict_reconfig_check: settings.strict_reconfig_check,
        max_learners: settings.max_learners,
        started_unix_s: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        store_flush_ticks: ticks(STORE_FLUSH_MS),
        ..Config::new(identity.member, identity.cluster)
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A seed that no other life of this member has: election timeouts and ids are drawn from it.
fn random_seed() -> io::Result<u64> {
    let mut bytes = [0; 8];
    io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// How long a call to a peer may take to be answered.
fn dial_timeout(settings: &Settings) -> Duration {
    Duration::from_millis(1_000 + settings.election_ms)
}

fn message_bytes_max(settings: &Settings) -> usize {
    usize::try_from(settings.max_request_bytes.saturating_add(PEER_OVERHEAD_BYTES))
        .unwrap_or(usize::MAX)
        .max(limits::PEER_MESSAGE_BYTES_MAX)
}

/// The first SIGTERM or SIGINT stops politely, the second at once.
fn stop_on_signal(
    mailbox: Arc<Mailbox>,
    log: Arc<Log>,
) -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        for first in [true, false] {
            let name = tokio::select! {
                _ = terminate.recv() => "terminated",
                _ = interrupt.recv() => "interrupt",
            };
            if first {
                log.info("received signal; shutting down", &[("signal", name.into())]);
                mailbox.post(Input::Stop);
            }
        }
        log.warn("received a second signal; ending at once", &[]);
        std::process::exit(1);
    })
}

fn log_settings(settings: &Settings, log: &Log) {
    let urls = |urls: &[Url]| urls.iter().map(Url::as_str).collect::<Vec<_>>().into();
    let wal_dir = settings.wal_dir.as_deref().unwrap_or(Path::new(""));
    let fields: [(&str, Value); 14] = [
        ("etcd-version", glasshouse_core::VERSION.into()),
        ("glasshouse-version", env!("CARGO_PKG_VERSION").into()),
        ("name", settings.name.as_str().into()),
        ("data-dir", path_value(&settings.data_dir)),
        ("wal-dir", path_value(wal_dir)),
        ("heartbeat-interval", format!("{}ms", settings.heartbeat_ms).into()),
        ("election-timeout", format!("{}ms", settings.election_ms).into()),
        ("snapshot-count", settings.snapshot_count.into()),
        ("listen-peer-urls", urls(&settings.listen_peer)),
        ("listen-client-urls", urls(&settings.listen_client)),
        ("initial-advertise-peer-urls", urls(&settings.advertise_peer)),
        ("advertise-client-urls", urls(&settings.advertise_client)),
        ("initial-cluster", settings.initial_cluster.as_str().into()),
        ("initial-cluster-token", settings.token.as_str().into()),
    ];
    log.info("starting an etcd server", &fields);
    log_quota(settings.quota_backend_bytes, log);
}

/// etcd's lines about the quota.
fn log_quota(bytes: i64, log: &Log) {
    let name = ("quota-name", Value::from("v3-applier"));
    let size = |bytes: u64| ("quota-size-bytes", Value::from(bytes));
    match u64::try_from(bytes) {
        Err(_) => {
            log.info("disabled backend quota", &[name, ("quota-size-bytes", bytes.into())]);
        }
        Ok(0) => {
            let size = size(limits::QUOTA_BYTES_DEFAULT);
            log.info("enabled backend quota with default value", &[name, size]);
        }
        Ok(bytes) => {
            if bytes > limits::QUOTA_BYTES_ADVISED_MAX {
                let most = ("quota-maximum-size-bytes", limits::QUOTA_BYTES_ADVISED_MAX.into());
                log.warn("quota exceeds the maximum value", &[name.clone(), size(bytes), most]);
            }
            log.info("enabled backend quota", &[name, size(bytes)]);
        }
    }
}

fn log_start(node: &Node, identity: Identity, log: &Log) {
    let Identity { cluster, member } = identity;
    let local: [(&str, Value); 2] = [
        ("local-member-id", member.to_string().into()),
        ("cluster-id", cluster.to_string().into()),
    ];
    let view = node.view();
    let revision = ("current-rev", view.mvcc().revision().into());
    let is_new = view.applied() == 0 && view.mvcc().revision() <= 1;
    log.info(if is_new { "starting local member" } else { "restarting local member" }, &local);
    log.info("kvstore restored", &[revision]);
    let ids: Vec<String> =
        view.membership().members().map(|member| MemberId::to_string(&member.id)).collect();
    log.info("starting etcd server", &[local[0].clone(), ("members", ids.into())]);
}
