//! Programs that print to a reader who goes away, as `head` does, or to a disk that is full.
//!
//! What is to come of it stands in `console/src/lib.rs`; and a member of a cluster must live on whatever becomes of
//! its log.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use glasshouse_tests::addresses::Addresses;
use glasshouse_tests::cluster::{PATIENT, TempDir, glasshouse, run, run_until_ok, text};
use glasshouse_tests::root;
use glasshouse_tests::tools::program;

const READER_GONE: Option<i32> = Some(141);
const UNWRITTEN: Option<i32> = Some(1);
const FULL: &str = "Standard output cannot be written: No space left on device (os error 28).\n";

/// How long a program may go on whose reader has gone away; the work of those here is longer by far.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lines that print something of their own accord.
const LINES: [&str; 20] = [
    "glasshouse-lab help",
    "glasshouse-lab run --nodes 1 --seconds 1 --calm",
    "glasshouse-lab run --nodes 1 --seconds 1 --calm --black-box --twice",
    "glasshouse-lab run --script tests/scripts/sim/words.script",
    "glasshouse-lab sweep --nodes 1 --seconds 1 --seeds 1..3",
    "glasshouse-lab hunt --seeds 1..2",
    "glasshouse-lab table --up-to easy",
    "glasshouse-lab replay FINDING",
    "glasshouse-lab replay FINDING --format json",
    "glasshouse-lab lesson 05",
    "glasshouse-lab verify README.md",
    "glasshouse-lab verify README.md --csv",
    "glasshouse-lab bench --nodes 1 --seconds 1",
    "glasshouse --help",
    "glasshouse --version",
    "glasshouse ctl help",
    "glasshouse ctl version -w json",
    "glasshouse utl version",
    "xtask help",
    "glasshouse-bench --help",
];

/// Lines that only complain.
const WRONG_LINES: [(&str, i32); 6] = [
    ("glasshouse-lab bogus", 2),
    ("glasshouse --bogus", 2),
    ("glasshouse --election-timeout 100", 1),
    ("glasshouse ctl bogus", 1),
    ("xtask bogus", 2),
    ("glasshouse-bench --bogus", 2),
];

/// A command line of one of our programs, in the folder of the workspace.
fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let name = words.next().unwrap();
    let package = match name {
        "glasshouse" => "glasshouse-server",
        "glasshouse-lab" => "glasshouse-sim",
        other => other,
    };
    let mut command = Command::new(program(package, name));
    command.current_dir(root()).stdin(Stdio::null()).args(words);
    command
}

/// The end of a pipe on which nobody hears anything.
fn unheard() -> io::PipeWriter {
    let (_, writer) = io::pipe().unwrap();
    writer
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A finding to be told, in a file.
fn finding(dir: &TempDir) -> PathBuf {
    let hunt = format!("glasshouse-lab hunt --mutant M02 --jobs 2 --out {}", text(&dir.0));
    let ran = run(&mut command(&hunt));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let files = fs::read_dir(&dir.0).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|name| name == "finding")).unwrap()
}

#[test]
fn an_output_that_fails_ends_a_program_without_a_panic() {
    let dir = TempDir::new("console");
    let finding = finding(&dir);
    for line in LINES {
        let line = line.replace("FINDING", text(&finding));
        let gone = command(&line).stdout(unheard()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((stderr(&gone).as_str(), gone.status.code()), ("", READER_GONE), "{line}");
        let full = command(&line).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((stderr(&full).as_str(), full.status.code()), (FULL, UNWRITTEN), "{line}");
        // The same with nobody to complain to.
        let alone = command(&line).stdout(unheard()).stderr(unheard()).status().unwrap();
        assert_eq!(alone.code(), READER_GONE, "{line}");
    }
}

#[test]
fn complaints_that_nobody_hears_change_nothing() {
    for (line, code) in WRONG_LINES {
        for (what, stderr) in [("no reader", Stdio::from(unheard())), ("full", full().into())] {
            let status = command(line).stdout(Stdio::null()).stderr(stderr).status().unwrap();
            assert_eq!(status.code(), Some(code), "{line}, {what}");
        }
    }
    // What was found is told all the same.
    let hunt = "glasshouse-lab run --nodes 1 --seconds 1 --calm";
    let output = command(hunt).stderr(unheard()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("\ntrace "));
}

#[test]
fn head_takes_the_first_line_and_nothing_is_said_of_the_others() {
    for line in ["glasshouse-lab help", "glasshouse ctl help", "glasshouse --help", "xtask help"] {
        let program = command(line).get_program().to_owned();
        let words = line.split_once(' ').unwrap().1;
        // The shell says how its left side ended; that is fast enough to be through before `head` has gone.
        let pipe = format!("{{ \"$0\" {words}; echo \"code $?\" >&2; }} | head -n 1");
        let output = Command::new("sh").arg("-c").arg(pipe).arg(program).output().unwrap();
        assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1, "{line}");
        let said = stderr(&output);
        assert!(["code 0\n", "code 141\n"].contains(&said.as_str()), "{line}: {said}");
    }
}

/// Starts a line of much work, reads one line of its output, and goes away.
fn left_after_one_line(line: &str) -> (String, Output) {
    let mut child = command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    assert!(child.try_wait().unwrap().is_none(), "{line}: the line came when all was over");
    drop(reader);
    let left = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if left.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{line}: it went on though nobody read it");
        }
        sleep(Duration::from_millis(10));
    }
    (first, child.wait_with_output().unwrap())
}

/// What is said in the middle of the work is there at once, and the work ends when nobody wants it any more.
#[test]
fn long_work_ends_with_its_reader() {
    for (line, begins) in [
        ("glasshouse-lab table --up-to easy", "| code | bug |"),
        ("glasshouse-lab sweep --nodes 1 --seconds 1 --seeds 0..1000000 --jobs 4", "500 of 10"),
        ("glasshouse-lab sweep --mutant M02 --nodes 3 --seconds 20 --seeds 0..10000", "seed "),
    ] {
        let (first, output) = left_after_one_line(line);
        assert!(first.starts_with(begins), "{line}: {first}");
        assert_eq!((stderr(&output).as_str(), output.status.code()), ("", READER_GONE), "{line}");
    }
}

/// A member, for as long as this lives.
struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Member {
    fn start(ip: Ipv4Addr, dir: &TempDir, outputs: &str, pipe: (Stdio, Stdio)) -> Self {
        let flags = [
            format!("--data-dir={}", dir.0.join("data").display()),
            format!("--listen-client-urls=http://{ip}:2379"),
            format!("--advertise-client-urls=http://{ip}:2379"),
            format!("--listen-peer-urls=http://{ip}:2380"),
            format!("--initial-advertise-peer-urls=http://{ip}:2380"),
            format!("--initial-cluster=default=http://{ip}:2380"),
            format!("--log-outputs={outputs}"),
        ];
        let mut command = Command::new(glasshouse());
        Self(command.args(flags).stdout(pipe.0).stderr(pipe.1).spawn().unwrap())
    }

    /// SIGTERM, of which a member says much, and its exit code.
    fn stop(&mut self) -> Option<i32> {
        let kill = format!("kill -s TERM {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let asked = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(asked.elapsed() < PATIENCE, "it does not end");
            sleep(Duration::from_millis(10));
        }
    }
}

/// Reads the log until the member serves.
fn until_ready(log: &mut impl BufRead) {
    let mut line = String::new();
    while !line.contains("ready to serve client requests") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the member ended");
    }
}

#[test]
fn a_member_outlives_the_reader_of_its_log() {
    let _addresses = Addresses::take([127, 77, 96]);
    let ip = Ipv4Addr::new(127, 77, 96, 1);
    let ctl = |words: &[&str]| {
        let mut command = Command::new(glasshouse());
        command.arg("ctl").arg(format!("--endpoints=http://{ip}:2379")).args(PATIENT).args(words);
        command
    };
    for outputs in ["default", "stdout", "stdout,stderr"] {
        let dir = TempDir::new("log");
        let (reader, writer) = io::pipe().unwrap();
        let pipe = (writer.try_clone().unwrap().into(), writer.into());
        let mut member = Member::start(ip, &dir, outputs, pipe);
        let mut log = BufReader::new(reader);
        until_ready(&mut log);
        drop(log);
        assert_eq!(run(&mut ctl(&["put", "city", &"v".repeat(100_000)])).code, Some(0));
        // A member has something to say of a defragmentation, and of its end.
        assert_eq!(run(&mut ctl(&["compaction", "1"])).code, Some(0), "{outputs}");
        assert_eq!(run(&mut ctl(&["defrag"])).code, Some(0), "{outputs}");
        let got = run(&mut ctl(&["get", "city", "--print-value-only"]));
        assert_eq!(got.stdout.len(), 100_001, "{outputs}");
        a_command_line_and_its_reader(&ctl);
        assert_eq!(member.stop(), Some(0), "{outputs}");
    }
    let dir = TempDir::new("log");
    let mut member = Member::start(ip, &dir, "default", (full().into(), full().into()));
    assert!(run_until_ok(|| run(&mut ctl(&["put", "city", "Paris"]))).stdout.contains("OK"));
    assert!(member.0.try_wait().unwrap().is_none(), "a full disk of its log ended a member");
    assert_eq!(member.stop(), Some(0));
}

/// `ctl get | head -c 10`, in all formats, and a watch that has something to say only later.
fn a_command_line_and_its_reader(ctl: &dyn Fn(&[&str]) -> Command) {
    for format in ["simple", "json", "fields", "protobuf"] {
        let get = || ctl(&["get", "city", "-w", format]);
        let gone = get().stdout(unheard()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((stderr(&gone).as_str(), gone.status.code()), ("", READER_GONE), "{format}");
        let full = get().stdout(full()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((stderr(&full).as_str(), full.status.code()), (FULL, UNWRITTEN), "{format}");
        // More than a pipe holds: the reader goes while the program writes.
        let mut child = get().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut some = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut some).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((stderr(&output).as_str(), output.status.code()), ("", READER_GONE), "{format}");
    }
    let mut watch = ctl(&["watch", "tick", "--rev=2"]);
    let watch = watch.stdout(unheard()).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(run(&mut ctl(&["put", "tick", "1"])).code, Some(0));
    let ended = watch.wait_with_output().unwrap();
    assert_eq!((stderr(&ended).as_str(), ended.status.code()), ("", READER_GONE));
}
