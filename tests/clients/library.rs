//! The client library's calls, one after the other, while leaders are killed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{
    AlarmAction, AlarmType, Client, Compare, CompareOp, ConnectOptions, Error, EventType,
    GetOptions, Permission, PutOptions, Txn, TxnOp, TxnOpResponse, WatchOptions,
};
use tokio::time::{Instant, sleep, timeout};

use crate::patient::Patient;
use crate::session::Session;
use crate::storm::{Storm, in_a_storm};

// --- keys, transactions, watches ---

const WRITERS: u64 = 3;

#[test]
fn keys_are_written_and_every_watcher_hears_of_each_once() {
    in_a_storm(120, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let mut watchers = Vec::new();
        for number in 0..3 {
            // One of them will not listen to a member that has lost its leader.
            let options = ConnectOptions::new().with_require_leader(number == 0);
            let client = Patient::connect_as(&urls, options).await;
            watchers.push(tokio::spawn(watch(client)));
        }
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let client = Patient::connect(&urls).await;
            writers.push(tokio::spawn(write(client, storm.clone(), writer)));
        }
        let mut written = BTreeSet::new();
        for writer in writers {
            written.extend(writer.await.unwrap());
        }
        // Whoever waits for the next event hears of the end with this one.
        client.ask(|mut client| async move { client.put(END, "", None).await }).await;
        let whole = watch(client).await;
        let heard: BTreeSet<&str> = whole.iter().map(|event| &*event.2).collect();
        for value in &written {
            assert!(
                heard.contains(&**value),
                "{value} was acknowledged, and is not in the history"
            );
        }
        for watcher in watchers {
            let events = watcher.await.unwrap();
            assert!(events == whole, "{} events, {} in the history", events.len(), whole.len());
        }
        println!("{} acknowledged, {} events", written.len(), whole.len());
    });
}

/// A key behind all others; its event is the last one.
const END: &str = "watched/end";

/// Writes, reads back, writes by a transaction, deletes; the values that were acknowledged.
async fn write(client: Patient, storm: Arc<Storm>, writer: u64) -> Vec<String> {
    let mut written = Vec::new();
    let key = &*format!("watched/{writer}");
    for number in 0_u64.. {
        if storm.is_over() {
            break;
        }
        let first = &*format!("{writer} puts {number}");
        client.ask(|mut client| async move { client.put(key, first, None).await }).await;
        let found = client.ask(|mut client| async move { client.get(key, None).await }).await;
        assert_eq!(found.kvs()[0].value_str().unwrap(), first);

        // Made twice, it finds its own value and changes nothing.
        let second = &*format!("{writer} transacts {number}");
        let put = TxnOp::put(key, second, Some(PutOptions::new().with_prev_key()));
        let txn = Txn::new()
            .when([Compare::value(key, CompareOp::Equal, first)])
            .and_then([put])
            .or_else([TxnOp::get(key, None)]);
        let transact = |mut client: Client| {
            let txn = txn.clone();
            async move { client.txn(txn).await }
        };
        match client.ask(transact).await.op_responses().remove(0) {
            TxnOpResponse::Put(mut put) => {
                let before = put.take_prev_key().unwrap();
                assert_eq!(before.value_str().unwrap(), first);
            }
            TxnOpResponse::Get(found) => assert_eq!(found.kvs()[0].value_str().unwrap(), second),
            other => panic!("{other:?}"),
        }
        if number % 5 == 4 {
            client.ask(|mut client| async move { client.delete(key, None).await }).await;
            let count = GetOptions::new().with_count_only();
            let get = |mut client: Client| {
                let count = count.clone();
                async move { client.get(key, Some(count)).await }
            };
            assert_eq!(client.ask(get).await.count(), 0);
        }
        written.extend([first.to_owned(), second.to_owned()]);
        storm.did_one();
    }
    written
}

/// What is told of one event: the revision, the key, the value (of a deletion: none).
type Heard = (i64, String, String);

/// Watches from the first revision to the end, on as many streams as that takes.
async fn watch(client: Patient) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::new();
    let mut streams = 0;
    loop {
        let next = heard.last().map_or(1, |last| last.0 + 1);
        let open = |mut client: Client| {
            let options = WatchOptions::new().with_prefix().with_start_revision(next);
            async move { client.watch("watched/", Some(options)).await }
        };
        let mut stream = client.ask(open).await;
        streams += 1;
        let created = stream.message().await;
        assert!(!matches!(&created, Ok(Some(message)) if !message.created()), "{created:?}");
        // Nothing comes twice when a stream is opened behind the last revision: it came as a whole.
        while let Ok(Some(message)) = stream.message().await {
            assert!(!message.canceled(), "{message:?}");
            for event in message.events() {
                let pair = event.kv().unwrap();
                let (key, value) = (pair.key_str().unwrap(), pair.value_str().unwrap());
                assert_eq!(event.event_type() == EventType::Delete, pair.version() == 0);
                heard.push((pair.mod_revision(), key.to_owned(), value.to_owned()));
            }
            if heard.last().is_some_and(|last| last.1 == END) {
                assert!(heard.is_sorted_by(|one, next| one.0 < next.0), "one event a revision");
                println!("a watcher heard {} events on {streams} streams", heard.len());
                return heard;
            }
        }
    }
}

// --- leases ---

/// Seconds that the lease of this test lives unless it is kept alive.
const TTL: i64 = 8;

/// How long an expired lease may stay: a leader that was elected meanwhile gives it its time anew.
const EXPIRY_MAX: Duration = Duration::from_secs(60);

#[test]
fn a_lease_lives_as_long_as_it_is_kept_alive() {
    in_a_storm(121, |urls, storm| async move {
        let client = Patient::connect(&urls).await;
        let session = Session::open(&client, TTL).await;
        let lease = session.lease();
        let put = |mut client: Client| async move {
            client.put("leased", "", Some(PutOptions::new().with_lease(lease))).await
        };
        client.ask(put).await;
        let begin = Instant::now();
        while !storm.is_over() || begin.elapsed() < Duration::from_secs(TTL.unsigned_abs()) * 2 {
            let found = client.ask(|mut client| async move { client.get("leased", None).await });
            assert_eq!(found.await.kvs().len(), 1, "gone after {:?}", begin.elapsed());
            assert!(!session.is_lost());
            sleep(Duration::from_millis(50)).await;
            storm.did_one();
        }
        let ask = |mut client: Client| async move { client.lease_time_to_live(lease, None).await };
        assert_eq!(client.ask(ask).await.granted_ttl(), TTL);

        drop(session);
        let begin = Instant::now();
        loop {
            let found = client.ask(|mut client| async move { client.get("leased", None).await });
            if found.await.kvs().is_empty() {
                break;
            }
            assert!(begin.elapsed() < EXPIRY_MAX, "nobody keeps it alive");
            sleep(Duration::from_millis(50)).await;
        }
        // The last keep-alive was at most a third of the time ago.
        assert!(begin.elapsed() > Duration::from_secs(TTL.unsigned_abs()) / 2, "{begin:?}");
        assert_eq!(client.ask(ask).await.ttl(), -1);
        let leases = client.ask(|mut client| async move { client.leases().await }).await;
        assert!(leases.leases().is_empty(), "{leases:?}");
    });
}

// --- users, maintenance ---

#[test]
fn users_and_maintenance() {
    in_a_storm(122, |urls, storm| async move {
        let nobody = Patient::connect(&urls).await;
        set_up_users(&nobody).await;
        let refused = nobody.try_to(|mut client| async move { client.get("app/a", None).await });
        let text = refused.await.unwrap_err().to_string();
        assert!(text.contains("etcdserver: user name is empty"), "{text}");

        let alice =
            ConnectOptions::new().with_user("alice", "alices").with_auto_token_refresh(true);
        let alice = Patient::connect_as(&urls, alice).await;
        let root = ConnectOptions::new().with_user("root", "rootpw").with_auto_token_refresh(true);
        let root_options = root.clone();
        let root = Patient::connect_as(&urls, root).await;
        while !storm.is_over() {
            alice.ask(|mut client| async move { client.put("app/a", "1", None).await }).await;
            let other = alice.try_to(|mut client| async move { client.put("b", "1", None).await });
            let text = other.await.unwrap_err().to_string();
            assert!(text.contains("etcdserver: permission denied"), "{text}");
            save(&root).await;
            let alarms = |mut client: Client| async move {
                client.alarm(AlarmAction::Get, AlarmType::None, None).await
            };
            assert!(root.ask(alarms).await.alarms().is_empty());
            let members = root.ask(|mut client| async move { client.member_list().await }).await;
            assert_eq!(members.members().len(), 3);
            storm.did_one();
        }
        look_after_members(&urls, &root_options).await;
        root.ask(|mut client| async move { client.auth_disable().await }).await;
        nobody.ask(|mut client| async move { client.get("app/a", None).await }).await;
    });
}

/// Root, and Alice who may do everything below `app/`.
async fn set_up_users(client: &Patient) {
    for (name, password, role) in [("root", "rootpw", "root"), ("alice", "alices", "app")] {
        client.ask(|mut client| async move { client.user_add(name, password, None).await }).await;
        client.ask(|mut client| async move { client.role_add(role).await }).await;
        client.ask(|mut client| async move { client.user_grant_role(name, role).await }).await;
    }
    let grant = |mut client: Client| async move {
        let all = Permission::read_write("app/").with_prefix();
        client.role_grant_permission("app", all).await
    };
    client.ask(grant).await;
    client.ask(|mut client| async move { client.auth_enable().await }).await;
}

/// Saves a snapshot; one that breaks with its member is saved again.
async fn save(root: &Patient) {
    let save = |mut client: Client| async move {
        let mut stream = client.snapshot().await?;
        let (mut bytes, mut left) = (0, None);
        while let Some(part) = stream.message().await? {
            bytes += part.blob().len();
            left = Some(part.remaining_bytes());
        }
        Ok::<_, Error>((bytes, left))
    };
    let (bytes, left) = root.ask(save).await;
    // Pages, and a checksum behind them.
    assert!(bytes > 4_096 && bytes % 512 == 32 && left == Some(0), "{bytes} bytes, {left:?} left");
}

/// All members are equal; each defragments; leadership goes to whom it is given.
async fn look_after_members(urls: &[String], options: &ConnectOptions) {
    let mut hashes = BTreeSet::new();
    let mut leader = None;
    let mut members = Vec::new();
    for url in urls {
        let member = Patient::connect_as(std::slice::from_ref(url), options.clone()).await;
        // Linearizable, so this member knows everything that was acknowledged.
        member.ask(|mut client| async move { client.get("app/a", None).await }).await;
        let hash = member.ask(|mut client| async move { client.hash_kv(0).await }).await;
        hashes.insert((hash.hash(), hash.hash_revision()));
        member.ask(|mut client| async move { client.defragment().await }).await;
        let status = member.ask(|mut client| async move { client.status().await }).await;
        let id = status.header().unwrap().member_id();
        if status.leader() == id {
            leader = Some(members.len());
        }
        members.push((id, member));
    }
    assert_eq!(hashes.len(), 1, "{hashes:?}");
    let leader = leader.expect("one of them leads");
    let (next, _) = members[(leader + 1) % members.len()];
    let (_, member) = &members[leader];
    // Asked twice, the first has led no more.
    let moved = member.once(|mut client| async move { client.move_leader(next).await }).await;
    assert!(moved.is_some(), "leadership was not handed over");
    let is_told = async {
        while member.ask(|mut client| async move { client.status().await }).await.leader() != next {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), is_told).await.expect("the new leader is known");
}
