//! Bodies that nobody has thought of: half of them proper messages with random fields, half of those
//! damaged afterwards, the rest random bytes. One seed, the same bodies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use glasshouse_core::api::{AlarmRequest, PutRequest, RangeRequest, Response};
use glasshouse_server::client::Connection;
use glasshouse_tests::cluster::Cluster;
use glasshouse_tests::random::Random;
use glasshouse_tests::schema;
use prost_reflect::prost::Message as _;
use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Bodies for each service, when the environment says nothing: a few seconds.
const BODIES: u64 = 10_000;

/// Calls under way at once.
const SENDERS: u64 = 16;

/// How long one call is waited for: some wait for ever, as they should (a lock that is held).
const PATIENCE: Duration = Duration::from_millis(20);

/// Memory of the member at the end, in bytes. What was put is in it, as much as it may be.
const RESIDENT_BYTES_MAX: u64 = 512 * 1024 * 1024;

#[test]
fn random_bodies_change_nothing() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let bodies: u64 = variable("GLASSHOUSE_RANDOM_BODIES").unwrap_or(BODIES);
    let seed: u64 = variable("GLASSHOUSE_FUZZ_SEED").unwrap_or(1);
    let mut cluster = Cluster::on_addresses(1, 58);
    // Passwords are hashed as quickly as can be: this is no test of patience.
    cluster.add_flags(&["--bcrypt-cost=4"]);
    cluster.start_all();
    let address = cluster.members[0].address();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let mut services: Vec<Vec<MethodDescriptor>> = Vec::new();
    for method in schema::methods() {
        match services.last_mut() {
            Some(methods) if methods[0].parent_service() == method.parent_service() => {
                methods.push(method);
            }
            _ => services.push(vec![method]),
        }
    }
    for methods in services {
        let (name, begin) = (methods[0].parent_service().name().to_owned(), Instant::now());
        runtime.block_on(attack(&address, &Arc::new(methods), bodies, seed));
        let member = &mut cluster.members[0];
        assert!(member.is_running(), "after {name}, seed {seed}: {}", member.log());
        assert!(!member.log().contains("panicked"), "{name}, seed {seed}: {}", member.log());
        let resident = member.resident_bytes();
        println!("{name}: {bodies} bodies in {:?}, {resident} bytes of memory", begin.elapsed());
        assert!(resident < RESIDENT_BYTES_MAX, "{resident} bytes after {name}, seed {seed}");
    }
    runtime.block_on(check_serves(&address));
}

/// It still answers, and properly.
async fn check_serves(address: &str) {
    let connection = Connection::open(address, Duration::from_secs(5)).await.expect("it serves");
    // Bodies may have raised alarms, each in the name of a member that there never was.
    let alarms = connection.clone().ask(AlarmRequest::default().into()).await;
    let Ok(Response::Alarm(alarms)) = alarms else { panic!("{alarms:?}") };
    for alarm in alarms.alarms {
        let (member_id, alarm) = (alarm.member_id, alarm.alarm);
        let disarm = AlarmRequest { action: 2, member_id, alarm };
        connection.clone().ask(disarm.into()).await.expect("alarms can be cleared");
    }
    let put = PutRequest { key: "still".into(), value: "here".into(), ..Default::default() };
    connection.clone().ask(put.into()).await.expect("it takes what is proper");
    let range = RangeRequest { key: "still".into(), ..Default::default() };
    let answer = connection.ask(range.into()).await;
    let Ok(Response::Range(range)) = answer else { panic!("{answer:?}") };
    assert_eq!(range.kvs[0].value, "here");
}

/// Sends bodies to the methods of one service.
async fn attack(address: &str, methods: &Arc<Vec<MethodDescriptor>>, bodies: u64, seed: u64) {
    let connection = Connection::open(address, Duration::from_secs(5)).await.expect("it serves");
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (connection, methods) = (connection.clone(), methods.clone());
        senders.spawn(async move {
            let mut random = Random::new(seed * SENDERS + sender);
            for _ in 0..bodies / SENDERS {
                let method = &methods[random.below(methods.len())];
                if is_costly(method) && random.below(100) > 0 {
                    continue;
                }
                let body = body(method, &mut random);
                let _ = timeout(PATIENCE, send(&connection, method, body)).await;
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("a sender does not panic");
    }
}

/// Those that rewrite or send the whole store are called now and then.
fn is_costly(method: &MethodDescriptor) -> bool {
    matches!(method.name(), "Defragment" | "Snapshot" | "Hash" | "HashKV")
}

async fn send(connection: &Connection, method: &MethodDescriptor, body: Bytes) {
    let path = schema::path(method).parse().expect("a method's path is a path");
    if !method.is_server_streaming() {
        let _ = connection.clone().call(path, None, body).await;
        return;
    }
    let (requests, receiver) = mpsc::unbounded_channel();
    let _ = requests.send(body);
    if let Ok(mut answers) = connection.clone().stream(path, None, receiver).await {
        let _ = answers.next().await;
    }
}

fn body(method: &MethodDescriptor, random: &mut Random) -> Bytes {
    if random.below(4) == 0 {
        return random.bytes(200).into();
    }
    let mut bytes = message(&method.input(), random, 0).encode_to_vec();
    if random.below(2) == 0 {
        damage(&mut bytes, random);
    }
    bytes.into()
}

/// A message with some of its fields.
fn message(of: &MessageDescriptor, random: &mut Random, depth: u32) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        if random.below(3) == 0 {
            continue;
        }
        let value = if field.cardinality() == Cardinality::Repeated {
            let count = random.below(4);
            Value::List((0..count).filter_map(|_| value(&field, random, depth)).collect())
        } else {
            let Some(value) = value(&field, random, depth) else { continue };
            value
        };
        message.set_field(&field, value);
    }
    message
}

fn value(field: &FieldDescriptor, random: &mut Random, depth: u32) -> Option<Value> {
    // No URL of a member: a voter that is never there would take the quorum, and with it everything.
    const TEXTS: [&str; 9] =
        ["", "a", "b", "\0", "a/1", "http://127.77.250.1", "localhost", "3.5.0", "\u{10ffff}"];
    let number = match random.below(6) {
        0 => i64::MIN,
        1 => i64::MAX,
        2 => -1,
        3 => random.number().cast_signed(),
        _ => random.number().cast_signed() % 20,
    };
    Some(match field.kind() {
        Kind::Bool => Value::Bool(random.below(2) == 0),
        Kind::Int64 => Value::I64(number),
        Kind::Uint64 => Value::U64(number.cast_unsigned()),
        Kind::Enum(_) if random.below(20) == 0 => Value::EnumNumber(i32::MAX),
        Kind::Enum(_) => Value::EnumNumber(i32::try_from(random.below(6)).unwrap_or(0) - 1),
        Kind::String => Value::String(TEXTS[random.below(TEXTS.len())].to_owned()),
        Kind::Bytes if random.below(3) == 0 => Value::Bytes(random.bytes(30).into()),
        Kind::Bytes => Value::Bytes(TEXTS[random.below(TEXTS.len())].into()),
        Kind::Message(inner) if depth < 5 => Value::Message(message(&inner, random, depth + 1)),
        _ => return None,
    })
}

/// Flips, cuts, doubles and inserts.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            bytes.push(random.byte());
        }
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, random.byte()),
            3 => bytes.extend_from_within(at..),
            _ => bytes[at] = 0xff,
        }
    }
}
