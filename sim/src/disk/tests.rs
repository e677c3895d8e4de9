//! Files and their two images.

use super::*;

fn bytes(image: &Image) -> Vec<u8> {
    image.bytes()
}

#[test]
fn a_write_is_lost_until_it_is_synced() {
    let mut file = File::default();
    file.write(0, b"first");
    file.sync();
    file.write(5, b" second");
    assert_eq!(bytes(file.live()), b"first second");
    assert_eq!(bytes(file.durable()), b"first");
    let loss = file.power_off(Tear::Bytes, None);
    assert_eq!(loss, Loss { lost: 7, kept: 0 });
    assert_eq!(bytes(file.live()), b"first");
}

#[test]
fn an_fsync_covers_what_was_written_before_it_began() {
    let mut file = File::default();
    file.write(0, b"before");
    let sync = file.begin_sync();
    file.write(6, b" during");
    file.end_sync(sync);
    assert_eq!(bytes(file.durable()), b"before");
    assert!(!file.is_clean());
    file.sync();
    assert_eq!(bytes(file.durable()), b"before during");
    assert!(file.is_clean());
}

#[test]
fn an_fsync_that_failed_is_not_made_up_by_the_next_one() {
    let mut file = File::default();
    file.write(0, b"lost");
    let sync = file.begin_sync();
    file.forget_sync(&sync);
    file.sync();
    assert_eq!(bytes(file.live()), b"lost", "the page cache still has it");
    file.reread();
    assert_eq!(bytes(file.live()), b"\0\0\0\0", "the platter does not");
}

#[test]
fn a_file_that_was_cut_and_grows_again_has_zeros_between() {
    let mut file = File::default();
    file.write(0, &[7; 9000]);
    file.set_len(10);
    file.write(5000, b"x");
    file.sync();
    let content = bytes(file.durable());
    assert_eq!(content.len(), 5001);
    assert_eq!(content[..10], [7; 10]);
    assert!(content[10..5000].iter().all(|byte| *byte == 0));
}

#[test]
fn torn_sectors_hold_old_bytes_new_bytes_or_a_cut_and_nothing_else() {
    for seed in 0..200 {
        let mut random = Stream::new(seed, "test", 0, 0);
        let mut file = File::default();
        file.write(0, &[1; 3000]);
        file.sync();
        file.write(500, &[2; 4000]);
        file.power_off(Tear::Bytes, Some(&mut random));
        let content = bytes(file.durable());
        assert!(content.len() >= 3000 && content.len() <= 4500, "{} bytes", content.len());
        assert!(content[..500].iter().all(|byte| *byte == 1));
        for sector in content.chunks(512) {
            // Within a sector: new bytes from the left, then old ones or zeros.
            let new = sector.iter().rposition(|byte| *byte == 2).map_or(0, |at| at + 1);
            let first = sector.iter().position(|byte| *byte == 2).unwrap_or(0);
            assert!(sector[first..new].iter().all(|byte| *byte == 2), "seed {seed}");
        }
    }
}

#[test]
fn whole_sectors_are_kept_or_lost_where_the_drive_does_not_tear_them() {
    let mut seen = [false; 2];
    for seed in 0..50 {
        let mut random = Stream::new(seed, "test", 0, 0);
        let mut file = File::default();
        file.write(0, &[1; 4096]);
        file.sync();
        file.write(0, &[2; 4096]);
        let loss = file.power_off(Tear::Sectors, Some(&mut random));
        assert_eq!(loss.lost + loss.kept, 4096);
        for sector in bytes(file.durable()).chunks(512) {
            assert!(sector.iter().all(|byte| *byte == sector[0]), "seed {seed}");
            seen[usize::from(sector[0] == 2)] = true;
        }
    }
    assert_eq!(seen, [true; 2], "both happen");
}

#[test]
fn rot_is_on_the_platter_and_in_a_clean_cache_but_a_dirty_sector_hides_it() {
    let mut file = File::default();
    file.write(0, &[0; 5000]);
    file.sync();
    file.write(4999, &[1]);
    file.rot(3, 0);
    file.rot(4998, 7);
    assert_eq!((bytes(file.live())[3], bytes(file.durable())[3]), (1, 1));
    assert_eq!((bytes(file.live())[4998], bytes(file.durable())[4998]), (0, 128));
}

/// Appends of one byte each.
fn append(seq: u64, segment: u64, offset: u64) -> Append {
    let bytes = Bytes::from(vec![u8::try_from(seq).unwrap()]);
    Append { seq, segment, offset, bytes, truncate: false }
}

fn disk() -> Disk {
    Disk::new(1, MemberNo::from_number(1).unwrap(), 2_000_000, 0)
}

#[test]
fn appends_that_wait_share_one_fsync_and_a_segment_is_synced_before_the_next_is_begun() {
    let mut disk = disk();
    disk.queue_append(append(1, 0, 0));
    let first = disk.begin_wal(0).unwrap().unwrap();
    assert_eq!(first.until, 2_000_000);
    for (seq, segment, offset) in [(2, 0, 1), (3, 0, 2), (4, 1, 0)] {
        disk.queue_append(append(seq, segment, offset));
    }
    assert!(disk.begin_wal(1).is_none(), "one at a time");
    assert_eq!(disk.end_wal(first.token).unwrap().unwrap(), 1);
    let second = disk.begin_wal(2_000_000).unwrap().unwrap();
    assert_eq!(disk.end_wal(second.token).unwrap().unwrap(), 3);
    let third = disk.begin_wal(4_000_000).unwrap().unwrap();
    assert_eq!(disk.end_wal(third.token).unwrap().unwrap(), 4);
    assert_eq!(disk.durable_wal().collect::<Vec<_>>(), [(0, vec![1, 2, 3]), (1, vec![4])]);
}

#[test]
fn a_dead_process_leaves_its_page_cache_and_a_dead_machine_does_not() {
    for (power_off, left) in [(false, vec![1, 2]), (true, vec![1])] {
        let mut disk = disk();
        disk.queue_append(append(1, 0, 0));
        let first = disk.begin_wal(0).unwrap().unwrap();
        disk.end_wal(first.token).unwrap().unwrap();
        disk.queue_append(append(2, 0, 1));
        let second = disk.begin_wal(0).unwrap().unwrap();
        disk.queue_append(append(3, 0, 2));
        disk.on_kill(None);
        if power_off {
            disk.on_power_off(false);
        }
        assert!(disk.end_wal(second.token).is_none(), "nobody waits for it any more");
        assert_eq!(disk.read_wal().unwrap().segments[0].bytes[..], left);
    }
}

#[test]
fn a_full_disk_and_a_failing_one_say_so() {
    let mut disk = disk();
    disk.set_troubles(|troubles| troubles.full = true);
    disk.queue_append(append(1, 0, 0));
    let refused = disk.begin_wal(0).unwrap().unwrap_err();
    assert_eq!(refused, "cannot write WAL segment 0: no space left on device");
    disk.set_troubles(|troubles| troubles.full = false);
    disk.set_failing(DiskOperation::Sync, true);
    disk.queue_append(append(1, 0, 0));
    let began = disk.begin_wal(0).unwrap().unwrap();
    let failed = disk.end_wal(began.token).unwrap().unwrap_err();
    assert_eq!(failed, "cannot sync WAL segment 0: input/output error");
    disk.set_failing(DiskOperation::Read, true);
    assert_eq!(disk.read_wal().unwrap_err(), "cannot read the WAL: input/output error");
}

#[test]
fn a_store_survives_a_power_failure_in_the_middle_of_a_commit() {
    use glasshouse_core::store::{RowKey, StoreBatch};
    let write = |main| StoreBatch::Write {
        rows: vec![(RowKey::put(main, 0), Some(Bytes::from(vec![0; 300])))],
        leases: Vec::new(),
        auth: Vec::new(),
        meta: Vec::new(),
    };
    let mut outcomes = [0, 0];
    for seed in 0..60 {
        let mut disk = Disk::new(seed, MemberNo::from_number(1).unwrap(), 2_000_000, 0);
        let store = Store::open(disk.open_store().unwrap()).unwrap();
        for main in 2..10 {
            store.commit(&write(main)).unwrap();
        }
        disk.queue_batch(1, write(10));
        disk.begin_store(0).unwrap();
        disk.on_kill(Some(&store));
        drop(store);
        disk.on_power_off(true);
        let store = Store::open(disk.open_store().unwrap()).unwrap();
        for main in 2..10 {
            assert!(store.value(RowKey::put(main, 0)).unwrap().is_some(), "seed {seed} row {main}");
        }
        let last = store.value(RowKey::put(10, 0)).unwrap().is_some();
        outcomes[usize::from(last)] += 1;
    }
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "both happen: {outcomes:?}");
}
