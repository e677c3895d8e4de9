//! What the system and the servers themselves say about the work that was done.
//!
//! CPU time comes from `/proc/PID/stat`, which Linux keeps exactly and shows in hundredths of a second. It
//! also tells how much the rest of the machine worked, without which no measurement on a shared
//! machine can be judged. fsyncs come from the servers' `/metrics`, under etcd's names.
//!
//! Bytes written are those of the block device: the kernel's count for each process
//! (`/proc/PID/io`) is off by orders of magnitude for files that are overwritten.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::server::Cluster;
use crate::{Failure, Result};

/// Linux counts CPU time in hundredths of a second for programs (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
/// Linux counts sectors of this size, whatever the device has.
const SECTOR_BYTES: u64 = 512;

/// CPU time, memory and disk, as the system counts them.
pub struct Usage {
    server_ticks: u64,
    client_ticks: u64,
    machine_ticks: u64,
    written_bytes: Option<u64>,
    /// Resident memory of all members.
    pub rss_bytes: u64,
}

/// What was used between two readings.
pub struct Used {
    /// CPU time of all members.
    pub server_cpu_seconds: f64,
    /// CPU time of this process.
    pub client_cpu_seconds: f64,
    /// CPU time of all else.
    pub other_cpu_seconds: f64,
    /// Bytes that the device under the data wrote.
    pub disk_bytes: Option<u64>,
}

impl Usage {
    /// Reads everything; takes microseconds.
    pub fn read(cluster: &Cluster) -> Result<Self> {
        let (mut server_ticks, mut rss_bytes) = (0, 0);
        for pid in cluster.pids() {
            server_ticks += process_ticks(&read(&format!("/proc/{pid}/stat"))?);
            rss_bytes += resident_bytes(&read(&format!("/proc/{pid}/status"))?);
        }
        Ok(Self {
            server_ticks,
            client_ticks: process_ticks(&read("/proc/self/stat")?),
            machine_ticks: machine_ticks(&read("/proc/stat")?),
            written_bytes: written_bytes(cluster.dir()),
            rss_bytes,
        })
    }

    /// What was used since an earlier reading.
    pub fn since(&self, before: &Self) -> Used {
        let seconds = |now: u64, then: u64| now.saturating_sub(then) as f64 / TICKS_PER_SECOND;
        let server = seconds(self.server_ticks, before.server_ticks);
        let client = seconds(self.client_ticks, before.client_ticks);
        let machine = seconds(self.machine_ticks, before.machine_ticks);
        Used {
            server_cpu_seconds: server,
            client_cpu_seconds: client,
            other_cpu_seconds: (machine - server - client).max(0.0),
            disk_bytes: self.written_bytes.zip(before.written_bytes).map(|(now, then)| now - then),
        }
    }
}

/// What the members count themselves, in sum.
pub struct Syncs {
    /// fdatasyncs of the log.
    pub wal: u64,
    /// Durable transactions of the store.
    pub backend: u64,
}

impl Syncs {
    /// Asks all members, which takes them a few milliseconds.
    pub async fn read(cluster: &Cluster) -> Result<Self> {
        let mut syncs = Self { wal: 0, backend: 0 };
        for member in cluster.clients() {
            let page = metrics(member).await?;
            syncs.wal += sample(&page, member, "etcd_disk_wal_fsync_duration_seconds_count")?;
            syncs.backend +=
                sample(&page, member, "etcd_disk_backend_commit_duration_seconds_count")?;
        }
        Ok(syncs)
    }
}

/// Beyond this much work of others, in processors, a measurement says little.
pub const OTHERS_MAX: f64 = 0.2;

/// Waits until other programs rest or the time is over.
pub async fn wait_for_rest(until: Instant) -> Result<()> {
    const LOOK: Duration = Duration::from_millis(500);
    let ticks = || {
        let own = process_ticks(&read("/proc/self/stat")?);
        Ok(machine_ticks(&read("/proc/stat")?).saturating_sub(own))
    };
    while Instant::now() < until {
        let before = ticks()?;
        sleep(LOOK).await;
        let busy = ticks()?.saturating_sub(before) as f64 / TICKS_PER_SECOND;
        if busy <= OTHERS_MAX * LOOK.as_secs_f64() {
            break;
        }
    }
    Ok(())
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Failure::Failed(format!("{path}: {error}; the benchmark needs Linux and living servers"))
    })
}

/// User and system time of a process, its dead threads included (`man 5 proc_pid_stat`).
fn process_ticks(stat: &str) -> u64 {
    // The second field is the name in parentheses, which may hold spaces.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// Time in which any CPU did anything, of `/proc/stat` (`man 5 proc_stat`).
fn machine_ticks(stat: &str) -> u64 {
    let fields: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system [idle iowait] irq softirq steal; guests are in user.
    fields.iter().take(3).chain(fields.iter().skip(5).take(3)).sum()
}

fn resident_bytes(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Bytes written so far by the device under a directory.
fn written_bytes(dir: &Path) -> Option<u64> {
    let device = fs::metadata(dir).ok()?.dev();
    // Linux's encoding of major and minor numbers (`man 3 makedev`).
    let major = (device >> 8) & 0xfff | (device >> 32) & !0xfff;
    let minor = device & 0xff | (device >> 12) & !0xff;
    let stat = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    let sectors: u64 = stat.split_whitespace().nth(6)?.parse().ok()?;
    Some(sectors * SECTOR_BYTES)
}

async fn metrics(member: SocketAddr) -> Result<String> {
    let page = async {
        let mut stream = TcpStream::connect(member).await?;
        // Of HTTP 1.0, so that the body is not cut into chunks.
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        std::io::Result::Ok(page)
    };
    page.await.map_err(|error| Failure::Failed(format!("http://{member}/metrics: {error}")))
}

fn sample(page: &str, member: SocketAddr, name: &str) -> Result<u64> {
    page.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        .ok_or_else(|| Failure::Failed(format!("http://{member}/metrics has no {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 31 0 0 20";
        assert_eq!(process_ticks(stat), 281);
        assert_eq!(machine_ticks("cpu  10 1 5 1000 7 2 3 4 9 0\ncpu0 1 1"), 10 + 1 + 5 + 2 + 3 + 4);
        assert_eq!(resident_bytes("Name: x\nVmRSS:\t  12 kB\n"), 12 * 1024);
    }

    #[test]
    fn samples_are_found_by_their_whole_name() {
        let page = "# HELP x\nx_count_more 3\nx_count 42\n";
        let member = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(sample(page, member, "x_count").unwrap(), 42);
        assert!(sample(page, member, "y").is_err());
    }
}
