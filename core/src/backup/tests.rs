//! Stores go into files, and files into stores.

use bytes::Bytes;

use super::*;
use crate::api::authpb::{Role, User};
use crate::api::{DeleteRangeRequest, PutRequest};
use crate::bbolt::{Item, Reader};
use crate::id::MemberId;
use crate::membership::{Member, MemberChange, Membership};
use crate::mvcc::{Mvcc, NoLeases};
use crate::node::{Config, Node};
use crate::store::{AuthKey, AuthRow, AuthState, LeaseRow, MetaKey, Store, StoreBatch};
use crate::wal::{WalImage, WalSegment};

fn put(key: &str, value: &[u8]) -> PutRequest {
    PutRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Bytes::copy_from_slice(value),
        ..Default::default()
    }
}

fn users() -> Vec<(AuthKey, Option<AuthRow>)> {
    let user = |name: &str| User {
        name: Bytes::from(name.to_owned()),
        roles: vec!["r".into()],
        ..User::default()
    };
    let role = Role { name: Bytes::from_static(b"r"), key_permission: vec![] };
    let rows = [
        AuthRow::State(AuthState { enabled: true, revision: 0x0102_0304 }),
        AuthRow::User("root".into(), user("root")),
        AuthRow::User("b".into(), user("b")),
        AuthRow::Role("r".into(), role),
    ];
    rows.map(|row| (row.key(), Some(row))).to_vec()
}

fn commit(store: &Store, mvcc: &mut Mvcc) {
    let (rows, mut meta) = (mvcc.take_rows(), mvcc.meta());
    let mut members = Membership::default();
    members.make(&MemberChange::first(&member(1)));
    meta.push((MetaKey::Members, members.to_bytes()));
    let lease = LeaseRow { id: 0x1234, ttl: 60, remaining_ttl: 7 };
    store
        .commit(&StoreBatch::Write {
            rows,
            leases: vec![(lease.id, Some(lease))],
            auth: users(),
            meta,
        })
        .unwrap();
    mvcc.rows_stored();
}

/// Puts, deletes and a compaction.
fn some_store(keys: u32) -> (Store, Mvcc) {
    let store = Store::in_memory();
    let mut mvcc = Mvcc::open(store.clone()).unwrap();
    for number in 0..keys {
        let value = vec![b'v'; usize::try_from(number * 37 % 9_000).unwrap()];
        mvcc.put(&put(&format!("key {}", number % 700), &value), &NoLeases).unwrap();
        if number % 11 == 3 {
            let key = Bytes::from(format!("key {}", number % 700));
            mvcc.delete_range(&DeleteRangeRequest { key, ..Default::default() });
        }
    }
    if keys > 10 {
        mvcc.compact(i64::from(keys / 3)).unwrap();
        mvcc.compact_slice(u64::MAX);
    }
    commit(&store, &mut mvcc);
    (store, mvcc)
}

fn member(number: u16) -> Member {
    let peer_urls = vec![format!("http://127.0.0.1:{number}")];
    let id = crate::id::member_id(&peer_urls, "token");
    Member { id, name: format!("m{number}"), peer_urls, ..Member::default() }
}

fn file_of(store: &Store) -> (Vec<u8>, Vec<Part>) {
    let mut file = SnapshotFile::new(&store.view().unwrap()).unwrap();
    let mut parts = Vec::new();
    while let Some(part) = file.next_part().unwrap() {
        parts.push(part);
    }
    assert_eq!(file.next_part(), Ok(None));
    (parts.iter().flat_map(|part| part.bytes.to_vec()).collect(), parts)
}

fn cluster(bump_revision: u64) -> NewCluster {
    let members: Vec<Member> = (1..=3).map(member).collect();
    let ids: Vec<MemberId> = members.iter().map(|member| member.id).collect();
    NewCluster {
        cluster_id: crate::id::cluster_id(&ids),
        member_id: ids[0],
        members,
        bump_revision,
        wal_segment_bytes: 1 << 20,
    }
}

fn restored(file: &[u8], cluster: &NewCluster) -> Result<(Store, Node), BackupError> {
    let store = Store::in_memory();
    let append = restore(&Reader::open(file)?, cluster, &store)?;
    let wal =
        WalImage { segments: vec![WalSegment { number: append.segment, bytes: append.bytes }] };
    let mut config = Config::new(cluster.member_id, cluster.cluster_id);
    config.bootstrap.clone_from(&cluster.members);
    let node = Node::recover(config, wal, store.clone()).expect("a member starts from it");
    Ok((store, node))
}

#[test]
fn parts_are_etcds_and_the_last_one_is_the_checksum() {
    let (file, parts) = file_of(&some_store(2_000).0);
    let (tail, pages) = parts.split_last().unwrap();
    assert_eq!((tail.remaining_bytes, tail.bytes.len()), (0, 32));
    let mut remaining = file.len() as u64 - 32;
    for (number, part) in pages.iter().enumerate() {
        assert!(part.bytes.len() == 32 * 1024 || number + 1 == pages.len());
        remaining -= part.bytes.len() as u64;
        assert_eq!(part.remaining_bytes, remaining);
    }
    assert_eq!(remaining, 0);
    assert_eq!(check_hash(&&file[..]), Ok(HashCheck::Equal));
}

#[test]
fn a_file_that_changed_or_was_cut_is_told_by_its_checksum() {
    let (mut file, _) = file_of(&some_store(50).0);
    assert_eq!(check_hash(&&file[..file.len() - 32]), Ok(HashCheck::Missing));
    assert_eq!(check_hash(&&file[..100]), Ok(HashCheck::Missing));
    file[5_000] ^= 1;
    assert!(matches!(check_hash(&&file[..]), Ok(HashCheck::Differs { .. })));
}

#[test]
fn all_buckets_of_etcd_are_there() {
    let (file, _) = file_of(&some_store(20).0);
    let mut buckets = Vec::new();
    let mut meta = Vec::new();
    let reader = Reader::open(&file[..]).unwrap();
    reader
        .visit::<BackupError>(|item| {
            match item {
                Item::Bucket { name } => buckets.push(String::from_utf8(name.to_vec()).unwrap()),
                Item::Row { bucket: b"meta", key, .. } => {
                    meta.push(String::from_utf8(key.to_vec()).unwrap());
                }
                Item::Row { .. } => {}
            }
            Ok(())
        })
        .unwrap();
    let all = "alarm auth authRoles authUsers cluster key lease members members_removed meta";
    assert_eq!(buckets.join(" "), all);
    let all =
        "confState consistent_index finishedCompactRev scheduledCompactRev storageVersion term";
    assert_eq!(meta.join(" "), all);
}

#[test]
fn a_restored_member_has_keys_leases_revisions_and_the_hash() {
    for keys in [0, 1, 11, 500, 3_000] {
        let (before, mvcc) = some_store(keys);
        let (file, _) = file_of(&before);
        let (store, node) = restored(&file, &cluster(0)).unwrap();
        let after = node.view().mvcc();
        assert_eq!(after.revision(), mvcc.revision());
        assert_eq!(after.compacted(), mvcc.compacted());
        assert_eq!(after.hash_kv(0), mvcc.hash_kv(0));
        let rows = |store: &Store| store.rows().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows(&store), rows(&before));
        assert_eq!(store.leases(), before.leases());
        assert_eq!(store.auth(), before.auth());
        assert_eq!(store.auth().unwrap().len(), 4);
        let members: Vec<&Member> = node.view().membership().members().collect();
        let mut expected = cluster(0).members;
        expected.sort_by_key(|member| member.id);
        assert_eq!(members, expected.iter().collect::<Vec<_>>());
        assert_eq!(node.view().applied(), 3);
    }
}

/// Keys of members are hex without padding, so that a small id may come behind a large one.
#[test]
fn members_stand_in_order_of_their_hex() {
    let (store, _) = some_store(3);
    let mut members = Membership::default();
    for id in [0xfff, 0x1000_0000] {
        let one = Member { id: MemberId(id), name: "a \"<b>".into(), ..member(1) };
        members.make(&MemberChange::first(&one));
    }
    let meta = vec![(MetaKey::Members, members.to_bytes())];
    let batch = StoreBatch::Write { rows: vec![], leases: vec![], auth: vec![], meta };
    store.commit(&batch).unwrap();
    let (file, _) = file_of(&store);
    let mut found = Vec::new();
    let reader = Reader::open(&file[..]).unwrap();
    reader
        .visit::<BackupError>(|item| {
            if let Item::Row { bucket: b"members", key, value } = item {
                found.push((key.to_vec(), String::from_utf8(value.to_vec()).unwrap()));
            }
            Ok(())
        })
        .unwrap();
    let keys: Vec<&[u8]> = found.iter().map(|(key, _)| &key[..]).collect();
    assert_eq!(keys, [&b"10000000"[..], b"fff"]);
    let json = r#"{"id":4095,"peerURLs":["http://127.0.0.1:1"],"name":"a \"\u003cb\u003e"}"#;
    assert_eq!(found[1].1, json);
}

/// The status of a file of a real etcd 3.5.16 is compared in the test `snapshot`; here with itself.
#[test]
fn the_status_is_that_of_the_rows() {
    let (store, mvcc) = some_store(500);
    let (file, _) = file_of(&store);
    let reader = Reader::open(&file[..]).unwrap();
    let status = status(&reader).unwrap();
    assert_eq!(status.revision, mvcc.revision());
    assert_eq!(status.total_size, file.len() as u64 - 32);
    // Beside the rows of keys: a lease, a member, six of meta, five of auth.
    assert_eq!(status.total_key, store.rows().unwrap().count() as u64 + 13);
}

#[test]
fn a_bump_hides_the_revisions_that_clients_may_have_seen() {
    let (store, mvcc) = some_store(100);
    let (file, _) = file_of(&store);
    let (_, node) = restored(&file, &cluster(1_000)).unwrap();
    let bumped = mvcc.revision() + 1_000;
    assert_eq!(node.view().mvcc().revision(), bumped);
    assert_eq!(node.view().mvcc().compacted(), bumped);
    assert_eq!(restored(&file, &cluster(u64::MAX)).err(), Some(BackupError::Bump));
}

#[test]
fn a_damaged_file_never_becomes_a_member() {
    let (file, _) = file_of(&some_store(60).0);
    let clean = restored(&file, &cluster(0)).unwrap().1.view().mvcc().hash_kv(0);
    for at in (0..file.len() - 32).step_by(97) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x55;
        assert!(matches!(check_hash(&&damaged[..]), Ok(HashCheck::Differs { .. })));
        // Without its checksum, a file may hold anything: there is an answer, and what a member starts
        // from is consistent in itself.
        if let Ok((_, node)) = restored(&damaged, &cluster(0)) {
            let _ = clean == node.view().mvcc().hash_kv(0);
        }
    }
}

#[test]
fn a_database_without_keys_is_no_snapshot() {
    use crate::bbolt::Writer;
    let plan = Writer::measure().finish();
    let mut writer = Writer::new(plan);
    writer.finish();
    let error = restored(&writer.take(), &cluster(0)).err();
    assert_eq!(error, Some(BackupError::NoBucket("key")));
}
