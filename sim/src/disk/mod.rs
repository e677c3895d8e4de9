//! A member's disk: the files of its write-ahead log and of its store, and the time they take.
//!
//! Every file has two images: what a process sees (the page cache) and what survives a power
//! failure (the platter). An fsync copies the first to the second, when its time is over.
//!
//! Two queues work side by side, as the server's two disk threads do:
//!
//! ```text
//!    appends ─► [ write all that wait; one fsync for them ] ─► Persisted { highest seq }
//!    batches ─► [ one commit of the store at a time        ] ─► Stored { seq }
//! ```
//!
//! What a crash leaves depends on its kind. The process dies: what it had not yet written is
//! gone, the page cache stays. The power fails: everything since the last fsync is gone, or every
//! 512-byte sector of it is kept, lost or cut by itself (*torn*).

mod backend;
mod file;
mod image;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use glasshouse_core::node::Append;
use glasshouse_core::store::{Store, StoreBatch};
use glasshouse_core::wal::{WalImage, WalSegment};

pub use self::backend::OpenFile;
use self::backend::StoreFile;
pub use self::file::{File, Loss, Tear};
pub use self::image::{Image, SECTOR, SECTOR_BYTES, Sector};
use crate::clock::Nanos;
use crate::place::MemberNo;
use crate::rng::Stream;
use crate::trace::DiskStep;
use crate::world::DiskOperation;

/// What a disk suffers from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Troubles {
    /// There is no space left: a file cannot grow.
    pub full: bool,
    /// Reads fail.
    pub read_fails: bool,
    /// Writes fail.
    pub write_fails: bool,
    /// Fsyncs fail.
    pub sync_fails: bool,
    /// Fsyncs succeed and keep nothing.
    pub lying: bool,
}

impl Troubles {
    fn set(&mut self, operation: DiskOperation, failing: bool) {
        match operation {
            DiskOperation::Read => self.read_fails = failing,
            DiskOperation::Write => self.write_fails = failing,
            DiskOperation::Sync => self.sync_fails = failing,
        }
    }

    fn may_read(self) -> io::Result<()> {
        if self.read_fails { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }

    fn may_write(self, grows: u64) -> io::Result<()> {
        if self.write_fails {
            return Err(io::Error::other("input/output error"));
        }
        if self.full && grows > 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        Ok(())
    }

    fn may_sync(self) -> io::Result<()> {
        if self.sync_fails { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }
}

/// A WAL segment, to look at.
#[derive(Clone, Debug)]
pub struct SegmentView {
    /// Its number.
    pub number: u64,
    /// The bytes that a process reads.
    pub live: Bytes,
    /// The bytes that survive a power failure.
    pub durable: Bytes,
}

/// A disk, to look at.
#[derive(Clone, Debug)]
pub struct DiskView {
    /// The segments of the write-ahead log, in order.
    pub wal: Vec<SegmentView>,
    /// Length of the store's file as a process sees it, in bytes.
    pub store_live_len: u64,
    /// Length of the store's file that survives a power failure, in bytes.
    pub store_durable_len: u64,
    /// Appends that wait for their turn.
    pub appends_waiting: u64,
    /// When the fsync of the WAL that is under way will be over.
    pub syncing_until: Option<Nanos>,
    /// When the commit of the store that is under way will be over.
    pub committing_until: Option<Nanos>,
    /// How long an fsync takes when it was set by hand.
    pub fsync: Option<Nanos>,
    /// What the disk suffers from.
    pub troubles: Troubles,
}

/// Appends that are written and synced together.
#[derive(Debug)]
struct WalBatch {
    token: u64,
    segment: u64,
    last_seq: u64,
    sync: file::Sync,
    until: Nanos,
}

/// A commit of the store that is under way.
#[derive(Debug)]
struct Commit {
    token: u64,
    seq: u64,
    batch: StoreBatch,
    until: Nanos,
}

/// A batch of appends that has begun.
#[derive(Debug)]
pub(crate) struct BatchBegan {
    /// Names the batch to [`Disk::end_wal`].
    pub(crate) token: u64,
    /// When it will be over.
    pub(crate) until: Nanos,
    /// What was written, for the record.
    pub(crate) steps: Vec<DiskStep>,
}

/// One member's disk.
#[derive(Debug)]
pub(crate) struct Disk {
    fsync: Nanos,
    jitter: Nanos,
    fsync_by_hand: Option<Nanos>,
    /// Times of the log's fsyncs, of the store's commits, and what crashes leave: each has a
    /// stream of its own, so that committing less often does not shift the log's times.
    log_times: Stream,
    store_times: Stream,
    damage: Stream,
    wal: BTreeMap<u64, File>,
    store: Arc<Mutex<StoreFile>>,
    troubles: Troubles,
    appends: VecDeque<Append>,
    writing: Option<WalBatch>,
    batches: VecDeque<(u64, StoreBatch)>,
    committing: Option<Commit>,
    last_token: u64,
}

impl Disk {
    pub(crate) fn new(seed: u64, member: MemberNo, fsync: Nanos, jitter: Nanos) -> Self {
        let place = u64::from(member.number());
        Self {
            fsync,
            jitter: jitter.min(fsync),
            fsync_by_hand: None,
            log_times: Stream::new(seed, "log fsync", place, 0),
            store_times: Stream::new(seed, "store commit", place, 0),
            damage: Stream::new(seed, "disk damage", place, 0),
            wal: BTreeMap::new(),
            store: Arc::new(Mutex::new(StoreFile::default())),
            troubles: Troubles::default(),
            appends: VecDeque::new(),
            writing: None,
            batches: VecDeque::new(),
            committing: None,
            last_token: 0,
        }
    }

    // --- the log's queue ---

    /// An append waits for its turn.
    pub(crate) fn queue_append(&mut self, append: Append) {
        self.appends.push_back(append);
    }

    /// Begins the next batch of appends, if none is under way and some wait. A batch stays in
    /// one segment, and a segment is made durable before the next one is begun: or a power
    /// failure could keep the second and lose the end of the first.
    pub(crate) fn begin_wal(&mut self, now: Nanos) -> Option<Result<BatchBegan, String>> {
        if self.writing.is_some() {
            return None;
        }
        let segment = self.appends.front()?.segment;
        let unfinished =
            self.wal.iter().find(|(number, file)| **number < segment && !file.is_clean());
        if let Some((&unfinished, _)) = unfinished {
            return Some(Ok(self.begin_batch(now, unfinished, 0, Vec::new())));
        }
        let mut steps = Vec::new();
        let mut last_seq = 0;
        while let Some(append) = self.appends.pop_front_if(|append| append.segment == segment) {
            if let Err(error) = self.write(&append) {
                return Some(Err(format!("cannot write WAL segment {segment}: {error}")));
            }
            last_seq = append.seq;
            steps.push(DiskStep::Wrote {
                append: append.seq,
                segment,
                offset: append.offset,
                bytes: u32::try_from(append.bytes.len()).unwrap_or(u32::MAX),
                crc: crc(&append.bytes),
            });
        }
        Some(Ok(self.begin_batch(now, segment, last_seq, steps)))
    }

    /// The bytes are in the page cache; their fsync begins.
    fn begin_batch(
        &mut self,
        now: Nanos,
        segment: u64,
        last_seq: u64,
        mut steps: Vec<DiskStep>,
    ) -> BatchBegan {
        let luck = self.log_times.word();
        let until = now + self.sync_time(luck);
        let token = self.next_token();
        let file = self.wal.entry(segment).or_default();
        let sync = file.begin_sync();
        steps.push(DiskStep::SyncBegan { until });
        self.writing = Some(WalBatch { token, segment, last_seq, sync, until });
        BatchBegan { token, until, steps }
    }

    fn write(&mut self, append: &Append) -> io::Result<()> {
        self.troubles.may_write(append.bytes.len() as u64)?;
        let file = self.wal.entry(append.segment).or_default();
        if append.truncate {
            file.set_len(append.offset);
        }
        file.write(append.offset, &append.bytes);
        Ok(())
    }

    /// The batch's time is over: the last append that is on the platter now, 0 when there was
    /// only an fsync. `None` when the batch is not under way any more.
    pub(crate) fn end_wal(&mut self, token: u64) -> Option<Result<u64, String>> {
        let WalBatch { segment, last_seq, sync, .. } =
            self.writing.take_if(|batch| batch.token == token)?;
        if let Some(file) = self.wal.get_mut(&segment) {
            if let Err(error) = self.troubles.may_sync() {
                file.forget_sync(&sync);
                return Some(Err(format!("cannot sync WAL segment {segment}: {error}")));
            }
            if self.troubles.lying {
                file.forget_sync(&sync);
            } else {
                file.end_sync(sync);
            }
        }
        Some(Ok(last_seq))
    }

    /// No append waits or is being written.
    pub(crate) fn is_idle(&self) -> bool {
        self.writing.is_none() && self.appends.is_empty()
    }

    /// Deletes the segments below `first`; says whether there were any.
    pub(crate) fn drop_segments(&mut self, first: u64) -> bool {
        let kept = self.wal.split_off(&first);
        !std::mem::replace(&mut self.wal, kept).is_empty()
    }

    // --- the store's queue ---

    /// A batch of the store waits for its turn.
    pub(crate) fn queue_batch(&mut self, seq: u64, batch: StoreBatch) {
        self.batches.push_back((seq, batch));
    }

    /// Begins the next commit, if none is under way and one waits: (token, batch, until).
    pub(crate) fn begin_store(&mut self, now: Nanos) -> Option<(u64, u64, Nanos)> {
        if self.committing.is_some() {
            return None;
        }
        let (seq, batch) = self.batches.pop_front()?;
        let luck = self.store_times.word();
        let until = now + self.sync_time(luck);
        let token = self.next_token();
        self.committing = Some(Commit { token, seq, batch, until });
        Some((token, seq, until))
    }

    /// The commit's time is over: carries it out. `None` when it is not under way any more.
    pub(crate) fn end_store(&mut self, token: u64, store: &Store) -> Option<Result<u64, String>> {
        let commit = self.committing.take_if(|commit| commit.token == token)?;
        let done = store.commit(&commit.batch).map(|()| commit.seq);
        Some(done.map_err(|error| format!("cannot commit to the store: {error}")))
    }

    // --- life and death ---

    /// The files of the log as a starting process reads them. It makes them durable first, or it
    /// could promise again what a power failure takes away.
    pub(crate) fn read_wal(&mut self) -> Result<WalImage, String> {
        self.troubles.may_read().map_err(|error| format!("cannot read the WAL: {error}"))?;
        let mut segments = Vec::with_capacity(self.wal.len());
        for (&number, file) in &mut self.wal {
            self.troubles
                .may_sync()
                .map_err(|error| format!("cannot sync WAL segment {number}: {error}"))?;
            if !self.troubles.lying {
                file.reread();
            }
            segments.push(WalSegment { number, bytes: file.live().bytes().into() });
        }
        Ok(WalImage { segments })
    }

    /// Nothing was ever written to the log that is left.
    pub(crate) fn has_no_log(&self) -> bool {
        self.wal.values().all(|file| file.live().is_empty())
    }

    /// How long a starting process needs to make its files durable.
    pub(crate) fn startup_sync_time(&mut self) -> Nanos {
        let luck = self.log_times.word();
        let time = self.sync_time(luck);
        if self.wal.values().all(File::is_clean) { 0 } else { time }
    }

    /// Opens the store's file for a starting process.
    pub(crate) fn open_store(&self) -> Result<OpenFile, String> {
        OpenFile::open(&self.store).map_err(|error| format!("cannot open the store: {error}"))
    }

    /// The process dies, the page cache survives. A commit that was under way stops somewhere.
    pub(crate) fn on_kill(&mut self, store: Option<&Store>) {
        self.stop_commit(store);
        self.abandon_appends();
        // Whatever the dying process still holds open does nothing any more.
        backend::lock(&self.store).life += 1;
    }

    /// The process has left politely; it wrote and closed everything it wanted to. The page cache
    /// survives it.
    pub(crate) fn on_exit(&mut self) {
        self.abandon_appends();
        self.committing = None;
    }

    /// Nobody waits for appends any more; what is written of them is in the page cache.
    fn abandon_appends(&mut self) {
        self.appends.clear();
        self.batches.clear();
        if let Some(batch) = self.writing.take()
            && let Some(file) = self.wal.get_mut(&batch.segment)
        {
            file.abandon_sync(&batch.sync);
        }
    }

    /// The machine loses power; its process, if there was one, is dead already.
    pub(crate) fn on_power_off(&mut self, torn: bool) -> Loss {
        let mut total = Loss::default();
        let mut add = |loss: Loss| {
            total.lost += loss.lost;
            total.kept += loss.kept;
        };
        for file in self.wal.values_mut() {
            add(file.power_off(Tear::Bytes, torn.then_some(&mut self.damage)));
        }
        // A segment of which nothing was ever synced has no name in the directory either.
        self.wal.retain(|_, file| !file.durable().is_empty());
        let mut store = backend::lock(&self.store);
        add(store.file.power_off(Tear::Sectors, torn.then_some(&mut self.damage)));
        drop(store);
        total
    }

    /// A commit under way is cut off at one of its fsyncs, or was not begun, or is complete.
    fn stop_commit(&mut self, store: Option<&Store>) {
        let (Some(commit), Some(store)) = (self.committing.take(), store) else { return };
        let syncs = self.damage.below(4);
        if syncs > 0 {
            backend::lock(&self.store).dies_after_syncs =
                Some(u32::try_from(syncs - 1).expect("below 4"));
            // The error, if there is one, is told to a process that is dead.
            let _ = store.commit(&commit.batch);
            backend::lock(&self.store).dies_after_syncs = None;
        }
    }

    // --- dials ---

    /// Sets how long an fsync takes; `None` gives the world's own time back.
    pub(crate) fn set_fsync(&mut self, fsync: Option<Nanos>) {
        self.fsync_by_hand = fsync;
    }

    /// Changes what the disk suffers from.
    pub(crate) fn set_troubles(&mut self, change: impl FnOnce(&mut Troubles)) {
        change(&mut self.troubles);
        backend::lock(&self.store).troubles = self.troubles;
    }

    /// Lets operations fail, or work again.
    pub(crate) fn set_failing(&mut self, operation: DiskOperation, failing: bool) {
        self.set_troubles(|troubles| troubles.set(operation, failing));
    }

    /// Nothing ails it.
    pub(crate) fn is_sound(&self) -> bool {
        self.fsync_by_hand.is_none() && self.troubles == Troubles::default()
    }

    /// Forgets the log from a byte of a segment on.
    pub(crate) fn cut_wal(&mut self, segment: u64, offset: u64) {
        self.wal.split_off(&(segment + 1));
        if let Some(file) = self.wal.get_mut(&segment) {
            file.set_len(offset);
        }
    }

    /// There is such a byte on the platter.
    pub(crate) fn has_wal_byte(&self, segment: u64, offset: u64) -> bool {
        self.wal.get(&segment).is_some_and(|file| offset < file.durable().len())
    }

    /// There is such a byte on the platter.
    pub(crate) fn has_store_byte(&self, offset: u64) -> bool {
        offset < backend::lock(&self.store).file.durable().len()
    }

    /// Flips a bit of a WAL segment, if it is there.
    pub(crate) fn rot_wal(&mut self, segment: u64, offset: u64, bit: u8) {
        if let Some(file) = self.wal.get_mut(&segment) {
            file.rot(offset, bit);
        }
    }

    /// Flips a bit of the store's file.
    pub(crate) fn rot_store(&mut self, offset: u64, bit: u8) {
        backend::lock(&self.store).file.rot(offset, bit);
    }

    /// The durable bytes of the log, segment by segment.
    pub(crate) fn durable_wal(&self) -> impl Iterator<Item = (u64, Vec<u8>)> + '_ {
        self.wal.iter().map(|(&number, file)| (number, file.durable().bytes()))
    }

    /// The time of one fsync, for a word of luck.
    fn sync_time(&self, luck: u64) -> Nanos {
        let base = self.fsync_by_hand.unwrap_or(self.fsync);
        let jitter = self.jitter.min(base);
        base - jitter + luck % (2 * jitter + 1)
    }

    fn next_token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }

    pub(crate) fn view(&self) -> DiskView {
        let store = backend::lock(&self.store);
        let wal = self.wal.iter().map(|(&number, file)| SegmentView {
            number,
            live: file.live().bytes().into(),
            durable: file.durable().bytes().into(),
        });
        DiskView {
            wal: wal.collect(),
            store_live_len: store.file.live().len(),
            store_durable_len: store.file.durable().len(),
            appends_waiting: self.appends.len() as u64,
            syncing_until: self.writing.as_ref().map(|batch| batch.until),
            committing_until: self.committing.as_ref().map(|commit| commit.until),
            fsync: self.fsync_by_hand,
            troubles: self.troubles,
        }
    }
}

/// A short mark of some bytes, for the record.
fn crc(bytes: &[u8]) -> u32 {
    let hash = crate::trace::TraceHash::of(bytes);
    u32::try_from(hash >> 32).expect("the upper half")
}

#[cfg(test)]
mod tests;
