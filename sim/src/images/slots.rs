//! Slots of one width, each with a count of those who hold it.

use super::block::SPARE;

/// Slots of a chunk: what grows at once.
const CHUNK: u32 = 1_024;

#[derive(Debug)]
struct Chunk {
    bytes: Box<[u8]>,
    /// How many hold each slot.
    holders: Box<[u32]>,
}

/// Numbers begin at 1: 0 means nothing everywhere.
#[derive(Debug)]
pub(super) struct Slots {
    width: usize,
    chunks: Vec<Chunk>,
    /// Slots that nobody holds.
    free: Vec<u32>,
}

impl Slots {
    pub(super) fn new(width: usize) -> Self {
        Self { width, chunks: Vec::new(), free: Vec::new() }
    }

    /// What slots in use take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.chunks.len() * CHUNK as usize - self.free.len()) * (self.width + size_of::<u32>())
    }

    /// A slot with these bytes, held once.
    pub(super) fn put(&mut self, bytes: &[u8]) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        let (chunk, place) = Self::split(slot);
        let chunk = &mut self.chunks[chunk];
        chunk.holders[place] = 1;
        chunk.bytes[place * self.width..][..bytes.len()].copy_from_slice(bytes);
        slot
    }

    /// The bytes of a slot, and [`SPARE`] ones behind them that mean nothing.
    pub(super) fn get(&self, slot: u32) -> &[u8] {
        let (chunk, place) = Self::split(slot);
        &self.chunks[chunk].bytes[place * self.width..][..self.width + SPARE]
    }

    pub(super) fn hold(&mut self, slot: u32) {
        let (chunk, place) = Self::split(slot);
        self.chunks[chunk].holders[place] += 1;
    }

    /// One holder less; true if it was the last one.
    pub(super) fn release(&mut self, slot: u32) -> bool {
        let (chunk, place) = Self::split(slot);
        let holders = &mut self.chunks[chunk].holders[place];
        *holders -= 1;
        let is_free = *holders == 0;
        if is_free {
            self.free.push(slot);
        }
        is_free
    }

    /// Another chunk; the first of its slots.
    fn grow(&mut self) -> u32 {
        let chunks = u32::try_from(self.chunks.len()).expect("a memory has fewer pages");
        let first = chunks * CHUNK + 1;
        let bytes = vec![0; CHUNK as usize * self.width + SPARE].into();
        self.chunks.push(Chunk { bytes, holders: vec![0; CHUNK as usize].into() });
        // The lowest are taken first.
        self.free.extend((first + 1..first + CHUNK).rev());
        first
    }

    fn split(slot: u32) -> (usize, usize) {
        let nth = slot as usize - 1;
        (nth / CHUNK as usize, nth % CHUNK as usize)
    }
}
