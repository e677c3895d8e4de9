//! Images against a model that copies everything.

#![allow(clippy::cast_possible_truncation, reason = "random words are cut to what a field holds")]

use std::collections::BTreeMap;

use super::block::{self, BLOCK, SPARE};
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

/// A block as it is kept.
fn encoded(block: &[u8; BLOCK]) -> Vec<u8> {
    let mut encoded = block::Encoded::default();
    // What it held before leaves nothing behind.
    encoded.encode(&[0xff; BLOCK]);
    encoded.encode(block);
    encoded.bytes().to_vec()
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
    let mut block = [0; BLOCK];
    assert!(encoded(&block).is_empty());
    for (nth, (word, length)) in
        [(0, 16), (1, 17), (0xff, 18), (0x100, 20), (0xffff, 22), (0x1_0000, 26), (u32::MAX, 30)]
            .into_iter()
            .enumerate()
    {
        block[nth * 36..nth * 36 + 4].copy_from_slice(&word.to_le_bytes());
        let mut bytes = encoded(&block);
        assert_eq!(bytes.len(), if nth == 0 { 0 } else { length }, "{word:#x}");
        if nth > 0 {
            bytes.extend([0xee; SPARE]);
            let mut decoded = [0xee; BLOCK];
            block::decode(&bytes, &mut decoded);
            assert_eq!(decoded, block);
        }
    }
}

#[test]
fn the_widest_block_fits() {
    let block = [0xff; BLOCK];
    let mut bytes = encoded(&block);
    bytes.extend([0; SPARE]);
    let mut decoded = [0; BLOCK];
    block::decode(&bytes, &mut decoded);
    assert_eq!(decoded, block);
}
