//! A checksum on every sector, between redb and the disk.
//!
//! redb keeps a checksum of each page beside the pointer to it, but looks at it only when it
//! recovers from a crash. A bit that rots while a member runs would be read as data, or crash it.
//! Here each page of redb becomes nine sectors, and each sector proves its own bytes and its place:
//!
//! ```text
//!   page of redb    |              4096 bytes               |
//!                   | 456 | 456 | 456 |   ...         | 448 |
//!   on the disk     |s|s|s|s|s|s|s|s|s|                          9 sectors of 512 bytes
//!
//!   sector          | data, 456 bytes | zeros, 52 bytes | CRC-32C, 4 bytes LE |
//!                    CRC-32C over the data, then the number of the sector (8 bytes LE)
//! ```
//!
//! Why sectors and not pages: after a power failure a page may be half written. redb knows how to
//! deal with that, by the checksums of what it had not finished. A checksum for the page would make
//! damage of it; a disk writes a sector whole or not at all, so checksums for sectors do not. And
//! no two pages share a sector, so writing one page cannot hurt another. The price is an
//! eighth of the file.
//!
//! A sector of zeros was never written, so it is as wrong as any other. (redb commits in two phases
//! here: whatever a commit points to is on the disk before the pointer is, and nothing else is
//! read.) One exception: power may fail while redb makes a new file, before it has written its
//! magic number. Such a file holds nothing, and is made anew.
//!
//! Writes wait here until redb asks for `sync_data` and then go to the disk in ascending order,
//! neighbours together. redb would write in the order of a hash table, which differs between native
//! and wasm; a simulated disk that loses power must see one order. No write is promised to be on
//! the disk before `sync_data`, so nothing is lost by waiting.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crc32c::{crc32c, crc32c_append};
use redb::{BackendError, StorageBackend};

/// Bytes of a page of redb. All its reads and writes begin at a page.
const PAGE: usize = 4096;
/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;
/// Sectors of a page.
const SECTORS: usize = 9;
/// Bytes of a page in one sector; the last one has less.
const DATA: usize = PAGE.div_ceil(SECTORS);
/// Bytes of a page on the disk.
const STORED: usize = SECTORS * SECTOR;
/// Bytes of the magic number with which redb's file begins.
const MAGIC: usize = 9;
/// Most pages that are written with one call.
const RUN: usize = 64;

type Page = Box<[u8; PAGE]>;

/// The disk as redb sees it.
pub(super) struct Sectors {
    disk: Arc<dyn StorageBackend>,
    /// Pages that were written since the last `sync_data`, by number.
    written: RwLock<BTreeMap<u64, Page>>,
}

impl Sectors {
    /// # Errors
    /// When the disk fails, or the beginning of the file is damaged.
    pub(super) fn new(disk: Arc<dyn StorageBackend>) -> io::Result<Self> {
        let sectors = Self { disk, written: RwLock::default() };
        sectors.forget_unborn()?;
        Ok(sectors)
    }

    /// Empties a file whose making was interrupted.
    fn forget_unborn(&self) -> io::Result<()> {
        let pages = self.len()? / PAGE as u64;
        if pages == 0 {
            return Ok(());
        }
        let mut stored = vec![0; STORED];
        self.disk.read(0, &mut stored)?;
        let mut head = [0; DATA];
        let never_written = stored[..SECTOR].iter().all(|byte| *byte == 0);
        if !(never_written || open(0, &stored[..SECTOR], &mut head)) {
            return Err(bad_sector(0));
        }
        if head[..MAGIC] != [0; MAGIC] {
            return Ok(());
        }
        for page in 1..pages {
            self.disk.read(page * STORED as u64, &mut stored)?;
            if stored.iter().any(|byte| *byte != 0) {
                return Err(damage("the beginning of the file is missing".into()));
            }
        }
        self.disk.set_len(0)
    }

    fn reader(&self) -> RwLockReadGuard<'_, BTreeMap<u64, Page>> {
        self.written.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> RwLockWriteGuard<'_, BTreeMap<u64, Page>> {
        self.written.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads whole pages from the disk, from page number `first`.
    fn load(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        let mut stored = vec![0; out.len() / PAGE * STORED];
        self.disk.read(first * STORED as u64, &mut stored)?;
        let sectors = stored.chunks_exact(SECTOR);
        let data = out.chunks_exact_mut(PAGE).flat_map(|page| page.chunks_mut(DATA));
        for (number, (sector, data)) in (first * SECTORS as u64..).zip(sectors.zip(data)) {
            if !open(number, sector, data) {
                return Err(bad_sector(number));
            }
        }
        Ok(())
    }

    /// The newest content of one page.
    fn page(&self, number: u64) -> io::Result<Page> {
        if let Some(page) = self.reader().get(&number) {
            return Ok(page.clone());
        }
        let mut page = Box::new([0; PAGE]);
        self.load(number, &mut page[..])?;
        Ok(page)
    }

    /// Writes everything that waits to the disk.
    fn flush(&self) -> io::Result<()> {
        // Readers go on meanwhile: a page is in `written` until it is on the disk.
        let written = self.reader();
        let mut run: Vec<u8> = Vec::new();
        let mut begin = 0;
        for (&number, page) in written.iter() {
            let follows = number == begin + (run.len() / STORED) as u64;
            if !follows || run.len() >= RUN * STORED {
                self.write_run(begin, &mut run)?;
                begin = number;
            }
            for (sector, data) in (number * SECTORS as u64..).zip(page.chunks(DATA)) {
                seal(sector, data, &mut run);
            }
        }
        self.write_run(begin, &mut run)?;
        drop(written);
        self.writer().clear();
        Ok(())
    }

    fn write_run(&self, begin: u64, run: &mut Vec<u8>) -> io::Result<()> {
        if !run.is_empty() {
            self.disk.write(begin * STORED as u64, run)?;
            run.clear();
        }
        Ok(())
    }
}

impl StorageBackend for Sectors {
    fn len(&self) -> io::Result<u64> {
        let stored = self.disk.len()?;
        if !stored.is_multiple_of(STORED as u64) {
            return Err(damage(format!("the file is cut off at byte {stored}")));
        }
        Ok(stored / STORED as u64 * PAGE as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (first, inside) = position(offset);
        if inside == 0 && out.len().is_multiple_of(PAGE) {
            let last = first + (out.len() / PAGE) as u64;
            let untouched = self.reader().range(first..last).next().is_none();
            if untouched {
                return self.load(first, out);
            }
        }
        for (number, inside, part) in parts(offset, out.len()) {
            let page = self.page(number)?;
            let end = inside + part.len();
            out[part].copy_from_slice(&page[inside..end]);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let pages = len / PAGE as u64;
        if !len.is_multiple_of(PAGE as u64) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a file of broken pages"));
        }
        let mut written = self.writer();
        written.split_off(&pages);
        if pages > 0 && self.disk.len()? == 0 {
            // Of its first page redb writes only the head.
            written.insert(0, Box::new([0; PAGE]));
        }
        self.disk.set_len(pages * STORED as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.flush()?;
        self.disk.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        for (number, inside, part) in parts(offset, data.len()) {
            let mut page = match part.len() {
                PAGE => Box::new([0; PAGE]),
                _ => self.page(number)?,
            };
            page[inside..inside + part.len()].copy_from_slice(&data[part]);
            self.writer().insert(number, page);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.disk.close()
    }

    // Locks have names, not places: they keep other processes out, wherever the bytes are.
    fn try_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.disk.try_lock_range(from, to)
    }

    fn try_lock_shared_range(
        &self,
        from: Bound<u64>,
        to: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.disk.try_lock_shared_range(from, to)
    }

    fn lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.disk.lock_range(from, to)
    }

    fn lock_shared_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.disk.lock_shared_range(from, to)
    }

    fn unlock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.disk.unlock_range(from, to)
    }

    fn query_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.disk.query_lock_range(from, to)
    }
}

impl fmt::Debug for Sectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sectors").field("disk", &self.disk).finish_non_exhaustive()
    }
}

/// Whether an error of the disk means damaged bytes rather than a failing disk.
pub(super) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

fn bad_sector(number: u64) -> io::Error {
    let offset = number * SECTOR as u64;
    damage(format!("the checksum of the sector at byte {offset} is wrong"))
}

fn damage(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The number of the page at a byte, and the place of the byte in it.
fn position(offset: u64) -> (u64, usize) {
    let inside = usize::try_from(offset % PAGE as u64).expect("less than a page");
    (offset / PAGE as u64, inside)
}

/// Cuts `len` bytes at `offset` at the borders of pages: page, place in it, place in the bytes.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let (number, inside) = position(offset + done as u64);
        let end = len.min(done + PAGE - inside);
        let part = std::mem::replace(&mut done, end)..end;
        (!part.is_empty()).then_some((number, inside, part))
    })
}

/// Appends a sector that holds `data`.
fn seal(number: u64, data: &[u8], out: &mut Vec<u8>) {
    let end = out.len() + SECTOR;
    out.extend_from_slice(data);
    out.resize(end - 4, 0);
    out.extend_from_slice(&checksum(number, data).to_le_bytes());
}

/// Takes the data out of a sector; false when its bytes are not what was written there.
fn open(number: u64, sector: &[u8], data: &mut [u8]) -> bool {
    let (content, rest) = sector.split_at(data.len());
    let Some((zeros, crc)) = rest.split_last_chunk() else { return false };
    data.copy_from_slice(content);
    *crc == checksum(number, content).to_le_bytes() && zeros.iter().all(|byte| *byte == 0)
}

fn checksum(number: u64, data: &[u8]) -> u32 {
    crc32c_append(crc32c(data), &number.to_le_bytes())
}
