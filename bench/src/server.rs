//! Clusters that are started for one measurement: on loopback, on free ports, on empty directories.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use glasshouse_core::api::{PutRequest, PutResponse, StatusRequest, StatusResponse};
use tokio::time::sleep;

use crate::grpc::Connection;
use crate::{Failure, Result};

/// How long a cluster may take until it has a leader that takes a write.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its name in the results.
    pub name: String,
    /// Its executable, which takes etcd's flags.
    pub path: PathBuf,
}

/// Running members; dropping this ends them and removes their directories.
pub struct Cluster {
    members: Vec<Member>,
    dir: PathBuf,
}

struct Member {
    process: Child,
    client: SocketAddr,
    log: PathBuf,
}

impl Cluster {
    /// Starts a cluster and waits until it takes writes; everything it has lies below `dir`.
    pub async fn start(program: &Program, members: u16, dir: &Path) -> Result<Self> {
        let dir = dir.join(format!("glasshouse-bench-{}", std::process::id()));
        let failed = |error: io::Error| Failure::Failed(format!("{}: {error}", dir.display()));
        fs::create_dir_all(&dir).map_err(failed)?;
        let mut cluster = Self { members: Vec::new(), dir: dir.clone() };
        let ports = free_ports(2 * usize::from(members)).map_err(failed)?;
        let (client, peer) = ports.split_at(usize::from(members));
        let all: Vec<String> =
            peer.iter().enumerate().map(|(n, port)| format!("n{n}=http://{port}")).collect();
        for (n, (client, peer)) in client.iter().zip(peer).enumerate() {
            let log = dir.join(format!("n{n}.log"));
            let output = File::create(&log).map_err(failed)?;
            let mut command = Command::new(&program.path);
            // Settings of whoever runs this would make the two servers different.
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("ETCD_") {
                    command.env_remove(name);
                }
            }
            let process = command
                .arg(format!("--name=n{n}"))
                .arg(format!("--data-dir={}", dir.join(format!("n{n}")).display()))
                .args([
                    format!("--listen-client-urls=http://{client}"),
                    format!("--advertise-client-urls=http://{client}"),
                    format!("--listen-peer-urls=http://{peer}"),
                    format!("--initial-advertise-peer-urls=http://{peer}"),
                    format!("--initial-cluster={}", all.join(",")),
                    "--initial-cluster-state=new".to_owned(),
                    "--initial-cluster-token=bench".to_owned(),
                ])
                .stdin(Stdio::null())
                .stdout(output.try_clone().map_err(failed)?)
                .stderr(output)
                .spawn()
                .map_err(|error| Failure::Failed(format!("{}: {error}", program.path.display())))?;
            cluster.members.push(Member { process, client: *client, log });
        }
        cluster.wait_until_ready(&program.name).await?;
        Ok(cluster)
    }

    /// Where the leader takes calls.
    pub async fn leader(&self) -> Result<SocketAddr> {
        for member in &self.members {
            let mut connection = Connection::open(member.client).await?;
            let path = "/etcdserverpb.Maintenance/Status";
            let status: StatusResponse = connection.ask(path, &StatusRequest::default()).await?;
            let own = status.header.as_ref().map_or(0, |header| header.member_id);
            if status.leader != 0 && status.leader == own {
                return Ok(member.client);
            }
        }
        Err(Failure::Failed("no member is the leader".to_owned()))
    }

    /// Where each member takes calls.
    pub fn clients(&self) -> impl Iterator<Item = SocketAddr> {
        self.members.iter().map(|member| member.client)
    }

    /// The processes.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.members.iter().map(|member| member.process.id())
    }

    /// Where the data is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    async fn wait_until_ready(&mut self, name: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            let Err(reason) = self.take_a_write().await else { return Ok(()) };
            for member in &mut self.members {
                if let Ok(Some(status)) = member.process.try_wait() {
                    let last = last_line(&member.log);
                    return Err(Failure::Failed(format!(
                        "{name} ended at once ({status}): {last}"
                    )));
                }
            }
            if begin.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                return Err(Failure::Failed(format!(
                    "{name} takes no write {seconds} s after its start: {reason}"
                )));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn take_a_write(&self) -> Result<()> {
        let mut connection = Connection::open(self.leader().await?).await?;
        let put = PutRequest { key: b"ready".as_slice().into(), ..PutRequest::default() };
        connection.ask::<PutResponse>("/etcdserverpb.KV/Put", &put).await.map(|_| ())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The data is thrown away, so nobody has to say goodbye. What cannot be ended or removed
        // here is gone already.
        for member in &mut self.members {
            let _ = member.process.kill();
            let _ = member.process.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Ports that nobody uses at this moment, all different.
fn free_ports(count: usize) -> io::Result<Vec<SocketAddr>> {
    let listeners: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<io::Result<_>>()?;
    listeners.iter().map(TcpListener::local_addr).collect()
}

fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().next_back().unwrap_or("it wrote no log").to_owned()
}
