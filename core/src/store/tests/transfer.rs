//! A snapshot on its way from one store to another.

use proptest::prelude::*;

use super::*;

fn parts(store: &Store, max_bytes: u64) -> Vec<Bytes> {
    let mut reader = store.snapshot().unwrap();
    std::iter::from_fn(|| reader.next_rows(max_bytes).unwrap()).collect()
}

fn install(store: &Store, parts: Vec<Bytes>) {
    for (number, rows) in parts.into_iter().enumerate() {
        check_rows(&rows).unwrap();
        store.commit(&StoreBatch::Stage { first: number == 0, rows }).unwrap();
    }
    let meta = vec![(MetaKey::Applied, Bytes::from_static(b"7"))];
    store.commit(&StoreBatch::Install { meta }).unwrap();
}

#[test]
fn a_snapshot_replaces_everything_at_once() {
    let source = Store::in_memory();
    source.commit(&write(2..300)).unwrap();
    for max_bytes in [1, 700, 1_000_000] {
        let target = Store::in_memory();
        target.commit(&write(1000..1100)).unwrap();
        let parts = parts(&source, max_bytes);
        let longest = parts.iter().map(Bytes::len).max().unwrap();
        assert!(longest <= 700 || max_bytes > 700, "{longest} bytes in a part");
        let old = rows(&target).unwrap();
        target.commit(&StoreBatch::Stage { first: true, rows: parts[0].clone() }).unwrap();
        assert_eq!(rows(&target).unwrap(), old, "what is staged is not seen");
        install(&target, parts);
        assert_eq!(rows(&target).unwrap(), rows(&source).unwrap());
        assert_eq!(target.in_use_bytes(), source.in_use_bytes());
        assert_eq!(target.meta(MetaKey::Applied).unwrap().unwrap(), "7");
        assert_eq!(target.value(RowKey::put(1000, 0)).unwrap(), None);
        target.commit(&write(400..410)).unwrap();
        assert_eq!(rows(&target).unwrap().len(), 308);
    }
}

#[test]
fn a_snapshot_does_not_see_later_commits() {
    let source = Store::in_memory();
    source.commit(&write(2..50)).unwrap();
    let before = rows(&source).unwrap().len() as u64;
    let mut reader = source.snapshot().unwrap();
    source.commit(&write(50..90)).unwrap();
    let mut seen = 0;
    while let Some(part) = reader.next_rows(500).unwrap() {
        seen += check_rows(&part).unwrap();
    }
    assert_eq!(seen, before);
    assert_eq!(reader.meta(MetaKey::Revision).unwrap().unwrap()[..], 49_i64.to_le_bytes());
}

#[test]
fn an_empty_snapshot_empties_the_store() {
    let target = Store::in_memory();
    target.commit(&write(2..50)).unwrap();
    assert_eq!(parts(&Store::in_memory(), 100), Vec::<Bytes>::new());
    target.commit(&StoreBatch::Stage { first: true, rows: Bytes::new() }).unwrap();
    target.commit(&StoreBatch::Install { meta: vec![] }).unwrap();
    assert_eq!(rows(&target).unwrap(), []);
    assert_eq!(target.in_use_bytes(), 0);
}

#[test]
fn an_abandoned_transfer_leaves_nothing_behind() {
    let source = Store::in_memory();
    source.commit(&write(2..50)).unwrap();
    let target = Store::in_memory();
    target.commit(&write(100..200)).unwrap();
    for part in parts(&target, 900).into_iter().take(3) {
        target.commit(&StoreBatch::Stage { first: false, rows: part }).unwrap();
    }
    install(&target, parts(&source, 900));
    assert_eq!(rows(&target).unwrap(), rows(&source).unwrap());
}

#[test]
fn nothing_is_installed_that_was_not_received() {
    let store = Store::in_memory();
    store.commit(&write(2..50)).unwrap();
    let result = store.commit(&StoreBatch::Install { meta: vec![] });
    assert!(matches!(result, Err(StoreError::Corrupt(_))));
    assert_eq!(rows(&store).unwrap().len(), 48);
}

proptest! {
    #[test]
    fn bytes_from_strangers_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if !bytes.is_empty() {
            prop_assert!(check_rows(&bytes).is_err());
        }
    }

    #[test]
    fn damaged_parts_are_rows_or_refused(
        at in 0_usize..4000,
        byte in any::<u8>(),
        cut in 0_usize..4000,
    ) {
        let source = Store::in_memory();
        source.commit(&write(2..40)).unwrap();
        let mut part = parts(&source, 1_000_000).remove(0).to_vec();
        let (at, cut) = (at % part.len(), cut % part.len());
        part[at] = byte;
        part.truncate(cut.max(1));
        let target = Store::in_memory();
        let checked = check_rows(&part);
        let staged = target.commit(&StoreBatch::Stage { first: true, rows: part.into() });
        prop_assert_eq!(checked.is_ok(), staged.is_ok());
    }
}

fn users() -> StoreBatch {
    use crate::api::authpb::{Role, User};
    let name = |name: &str| Bytes::copy_from_slice(name.as_bytes());
    let user = User { name: name("alice"), roles: vec!["reader".into()], ..User::default() };
    let role = Role { name: name("reader"), key_permission: vec![] };
    let auth = vec![
        (AuthKey::State, Some(AuthRow::State(AuthState { enabled: true, revision: 9 }))),
        (AuthKey::User("alice".into()), Some(AuthRow::User("alice".into(), user))),
        (AuthKey::Role("reader".into()), Some(AuthRow::Role("reader".into(), role))),
    ];
    StoreBatch::Write { rows: vec![], leases: vec![], auth, meta: vec![] }
}

#[test]
fn users_and_roles_travel_behind_rows_and_leases() {
    let source = Store::in_memory();
    source.commit(&write(2..5)).unwrap();
    source.commit(&users()).unwrap();
    for max_bytes in [1, 60, 1_000_000] {
        let target = Store::in_memory();
        let old = vec![(AuthKey::User("bob".into()), Some(bob()))];
        let auth = StoreBatch::Write { rows: vec![], leases: vec![], auth: old, meta: vec![] };
        target.commit(&auth).unwrap();
        install(&target, parts(&source, max_bytes));
        assert_eq!(target.auth().unwrap().len(), 3);
        assert_eq!(target.auth(), source.auth());
    }
}

fn bob() -> AuthRow {
    let name = Bytes::from_static(b"bob");
    AuthRow::User("bob".into(), crate::api::authpb::User { name, ..Default::default() })
}

#[test]
fn damaged_users_of_a_snapshot_are_refused() {
    let source = Store::in_memory();
    source.commit(&users()).unwrap();
    let good = parts(&source, 1_000_000).concat();
    assert_eq!(check_rows(&good), Ok(3));
    for len in 1..good.len() {
        let cut = check_rows(&good[..len]);
        assert!(cut.is_err() || cut.is_ok_and(|rows| rows < 3), "{len} bytes");
    }
    assert_eq!(check_rows(&[&good[..], &good].concat()), Err(BadRows::Order));
    // Bob's row under the name of another.
    let mut row = Vec::new();
    rows::encode_auth(b"\x02eve", &bob(), &mut row);
    assert_eq!(check_rows(&row), Err(BadRows::Auth));
}
