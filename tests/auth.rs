//! Users, roles and tokens with the real etcdctl 3.4.23 and 3.5.16: the same walk prints the same
//! against a real etcd 3.5.16 and against ours; and what was granted holds when a leader dies.
#![allow(clippy::print_stdout, reason = "what was tried once more belongs in the output")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use glasshouse_core::api::{
    AuthEnableRequest, AuthUserAddRequest, AuthUserGrantRoleRequest, AuthenticateRequest, Error,
    RangeRequest, Request, Response,
};
use glasshouse_server::client::Connection;
use glasshouse_tests::cluster::{Cluster, PATIENT, Ran, eventually, run};
use glasshouse_tests::tools;

/// From no users to many rights and back. `<` ends a line's standard input.
const WALK: &str = "\
auth enable
user add alice:alices
user add root:rootpw
role add root
user grant-role root root
user add bob:bobs
user add carol --no-password
user add alice:x
role add r1
role add r1
role list
role get root
role get r1
role get none
role grant-permission r1 read a c
role grant-permission r1 readwrite b
role grant-permission r1 write k --prefix
role grant-permission r1 write x --from-key
role grant-permission r1 read z a
role grant-permission r1 bad a
role grant-permission none read a
role get r1
role get r1 -w json
user grant-role alice r1
user grant-role alice r1
user grant-role alice none
user grant-role none r1
user get alice
user get alice --detail
user get none
user list
user list -w json
put a 1
put color red
auth enable
get a
--user=root:rootpw get a
--user=root:wrong get a
--user=nobody:x get a
--user=carol:x get a
--user=alice:alices get a
--user=alice:alices get a c
--user=alice:alices get a d
--user=alice:alices get color
--user=alice:alices put a 2
--user=alice:alices put b 2
--user=alice:alices put b 2 --prev-kv
--user=alice:alices put kk 2
--user=alice:alices get kk
--user=alice:alices put kk 3 --prev-kv
--user=alice:alices put y 1
--user=alice:alices del b
--user=alice:alices del b --prev-kv
--user=alice:alices del a
--user=alice:alices del x --from-key
--user=alice:alices del k --prefix
--user=alice:alices user list
--user=alice:alices user get alice
--user=alice:alices user get root
--user=alice:alices role get r1
--user=alice:alices role get root
--user=alice:alices role list
--user=bob:bobs get a
--user=bob:bobs member remove 1234
--user=bob:bobs endpoint health
--user=root:rootpw user delete root
--user=root:rootpw role delete root
--user=root:rootpw user revoke-role root root
--user=root:rootpw user revoke-role alice none
newpw<--user=root:rootpw user passwd alice --interactive=false
--user=alice:alices get a
--user=alice:newpw get a
--user=root:rootpw role revoke-permission r1 b
--user=root:rootpw role revoke-permission r1 b
--user=root:rootpw role revoke-permission r1 x --from-key
--user=root:rootpw role revoke-permission r1 k --prefix
--user=root:rootpw role get r1
--user=root:rootpw role delete r1
--user=root:rootpw user get alice
--user=root:rootpw user revoke-role alice r1
--user=alice:newpw get a
--user=root:rootpw user delete alice
--user=root:rootpw user delete alice
--user=root:rootpw auth disable
auth disable
get a
--user=root:rootpw get a
user delete root
user delete bob
user delete carol
role delete root
user add root:rootpw
auth enable
get a
--user=root:rootpw role list
--user=root:rootpw user get root
--user=root:rootpw auth disable
user delete root
role delete root
";

/// The one line that is answered as by 3.6: in 3.5 the role root seems to permit nothing.
const NEWER: &str = "role get root";

/// Lines of [`WALK`] that do what they say, and lines that nobody may. Both sides being equal does not
/// tell that a walk gets anywhere.
const DONE: usize = 63;
const DENIED: usize = 13;

/// An etcdctl.
struct Tool(PathBuf);

impl Tool {
    fn of(version: &str) -> Option<Self> {
        Some(Self(tools::etcd(version)?.join("etcdctl")))
    }

    fn run(&self, endpoints: &str, line: &str) -> Ran {
        let (input, line) = line.split_once('<').unwrap_or(("", line));
        let mut command = Command::new(&self.0);
        command.env("ETCDCTL_API", "3").arg(format!("--endpoints={endpoints}")).args(PATIENT);
        command.args(line.split_whitespace());
        if input.is_empty() {
            return run(&mut command);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("etcdctl can be started");
        writeln!(child.stdin.take().expect("a pipe"), "{input}").expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        Ran {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }

    /// What a line printed, without what every cluster has of its own and the client's log lines.
    fn play(&self, endpoint: &str, line: &str) -> Ran {
        let ran = self.run(endpoint, line);
        let steady = |text: &str| -> String {
            let lines =
                text.lines().filter(|line| !line.starts_with('{') || line.contains("header"));
            let lines = lines.map(|line| same_for_all(&line.replace(endpoint, "ENDPOINT")));
            lines.collect::<Vec<_>>().join("\n")
        };
        Ran { stdout: steady(&ran.stdout), stderr: steady(&ran.stderr), code: ran.code }
    }
}

/// Ids, terms and measured times are cut out.
fn same_for_all(line: &str) -> String {
    let mut line = line.to_owned();
    for name in ["\"cluster_id\":", "\"member_id\":", "\"raft_term\":", "took = "] {
        if let Some((before, behind)) = line.clone().split_once(name) {
            let end = behind.find([',', '}']).unwrap_or(behind.len());
            line = format!("{before}{name}#{}", &behind[end..]);
        }
    }
    line
}

#[test]
fn a_walk_through_users_and_roles_prints_what_etcd_prints() {
    let (Some(old), Some(new)) = (Tool::of("3.4.23"), Tool::of("3.5.16")) else { return };
    let Some(etcd) = tools::etcd("3.5.16") else { return };
    let mut real = Cluster::on_addresses(1, 70);
    real.program = etcd.join("etcd");
    let mut ours = Cluster::on_addresses(1, 71);
    real.start_all();
    ours.start_all();
    let (theirs, ours) = (real.members[0].url(), ours.members[0].url());
    for tool in [&new, &old] {
        let play = |endpoint: &str| -> Vec<Ran> {
            WALK.lines().map(|line| tool.play(endpoint, line)).collect()
        };
        let (theirs, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| play(&theirs));
            let ours = play(&ours);
            (theirs.join().expect("it ran"), ours)
        });
        for ((line, ours), theirs) in WALK.lines().zip(&ours).zip(&theirs) {
            if line == NEWER {
                assert_eq!(theirs.stdout, "Role root\nKV Read:\nKV Write:");
                assert!(ours.stdout.contains("<open ended>"), "{ours:?}");
                continue;
            }
            assert_eq!(ours, theirs, "{} {line}", tool.0.display());
        }
        let count = |is: &dyn Fn(&Ran) -> bool| ours.iter().filter(|ran| is(ran)).count();
        let done = count(&|ran| ran.code == Some(0));
        let denied = count(&|ran| ran.stderr.contains("permission denied"));
        assert_eq!((done, denied), (DONE, DENIED), "{}: {ours:#?}", tool.0.display());
    }
}

#[test]
fn rights_outlive_the_leader_and_end_when_they_are_taken_away() {
    let Some(etcdctl) = Tool::of("3.5.16") else { return };
    let mut cluster = Cluster::on_addresses(3, 72);
    cluster.add_flags(&["--bcrypt-cost=4"]);
    cluster.start_all();
    let urls: Vec<String> = cluster.members.iter().map(|member| member.url()).collect();
    let story = "\
user add root:rootpw
user grant-role root root
user add alice:alices
role add app
role grant-permission app readwrite app/ --prefix
user grant-role alice app
auth enable
--user=alice:alices put app/a 1";
    let done = |url: &str, line: &str| {
        eventually(line, || {
            let ran = etcdctl.run(url, line);
            // The answer to an attempt before may have been lost.
            let twice = ["already exists", "role is not granted"];
            let done = ran.code == Some(0) || twice.iter().any(|why| ran.stderr.contains(why));
            if done { Ok(ran.stdout) } else { Err(ran.stderr) }
        })
    };
    let denied = |url: &str, line: &str| {
        eventually(line, || {
            let ran = etcdctl.run(url, line);
            match ran.stderr.lines().last() {
                Some("Error: etcdserver: permission denied") => Ok(()),
                _ => Err(format!("{ran:?}")),
            }
        });
    };
    // Each line at another member than the one before.
    story.lines().zip(urls.iter().cycle()).for_each(|(line, url)| drop(done(url, line)));
    let leader = eventually("there is a leader", || {
        let ran = etcdctl.run(&urls.join(","), "--user=root:rootpw endpoint status");
        let leads = |line: &str| line.split(", ").nth(4) == Some("true");
        ran.stdout.lines().position(leads).ok_or_else(|| format!("{ran:?}"))
    });
    cluster.members[leader].kill();
    for url in urls.iter().filter(|url| **url != urls[leader]) {
        done(url, "--user=alice:alices put app/b 2");
        denied(url, "--user=alice:alices put other 2");
    }
    let left = &urls[(leader + 1) % 3];
    done(left, "--user=root:rootpw user revoke-role alice app");
    // The member that was dead learns of everything that it missed, and of no password.
    cluster.start(leader);
    cluster.members[leader].wait_until_ready();
    for url in &urls {
        denied(url, "--user=alice:alices get app/a");
        assert_eq!(done(url, "--user=root:rootpw get app/b"), "app/b\n2\n");
    }
}

/// How long a token lives without being used.
const TOKEN_TTL: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_token_that_is_not_used_ends() {
    let mut cluster = Cluster::on_addresses(1, 73);
    cluster.add_flags(&["--bcrypt-cost=4", &format!("--auth-token-ttl={}", TOKEN_TTL.as_secs())]);
    cluster.start_all();
    let limit = Duration::from_secs(60);
    let connection =
        Connection::open(&cluster.members[0].address(), limit).await.expect("it listens");
    let add = AuthUserAddRequest {
        name: "root".into(),
        password: "rootpw".into(),
        ..AuthUserAddRequest::default()
    };
    let grant = AuthUserGrantRoleRequest { user: "root".into(), role: "root".into() };
    for request in [add.into(), grant.into(), AuthEnableRequest {}.into()] {
        let request: Request = request;
        assert!(connection.clone().ask(request).await.is_ok());
    }
    // Used once a second it lives on.
    let token = loop {
        let begin = Instant::now();
        let token = log_in(&connection).await;
        match use_for(TOKEN_TTL * 2, begin, &connection, &token).await {
            Ok(()) => break token,
            // The machine stood still for longer than a token lives: this says nothing.
            Err(pause) if pause >= TOKEN_TTL => println!("once more, after a pause of {pause:?}"),
            Err(pause) => panic!("it has ended after a pause of {pause:?}"),
        }
    };
    tokio::time::sleep(TOKEN_TTL + Duration::from_secs(1)).await;
    let answer = connection.clone().ask_as(Some(&token), get()).await;
    assert_eq!(answer.expect_err("it has ended"), Error::INVALID_AUTH_TOKEN);
    assert_eq!(connection.ask(get()).await.expect_err("nobody may"), Error::USER_EMPTY);
}

fn get() -> Request {
    RangeRequest { key: "a".into(), ..RangeRequest::default() }.into()
}

async fn log_in(connection: &Connection) -> String {
    let log_in = AuthenticateRequest { name: "root".into(), password: "rootpw".into() };
    let answer = connection.clone().ask(log_in.into()).await;
    let Ok(Response::Authenticate(answer)) = answer else { panic!("{answer:?}") };
    let (prefix, index) = answer.token.split_once('.').expect("letters and an index");
    assert!(prefix.len() == 16 && index.parse::<u64>().is_ok(), "{}", answer.token);
    answer.token
}

/// Uses a token once a second for so long from its `begin`. When it has ended: how long at most it was not
/// used before.
async fn use_for(
    time: Duration,
    begin: Instant,
    connection: &Connection,
    token: &str,
) -> Result<(), Duration> {
    let mut used = begin;
    while begin.elapsed() < time {
        let asked = Instant::now();
        if connection.clone().ask_as(Some(token), get()).await.is_err() {
            return Err(used.elapsed());
        }
        used = asked;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
