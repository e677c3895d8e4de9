//! Three members; round by round the leader is killed, and started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use glasshouse_tests::cluster::{Cluster, Member, http};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

/// How often a leader is killed, unless `GLASSHOUSE_STORM_ROUNDS` says so.
const ROUNDS: u64 = 4;

/// How long all three members run before one is killed.
const LOAD: Duration = Duration::from_millis(400);

/// What clients must get done while the leader is dead, and once more when all are back.
const PROGRESS: u64 = 5;

/// How long clients may take for that, an election included.
const PATIENCE: Duration = Duration::from_secs(120);

/// What clients and the storm know of each other.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    over: AtomicBool,
    done: AtomicU64,
}

impl Storm {
    /// Whether no further leader is killed.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// A client has got one thing more done.
    pub(crate) fn did_one(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn wait_for_progress(&self, clients: &JoinHandle<()>, when: &str) {
        let (begin, before) = (Instant::now(), self.done.load(Ordering::Relaxed));
        while self.done.load(Ordering::Relaxed) < before + PROGRESS && !clients.is_finished() {
            assert!(begin.elapsed() < PATIENCE, "no client gets anything done {when}");
            sleep(Duration::from_millis(10));
        }
    }
}

/// Runs clients of three new members; they are given the members' URLs, and end by themselves when the
/// storm is over.
pub(crate) fn in_a_storm<W, F>(block: u8, clients: W)
where
    W: FnOnce(Vec<String>, Arc<Storm>) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut cluster = Cluster::on_addresses(3, block);
    cluster.start_all();
    let urls: Vec<String> = cluster.members.iter().map(|member| member.url()).collect();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let storm = Arc::new(Storm::default());
    let clients = runtime.spawn(clients(urls, storm.clone()));
    let rounds = std::env::var("GLASSHOUSE_STORM_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("it is a number"));
    for round in 1..=rounds {
        storm.wait_for_progress(&clients, &format!("before round {round}"));
        if clients.is_finished() {
            break;
        }
        sleep(LOAD);
        let leader = leader(&cluster);
        println!("round {round}: member {leader}, the leader, is killed");
        cluster.members[leader].kill();
        storm.wait_for_progress(&clients, &format!("without member {leader}, in round {round}"));
        cluster.start(leader);
        cluster.members[leader].wait_until_ready();
    }
    let early = clients.is_finished();
    storm.over.store(true, Ordering::Relaxed);
    runtime.block_on(clients).unwrap();
    assert!(!early, "the clients ended before the storm");
    println!("{} things were done", storm.done.load(Ordering::Relaxed));
}

/// Who leads, by what the members say of themselves. Their metrics ask nobody for a password.
fn leader(cluster: &Cluster) -> usize {
    let begin = Instant::now();
    loop {
        let leads = |member: &Member| {
            http(&member.address(), "GET /metrics").contains("\netcd_server_is_leader 1\n")
        };
        if let Some(number) = cluster.members.iter().position(leads) {
            return number;
        }
        assert!(begin.elapsed() < PATIENCE, "nobody leads");
        sleep(Duration::from_millis(20));
    }
}
