//! Files are written and read back; damaged ones are read, too.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::page::fnv1a;
use super::*;

type Bucket = BTreeMap<Vec<u8>, Vec<u8>>;
type Database = BTreeMap<Vec<u8>, Bucket>;

fn fill(writer: &mut Writer, database: &Database, mut ready: impl FnMut(&mut Writer)) -> Plan {
    for (name, bucket) in database {
        writer.bucket(name);
        for (key, value) in bucket {
            writer.put(key, value);
            ready(writer);
        }
    }
    writer.finish()
}

fn write(database: &Database) -> Vec<u8> {
    let plan = fill(&mut Writer::measure(), database, |_| {});
    let mut writer = Writer::new(plan);
    let mut file = Vec::new();
    fill(&mut writer, database, |writer| file.extend(writer.take()));
    file.extend(writer.take());
    assert_eq!(file.len() as u64, plan.file_bytes());
    file
}

fn read(file: &[u8]) -> Result<Database, ReadError> {
    let mut database = Database::new();
    Reader::open(file)?.visit(|item| {
        match item {
            Item::Bucket { name } => {
                assert_eq!(database.insert(name.to_vec(), Bucket::new()), None);
            }
            Item::Row { bucket, key, value } => {
                let rows = database.get_mut(bucket).expect("a bucket comes before its rows");
                assert_eq!(rows.insert(key.to_vec(), value.to_vec()), None);
            }
        }
        Ok::<(), ReadError>(())
    })?;
    Ok(database)
}

fn database<const N: usize>(buckets: [(&str, Bucket); N]) -> Database {
    buckets.into_iter().map(|(name, rows)| (name.into(), rows)).collect()
}

/// Rows as a store has them: keys of 17 bytes, values of this many.
fn rows(count: u64, value_bytes: usize) -> Bucket {
    let key = |number: u64| [&number.to_be_bytes()[..], b"_", &[0; 8]].concat();
    (1..=count).map(|number| (key(number), vec![b'v'; value_bytes])).collect()
}

fn check_round_trip(database: &Database) {
    assert_eq!(read(&write(database)).as_ref(), Ok(database));
}

#[test]
fn an_empty_database_has_a_root_without_buckets() {
    let file = write(&Database::new());
    assert_eq!(file.len(), 4 * PAGE_BYTES);
    assert_eq!(read(&file), Ok(Database::new()));
}

/// The file that bbolt itself makes of one bucket with one row is known by heart: this is its layout.
#[test]
fn a_small_bucket_lies_inline_in_the_root() {
    let file = write(&database([("key", Bucket::from([(b"k".to_vec(), b"v".to_vec())]))]));
    let root = &file[3 * PAGE_BYTES..];
    let numbers = |at: usize| u32::from_le_bytes(root[at..at + 4].try_into().unwrap());
    // Page 3, a leaf with one element: a bucket named "key".
    assert_eq!(root[..16], [3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!([0, 4, 8, 12].map(|at| numbers(16 + at)), [1, 16, 3, 50]);
    assert_eq!(&root[32..35], b"key");
    // Root 0, sequence 0, then a leaf of its own with one row.
    assert_eq!(root[35..51], [0; 16]);
    assert_eq!(root[51..67], [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!([0, 4, 8, 12].map(|at| numbers(67 + at)), [0, 16, 1, 1]);
    assert_eq!(&root[83..85], b"kv");
    assert!(root[85..].iter().all(|byte| *byte == 0));
}

#[test]
fn the_checksum_is_fnv1a() {
    assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv1a(b"foobar"), 0x85944171f73967e8);
}

#[test]
fn buckets_of_every_size_come_back() {
    for count in [0, 1, 2, 3, 10, 100, 1_000, 100_000] {
        check_round_trip(&database([("key", rows(count, 100)), ("meta", rows(3, 8))]));
    }
    for value_bytes in [0, 1, 900, 4_000, 4_062, 4_063, 4_064, 70_000, 3_000_000] {
        check_round_trip(&database([("key", rows(9, value_bytes))]));
    }
}

/// Keys as long as bbolt allows: a branch of two children overflows its page, too.
#[test]
fn long_keys_make_large_branches() {
    let key = |number: u8| [&[number][..], &[b'k'; 32_000]].concat();
    let long: Bucket = (0..200).map(|number| (key(number), vec![number])).collect();
    check_round_trip(&database([("authUsers", long)]));
}

#[test]
fn pages_are_taken_while_rows_come() {
    let all = database([("key", rows(50_000, 200))]);
    let plan = fill(&mut Writer::measure(), &all, |_| {});
    let (mut writer, mut largest) = (Writer::new(plan), 0);
    fill(&mut writer, &all, |writer| largest = largest.max(writer.take().len()));
    assert!(largest <= 4 * PAGE_BYTES, "the metas and the freelist, or a leaf and its branches");
}

#[test]
fn the_second_meta_serves_when_the_first_is_torn() {
    let expected = database([("key", rows(100, 100))]);
    let mut file = write(&expected);
    file[30] ^= 1;
    assert_eq!(read(&file).as_ref(), Ok(&expected));
    file[PAGE_BYTES + 30] ^= 1;
    assert_eq!(read(&file), Err(ReadError::NoMeta));
}

#[test]
fn pages_that_nobody_reaches_are_damage() {
    let mut file = write(&database([("key", rows(100, 100))]));
    // One more page than the tree has, in both metas.
    for at in [0, PAGE_BYTES] {
        let meta = at + 16;
        file[meta + 40] += 1;
        let sum = fnv1a(&file[meta..meta + 56]);
        file[meta + 56..meta + 64].copy_from_slice(&sum.to_le_bytes());
    }
    let pages = file.len() / PAGE_BYTES;
    file.resize(file.len() + PAGE_BYTES, 0);
    let what = "it is neither used nor free";
    assert_eq!(read(&file), Err(ReadError::Damaged { page: pages as u64, what }));
    // It is no damage any more once the freelist has it.
    let freelist = 2 * PAGE_BYTES;
    file[freelist + 10] = 1;
    file[freelist + 16..freelist + 24].copy_from_slice(&(pages as u64).to_le_bytes());
    assert!(read(&file).is_ok());
}

fn random_database() -> impl Strategy<Value = Database> {
    let bytes = |range| proptest::collection::vec(any::<u8>(), range);
    let value = prop_oneof![
        8 => bytes(0..40),
        2 => bytes(0..1_000),
        1 => (0..20_000_usize).prop_map(|length| vec![7; length]),
    ];
    let bucket = proptest::collection::btree_map(bytes(1..30), value, 0..200);
    proptest::collection::btree_map(bytes(1..12), bucket, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_written_is_read(database in random_database()) {
        prop_assert_eq!(read(&write(&database)), Ok(database));
    }

    /// Bytes are flipped, pages swapped and doubled, the end is cut: there is an answer. What the metas
    /// say is believed only if it can be true, so they are made valid again.
    #[test]
    fn damage_is_an_answer(
        database in random_database(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        swap in any::<(prop::sample::Index, prop::sample::Index)>(),
        doubles in any::<bool>(),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = write(&database);
        for (at, byte) in flips {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if doubles {
            let pages = file.len() / PAGE_BYTES;
            let (from, to) = (swap.0.index(pages) * PAGE_BYTES, swap.1.index(pages) * PAGE_BYTES);
            file.copy_within(from..from + PAGE_BYTES, to);
        }
        for at in [16, PAGE_BYTES + 16] {
            let sum = fnv1a(&file[at..at + 56]);
            file[at + 56..at + 64].copy_from_slice(&sum.to_le_bytes());
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        // Anything but a panic, and no endless walk.
        let _ = read(&file);
    }

    /// The fields that a walk follows are made up: page ids, counts, offsets, lengths.
    #[test]
    fn made_up_numbers_are_an_answer(
        database in random_database(),
        numbers in proptest::collection::vec((any::<prop::sample::Index>(), 0..64_usize, any::<u32>()), 1..6),
    ) {
        let mut file = write(&database);
        for (page, word, number) in numbers {
            let page = 2 + page.index(file.len() / PAGE_BYTES - 2);
            let at = page * PAGE_BYTES + word * 4;
            file[at..at + 4].copy_from_slice(&(number % 9_000).to_le_bytes());
        }
        let _ = read(&file);
    }
}
