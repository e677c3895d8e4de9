//! Host names for members, so that ids and lines equal those of the walkthroughs.
//!
//! An id is a hash of a URL such as `http://etcd1:2380`, so the name must resolve, for our members
//! and for a real etcdctl. Where it does not, each program is started with an `/etc/hosts` of its
//! own, mounted where only that program sees it; where the machine forbids that too (containers),
//! the names are appended to the file itself.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A name and the loopback address behind it.
pub type Host = (&'static str, Ipv4Addr);

/// Starts programs that know the names.
pub struct Names {
    /// The file that is mounted over `/etc/hosts`; `None` when the names resolve anyway.
    private: Option<PathBuf>,
    network: Option<Network>,
}

/// A network of its own, in which addresses exist that the machine does not have.
struct Network {
    /// Holds the network open until its standard input is closed.
    holder: Child,
}

impl Network {
    /// `None` where the machine forbids that.
    fn new(addresses: &[Ipv4Addr]) -> Option<Self> {
        let script = "ip link set lo up && \
                      for ip in \"$@\"; do ip addr add \"$ip/32\" dev lo || exit; done && \
                      echo ready && exec cat";
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", script, "sh"]);
        command.args(addresses.iter().map(Ipv4Addr::to_string));
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut network = Self { holder: pipes.spawn().ok()? };
        let mut line = String::new();
        BufReader::new(network.holder.stdout.take()?).read_line(&mut line).ok()?;
        (line == "ready\n").then_some(network)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl Names {
    /// Makes the names known; `dir` is for a file that must live as long as the programs.
    pub fn new(hosts: &[Host], dir: &Path) -> Self {
        if hosts.iter().all(resolves) {
            return Self { private: None, network: None };
        }
        let lines: String = hosts.iter().map(|(name, ip)| format!("{ip} {name}\n")).collect();
        let system = fs::read_to_string("/etc/hosts").unwrap_or_default();
        let private = dir.join("hosts");
        fs::write(&private, format!("{system}\n{lines}")).unwrap();
        let names = Self { private: Some(private), network: None };
        let mut probe = names.command(Path::new("true"));
        if probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return names;
        }
        let appended = fs::OpenOptions::new()
            .append(true)
            .open("/etc/hosts")
            .and_then(|mut file| std::io::Write::write_all(&mut file, lines.as_bytes()));
        assert!(
            appended.is_ok() && hosts.iter().all(resolves),
            "this test needs names for its members: add these lines to /etc/hosts\n{lines}"
        );
        Self { private: None, network: None }
    }

    /// Programs live in a network of their own with these addresses; `None` where the machine
    /// forbids that.
    pub fn in_network(addresses: &[Ipv4Addr]) -> Option<Self> {
        Some(Self { private: None, network: Some(Network::new(addresses)?) })
    }

    /// A command whose process, with the id that `spawn` gives, knows the names.
    pub fn command(&self, program: &Path) -> Command {
        if let Some(network) = &self.network {
            let target = network.holder.id().to_string();
            let mut command = Command::new("nsenter");
            command.args(["--preserve-credentials", "--user", "--net", "--target", &target]);
            command.arg(program);
            return command;
        }
        let Some(hosts) = &self.private else { return Command::new(program) };
        let mut command = Command::new("unshare");
        // Mounts of a name space of one's own need no rights where user name spaces are allowed.
        command.args(["--map-root-user", "--mount", "sh", "-c"]);
        command.arg("mount --bind \"$0\" /etc/hosts && exec \"$@\"").arg(hosts).arg(program);
        command
    }
}

fn resolves((name, ip): &Host) -> bool {
    let addresses = (*name, 80).to_socket_addrs();
    addresses.is_ok_and(|mut addresses| {
        addresses.next().is_some_and(|first| first.ip() == IpAddr::V4(*ip))
    })
}
