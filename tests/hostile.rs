//! Bytes that nobody should send, to both ports of a member: it lives, it does not grow, it serves.
//!
//! `GLASSHOUSE_FUZZ_SECONDS` sets how long (600 for a long run), `GLASSHOUSE_FUZZ_SEED` with which
//! bytes.
#![allow(clippy::print_stdout, reason = "the seed belongs in a failure's output")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use glasshouse_tests::cluster::{Cluster, glasshouse, http, run};
use glasshouse_tests::random::Random;

const SECONDS: u64 = 5;

/// Threads that send at the same time.
const SENDERS: u64 = 4;

/// Memory that the member may have more at the end than after the first round, in bytes: its
/// allocator keeps some of what it has returned.
const GROWTH_MAX: u64 = 48 * 1024 * 1024;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

#[test]
fn hostile_bytes_change_nothing() {
    let variable = |name: &str| {
        std::env::var(name).ok().map(|value| value.parse().expect("the variable is a number"))
    };
    let seconds = variable("GLASSHOUSE_FUZZ_SECONDS").unwrap_or(SECONDS);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed: u64 = variable("GLASSHOUSE_FUZZ_SEED").unwrap_or(u64::from(now.subsec_nanos()));
    println!("GLASSHOUSE_FUZZ_SEED={seed}");
    let mut cluster = Cluster::on_addresses(1, 25);
    cluster.start_all();
    let member = &cluster.members[0];
    let (client, peer) = (member.address(), member.peer_address());
    let cluster_id = cluster_id(&peer);

    let round = |time: Duration, seed: u64| {
        thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (client, peer, cluster_id) = (&client, &peer, &cluster_id);
                let mut random = Random::new(seed.wrapping_mul(SENDERS).wrapping_add(sender));
                scope.spawn(move || {
                    let begin = Instant::now();
                    let mut sent = 0_u64;
                    while begin.elapsed() < time {
                        attack(&mut random, client, peer, cluster_id);
                        sent += 1;
                    }
                    println!("sender {sender}: {sent} connections");
                });
            }
        });
    };
    round(Duration::from_secs(seconds.min(3)), seed);
    let before = cluster.members[0].resident_bytes();
    round(Duration::from_secs(seconds), !seed);
    let after = cluster.members[0].resident_bytes();
    println!("resident: {before} bytes, then {after}");
    assert!(after < before + GROWTH_MAX, "{before} bytes became {after}");

    // It was not all turned away at the door.
    let metrics = http(&client, "GET /metrics");
    for name in ["etcd_network_peer_received_bytes_total", "etcd_debugging_mvcc_current_revision"] {
        let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
        let value: u64 = lines.next_back().and_then(|value| value.trim().parse().ok()).unwrap_or(0);
        println!("{name}: {value}");
        assert!(value > 10, "{name} is {value}");
    }

    let member = &mut cluster.members[0];
    assert!(member.is_running(), "{}", member.log());
    assert!(!member.log().contains("panicked"), "{}", member.log());
    let endpoints = format!("--endpoints={client}");
    let put = run(Command::new(glasshouse()).args(["ctl", &endpoints, "put", "still", "here"]));
    assert_eq!((put.stdout.as_str(), put.code), ("OK\n", Some(0)), "{}", put.stderr);
}

/// One connection with something wrong about it.
fn attack(random: &mut Random, client: &str, peer: &str, cluster_id: &str) {
    let bytes = match random.below(8) {
        0 => random.bytes(2_000),
        1 => [b"GET /".as_slice(), &random.bytes(500), b" HTTP/1.1\r\n\r\n"].concat(),
        2 => [PREFACE, &random.bytes(2_000)].concat(),
        3 => [PREFACE.to_vec(), frames(random)].concat(),
        4 | 5 => [PREFACE.to_vec(), call(random)].concat(),
        6 => [upgrade(cluster_id, random), random.bytes(4_000)].concat(),
        _ => [upgrade(cluster_id, random), messages(random)].concat(),
    };
    let address = if random.below(3) == 0 { client } else { peer };
    let address = if bytes.starts_with(PREFACE) { client } else { address };
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
    let _ = stream.set_write_timeout(Some(Duration::from_millis(200)));
    let _ = stream.write_all(&bytes);
    if random.below(2) == 0 {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = [0; 4_096];
    while matches!(stream.read(&mut answer), Ok(count) if count > 0) {}
}

/// HTTP/2 frames with proper heads and random bodies.
fn frames(random: &mut Random) -> Vec<u8> {
    let mut frames = Vec::new();
    for _ in 0..random.below(20) {
        let body = random.bytes(60);
        let kind = random.byte() % 12;
        let stream = random.byte() % 8;
        let length = u8::try_from(body.len()).unwrap_or(0);
        frames.extend_from_slice(&[0, 0, length, kind, random.byte(), 0, 0, 0, stream]);
        frames.extend_from_slice(&body[..usize::from(length)]);
    }
    frames
}

/// A gRPC call whose message is random.
fn call(random: &mut Random) -> Vec<u8> {
    let paths = [
        "/etcdserverpb.KV/Range",
        "/etcdserverpb.KV/Put",
        "/etcdserverpb.KV/DeleteRange",
        "/etcdserverpb.KV/Txn",
        "/etcdserverpb.KV/Compact",
        "/etcdserverpb.Cluster/MemberList",
        "/etcdserverpb.Cluster/MemberAdd",
        "/etcdserverpb.Cluster/MemberRemove",
        "/etcdserverpb.Cluster/MemberUpdate",
        "/etcdserverpb.Cluster/MemberPromote",
        "/etcdserverpb.Maintenance/MoveLeader",
        "/etcdserverpb.Maintenance/Status",
        "/etcdserverpb.Maintenance/Alarm",
        "/etcdserverpb.Maintenance/HashKV",
        "/etcdserverpb.Watch/Watch",
        "/nothing",
    ];
    let path = paths[random.below(paths.len())];
    // :method POST, :scheme http, then names and values as they are.
    let mut block = vec![0x83, 0x86];
    for (name, value) in
        [(":path", path), (":authority", "a"), ("content-type", "application/grpc")]
    {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap_or(0));
            block.extend_from_slice(text.as_bytes());
        }
    }
    let mut message = random.bytes(200);
    if random.below(2) == 0 {
        // Something that decodes: field 1 with so many bytes, then perhaps something that does not.
        message.truncate(1 + random.below(100));
        let length = u8::try_from(message.len()).unwrap_or(0);
        message.splice(0..0, [0x0a, length]);
        if random.below(4) == 0 {
            message.push(random.byte());
        }
    }
    let claimed = if random.below(10) == 0 { random.byte() } else { 0 };
    let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
    let mut data = vec![0, claimed, 0, 0, length];
    data.extend_from_slice(&message);
    let mut bytes = head(block.len(), 1, 0x4);
    bytes.extend_from_slice(&block);
    bytes.extend(head(data.len(), 0, 0x1));
    bytes.extend_from_slice(&data);
    bytes
}

fn head(length: usize, kind: u8, flags: u8) -> Vec<u8> {
    let length = u16::try_from(length).unwrap_or(0).to_be_bytes();
    vec![0, length[0], length[1], kind, flags, 0, 0, 0, 1]
}

/// The hello of a member, sometimes with something wrong.
fn upgrade(cluster_id: &str, random: &mut Random) -> Vec<u8> {
    let to = if random.below(4) == 0 { "zz" } else { member_id(cluster_id) };
    let cluster = cluster_id.split(' ').next().unwrap_or_default();
    format!(
        "GET /raft/glasshouse HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
         Upgrade: glasshouse-raft/1\r\nX-Etcd-Cluster-ID: {cluster}\r\n\
         X-Server-From: {:x}\r\nX-Raft-To: {to}\r\nX-Server-Version: 3.6.0\r\n\r\n",
        random.number()
    )
    .into_bytes()
}

/// Frames of the members' protocol with random messages, the last one larger than it can be.
fn messages(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(30) {
        let message = random.bytes(200);
        bytes.extend_from_slice(&u32::try_from(message.len()).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&message);
    }
    bytes.extend_from_slice(&[0xff, 0xff, random.byte(), random.byte()]);
    bytes
}

/// `cluster member`, both in hex.
fn cluster_id(peer: &str) -> String {
    let answer = http(peer, "GET /members");
    let cluster = answer.lines().find_map(|line| line.strip_prefix("x-etcd-cluster-id: "));
    let member = answer.split("\"id\":").nth(1).and_then(|rest| rest.split([',', '}']).next());
    let member: u64 = member.and_then(|id| id.parse().ok()).expect("the member has an id");
    format!("{} {member:x}", cluster.expect("the cluster has an id"))
}

fn member_id(cluster_id: &str) -> &str {
    cluster_id.split_once(' ').expect("two ids").1
}
