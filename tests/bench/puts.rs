//! Puts per second, and what a put costs: this server beside Debian's etcd 3.4.23, in one run.
//!
//! `cargo xtask figures` builds the server as people run it and starts this. For each number of
//! clients both systems get a fresh cluster of three on loopback and on the same disk; every client
//! has a connection to the leader and waits for each answer before it asks again. Keys have 8 bytes,
//! values 256.
//!
//! The rate swings with whatever else the machine does. The processor time of all three members,
//! divided by the puts, swings least: it is the number to compare.

#![allow(clippy::print_stdout, reason = "printing figures is what this is for")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use glasshouse_core::api::{PutRequest, StatusRequest, StatusResponse};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CLIENTS: [usize; 3] = [1, 16, 64];
const MEMBERS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
/// How long a fresh cluster may take to elect a leader.
const PATIENCE: Duration = Duration::from_secs(30);
/// What Linux counts processor time in, per second (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    // cargo adds `--bench` to what the user gave.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [ours, etcd] = args.as_slice() else {
        return Err("usage: puts PATH_OF_GLASSHOUSE PATH_OF_ETCD".into());
    };
    // One thread: the clients must not take more of the machine than they need.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "| clients | server | put/s | p50 ms | p99 ms | server CPU us/put | client CPU us/put |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for clients in CLIENTS {
        for (name, program) in [("etcd 3.4.23", etcd), ("glasshouse", ours)] {
            let cluster = Cluster::start(Path::new(program))?;
            let figures = runtime.block_on(measure(&cluster, clients))?;
            println!("| {clients} | {name} | {figures} |");
        }
    }
    Ok(())
}

/// What one run tells.
struct Figures {
    seconds: f64,
    latencies: Vec<Duration>,
    server_seconds: f64,
    client_seconds: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let puts = self.latencies.len() as f64;
        let percentile = |share: usize| {
            let at = (self.latencies.len() * share / 100).min(self.latencies.len() - 1);
            self.latencies[at].as_secs_f64() * 1e3
        };
        write!(
            to,
            "{:.0} | {:.2} | {:.2} | {:.0} | {:.0}",
            puts / self.seconds,
            percentile(50),
            percentile(99),
            self.server_seconds * 1e6 / puts,
            self.client_seconds * 1e6 / puts,
        )
    }
}

async fn measure(cluster: &Cluster, clients: usize) -> Result<Figures, Failure> {
    let leader = cluster.leader().await?;
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Connection::open(leader).await?);
    }
    let (connections, _) = put_for(connections, WARM_UP).await?;
    let (server, client, began) = (cluster.cpu()?, cpu("self")?, Instant::now());
    let (_, mut latencies) = put_for(connections, MEASURED).await?;
    let seconds = began.elapsed().as_secs_f64();
    let (server_seconds, client_seconds) = (cluster.cpu()? - server, cpu("self")? - client);
    latencies.sort_unstable();
    Ok(Figures { seconds, latencies, server_seconds, client_seconds })
}

/// All clients put for so long, each one put after the other; the connections come back.
async fn put_for(
    connections: Vec<Connection>,
    how_long: Duration,
) -> Result<(Vec<Connection>, Vec<Duration>), Failure> {
    let end = Instant::now() + how_long;
    let mut clients = JoinSet::new();
    for (number, mut connection) in (0..).zip(connections) {
        clients.spawn(async move {
            let mut latencies = Vec::new();
            let mut nth: u64 = number;
            while Instant::now() < end {
                // Keys of a fixed set in an order that jumps about.
                nth = nth
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let key = format!("{:08}", (nth >> 33) % 10_000);
                let value = vec![b'v'; 256].into();
                let request = PutRequest { key: key.into(), value, ..Default::default() };
                let asked = Instant::now();
                connection.call("/etcdserverpb.KV/Put", &request).await?;
                latencies.push(asked.elapsed());
            }
            Ok::<_, Failure>((connection, latencies))
        });
    }
    let (mut connections, mut latencies) = (Vec::new(), Vec::new());
    for client in clients.join_all().await {
        let (connection, its_latencies) = client?;
        connections.push(connection);
        latencies.extend(its_latencies);
    }
    Ok((connections, latencies))
}

/// A connection that carries one gRPC call at a time, with nothing around it that costs time.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    port: u16,
}

impl Connection {
    async fn open(port: u16) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, port })
    }

    /// The bytes of the answer's message; an answer that is an error fails the run.
    async fn call(&mut self, path: &str, message: &impl Message) -> Result<Bytes, Failure> {
        let mut body = BytesMut::with_capacity(5 + message.encoded_len());
        body.put_u8(0);
        body.put_u32(u32::try_from(message.encoded_len())?);
        message.encode(&mut body)?;
        let request = Request::post(format!("http://127.0.0.1:{}{path}", self.port))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(body.freeze()))?;
        let answer = self.sender.send_request(request).await?;
        let head = answer.headers().clone();
        let whole = answer.into_body().collect().await?;
        let tail = whole.trailers().unwrap_or(&head);
        let status = tail.get("grpc-status").or(head.get("grpc-status"));
        if status.is_none_or(|status| status != "0") {
            return Err(format!("the server answered {tail:?}").into());
        }
        // One byte of flags and four of length stand before the message.
        Ok(whole.to_bytes().slice(5..))
    }
}

/// Three members on free ports, gone with their data when dropped.
struct Cluster {
    dir: PathBuf,
    members: Vec<Child>,
    client_ports: Vec<u16>,
}

impl Cluster {
    fn start(program: &Path) -> Result<Self, Failure> {
        let dir =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("puts-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let (peers, clients) = (free_ports()?, free_ports()?);
        let everyone: Vec<String> =
            (0..MEMBERS).map(|n| format!("m{n}=http://127.0.0.1:{}", peers[n])).collect();
        let mut cluster = Self { dir, members: Vec::new(), client_ports: clients };
        for (n, peer) in peers.iter().enumerate() {
            let peer = format!("http://127.0.0.1:{peer}");
            let client = format!("http://127.0.0.1:{}", cluster.client_ports[n]);
            let log = File::create(cluster.dir.join(format!("m{n}.log")))?;
            let member = Command::new(program)
                .args(["--name", &format!("m{n}"), "--initial-cluster-state", "new"])
                .arg("--data-dir")
                .arg(cluster.dir.join(format!("m{n}")))
                .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
                .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
                .args(["--initial-cluster", &everyone.join(",")])
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()?;
            cluster.members.push(member);
        }
        Ok(cluster)
    }

    /// The client port of the leader, once all members follow it.
    async fn leader(&self) -> Result<u16, Failure> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let mut leading = None;
            let mut following = 0;
            for &port in &self.client_ports {
                let Ok(status) = status(port).await else { continue };
                let id = status.header.map(|header| header.member_id);
                following += usize::from(status.leader != 0);
                if id == Some(status.leader) {
                    leading = Some(port);
                }
            }
            if let (Some(port), MEMBERS) = (leading, following) {
                return Ok(port);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("no leader within {PATIENCE:?}; the logs are in {}", self.dir.display()).into())
    }

    /// Processor time of all members so far, in seconds.
    fn cpu(&self) -> Result<f64, Failure> {
        self.members.iter().map(|member| cpu(&member.id().to_string())).sum()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            let _ = member.kill();
            let _ = member.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

async fn status(port: u16) -> Result<StatusResponse, Failure> {
    let mut connection = Connection::open(port).await?;
    let answer = connection.call("/etcdserverpb.Maintenance/Status", &StatusRequest {}).await?;
    Ok(StatusResponse::decode(answer)?)
}

/// User and system time of a process in seconds, from Linux's `/proc`.
fn cpu(process: &str) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything; the fields are counted from its end.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

/// Ports that were free a moment ago.
fn free_ports() -> Result<Vec<u16>, Failure> {
    let listeners: Vec<TcpListener> =
        (0..MEMBERS).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}
