//! One file on a simulated disk: what a process sees, and what would survive a power failure.
//!
//! ```text
//!    write ──► live image (page cache) ── fsync ──► durable image (platter)
//!                    │                                     │
//!      kill: stays ──┘        power off: gone, or partly ──┘
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use super::image::{Image, SECTOR, SECTOR_BYTES, Sector};
use crate::rng::Stream;

/// A file: the bytes in the page cache, the bytes on the platter, and which sectors differ.
#[derive(Clone, Debug, Default)]
pub struct File {
    live: Image,
    durable: Image,
    /// Sectors that were written since the last fsync that covers them began.
    dirty: BTreeSet<u64>,
    /// Sectors of an fsync that is under way.
    syncing: BTreeSet<u64>,
}

/// What an fsync will have made durable when it is over: the state at its beginning.
#[derive(Clone, Debug)]
pub struct Sync {
    len: u64,
    sectors: Vec<(u64, Option<Arc<Sector>>)>,
}

/// Where a drive may stop in the middle of a write when its power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Between sectors: each that was written is kept or lost whole, whatever is in it. (redb
    /// orders some of its own lists by the width of a pointer, so what its sectors hold may
    /// differ between targets; which sectors it writes does not.)
    Sectors,
    /// Anywhere. A log must survive that, because it only appends.
    Bytes,
}

/// What a power failure did to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Unsynced bytes that are gone.
    pub lost: u64,
    /// Unsynced bytes that made it.
    pub kept: u64,
}

impl File {
    /// The bytes that a process reads.
    #[must_use]
    pub fn live(&self) -> &Image {
        &self.live
    }

    /// The bytes that survive a power failure.
    #[must_use]
    pub fn durable(&self) -> &Image {
        &self.durable
    }

    /// Everything written is durable.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.dirty.is_empty() && self.syncing.is_empty() && self.live.len() == self.durable.len()
    }

    /// Writes into the page cache.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        self.live.write(offset, data);
        let last = (offset + data.len() as u64 - 1) / SECTOR_BYTES;
        self.dirty.extend(offset / SECTOR_BYTES..=last);
    }

    /// Sets the length in the page cache.
    pub fn set_len(&mut self, len: u64) {
        // What lies between is written with zeros, should the file grow again.
        if len < self.live.len() {
            let last = (self.live.len() - 1) / SECTOR_BYTES;
            self.dirty.extend(len / SECTOR_BYTES..=last);
        }
        self.live.set_len(len);
    }

    /// An fsync begins.
    pub fn begin_sync(&mut self) -> Sync {
        let dirty = std::mem::take(&mut self.dirty);
        let sectors = dirty.iter().map(|&number| (number, self.live.sector(number))).collect();
        self.syncing.extend(dirty);
        Sync { len: self.live.len(), sectors }
    }

    /// The fsync is over: what it covered is on the platter.
    pub fn end_sync(&mut self, sync: Sync) {
        self.durable.set_len(sync.len);
        for (number, content) in sync.sectors {
            self.durable.set_sector(number, content);
            self.syncing.remove(&number);
        }
    }

    /// A whole fsync at once.
    pub fn sync(&mut self) {
        let sync = self.begin_sync();
        self.end_sync(sync);
    }

    /// The fsync failed, or the drive lies about it: nothing was kept, and the sectors count as
    /// written all the same, as Linux has it. Nobody will write them again.
    pub fn forget_sync(&mut self, sync: &Sync) {
        for (number, _) in &sync.sectors {
            self.syncing.remove(number);
        }
    }

    /// What a starting process does before it believes a file: an fsync, and then the page cache
    /// is dropped, so that it reads what is on the platter. Without the second, bytes of an fsync
    /// that failed would be read, believed, and lost at the next power failure.
    pub fn reread(&mut self) {
        self.sync();
        self.live = self.durable.clone();
    }

    /// The process that waits for the fsync dies: nothing says when they are written.
    pub fn abandon_sync(&mut self, sync: &Sync) {
        for (number, _) in &sync.sectors {
            self.syncing.remove(number);
            self.dirty.insert(*number);
        }
    }

    /// The power fails: what was not synced is lost, all of it or, with a stream to decide,
    /// piece by piece.
    pub fn power_off(&mut self, tear: Tear, torn: Option<&mut Stream>) -> Loss {
        let mut loss = Loss::default();
        let pieces: Vec<(u64, u64)> = self.unsynced(tear).collect();
        match torn {
            Some(random) => self.tear(random, tear, pieces, &mut loss),
            None => loss.lost = pieces.iter().map(|(from, to)| to - from).sum(),
        }
        self.dirty.clear();
        self.syncing.clear();
        self.live = self.durable.clone();
        loss
    }

    /// What is not on the platter, as byte ranges of one sector at most, in order.
    fn unsynced(&self, tear: Tear) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.dirty.union(&self.syncing).filter_map(move |&sector| match tear {
            Tear::Sectors => Some((sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)),
            Tear::Bytes => self.differing(sector),
        })
    }

    /// The bytes of a sector that a process wrote and the platter does not have.
    fn differing(&self, sector: u64) -> Option<(u64, u64)> {
        let (from, to) = (sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
        let (mut live, mut durable) = ([0; SECTOR], [0; SECTOR]);
        self.live.read(from, &mut live);
        self.durable.read(from, &mut durable);
        // Growth counts even where it holds zeros.
        let grown = self.durable.len().max(from)..self.live.len().min(to);
        let first = (0..live.len()).find(|&i| live[i] != durable[i]).map(|i| from + i as u64);
        let last = (0..live.len()).rfind(|&i| live[i] != durable[i]).map(|i| from + i as u64 + 1);
        match (first.zip(last), grown.is_empty()) {
            (Some((first, last)), true) => Some((first, last)),
            (Some((first, last)), false) => Some((first.min(grown.start), last.max(grown.end))),
            (None, false) => Some((grown.start, grown.end)),
            (None, true) => None,
        }
    }

    /// Each unsynced piece is kept or lost, or, where the drive tears them, kept up to a byte.
    fn tear(&mut self, random: &mut Stream, tear: Tear, pieces: Vec<(u64, u64)>, loss: &mut Loss) {
        // A file that was cut shorter without an fsync is cut, or is not.
        let shorter = self.live.len() < self.durable.len();
        if random.chance(500_000) && shorter {
            self.durable.set_len(self.live.len());
        }
        for (from, to) in pieces {
            let (verdict, cut) = (random.below(3), random.below(to - from));
            let kept_to = match (verdict, tear) {
                (0, _) => to,
                (2, Tear::Bytes) => from + cut,
                (2, Tear::Sectors) if cut % 2 == 0 => to,
                _ => from,
            };
            loss.kept += kept_to - from;
            loss.lost += to - kept_to;
            if kept_to > from && (from < self.live.len()) {
                let kept_to = kept_to.min(self.live.len());
                let mut bytes = [0; SECTOR];
                let bytes = &mut bytes[..usize::try_from(kept_to - from).expect("a sector")];
                self.live.read(from, bytes);
                self.durable.write(from, bytes);
            }
        }
    }

    /// One bit flips, on the platter and in the cache unless the cached sector waits to be written.
    pub fn rot(&mut self, offset: u64, bit: u8) {
        let mut byte = [0];
        self.durable.read(offset, &mut byte);
        byte[0] ^= 1 << (bit % 8);
        if offset < self.durable.len() {
            self.durable.write(offset, &byte);
        }
        let sector = offset / SECTOR_BYTES;
        let waits = self.dirty.contains(&sector) || self.syncing.contains(&sector);
        if offset < self.live.len() && !waits {
            self.live.write(offset, &byte);
        }
    }
}
