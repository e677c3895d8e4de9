//! Power failures: an acknowledged commit stays, one in flight happened or did not.

use super::*;

#[test]
fn power_fails_anywhere_in_a_commit() {
    let mut state = 7_u64;
    let mut survives = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 62 != 0
    };
    // A commit that is interrupted at its n-th call to the disk, for every n.
    for calls in 0..60 {
        let disk = Disk::default();
        let store = Store::open(disk.clone()).unwrap();
        store.commit(&write(2..60)).unwrap();
        let acknowledged = rows(&store).unwrap();
        disk.fail_in(calls);
        let committed = store.commit(&write(60..120));
        let left = disk.after_power_failure(&mut survives);
        drop(store);
        let store = open(left).unwrap_or_else(|error| panic!("call {calls}: {error}"));
        let found = rows(&store).unwrap();
        assert_eq!(found[..58], acknowledged, "call {calls}");
        assert!(found.len() == 58 || found.len() == 118, "call {calls}: half a commit");
        if committed.is_ok() {
            assert_eq!(found.len(), 118, "call {calls}: an acknowledged commit is lost");
            return;
        }
        let meta = store.meta(MetaKey::Revision).unwrap().unwrap();
        let expected: i64 = if found.len() == 58 { 59 } else { 119 };
        assert_eq!(meta[..], expected.to_le_bytes(), "call {calls}: meta and rows disagree");
    }
    panic!("a commit never finished");
}

#[test]
fn power_fails_while_a_store_is_made() {
    let mut state = 3_u64;
    let mut survives = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 63 != 0
    };
    for calls in 0.. {
        let disk = Disk::default();
        disk.fail_in(calls);
        let made = Store::open(disk.clone());
        for _ in 0..8 {
            let left = disk.after_power_failure(&mut survives);
            let store = open(left).unwrap_or_else(|error| panic!("call {calls}: {error}"));
            assert_eq!(rows(&store).unwrap(), []);
            store.commit(&write(2..10)).unwrap();
        }
        if made.is_ok() {
            assert!(calls > 5);
            return;
        }
    }
}

#[test]
fn power_fails_while_a_store_is_closed() {
    for calls in 0..40 {
        let disk = Disk::default();
        let store = Store::open(disk.clone()).unwrap();
        store.commit(&write(2..60)).unwrap();
        disk.fail_in(calls);
        drop(store);
        let mut odd = false;
        let left = disk.after_power_failure(|| {
            odd = !odd;
            odd
        });
        assert_eq!(rows(&open(left).unwrap()).unwrap().len(), 58, "call {calls}");
    }
}

#[test]
fn power_fails_again_and_again() {
    let mut state = 11_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        state >> 40
    };
    let mut disk = Disk::default();
    let mut next = 2;
    for round in 0..80 {
        let store = Store::open(disk.clone()).unwrap_or_else(|e| panic!("round {round}: {e}"));
        let found = i64::try_from(rows(&store).unwrap().len()).unwrap();
        assert!(found + 2 == next || found + 2 == next + 25, "round {round}");
        next = found + 2;
        for _ in 0..random() % 4 {
            store.commit(&write(next..next + 25)).unwrap();
            next += 25;
        }
        disk.fail_in(random() % 12);
        if store.commit(&write(next..next + 25)).is_ok() {
            next += 25;
        }
        let left = disk.after_power_failure(|| random() % 3 != 0);
        drop(store);
        disk = Disk::of(left);
    }
}
