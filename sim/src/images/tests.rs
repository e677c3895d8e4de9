//! Images against a model that copies everything.

#![allow(clippy::cast_possible_truncation, reason = "random words are cut to what a field holds")]

use std::collections::BTreeMap;

use super::block::{self, BLOCK, Block, Encoded, SPARE, STEP};
use super::{Images, PAGE};
use crate::rng::Stream;

/// Tells the memory to the images as a host does: in windows of three pages.
fn keep(images: &mut Images, name: u32, memory: &[u8]) {
    memory.chunks(3 * PAGE).for_each(|window| images.take(window));
    images.keep(name);
}

/// The memory as a host gets it back.
fn back(images: &mut Images, name: u32) -> Option<Vec<u8>> {
    let length = images.back(name)?;
    let mut memory = Vec::new();
    let mut window = vec![0xee; 3 * PAGE];
    while memory.len() < length {
        let given = images.give(memory.len() / PAGE, &mut window);
        memory.extend_from_slice(&window[..given]);
    }
    Some(memory)
}

/// A block as it is kept; it is read again as it was.
fn whole(block: &Block) -> usize {
    let mut encoded = Encoded::default();
    // What it held before leaves nothing behind.
    encoded.block(&[0xff; BLOCK]);
    encoded.block(block);
    let mut read = [0xee; BLOCK];
    block::read(&spared(encoded.bytes()), &mut read);
    assert!(encoded.bytes().is_empty() || read == *block);
    encoded.bytes().len()
}

/// Where a block differs from another one, as it is kept; it is read again as it was.
fn differing(block: &Block, other: &Block) -> usize {
    let mut encoded = Encoded::default();
    encoded.differing(&[0xff; BLOCK], &[0; BLOCK]);
    encoded.differing(block, other);
    let mut changed = *other;
    block::change(&spared(encoded.bytes()), &mut changed);
    assert_eq!(changed, *block);
    encoded.bytes().len()
}

/// Bytes with others behind that mean nothing.
fn spared(bytes: &[u8]) -> Vec<u8> {
    [bytes, if bytes.is_empty() { &[0; SPARE] } else { &[0xee; SPARE] }].concat()
}

/// Changes a few places as a program would: words of all widths, and whole stretches of zeros.
fn change(memory: &mut Vec<u8>, random: &mut Stream) {
    if random.below(4) == 0 && memory.len() < 12 * PAGE {
        memory.resize(memory.len() + PAGE, 0);
    }
    for _ in 0..random.below(40) {
        let at = random.below(memory.len() as u64 / 4) as usize * 4;
        let word = (random.word() as u32) >> random.below(32);
        memory[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    if random.below(3) == 0 {
        let at = random.below(memory.len() as u64) as usize;
        let end = memory.len().min(at + random.below(2 * PAGE as u64) as usize);
        memory[at..end].fill(0);
    }
}

#[test]
fn every_image_comes_back_as_it_was() {
    for seed in 0..20 {
        let mut random = Stream::new(seed, "images", 0, 0);
        let (mut images, mut model) = (Images::default(), BTreeMap::new());
        let mut memory = vec![0; PAGE];
        for _ in 0..200 {
            let name = random.below(12) as u32;
            match random.below(6) {
                0 => {
                    images.forget(name);
                    model.remove(&name);
                }
                1 | 2 => {
                    assert_eq!(back(&mut images, name).as_ref(), model.get(&name), "seed {seed}");
                    memory = model.get(&name).cloned().unwrap_or(memory);
                }
                _ => {
                    change(&mut memory, &mut random);
                    keep(&mut images, name, &memory);
                    model.insert(name, memory.clone());
                }
            }
        }
        for (name, memory) in &model {
            assert_eq!(back(&mut images, *name).as_ref(), Some(memory), "seed {seed}");
        }
        (0..12).for_each(|name| images.forget(name));
        keep(&mut images, 0, &[]);
        assert_eq!(images.bytes(), 0, "seed {seed}: what nobody holds is free");
    }
}

#[test]
fn what_did_not_change_is_not_kept_twice() {
    let mut images = Images::default();
    let mut memory: Vec<u8> = (0..64 * PAGE as u32 / 4).flat_map(u32::to_le_bytes).collect();
    keep(&mut images, 1, &memory);
    let first = images.bytes();
    memory[5 * PAGE] ^= 1;
    keep(&mut images, 2, &memory);
    // A list of 64 pages, one page of 16 blocks, one block.
    let second = images.bytes() - first;
    assert!(second < 64 * 4 + 16 * 4 + BLOCK + 16, "{second} bytes");
}

#[test]
fn a_block_is_as_long_as_its_words_are_wide() {
    let words =
        [(1, 1), (0xff, 1), (0x100, 2), (0xffff, 2), (0x1_0000, 4), (u32::MAX, 4), (0, 0), (7, 1)];
    let (mut block, mut bytes, mut fours) = ([0; BLOCK], 0_usize, 0);
    for (nth, (word, width)) in words.into_iter().enumerate() {
        // Each in a four of its own.
        block[nth * 20..nth * 20 + 4].copy_from_slice(&u32::to_le_bytes(word));
        (bytes, fours) = (bytes + width, fours + usize::from(word != 0));
        assert_eq!(whole(&block), (16 + bytes).next_multiple_of(STEP), "{word:#x}");
        let differs = 2 + fours + bytes;
        assert_eq!(differing(&block, &[0; BLOCK]), differs.next_multiple_of(STEP), "{word:#x}");
    }
    assert_eq!(whole(&[0; BLOCK]), 0);
    assert_eq!(differing(&block, &block), 0);
    assert_eq!(whole(&[0xff; BLOCK]), block::ENCODED_MAX);
}

#[test]
fn any_two_blocks_can_be_kept_as_one_and_what_differs() {
    let mut random = Stream::new(1, "blocks", 0, 0);
    let mut block = || {
        let mut memory = vec![0; BLOCK];
        change(&mut memory, &mut random);
        *memory.first_chunk().unwrap()
    };
    for _ in 0..1_000 {
        let (one, other) = (block(), block());
        whole(&one);
        differing(&one, &other);
    }
    differing(&[0xff; BLOCK], &[0; BLOCK]);
}

#[test]
fn a_little_change_takes_little_room_however_often() {
    let mut images = Images::default();
    let mut memory: Vec<u8> = (0..PAGE).map(|nth| nth as u8 | 1).collect();
    keep(&mut images, 0, &memory);
    let mut before = images.bytes();
    for nth in 1..50 {
        memory[4 * nth] ^= 0xff;
        keep(&mut images, nth as u32, &memory);
        // A list of one page, a page of 16 blocks, a base and one step; each slot is counted.
        let most = 4 + (16 * 4 + 4) + (4 + 4 * STEP + 4);
        assert!(images.bytes() - before <= most, "image {nth}: {} bytes", images.bytes() - before);
        before = images.bytes();
    }
    // Nobody needs the first image, but for what others differ from.
    images.forget(0);
    assert_eq!(back(&mut images, 49), Some(memory));
}

#[test]
fn a_block_that_is_again_what_it_was_is_no_block_more() {
    let mut images = Images::default();
    let first: Vec<u8> = (0..PAGE).map(|nth| nth as u8 | 1).collect();
    let mut second = first.clone();
    second[100] = 0;
    for (name, memory) in [(0, &first), (1, &second), (2, &first), (3, &[0; PAGE].to_vec())] {
        keep(&mut images, name, memory);
    }
    let with_two = {
        images.forget(3);
        images.forget(2);
        images.bytes()
    };
    assert_eq!(back(&mut images, 0).as_ref(), Some(&first));
    keep(&mut images, 2, &first);
    assert!(images.bytes() <= with_two + 4 + 16 * 4 + 4, "only a list and a page");
    assert_eq!(back(&mut images, 2), Some(first));
}
