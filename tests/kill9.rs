//! Members are killed under load, and everything that was acknowledged is still there.
//!
//! Sixteen clients write, each key once, and note what was acknowledged. Round by round a random
//! member gets SIGKILL, in every fifth round all of them at once, and is started again. At the
//! end every acknowledged value is read, and all members have the same hash.
//!
//! A second test kills a member that is alone while it defragments: nobody else has what it loses.
//!
//! `GLASSHOUSE_KILL9_ROUNDS` sets the number of rounds (50 for the figures in README), and
//! `GLASSHOUSE_KILL9_SEED` the choice of the members.
#![allow(clippy::print_stdout, reason = "the seed and each round belong in a failure's output")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use glasshouse_core::api::{self, Request, Response};
use glasshouse_server::client::Connection;
use glasshouse_tests::cluster::Cluster;
use tokio::time::{Instant, sleep, timeout};

const MEMBERS: u8 = 3;
const CLIENTS: usize = 16;
const ROUNDS: u64 = 10;

/// How long the load runs before each kill, and how long a dead member stays dead.
const LOAD: Duration = Duration::from_millis(500);
const DEAD: Duration = Duration::from_millis(300);

/// How long one write may take before its client gives it up.
const CALL: Duration = Duration::from_secs(3);

/// How long the cluster may take to get well.
const RECOVERY: Duration = Duration::from_secs(120);

/// Keys and values that a member acknowledged.
type Acknowledged = Arc<Mutex<BTreeMap<String, String>>>;

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds = variable("GLASSHOUSE_KILL9_ROUNDS").unwrap_or(ROUNDS);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = variable("GLASSHOUSE_KILL9_SEED").unwrap_or(u64::from(now.subsec_nanos()));
    println!("GLASSHOUSE_KILL9_SEED={seed} GLASSHOUSE_KILL9_ROUNDS={rounds}");
    let mut cluster = Cluster::on_addresses(MEMBERS, 1);
    // Small enough that members recover from snapshots, too.
    cluster.add_flags(&["--snapshot-count=500", "--snapshot-catchup-entries=100"]);
    cluster.start_all();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(rounds_of_death(&mut cluster, rounds, seed));
}

/// Values that make a defragmentation long enough to be killed in: 32 MiB.
const BALLAST: (u32, usize) = (256, 128 * 1024);

#[test]
fn a_defragmentation_that_is_killed_loses_nothing() {
    let mut cluster = Cluster::on_addresses(1, 118);
    cluster.start_all();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(killed_defragmentations(&mut cluster));
}

async fn killed_defragmentations(cluster: &mut Cluster) {
    let address = cluster.members[0].address();
    let copy = cluster.data_dir(0).join("member/snap/db.tmp");
    for number in 0..BALLAST.0 {
        let key = format!("ballast/{number}");
        let value = vec![b'b'; BALLAST.1].into();
        ask(&address, api::PutRequest { key: key.into(), value, ..Default::default() }.into())
            .await;
    }
    let acknowledged = Acknowledged::default();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let addresses = vec![address.clone()];
            tokio::spawn(write(client, addresses, acknowledged.clone(), stop.clone()))
        })
        .collect();
    let mut unfinished = 0;
    for round in 0..ROUNDS {
        let begin = acknowledged.lock().expect("no client panicked").len();
        while acknowledged.lock().expect("no client panicked").len() < begin + CLIENTS {
            sleep(Duration::from_millis(5)).await;
        }
        let open = Connection::open(&address, CALL).await.expect("the member serves");
        let defragment =
            tokio::spawn(async move { open.ask(api::DefragmentRequest {}.into()).await });
        // One that was quick, or whose copy came and went unseen, is killed behind its end.
        while !copy.exists() && !defragment.is_finished() {
            sleep(Duration::from_millis(1)).await;
        }
        // Later and later: while it copies, when the files are exchanged, and behind that.
        sleep(Duration::from_millis(15 * round)).await;
        cluster.members[0].kill();
        unfinished += usize::from(copy.exists());
        let _ = defragment.await.expect("the task ran");
        cluster.start(0);
        cluster.members[0].wait_until_ready();
        assert!(!copy.exists(), "what is left of a defragmentation goes at the start");
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no client panicked");
    }
    println!("{unfinished} of {ROUNDS} defragmentations were killed before their end");
    assert!(unfinished > 0, "no defragmentation was killed");
    let acknowledged = acknowledged.lock().expect("no client panicked").clone();
    read_back(&address, &acknowledged).await;
    let ballast = api::RangeRequest {
        key: "ballast/".into(),
        range_end: "ballast0".into(),
        count_only: true,
        ..Default::default()
    };
    let Response::Range(ballast) = ask(&address, ballast.into()).await else {
        panic!("a range is answered with something else");
    };
    assert_eq!(ballast.count, i64::from(BALLAST.0));
    // And one that nobody kills comes to its end.
    ask(&address, api::DefragmentRequest {}.into()).await;
}

async fn rounds_of_death(cluster: &mut Cluster, rounds: u64, mut random: u64) {
    let addresses: Vec<String> =
        cluster.members.iter().map(glasshouse_tests::cluster::Member::address).collect();
    let acknowledged = Acknowledged::default();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            tokio::spawn(write(client, addresses.clone(), acknowledged.clone(), stop.clone()))
        })
        .collect();
    for round in 1..=rounds {
        sleep(LOAD).await;
        let all = round % 5 == 0;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let chosen = usize::try_from(random >> 33).unwrap_or(0) % cluster.members.len();
        let dead: Vec<usize> =
            if all { (0..cluster.members.len()).collect() } else { vec![chosen] };
        dead.iter().for_each(|&member| cluster.members[member].kill());
        sleep(DEAD).await;
        dead.iter().for_each(|&member| cluster.start(member));
        let before = acknowledged.lock().expect("no client panicked").len();
        let begin = Instant::now();
        while acknowledged.lock().expect("no client panicked").len() < before + CLIENTS {
            assert!(begin.elapsed() < RECOVERY, "no writes after round {round}");
            sleep(Duration::from_millis(20)).await;
        }
        println!(
            "round {round}: killed {dead:?}, {before} acknowledged, writes again after {:?}",
            begin.elapsed()
        );
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no client panicked");
    }
    let acknowledged = acknowledged.lock().expect("no client panicked").clone();
    for address in &addresses {
        read_back(address, &acknowledged).await;
    }
    equal_hashes(&addresses).await;
    println!("{} acknowledged writes are on all members", acknowledged.len());
}

/// One client: a key at a time, at one member after another when a write fails.
async fn write(
    client: usize,
    addresses: Vec<String>,
    acknowledged: Acknowledged,
    stop: Arc<AtomicBool>,
) {
    let mut connection = None;
    let mut member = client;
    for number in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if connection.is_none() {
            member += 1;
            let address = &addresses[member % addresses.len()];
            connection = Connection::open(address, CALL).await.ok();
        }
        let Some(open) = connection.clone() else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (key, value) = (format!("k/{client}/{number}"), format!("v{number}"));
        let request = api::PutRequest {
            key: key.clone().into(),
            value: value.clone().into(),
            ..Default::default()
        };
        match timeout(CALL, open.ask(request.into())).await {
            Ok(Ok(_)) => {
                acknowledged.lock().expect("no client panicked").insert(key, value);
            }
            // It may have been written or not; another member is asked for the next key.
            Ok(Err(_)) | Err(_) => connection = None,
        }
    }
}

/// Reads everything from one member, linearizably, and compares.
async fn read_back(address: &str, acknowledged: &BTreeMap<String, String>) {
    let request =
        api::RangeRequest { key: "k/".into(), range_end: "k0".into(), ..Default::default() };
    let Response::Range(all) = ask(address, request.into()).await else {
        panic!("{address} answers a range with something else");
    };
    let found: BTreeMap<&[u8], &[u8]> =
        all.kvs.iter().map(|pair| (pair.key.as_ref(), pair.value.as_ref())).collect();
    for (key, value) in acknowledged {
        let got = found.get(key.as_bytes());
        assert_eq!(got, Some(&value.as_bytes()), "{key} was acknowledged; {address} has {got:?}");
    }
}

/// All members have the same keys at the same revision. A write that its client has given up may
/// still arrive: then they are asked again.
async fn equal_hashes(addresses: &[String]) {
    let begin = Instant::now();
    loop {
        let mut hashes = Vec::new();
        for address in addresses {
            let request = api::HashKvRequest { revision: 0 };
            let Response::HashKv(hash) = ask(address, request.into()).await else {
                panic!("{address} answers HashKV with something else");
            };
            hashes.push((hash.hash_revision, hash.compact_revision, hash.hash));
        }
        if hashes.iter().all(|(revision, ..)| *revision == hashes[0].0) {
            assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
            return;
        }
        assert!(begin.elapsed() < RECOVERY, "their revisions stay different: {hashes:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Asks one member until it answers.
async fn ask(address: &str, request: Request) -> Response {
    let begin = Instant::now();
    loop {
        let why = match Connection::open(address, CALL).await {
            Ok(connection) => match connection.ask(request.clone()).await {
                Ok(response) => return response,
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        assert!(begin.elapsed() < RECOVERY, "{address} does not answer: {why}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("the variable is a number"))
}
