//! Puts per second and server CPU per put, beside a real etcd in the same run.
//!
//! ```text
//! cargo bench -p glasshouse-server --bench put -- --etcd /path/to/etcd [--members 3]
//! ```
//!
//! Rates swing with whatever else the machine does; CPU time per put hardly does. So each round
//! runs every server once, in turning order, on a fresh directory, and what is printed is the
//! median over the rounds, and the least and greatest ratio to etcd in one round. etcd runs twice
//! in each round: the ratio of its two runs shows how much of a difference is noise. Clients and
//! servers share the machine; with several members the CPU time is the sum of all, and clients write
//! to the leader. A put has an 8-byte key and 256 bytes of value, and every server
//! syncs its log before it answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use glasshouse_console::{note, say};
use glasshouse_core::api;
use glasshouse_server::client::Connection;
use tokio::time::{Instant, sleep};

/// Clients that write at the same time; the columns of the result.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// Clients share so many connections at most.
const CONNECTIONS_MAX: usize = 16;

const VALUE_BYTES: usize = 256;

/// Ports of the first member; those of the next are 10 higher.
const CLIENT_PORT: u16 = 42_379;
const PEER_PORT: u16 = 42_380;

const WARM_UP: Duration = Duration::from_millis(500);

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server to measure.
struct Server {
    name: &'static str,
    program: PathBuf,
}

/// What one server did with so many clients.
#[derive(Clone, Copy)]
struct Sample {
    puts_per_second: f64,
    cpu_us_per_put: f64,
}

struct Options {
    etcd: Option<PathBuf>,
    members: u16,
    rounds: usize,
    seconds: u64,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(why) => {
            note!("{why}");
            return ExitCode::from(2);
        }
    };
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_glasshouse"));
    let mut servers = vec![Server { name: "glasshouse", program: ours }];
    if let Some(etcd) = options.etcd {
        servers.push(Server { name: "etcd", program: etcd.clone() });
        servers.push(Server { name: "etcd again", program: etcd });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let time = Duration::from_secs(options.seconds);
    // rounds[round][server][column]
    let mut rounds: Vec<Vec<Vec<Sample>>> = Vec::new();
    for round in 0..options.rounds {
        let mut samples = vec![Vec::new(); servers.len()];
        for place in 0..servers.len() {
            let server = (place + round) % servers.len();
            samples[server] = runtime.block_on(measure(&servers[server], options.members, time));
        }
        note!("round {} of {}", round + 1, options.rounds);
        rounds.push(samples);
    }
    print(&servers, &rounds);
    ExitCode::SUCCESS
}

fn options() -> Result<Options, String> {
    let mut options = Options { etcd: None, members: 1, rounds: 5, seconds: 3 };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        // What `cargo bench` passes on its own account.
        if arg == "--bench" {
            continue;
        }
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{arg} {value} is no number"));
        match arg.as_str() {
            "--etcd" => options.etcd = Some(value.into()),
            "--members" => options.members = u16::try_from(number()?).unwrap_or(1).clamp(1, 9),
            "--rounds" => options.rounds = usize::try_from(number()?).unwrap_or(usize::MAX).max(1),
            "--seconds" => options.seconds = number()?.max(1),
            _ => {
                return Err(format!(
                    "{arg}: the flags are --etcd, --members, --rounds and --seconds"
                ));
            }
        }
    }
    Ok(options)
}

/// Starts a server on empty directories and lets growing crowds write.
async fn measure(server: &Server, members: u16, time: Duration) -> Vec<Sample> {
    let dir = std::env::temp_dir().join(format!("glasshouse-bench-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    let processes: Vec<Process> =
        (0..members).map(|member| Process::start(server, &dir, member, members)).collect();
    let begin = Instant::now();
    let leader = loop {
        if let Some(leader) = leader(members).await {
            break leader;
        }
        assert!(begin.elapsed() < PATIENCE, "{} does not serve", server.name);
        sleep(Duration::from_millis(50)).await;
    };
    let mut samples = Vec::new();
    for clients in CLIENTS {
        samples.push(crowd(&leader, clients, time, &processes).await);
    }
    drop(processes);
    let _ = fs::remove_dir_all(&dir);
    samples
}

/// The member that leads, once a put has worked: writing there costs no further hop.
async fn leader(members: u16) -> Option<String> {
    for member in 0..members {
        let address = address(member, CLIENT_PORT);
        put(&address).await.ok()?;
        let connection = Connection::open(&address, PATIENCE).await.ok()?;
        let status = connection.ask(api::StatusRequest::default().into()).await.ok()?;
        if let api::Response::Status(status) = status
            && status.header.is_some_and(|header| header.member_id == status.leader)
        {
            return Some(address);
        }
    }
    None
}

fn address(member: u16, port: u16) -> String {
    format!("127.0.0.1:{}", port + 10 * member)
}

async fn put(address: &str) -> Result<(), String> {
    let connection = Connection::open(address, PATIENCE).await.map_err(|why| why.to_string())?;
    let answer = connection.ask(api::PutRequest { key: "k".into(), ..Default::default() }.into());
    answer.await.map(drop).map_err(|error| error.to_string())
}

/// So many clients, each with one put under way at a time.
async fn crowd(address: &str, clients: usize, time: Duration, processes: &[Process]) -> Sample {
    let cpu_seconds = || processes.iter().map(Process::cpu_seconds).sum::<f64>();
    let mut connections = Vec::new();
    for _ in 0..clients.min(CONNECTIONS_MAX) {
        let connection = Connection::open(address, PATIENCE).await;
        connections.push(connection.expect("the server answered a moment ago"));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let connection = connections[client % connections.len()].clone();
            let (stop, done) = (stop.clone(), done.clone());
            tokio::spawn(async move {
                for number in 0_u32.. {
                    if stop.load(Relaxed) {
                        return;
                    }
                    let key = format!("{client:02}{:06}", number % 1_000_000);
                    let value = vec![b'v'; VALUE_BYTES].into();
                    let request = api::PutRequest { key: key.into(), value, ..Default::default() };
                    connection.clone().ask(request.into()).await.expect("the put succeeds");
                    done.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    sleep(WARM_UP).await;
    let (puts, cpu, begin) = (done.load(Relaxed), cpu_seconds(), Instant::now());
    sleep(time).await;
    let puts = (done.load(Relaxed) - puts) as f64;
    let cpu = cpu_seconds() - cpu;
    let took = begin.elapsed().as_secs_f64();
    stop.store(true, Relaxed);
    for task in tasks {
        task.await.expect("no client panicked");
    }
    Sample { puts_per_second: puts / took, cpu_us_per_put: cpu / puts * 1e6 }
}

struct Process(Child);

impl Process {
    fn start(server: &Server, dir: &Path, member: u16, members: u16) -> Self {
        let peer = |member: u16| format!("http://{}", address(member, PEER_PORT));
        let all: Vec<String> = (0..members).map(|m| format!("m{m}={}", peer(m))).collect();
        let client = format!("http://{}", address(member, CLIENT_PORT));
        let process = Command::new(&server.program)
            .arg(format!("--name=m{member}"))
            .arg(format!("--data-dir={}", dir.join(member.to_string()).display()))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={}", peer(member)))
            .arg(format!("--initial-advertise-peer-urls={}", peer(member)))
            .arg(format!("--initial-cluster={}", all.join(",")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(process.unwrap_or_else(|why| panic!("{}: {why}", server.program.display())))
    }

    /// User and system time, from Linux's `/proc`.
    fn cpu_seconds(&self) -> f64 {
        /// Linux counts in hundredths of a second for programs (`USER_HZ`).
        const TICKS_PER_SECOND: f64 = 100.0;
        let path = format!("/proc/{}/stat", self.0.id());
        let stat = fs::read_to_string(path).expect("this runs on Linux, and the server lives");
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks = |field: usize| fields[field - 3].parse::<f64>().expect("it is a number");
        (ticks(14) + ticks(15)) / TICKS_PER_SECOND
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn print(servers: &[Server], rounds: &[Vec<Vec<Sample>>]) {
    say!("| clients | server | put/s | of etcd's | server CPU per put | of etcd's |");
    say!("| ---: | --- | ---: | ---: | ---: | ---: |");
    for (column, clients) in CLIENTS.iter().enumerate() {
        for (server, Server { name, .. }) in servers.iter().enumerate() {
            let of = |round: &Vec<Vec<Sample>>, server: usize| round[server][column];
            let cells = |value: fn(Sample) -> f64| {
                let values = rounds.iter().map(|round| value(of(round, server)));
                let ratios = rounds.iter().filter(|_| servers.len() > 1).map(|round| {
                    // The first etcd is what everything is compared with.
                    value(of(round, server)) / value(of(round, 1))
                });
                (median(values.collect()), spread(ratios.collect()))
            };
            let (rate, rates) = cells(|sample| sample.puts_per_second);
            let (cpu, cpus) = cells(|sample| sample.cpu_us_per_put);
            say!("| {clients} | {name} | {rate:.0} | {rates} | {cpu:.0} µs | {cpus} |");
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median, the least and the greatest.
fn spread(values: Vec<f64>) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() {
        return String::new();
    }
    format!("{:.2} ({least:.2}–{greatest:.2})", median(values))
}
