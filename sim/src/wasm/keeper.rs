//! What the second instance of the module is asked: to keep [images](crate::images) of the first one's memory.
//!
//! ```text
//!   window() -> address      room through which memory goes in and out
//!   window_length() -> bytes of it
//!   take(length)             these are the next bytes of the memory
//!   keep(name)               what was taken is this image
//!   back(name) -> length     the memory becomes this image; 0: there is none
//!   give(offset) -> length   what it is from there on stands in the window now
//!   forget(name)
//!   bytes() -> bytes         what all images use
//!   extent() -> bytes        of the first instance: so much of its memory holds anything
//! ```

use std::cell::RefCell;

use crate::images::{Images, PAGE};

/// Bytes that are copied at once: much for one call, little beside a memory.
const WINDOW: usize = 1 << 18;

#[derive(Default)]
struct Keeper {
    images: Images,
    window: Vec<u8>,
}

thread_local! {
    static KEEPER: RefCell<Keeper> = RefCell::new(Keeper::default());
}

/// Where the window begins.
#[unsafe(no_mangle)]
pub extern "C" fn window() -> *mut u8 {
    KEEPER.with_borrow_mut(|keeper| {
        keeper.window.resize(WINDOW, 0);
        keeper.window.as_mut_ptr()
    })
}

/// How long the window is, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn window_length() -> usize {
    WINDOW
}

/// So many bytes of the window are the next ones of the memory.
#[unsafe(no_mangle)]
pub extern "C" fn take(length: usize) {
    KEEPER.with_borrow_mut(|Keeper { images, window }| {
        // More than the window holds would be an image with a hole: rather none.
        images.take(&window[..length]);
    });
}

/// What was taken is the image of this number.
#[unsafe(no_mangle)]
pub extern "C" fn keep(name: u32) {
    KEEPER.with_borrow_mut(|keeper| keeper.images.keep(name));
}

/// The memory becomes the image of this number. Its length in bytes, 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn back(name: u32) -> usize {
    KEEPER.with_borrow_mut(|keeper| keeper.images.back(name)).unwrap_or(0)
}

/// Fills the window with the memory from this offset on, in bytes. How many there are.
#[unsafe(no_mangle)]
pub extern "C" fn give(offset: usize) -> usize {
    KEEPER.with_borrow_mut(|Keeper { images, window }| images.give(offset / PAGE, window))
}

/// Forgets the image of this number.
#[unsafe(no_mangle)]
pub extern "C" fn forget(name: u32) {
    KEEPER.with_borrow_mut(|keeper| keeper.images.forget(name));
}

/// What all images use, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn bytes() -> usize {
    KEEPER.with_borrow(|keeper| keeper.images.bytes())
}

/// Bytes of this instance's memory that hold anything.
#[unsafe(no_mangle)]
pub extern "C" fn extent() -> usize {
    super::heap::extent()
}
