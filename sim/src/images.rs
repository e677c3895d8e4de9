//! Images of a module's memory: what makes every moment of a run one copy away.
//!
//! The simulation imports nothing, so its linear memory is its whole state. Beside the instance that simulates the page
//! has another one of the same module, which keeps images of the first one's memory and does nothing else; the host
//! copies bytes between the two, a window at a time (`web/js/images.js`).
//!
//! ```text
//!   memory   | page | page | page | ...              4 KiB each
//!   image    |   7  |   9  |   0  | ...              numbers of pages in the pool; 0: all zeros
//!   page     | 12 | 0 | 12 | 31 | ...                numbers of its 16 blocks; 0: all zeros
//!   block    | how wide each word is | the words |   0, 1, 2 or 4 bytes: memory is full of small numbers
//! ```
//!
//! What did not change since the image that the memory was last equal to is not kept twice: images share pages, and
//! pages share blocks. Measured on five members with 20 puts a second, an image every 12 s: 3.7 MB of blocks have
//! changed; 2.2 MB is what they take with narrow words, and 1.7 where only what differs is kept ([`blocks`]).
//!
//! Nothing here knows what the bytes mean.

mod block;
mod blocks;
mod lanes;
mod slots;

use std::collections::BTreeMap;

use self::block::BLOCK;
use self::blocks::{Blocks, Desk};
use self::slots::Slots;

/// Bytes of a page; a memory is a number of them.
pub const PAGE: usize = 4_096;
/// Blocks of a page.
const BLOCKS: usize = PAGE / BLOCK;
/// The pages of a memory, by their slots.
type Pages = Vec<u32>;

/// See the module's page.
#[derive(Debug)]
pub struct Images {
    kept: BTreeMap<u32, Pages>,
    /// The memory as it was last known, and as far as it was told since. Both hold their pages as an image does.
    last: Pages,
    coming: Pages,
    pages: Slots,
    blocks: Blocks,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            last: Pages::new(),
            coming: Pages::new(),
            pages: Slots::new(BLOCKS * 4),
            blocks: Blocks::default(),
        }
    }
}

impl Images {
    /// What all images use, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lists: usize = self.kept.values().map(|pages| size_of_val(pages.as_slice())).sum();
        lists + self.pages.bytes() + self.blocks.bytes()
    }

    /// The memory goes on with these bytes: a number of [`PAGE`]s, and a rest is not looked at.
    pub fn take(&mut self, bytes: &[u8]) {
        for page in bytes.as_chunks::<PAGE>().0 {
            let before = self.last.get(self.coming.len()).copied().unwrap_or(0);
            let now = self.put(page, before);
            self.coming.push(now);
        }
    }

    /// The memory that was taken piece by piece is the image of this number.
    pub fn keep(&mut self, name: u32) {
        let pages = std::mem::take(&mut self.coming);
        self.hold(&pages);
        let before = self.kept.insert(name, pages.clone());
        self.release(before.unwrap_or_default());
        let before = std::mem::replace(&mut self.last, pages);
        self.release(before);
    }

    /// The memory becomes this image. Its length in bytes; `None` if there is no such image.
    pub fn back(&mut self, name: u32) -> Option<usize> {
        let pages = self.kept.get(&name)?.clone();
        self.hold(&pages);
        let before = std::mem::replace(&mut self.last, pages);
        self.release(before);
        Some(self.last.len() * PAGE)
    }

    /// What the memory is from this page on, as far as there is room. How many bytes that is.
    pub fn give(&self, first: usize, room: &mut [u8]) -> usize {
        let pages = self.last.get(first..).unwrap_or_default();
        let room = room.as_chunks_mut::<PAGE>().0;
        let given = pages.len().min(room.len());
        for (page, room) in pages.iter().zip(room) {
            let blocks = room.as_chunks_mut::<BLOCK>().0;
            for (block, room) in self.blocks_of(*page).into_iter().zip(blocks) {
                self.blocks.read(block, room);
            }
        }
        given * PAGE
    }

    /// Forgets an image, if there is one of this number.
    pub fn forget(&mut self, name: u32) {
        let pages = self.kept.remove(&name);
        self.release(pages.unwrap_or_default());
    }

    /// A slot for a page, which is held once more; `before` is what stood in its place.
    fn put(&mut self, page: &[u8; PAGE], before: u32) -> u32 {
        if block::is_zero(page) {
            return 0;
        }
        let mut now = self.blocks_of(before);
        let mut changed = [false; BLOCKS];
        let mut desk = Desk::default();
        for (nth, block) in page.as_chunks().0.iter().enumerate() {
            if let Some(new) = self.blocks.put(&mut desk, block, now[nth]) {
                (now[nth], changed[nth]) = (new, true);
            }
        }
        if changed == [false; BLOCKS] {
            self.pages.hold(before);
            return before;
        }
        for (block, changed) in now.iter().zip(changed) {
            if !changed {
                self.blocks.hold(*block);
            }
        }
        let mut numbers = [0; BLOCKS * 4];
        for (bytes, block) in numbers.as_chunks_mut::<4>().0.iter_mut().zip(now) {
            *bytes = block.to_le_bytes();
        }
        self.pages.put(&numbers)
    }

    /// The numbers of a page's blocks.
    fn blocks_of(&self, page: u32) -> [u32; BLOCKS] {
        let mut blocks = [0; BLOCKS];
        if page != 0 {
            let numbers = self.pages.get(page).as_chunks::<4>().0;
            for (block, bytes) in blocks.iter_mut().zip(numbers) {
                *block = u32::from_le_bytes(*bytes);
            }
        }
        blocks
    }

    fn hold(&mut self, pages: &[u32]) {
        pages.iter().filter(|page| **page != 0).for_each(|page| self.pages.hold(*page));
    }

    fn release(&mut self, pages: Pages) {
        for page in pages.into_iter().filter(|page| *page != 0) {
            let blocks = self.blocks_of(page);
            if self.pages.release(page) {
                blocks.into_iter().for_each(|block| self.blocks.release(block));
            }
        }
    }
}

#[cfg(test)]
mod tests;
