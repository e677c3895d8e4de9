//! The module's exports: plain numbers in, plain numbers out, and nothing imported.
//!
//! ```text
//!   alloc(length) -> address            room for a question
//!   call(address, length) -> answer     the question is JSON and is freed; the answer too is JSON:
//!                                       address in the upper 32 bits, length in the lower
//!   free(address, length)               the answer has been read
//!   last_words() -> answer              what a panic said, after `call` trapped
//! ```
//!
//! [`keeper`] has more of them, for images of all this.
//!
//! The questions are [`Call`](crate::view::call::Call)s. Everything the module knows lies in its
//! linear memory between two calls, so a copy of that memory is a checkpoint: writing it back
//! rewinds the world, writing it into another instance forks it.
//!
//! This folder is the one place of the crate with `unsafe`: a host can only pass numbers, and turning a
//! number back into bytes is a promise that the compiler cannot check. The promise is the host's:
//! it passes what `alloc` or `call` gave it, once.

#![allow(unsafe_code)]

mod heap;
pub mod keeper;
pub(crate) mod lanes;

use std::cell::RefCell;
use std::sync::{Mutex, Once, PoisonError};

use crate::view::serve::Served;

thread_local! {
    /// The one world of this module.
    static SERVED: RefCell<Served> = RefCell::new(Served::default());
}

/// What the first panic said; after it the module answers nothing more.
static LAST_WORDS: Mutex<String> = Mutex::new(String::new());

/// Panics are listened to from the first call on.
static LISTENING: Once = Once::new();

/// Gives the host `length` bytes to write a question into.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; length].into_boxed_slice()).cast()
}

/// Takes bytes back that `alloc` or `call` gave.
///
/// # Safety
/// `address` and `length` are those of one `alloc` or one answer, and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(address: *mut u8, length: usize) {
    // SAFETY: the caller's promise is the very one of `take`.
    drop(unsafe { take(address, length) });
}

/// Answers a question.
///
/// # Safety
/// `address` and `length` are those of one `alloc`, and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn call(address: *mut u8, length: usize) -> u64 {
    LISTENING.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        }));
    });
    // SAFETY: the caller's promise is the very one of `take`.
    let question = unsafe { take(address, length) };
    give(SERVED.with_borrow_mut(|served| served.answer(&question)))
}

/// What a panic said before `call` trapped; empty when none did.
#[unsafe(no_mangle)]
pub extern "C" fn last_words() -> u64 {
    give(LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).clone().into_bytes())
}

/// Hands bytes to the host, as one number.
fn give(bytes: Vec<u8>) -> u64 {
    let length = bytes.len() as u64;
    let address = Box::into_raw(bytes.into_boxed_slice()).cast::<u8>() as usize as u64;
    address << 32 | length
}

/// Takes bytes from the host.
///
/// # Safety
/// They were handed out by `alloc` or `give` with this length, and nobody else has them.
unsafe fn take(address: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: both hand out a boxed slice of exactly this length.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(address, length)) }
}
