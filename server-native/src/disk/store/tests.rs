//! The thread, with real files.

use std::time::Duration;

use glasshouse_core::store::RowKey;

use super::*;
use crate::mailbox::Letter;

fn open(path: &Path) -> Store {
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(false).open(path).unwrap();
    Store::open(FileBackend::new(file).unwrap()).unwrap()
}

fn write(revisions: std::ops::Range<i64>, present: bool) -> StoreBatch {
    let value = present.then(|| vec![7; 1_000].into());
    let rows = revisions.map(|main| (RowKey::put(main, 0), value.clone())).collect();
    StoreBatch::Write { rows, leases: vec![], auth: vec![], meta: vec![] }
}

/// What the thread has said, once it has said so much.
fn said(mailbox: &Mailbox, count: usize) -> Vec<Input> {
    let mut letters = Vec::new();
    for _ in 0..2_000 {
        mailbox.take_all(&mut letters);
        if letters.len() >= count {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    letters
        .into_iter()
        .map(|letter| match letter {
            Letter::Input(input) => input,
            _ => panic!("a thread of the disk posts inputs"),
        })
        .collect()
}

#[test]
fn a_defragmentation_gives_space_back_while_commits_go_on() {
    let dir = std::env::temp_dir().join(format!("glasshouse-defrag-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("db");
    let store = open(&path);
    store.commit(&write(1..20_000, true)).unwrap();
    store.commit(&write(1..19_000, false)).unwrap();
    let large = fs::metadata(&path).unwrap().len();
    let mailbox = Arc::new(Mailbox::default());
    let metrics = Arc::new(Metrics::default());
    let thread = StoreThread::start(store.clone(), path.clone(), mailbox.clone(), metrics).unwrap();
    thread.send(Job::Work(1, Work::Defragment));
    for seq in 0..20_i64 {
        let begin = 20_000 + seq * 10;
        thread.send(Job::Commit(seq.unsigned_abs(), write(begin..begin + 10, true)));
    }
    thread.send(Job::Work(2, Work::Defragment));
    let said = said(&mailbox, 22);
    let defragmented = |wanted| {
        said.iter().any(|input| {
            matches!(input, Input::Worked { id, done: Ok(Worked::Defragmented) } if *id == wanted)
        })
    };
    assert!(defragmented(1) && defragmented(2), "{said:?}");
    let small = fs::metadata(&path).unwrap().len();
    assert!(small * 4 < large, "{large} bytes, then {small}");
    assert_eq!(small, store.size_bytes());
    assert!(!beside(&path).exists());
    thread.finish();
    assert_eq!(store.rows().unwrap().count(), 1_200);
    drop(store);
    assert_eq!(open(&path).rows().unwrap().count(), 1_200);
    fs::remove_dir_all(dir).unwrap();
}
