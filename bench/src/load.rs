//! The clients: closed loops, each with one call under way, on the clock of one measurement.
//!
//! ```text
//!   warm-up        timed part, counted                       stop
//!   ├──────────────┼─────────────────────────────────────────┤
//!                read /proc, /metrics                     read again
//! ```
//!
//! A closed loop hides how long a queue would have become: its p99 says what these clients waited,
//! not what a stream of independent users would have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use glasshouse_core::api::{PutRequest, RangeRequest};
use http::Request;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::grpc::{Connection, frame};
use crate::histogram::Histogram;
use crate::probe::{Syncs, Usage};
use crate::server::Cluster;
use crate::{Failure, Result};

/// Different keys, of 8 bytes.
const KEYS: u64 = 10_000;
/// Bytes of a value.
const VALUE_BYTES: usize = 256;
/// More connections do not make a server quicker; etcd's own benchmark advises few, too.
const CONNECTIONS_MAX: usize = 16;
/// Long enough for connections, windows and caches to be as they will stay.
const WARM_UP: Duration = Duration::from_millis(500);

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Case {
    /// Write a key.
    Put,
    /// Read a key from the member that is asked, as it is there.
    GetSerializable,
    /// Read a key as of now.
    GetLinearizable,
}

impl Case {
    /// From its name on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Put, Self::GetSerializable, Self::GetLinearizable]
            .into_iter()
            .find(|case| case.name() == text)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::GetSerializable => "get-s",
            Self::GetLinearizable => "get-l",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Put => "/etcdserverpb.KV/Put",
            Self::GetSerializable | Self::GetLinearizable => "/etcdserverpb.KV/Range",
        }
    }

    /// An answer that is shorter did not do what was asked.
    fn answer_bytes_min(self) -> usize {
        match self {
            Self::Put => 1,
            Self::GetSerializable | Self::GetLinearizable => VALUE_BYTES,
        }
    }

    fn message(self, key: Bytes, value: &Bytes) -> Bytes {
        match self {
            Self::Put => frame(&PutRequest { key, value: value.clone(), ..PutRequest::default() }),
            Self::GetSerializable | Self::GetLinearizable => frame(&RangeRequest {
                key,
                serializable: self == Self::GetSerializable,
                ..RangeRequest::default()
            }),
        }
    }
}

/// One line of the results: what is done, by how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What the clients do.
    pub case: Case,
    /// How many there are.
    pub clients: usize,
}

/// What one measurement found.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Calls that were answered in the timed part.
    pub calls: u64,
    /// Length of the timed part.
    pub seconds: f64,
    /// Half of the calls took at most this long.
    pub p50_us: f64,
    /// 99 of 100 calls took at most this long.
    pub p99_us: f64,
    /// CPU time of all members in the timed part, user and system.
    pub server_cpu_seconds: f64,
    /// CPU time of the clients in the timed part.
    pub client_cpu_seconds: f64,
    /// CPU time that everything else on the machine took meanwhile, in all.
    pub other_cpu_seconds: f64,
    /// fdatasyncs of the log by all members, as their `/metrics` count them.
    pub wal_fsyncs: u64,
    /// Durable transactions of the store by all members, likewise.
    pub backend_commits: u64,
    /// Resident memory of all members at the end.
    pub rss_bytes: u64,
    /// Bytes that the device under the data directories wrote, whoever caused it; absent when the
    /// system does not tell.
    pub disk_bytes: Option<u64>,
}

impl Measured {
    /// Calls for each second.
    pub fn rate(&self) -> f64 {
        self.calls as f64 / self.seconds
    }

    /// How many processors other programs kept busy.
    pub fn others(&self) -> f64 {
        self.other_cpu_seconds / self.seconds
    }

    /// A total, for each call.
    pub fn per_call(&self, total: f64) -> f64 {
        total / self.calls.max(1) as f64
    }
}

/// Lets the clients of `point` work on the leader of a cluster for `time`.
pub async fn measure(cluster: &Cluster, point: Point, time: Duration) -> Result<Measured> {
    let leader = cluster.leader().await?;
    if point.case != Case::Put {
        write_all_keys(leader).await?;
    }
    let phase = Arc::new(AtomicU8::new(Phase::WarmUp as u8));
    let messages = messages(point.case);
    let connections = connect(leader, point.clients.min(CONNECTIONS_MAX)).await?;
    let mut clients = JoinSet::new();
    for number in 0..point.clients {
        let connection = connections[number % connections.len()].clone();
        // Clients begin at different keys, so that they do not follow each other.
        let start = number * messages.len() / point.clients;
        let client = Client { connection, case: point.case, messages: messages.clone() };
        clients.spawn(client.run(start, phase.clone()));
    }
    sleep(WARM_UP).await;
    let syncs_before = Syncs::read(cluster).await?;
    let before = Usage::read(cluster)?;
    phase.store(Phase::Timed as u8, Relaxed);
    let begin = Instant::now();
    sleep(time).await;
    phase.store(Phase::Over as u8, Relaxed);
    let seconds = begin.elapsed().as_secs_f64();
    let after = Usage::read(cluster)?;
    let syncs = Syncs::read(cluster).await?;
    let mut latency = Histogram::default();
    while let Some(seen) = clients.join_next().await {
        latency.merge(&seen.map_err(|error| Failure::Failed(error.to_string()))??);
    }
    let used = after.since(&before);
    Ok(Measured {
        calls: latency.total(),
        seconds,
        p50_us: latency.quantile(500) as f64 / 1e3,
        p99_us: latency.quantile(990) as f64 / 1e3,
        server_cpu_seconds: used.server_cpu_seconds,
        client_cpu_seconds: used.client_cpu_seconds,
        other_cpu_seconds: used.other_cpu_seconds,
        wal_fsyncs: syncs.wal - syncs_before.wal,
        backend_commits: syncs.backend - syncs_before.backend,
        rss_bytes: after.rss_bytes,
        disk_bytes: used.disk_bytes,
    })
}

#[derive(Clone, Copy)]
enum Phase {
    WarmUp,
    Timed,
    Over,
}

struct Client {
    connection: Connection,
    case: Case,
    messages: Arc<[Bytes]>,
}

impl Client {
    /// Calls until it is over; what it returns is how long the calls of the timed part took, in ns.
    async fn run(mut self, start: usize, phase: Arc<AtomicU8>) -> Result<Histogram> {
        let mut latency = Histogram::default();
        let head = self.connection.head(self.case.path());
        let messages = self.messages.clone();
        for message in messages.iter().cycle().skip(start) {
            let begin = Instant::now();
            self.call(&head, message).await?;
            let now = phase.load(Relaxed);
            if now == Phase::Over as u8 {
                break;
            }
            if now == Phase::Timed as u8 {
                let took = begin.elapsed().as_nanos();
                latency.record(u64::try_from(took).unwrap_or(u64::MAX));
            }
        }
        Ok(latency)
    }

    async fn call(&mut self, head: &Request<()>, message: &Bytes) -> Result<()> {
        let answer = self.connection.call(head, message.clone()).await?;
        if answer.len() < self.case.answer_bytes_min() {
            let (name, bytes) = (self.case.name(), answer.len());
            return Err(Failure::Failed(format!("{name} was answered with {bytes} bytes only")));
        }
        Ok(())
    }
}

async fn connect(leader: SocketAddr, count: usize) -> Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(Connection::open(leader).await?);
    }
    Ok(connections)
}

/// Writes each key once, so that every read finds one.
async fn write_all_keys(leader: SocketAddr) -> Result<()> {
    let messages = messages(Case::Put);
    let next = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for connection in connect(leader, CONNECTIONS_MAX).await? {
        let mut client = Client { connection, case: Case::Put, messages: messages.clone() };
        let next = next.clone();
        writers.spawn(async move {
            let head = client.connection.head(client.case.path());
            let messages = client.messages.clone();
            while let Some(message) = messages.get(next.fetch_add(1, Relaxed)) {
                client.call(&head, message).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written.map_err(|error| Failure::Failed(error.to_string()))??;
    }
    Ok(())
}

/// A message for each key, in an order in which neighbours are far apart.
fn messages(case: Case) -> Arc<[Bytes]> {
    let mut random = 0;
    let value: Bytes = (0..VALUE_BYTES.div_ceil(8))
        .flat_map(|_| next_random(&mut random).to_le_bytes())
        .take(VALUE_BYTES)
        .collect::<Vec<u8>>()
        .into();
    (0..KEYS)
        .map(|_| case.message(next_random(&mut random).to_be_bytes().to_vec().into(), &value))
        .collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same keys in every run.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_differ_and_reads_ask_for_what_was_written() {
        let puts = messages(Case::Put);
        let gets = messages(Case::GetSerializable);
        assert_eq!(puts.iter().collect::<BTreeSet<_>>().len() as u64, KEYS);
        // Prefix, tag, length, key.
        assert!(puts.iter().zip(&gets[..]).all(|(put, get)| put[5..15] == get[5..15]));
        assert!(puts.iter().all(|put| put.len() == 5 + 10 + 3 + VALUE_BYTES));
    }
}
