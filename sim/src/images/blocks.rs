//! All blocks of all images, each once: whole, or as where it differs from a whole one.
//!
//! ```text
//!   number of a block   | width, 5 bits | slot, 27 bits |            0: all zeros
//!   widths 0 to 16      | the block, in (width + 1) * 16 bytes |
//!   widths 17 to 31     | base, 4 bytes | where it differs from that, in (width - 16) * 16 bytes |
//! ```
//!
//! A block that changes now and then, and a little each time, would be kept anew each time: a quarter of what images use
//! is saved by what is written here instead. The base is the last whole block of the same place, and always a whole one: to
//! read a block never takes more than two steps, however often it has changed. When what differs has become as long as
//! the block, the block is the next base.

use super::block::{self, BLOCK, Block, ENCODED_MAX, Encoded, HEAD, STEP};
use super::slots::Slots;

/// Bits of a number that name the slot.
const SLOT_BITS: u32 = 27;
/// Widths of all slots, of those for whole blocks, and of the others. More than these would be no shorter than a whole one.
const WIDTHS: usize = 1 << (u32::BITS - SLOT_BITS);
const WHOLE: usize = ENCODED_MAX / STEP;
const DIFFERING: usize = WIDTHS - WHOLE;

const ZEROS: Block = [0; BLOCK];

/// See the module's page.
#[derive(Debug)]
pub(super) struct Blocks {
    slots: [Slots; WIDTHS],
}

/// Room to work in.
#[derive(Default)]
pub(super) struct Desk {
    whole: Encoded,
    differing: Encoded,
}

impl Default for Blocks {
    fn default() -> Self {
        let width = |nth: usize| match nth.checked_sub(WHOLE) {
            None => (nth + 1) * STEP,
            Some(nth) => HEAD + (nth + 1) * STEP,
        };
        Self { slots: std::array::from_fn(|nth| Slots::new(width(nth))) }
    }
}

impl Blocks {
    /// What slots in use take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.slots.iter().map(Slots::bytes).sum()
    }

    /// The number of a block, which is held once more, where `old` was before; `None` if that is the same block.
    pub(super) fn put(&mut self, desk: &mut Desk, block: &Block, old: u32) -> Option<u32> {
        let mut bytes = ZEROS;
        self.read(old, &mut bytes);
        if block::is_same(block, &bytes) {
            return None;
        }
        let base = self.base_of(old);
        if base != old {
            self.read(base, &mut bytes);
        }
        desk.whole.block(block);
        desk.differing.differing(block, &bytes);
        Some(self.put_shorter(desk, base))
    }

    /// Keeps the block on the desk in one of its two ways.
    fn put_shorter(&mut self, desk: &mut Desk, base: u32) -> u32 {
        let (whole, differing) = (desk.whole.bytes().len(), desk.differing.bytes().len());
        if whole == 0 {
            return 0;
        }
        if differing == 0 {
            self.hold(base);
            return base;
        }
        if base == 0 || HEAD + differing >= whole || differing > DIFFERING * STEP {
            let width = whole / STEP - 1;
            return number(width, self.slots[width].put(desk.whole.bytes()));
        }
        self.hold(base);
        let width = WHOLE + differing / STEP - 1;
        number(width, self.slots[width].put(desk.differing.on(base)))
    }

    /// Writes a block.
    pub(super) fn read(&self, number: u32, room: &mut Block) {
        if number == 0 {
            return room.fill(0);
        }
        let (width, slot) = place(number);
        let bytes = self.slots[width].get(slot);
        if width < WHOLE {
            return block::read(bytes, room);
        }
        self.read(self.base_of(number), room);
        block::change(&bytes[HEAD..], room);
    }

    /// One holder more of a block.
    pub(super) fn hold(&mut self, number: u32) {
        if number != 0 {
            let (width, slot) = place(number);
            self.slots[width].hold(slot);
        }
    }

    /// One holder less; a block that nobody holds lets go of its base.
    pub(super) fn release(&mut self, number: u32) {
        if number == 0 {
            return;
        }
        let base = self.base_of(number);
        let (width, slot) = place(number);
        if self.slots[width].release(slot) && base != number {
            self.release(base);
        }
    }

    /// The whole block behind a number: itself, or what it differs from.
    fn base_of(&self, number: u32) -> u32 {
        let (width, slot) = place(number);
        if width < WHOLE {
            return number;
        }
        self.slots[width].get(slot).first_chunk().map_or(0, |base| u32::from_le_bytes(*base))
    }
}

/// Which width a number says, and which slot.
fn place(number: u32) -> (usize, u32) {
    ((number >> SLOT_BITS) as usize, number & ((1 << SLOT_BITS) - 1))
}

fn number(width: usize, slot: u32) -> u32 {
    u32::try_from(width).map_or(0, |width| width << SLOT_BITS) | slot
}
