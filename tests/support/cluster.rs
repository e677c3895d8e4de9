//! Members as real processes: started, stopped, killed, asked.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::addresses::Addresses;
use crate::names::{Host, Names};
use crate::tools::program;

/// How long anything here may take before a test fails: far more than it takes, because a machine
/// that is shared may stand still for seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Flags of etcdctl: its own patience, five seconds for an answer, is less than a machine that is shared
/// may stand still for.
pub const PATIENT: [&str; 2] = ["--command-timeout=60s", "--dial-timeout=60s"];

/// A directory that is removed with its owner.
pub struct TempDir(pub PathBuf);

impl TempDir {
    /// A new, empty directory.
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("glasshouse-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Members of one cluster, each on a loopback address of its own, with etcd's ports.
pub struct Cluster {
    /// The members, in the order of their names.
    pub members: Vec<Member>,
    /// Starts programs that know the members' names.
    pub names: Names,
    /// What the members run: `glasshouse`, or another etcd.
    pub program: PathBuf,
    dir: TempDir,
    /// In a network of their own nobody else meets them.
    _addresses: Option<Addresses>,
}

/// One member.
pub struct Member {
    /// `--name`.
    pub name: String,
    /// `http`, or `https` after [`Cluster::speak_tls`].
    scheme: &'static str,
    /// The host in its URLs.
    host: String,
    ip: Ipv4Addr,
    args: Vec<String>,
    process: Option<Child>,
    log: PathBuf,
    /// Bytes of the log that are of earlier lives.
    log_before: usize,
}

impl Cluster {
    /// Members that are called by their addresses, `127.77.{block}.1` and up, not yet started.
    /// Tests that choose different blocks may run at the same time.
    pub fn on_addresses(size: u8, block: u8) -> Self {
        let hosts: Vec<(String, String, Ipv4Addr)> = (1..=size)
            .map(|number| Ipv4Addr::new(127, 77, block, number))
            .map(|ip| (ip.to_string(), ip.to_string(), ip))
            .collect();
        let addresses = Addresses::take([127, 77, block]);
        let dir = TempDir::new("cluster");
        let names = Names::new(&[], &dir.0);
        Self { _addresses: Some(addresses), ..Self::new(&hosts, "etcd-cluster", dir, names) }
    }

    /// Members that are called by name, not yet started.
    pub fn with_names(hosts: &[Host], token: &str) -> Self {
        let [a, b, c, _] = hosts[0].1.octets();
        let addresses = Addresses::take([a, b, c]);
        let dir = TempDir::new("cluster");
        let names = Names::new(hosts, &dir.0);
        let hosts: Vec<(String, String, Ipv4Addr)> =
            hosts.iter().map(|(name, ip)| ((*name).to_owned(), (*name).to_owned(), *ip)).collect();
        Self { _addresses: Some(addresses), ..Self::new(&hosts, token, dir, names) }
    }

    /// Members with these names at these addresses, in a network of their own that has `more`
    /// addresses, too; not yet started. `None` where the machine forbids such a network.
    pub fn in_network(hosts: &[Host], more: &[Ipv4Addr], token: &str) -> Option<Self> {
        let addresses: Vec<Ipv4Addr> =
            hosts.iter().map(|(_, ip)| *ip).chain(more.iter().copied()).collect();
        let names = Names::in_network(&addresses)?;
        let hosts: Vec<(String, String, Ipv4Addr)> =
            hosts.iter().map(|(name, ip)| ((*name).to_owned(), ip.to_string(), *ip)).collect();
        Some(Self::new(&hosts, token, TempDir::new("cluster"), names))
    }

    fn new(hosts: &[(String, String, Ipv4Addr)], token: &str, dir: TempDir, names: Names) -> Self {
        let all: Vec<String> =
            hosts.iter().map(|(name, host, _)| format!("{name}=http://{host}:2380")).collect();
        let members = hosts
            .iter()
            .map(|(name, host, ip)| {
                let mut member = Member::new(name, host, *ip, &dir.0);
                member.args.push(format!("--initial-cluster={}", all.join(",")));
                member.args.push(format!("--initial-cluster-token={token}"));
                member.args.push("--initial-cluster-state=new".to_owned());
                member
            })
            .collect();
        Self { members, names, program: glasshouse(), dir, _addresses: None }
    }

    /// A further member, which was added as `http://{ip}:2380` and joins when it is started. Gives
    /// its number.
    pub fn join(&mut self, name: &str, ip: Ipv4Addr, initial_cluster: &str) -> usize {
        let mut member = Member::new(name, &ip.to_string(), ip, &self.dir.0);
        member.args.push(format!("--initial-cluster={initial_cluster}"));
        member.args.push("--initial-cluster-state=existing".to_owned());
        self.members.push(member);
        self.members.len() - 1
    }

    /// The members know nothing of each other: the first of them meet at a registry.
    pub fn discover(&mut self, registry: &str, token: &str) {
        for member in &mut self.members {
            member.args.retain(|arg| !arg.starts_with("--initial-cluster"));
            member.args.push(format!("--discovery-endpoints={registry}"));
            member.args.push(format!("--discovery-token={token}"));
        }
    }

    /// Adds flags for the members' next lives.
    pub fn add_flags(&mut self, flags: &[&str]) {
        for member in &mut self.members {
            member.args.extend(flags.iter().map(|flag| (*flag).to_owned()));
        }
    }

    /// Gives one member other values of flags for its next lives.
    pub fn change_flags(&mut self, number: usize, flags: &[&str]) {
        let args = &mut self.members[number].args;
        for flag in flags {
            let (name, _) = flag.split_once('=').expect("a flag is --name=value");
            args.retain(|arg| arg.split_once('=').is_none_or(|(other, _)| other != name));
            args.push((*flag).to_owned());
        }
    }

    /// Every URL of the members begins with `https`; the flags name certificates, or where they come
    /// from.
    pub fn speak_tls(&mut self, flags: &[&str]) {
        for member in &mut self.members {
            member.scheme = "https";
            for arg in &mut member.args {
                *arg = arg.replace("http://", "https://");
            }
        }
        self.add_flags(flags);
    }

    /// Starts all members and waits until they serve.
    pub fn start_all(&mut self) {
        (0..self.members.len()).for_each(|number| self.start(number));
        (0..self.members.len()).for_each(|number| self.members[number].wait_until_ready());
    }

    /// Starts one member; it may take a moment until it serves.
    pub fn start(&mut self, number: usize) {
        let mut command = self.names.command(&self.program);
        self.members[number].start(&mut command);
    }

    /// Where a member keeps its data.
    pub fn data_dir(&self, number: usize) -> PathBuf {
        self.dir.0.join(&self.members[number].name)
    }

    /// All client URLs, as `--endpoints` takes them.
    pub fn endpoints(&self) -> String {
        self.members.iter().map(Member::url).collect::<Vec<_>>().join(",")
    }
}

impl Member {
    fn new(name: &str, host: &str, ip: Ipv4Addr, dir: &Path) -> Self {
        Self {
            name: name.to_owned(),
            scheme: "http",
            host: host.to_owned(),
            ip,
            args: vec![
                format!("--name={name}"),
                format!("--data-dir={}", dir.join(name).display()),
                format!("--listen-peer-urls=http://{ip}:2380"),
                format!("--listen-client-urls=http://{ip}:2379"),
                format!("--initial-advertise-peer-urls=http://{host}:2380"),
                format!("--advertise-client-urls=http://{host}:2379"),
            ],
            process: None,
            log: dir.join(format!("{name}.log")),
            log_before: 0,
        }
    }

    fn start(&mut self, command: &mut Command) {
        assert!(self.process.is_none(), "{} runs already", self.name);
        self.log_before = self.whole_log().len();
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let process =
            command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.process = Some(process.expect("the member's program can be started"));
    }

    /// Where clients reach it by name.
    pub fn url(&self) -> String {
        format!("{}://{}:2379", self.scheme, self.host)
    }

    /// Where clients of this process reach it, who may not know the name.
    pub fn address(&self) -> String {
        format!("{}:2379", self.ip)
    }

    /// Where other members reach it.
    pub fn peer_address(&self) -> String {
        format!("{}:2380", self.ip)
    }

    /// The process, while it runs.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("the member runs").id()
    }

    /// Memory of the process, from Linux's `/proc`.
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process_id());
        let status = fs::read_to_string(path).expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.expect("Linux says it").trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().expect("it is a number") * 1_024
    }

    /// Waits until the member says that it serves clients.
    pub fn wait_until_ready(&mut self) {
        self.wait_for_log("ready to serve client requests");
    }

    /// Waits for a line in the log of this life.
    pub fn wait_for_log(&mut self, text: &str) {
        let begin = Instant::now();
        while !self.log().contains(text) {
            let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
            assert!(
                ended.is_none() && begin.elapsed() < PATIENCE,
                "{} did not say {text:?} ({ended:?}):\n{}",
                self.name,
                self.log()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// What the member logged in this life.
    pub fn log(&self) -> String {
        self.whole_log().split_off(self.log_before)
    }

    fn whole_log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGTERM, as `docker stop` sends it; the member must end by itself.
    pub fn stop(&mut self) -> ExitStatus {
        signal(self.process_id(), "TERM");
        self.wait_for_end()
    }

    /// Waits until the process ends by itself.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the member runs");
        let begin = Instant::now();
        loop {
            if let Some(status) = process.try_wait().unwrap() {
                return status;
            }
            if begin.elapsed() > PATIENCE {
                let _ = process.kill();
                panic!("{} does not end:\n{}", self.name, self.log());
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL: whatever was not on the disk is gone with the process.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.try_wait().unwrap().is_none())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(process: u32, name: &str) {
    // The shell's own: not every machine has a program `kill`.
    let status = Command::new("sh").args(["-c", &format!("kill -s {name} {process}")]).status();
    assert!(status.is_ok_and(|status| status.success()), "cannot send SIG{name} to {process}");
}

/// What a program printed, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().expect("the program can be started");
    Ran {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}

/// One HTTP/1.1 request, `GET /health`; the whole answer.
pub fn http(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the port is open");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is text");
    answer
}

/// The body of an answer to [`http`].
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("head and body").1
}

/// Tries until it works.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(why) => assert!(begin.elapsed() < PATIENCE, "{what}: {why}"),
        }
        sleep(Duration::from_millis(50));
    }
}

/// Runs a line until it succeeds, as one does by hand while a cluster is between two leaders; what it
/// asks for must not matter when it is done twice.
pub fn run_until_ok(mut line: impl FnMut() -> Ran) -> Ran {
    eventually("the line succeeds", || {
        let ran = line();
        if ran.code == Some(0) { Ok(ran) } else { Err(format!("{ran:?}")) }
    })
}

/// The program `glasshouse`.
pub fn glasshouse() -> PathBuf {
    program("glasshouse-server", "glasshouse")
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}
