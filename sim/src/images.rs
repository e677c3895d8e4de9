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
//! pages share blocks. Measured on five members with 20 puts a second, an image every 12 s: 3.4 MB of blocks have
//! changed, and 2.1 MB is what they take with narrow words.
//!
//! Nothing here knows what the bytes mean.

mod block;
mod slots;

use std::collections::BTreeMap;

use self::block::{BLOCK, ENCODED_MAX, Encoded};
use self::slots::Slots;

/// Bytes of a page; a memory is a number of them.
pub const PAGE: usize = 4_096;
/// Blocks of a page.
const BLOCKS: usize = PAGE / BLOCK;
/// Slots for blocks differ in width by so many bytes: finer steps save little, and each width has an unfinished chunk.
const STEP: usize = 16;
/// Bits of a block's number that name its slot; the bits above them say how wide it is.
const SLOT_BITS: u32 = 27;

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
    blocks: [Slots; ENCODED_MAX.div_ceil(STEP)],
}

impl Default for Images {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            last: Pages::new(),
            coming: Pages::new(),
            pages: Slots::new(BLOCKS * 4),
            blocks: std::array::from_fn(|nth| Slots::new((nth + 1) * STEP)),
        }
    }
}

impl Images {
    /// What all images use, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lists: usize = self.kept.values().map(|pages| size_of_val(pages.as_slice())).sum();
        lists + self.pages.bytes() + self.blocks.iter().map(Slots::bytes).sum::<usize>()
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
                match block {
                    0 => room.fill(0),
                    _ => block::decode(self.block(block), room),
                }
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
        let old = self.blocks_of(before);
        let mut now = old;
        let mut changed = false;
        let mut encoded = Encoded::default();
        for (nth, bytes) in page.as_chunks::<BLOCK>().0.iter().enumerate() {
            encoded.encode(bytes);
            if !self.is_block(old[nth], &encoded) {
                now[nth] = self.put_block(&encoded);
                changed = true;
            }
        }
        if !changed {
            self.pages.hold(before);
            return before;
        }
        for (new, old) in now.iter().zip(old) {
            if *new == old && old != 0 {
                let (width, slot) = place(old);
                self.blocks[width].hold(slot);
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

    /// The slot of a block that is not zero.
    fn block(&self, block: u32) -> &[u8] {
        let (width, slot) = place(block);
        self.blocks[width].get(slot)
    }

    fn is_block(&self, block: u32, encoded: &Encoded) -> bool {
        match (block, encoded.bytes()) {
            (0, []) => true,
            (0, _) | (_, []) => false,
            (_, bytes) => self.block(block).starts_with(bytes),
        }
    }

    fn put_block(&mut self, encoded: &Encoded) -> u32 {
        let bytes = encoded.bytes();
        let Some(width) = bytes.len().div_ceil(STEP).checked_sub(1) else { return 0 };
        let slot = self.blocks[width].put(bytes);
        u32::try_from(width).map_or(0, |width| width << SLOT_BITS) | slot
    }

    fn hold(&mut self, pages: &[u32]) {
        pages.iter().filter(|page| **page != 0).for_each(|page| self.pages.hold(*page));
    }

    fn release(&mut self, pages: Pages) {
        for page in pages.into_iter().filter(|page| *page != 0) {
            let blocks = self.blocks_of(page);
            if self.pages.release(page) {
                for block in blocks.into_iter().filter(|block| *block != 0) {
                    let (width, slot) = place(block);
                    self.blocks[width].release(slot);
                }
            }
        }
    }
}

/// Which width a block's number says, and which slot.
fn place(block: u32) -> (usize, u32) {
    ((block >> SLOT_BITS) as usize, block & ((1 << SLOT_BITS) - 1))
}

#[cfg(test)]
mod tests;
