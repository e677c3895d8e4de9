//! Damaged files: what was written is read, or an error is said. No panic, no wrong value.

use super::*;

/// A small generator: tests must not depend on the machine.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

/// Opens and reads damaged bytes. Whether the damage was noticed.
fn check(bytes: Vec<u8>, written: &Rows, what: &str) -> bool {
    let read = || -> Result<(), StoreError> {
        let store = open(bytes)?;
        assert!(rows(&store)? == *written, "{what}: wrong rows");
        for (row, bytes) in written {
            assert!(store.value(*row)?.as_ref() == Some(bytes), "{what}: wrong value of {row:?}");
        }
        let RowKey { revision, .. } = written.last().unwrap().0;
        let last = store.meta(MetaKey::Revision)?.unwrap();
        assert_eq!(last[..], revision.main.to_le_bytes(), "{what}: wrong meta");
        store.commit(&write(200..210))
    };
    match read() {
        Ok(()) => false,
        Err(StoreError::Corrupt(_)) => true,
        Err(error) => panic!("{what}: {error}"),
    }
}

#[test]
fn every_bit_of_a_row_matters() {
    let (bytes, written) = some_store();
    // The last row is in the tree's last leaf, and nowhere else.
    let (_, row) = written.last().unwrap();
    let needle = &row[..64];
    let places: Vec<_> =
        bytes.windows(needle.len()).enumerate().filter(|(_, w)| *w == needle).collect();
    assert!(!places.is_empty());
    let (begin, _) = *places.last().unwrap();
    let mut noticed = 0;
    for bit in 0..needle.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[begin + bit / 8] ^= 1 << (bit % 8);
        noticed += usize::from(check(bytes, &written, &format!("bit {bit}")));
    }
    assert_eq!(noticed, needle.len() * 8);
}

#[test]
fn a_bit_anywhere_is_noticed_or_does_not_matter() {
    let (bytes, written) = some_store();
    let mut state = 1;
    for _ in 0..1500 {
        let mut bytes = bytes.clone();
        let bit = random(&mut state) % (bytes.len().min(80_000) * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        check(bytes, &written, &format!("bit {bit}"));
    }
}

#[test]
fn a_file_that_is_cut_off_is_noticed() {
    let (bytes, written) = some_store();
    let mut state = 2;
    for step in 0..300 {
        let end = if step < 40 { step * 512 } else { random(&mut state) % bytes.len() };
        let end = end.min(bytes.len() - 1);
        if end > 0 {
            assert!(check(bytes[..end].to_vec(), &written, &format!("cut at {end}")));
        }
    }
}

#[test]
fn sectors_of_noise_are_noticed() {
    let (bytes, written) = some_store();
    let mut state = 3;
    for _ in 0..1000 {
        let mut bytes = bytes.clone();
        let sector = random(&mut state) % (bytes.len().min(100_000) / 512);
        for byte in &mut bytes[sector * 512..(sector + 1) * 512] {
            *byte = u8::try_from(random(&mut state) % 256).unwrap();
        }
        check(bytes, &written, &format!("sector {sector}"));
    }
}

/// Zeros are what a sector holds that was never written, but no commit points to such a sector.
#[test]
fn sectors_of_zeros_are_noticed() {
    let (bytes, written) = some_store();
    for sector in 0..bytes.len().min(100_000) / 512 {
        let mut bytes = bytes.clone();
        bytes[sector * 512..(sector + 1) * 512].fill(0);
        let noticed = check(bytes, &written, &format!("sector {sector}"));
        assert!(noticed || sector > 0);
    }
}

/// A store that was closed is not recovered when it is opened: the other way into redb.
#[test]
fn a_closed_store_notices_damage_as_well() {
    let disk = Disk::default();
    let store = Store::open(disk.clone()).unwrap();
    store.commit(&write(2..120)).unwrap();
    let written = rows(&store).unwrap();
    drop(store);
    let bytes = disk.bytes();
    let mut state = 4;
    for sector in 0..bytes.len().min(150_000) / 512 {
        let what = format!("sector {sector}");
        let mut zeros = bytes.clone();
        zeros[sector * 512..(sector + 1) * 512].fill(0);
        check(zeros, &written, &what);
        for _ in 0..8 {
            let mut flipped = bytes.clone();
            flipped[sector * 512 + random(&mut state) % 512] ^= 1 << (random(&mut state) % 8);
            check(flipped, &written, &what);
        }
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    assert!(matches!(open(b"not a database".repeat(4096)), Err(StoreError::Corrupt(_))));
    assert!(matches!(open(vec![0xff; 100 * 4608]), Err(StoreError::Corrupt(_))));
}

#[test]
fn a_disk_that_fails_is_an_error_at_every_call() {
    let work = |disk: &Disk| -> Result<Store, StoreError> {
        let store = Store::open(disk.clone())?;
        store.commit(&write(2..40))?;
        store.commit(&write(40..400))?;
        let mut reader = store.snapshot()?;
        while reader.next_rows(1000)?.is_some() {}
        store.commit(&StoreBatch::Stage { first: true, rows: Bytes::new() })?;
        store.commit(&StoreBatch::Install { meta: vec![] })?;
        rows(&store)?;
        Ok(store)
    };
    let sound = Disk::default();
    let store = work(&sound).unwrap();
    let calls = sound.calls();
    drop(store);
    for call in 0..calls {
        let disk = Disk::default();
        disk.fail_in(call);
        let result = work(&disk);
        assert!(matches!(result, Err(StoreError::Io(_))), "call {call} of {calls}: {result:?}");
    }
}
