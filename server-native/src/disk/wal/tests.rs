//! Appends in files: order, growth, cuts, drops.

use bytes::Bytes;

use super::*;

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("glasshouse-wal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn writer(&self) -> Writer {
        Writer { dir: self.0.clone(), metrics: Arc::default(), segment: None }
    }

    /// A segment's bytes without the zeros behind them.
    fn records(&self, number: u64) -> Vec<u8> {
        let mut bytes = std::fs::read(self.0.join(segment_name(number))).unwrap();
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(end);
        bytes
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn append(seq: u64, segment: u64, offset: u64, bytes: &'static str) -> Append {
    let bytes = Bytes::from_static(bytes.as_bytes());
    Append { seq, segment, offset, bytes, truncate: false }
}

#[test]
fn a_group_over_two_segments_is_written_in_order() {
    let dir = Dir::new("group");
    let mut writer = dir.writer();
    writer.write(&[append(1, 0, 0, "ab"), append(2, 0, 2, "cd"), append(3, 1, 0, "ef")]).unwrap();
    writer.write(&[append(4, 1, 2, "gh")]).unwrap();
    assert_eq!(dir.records(0), b"abcd");
    assert_eq!(dir.records(1), b"efgh");
    // One fdatasync before the second segment begins, one for each group.
    let text = writer.metrics.render(&crate::driver::NodeState::default(), None, 0);
    assert!(text.contains("etcd_disk_wal_fsync_duration_seconds_count 3"), "{text}");
    assert!(text.contains("etcd_disk_wal_write_bytes_total 8"), "{text}");
}

#[test]
fn the_file_grows_ahead_and_only_zeros_follow() {
    let dir = Dir::new("ahead");
    let mut writer = dir.writer();
    writer.write(&[append(1, 0, 0, "ab")]).unwrap();
    let length = || std::fs::metadata(dir.0.join(segment_name(0))).unwrap().len();
    assert_eq!(length(), 2 + AHEAD_BYTES);
    writer.write(&[append(2, 0, 2, "cd")]).unwrap();
    assert_eq!(length(), 2 + AHEAD_BYTES, "the second append overwrites");
    assert_eq!(dir.records(0), b"abcd");
}

#[test]
fn a_cut_leaves_nothing_behind() {
    let dir = Dir::new("cut");
    std::fs::write(dir.0.join(segment_name(0)), b"abcdTORN TAIL").unwrap();
    let cut = Append { truncate: true, ..append(1, 0, 4, "ef") };
    dir.writer().write(&[cut]).unwrap();
    assert_eq!(dir.records(0), b"abcdef");
}

#[test]
fn drops_only_what_is_below() {
    let dir = Dir::new("drop");
    let mut writer = dir.writer();
    for segment in 0..12 {
        writer.write(&[append(segment + 1, segment, 0, "x")]).unwrap();
    }
    std::fs::write(dir.0.join("lock"), b"").unwrap();
    writer.drop_before(11).unwrap();
    assert_eq!(dir.names(), ["000000000000000b.wal", "lock"]);
}

#[test]
fn names_of_etcd_are_not_ours() {
    assert_eq!(segment_number(Path::new("/x/000000000000001f.wal")), Some(31));
    for name in ["0000000000000000-0000000000000000.wal", "0.tmp", "1.wal", "lock"] {
        assert_eq!(segment_number(Path::new(name)), None, "{name}");
    }
}
