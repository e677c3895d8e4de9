//! The module's allocator: std's, with pages of its own counting.
//!
//! ```text
//!   | what an image holds ........ | spare |
//!   0                      [`extent`]      end of memory, which only grows
//! ```
//!
//! A memory never shrinks. When an image of an earlier, smaller time is written back, what lies behind it is free, but
//! std's allocator would go on behind the end of all memory: going back and forth would use more each time. This one
//! keeps the end of what it has in a variable, and a variable is part of the image.

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::{memory_grow, memory_size};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use dlmalloc::{Allocator, Dlmalloc};

/// Bytes of a page of wasm.
const PAGE: usize = 65_536;

/// Memory grows by so many pages at least, 2 MiB: a browser takes each growth for a reason to look for garbage.
const GROWTH: usize = 32;

/// The first page that nobody has; 0 before anybody has one.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Bytes of memory that hold anything: the rest is spare, whatever stands in it.
pub(super) fn extent() -> usize {
    match NEXT.load(Ordering::Relaxed) {
        0 => memory_size(0) * PAGE,
        next => next * PAGE,
    }
}

/// Where dlmalloc gets pages from: spare ones first.
struct Pages;

// SAFETY: pages from `NEXT` on were given to nobody, and `NEXT` moves behind those that are given now.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let wanted = size.div_ceil(PAGE);
        let first = extent() / PAGE;
        let missing = (first + wanted).saturating_sub(memory_size(0));
        let grow = |pages| memory_grow(0, pages) != usize::MAX;
        if missing > 0 && !grow(missing.max(GROWTH)) && !grow(missing) {
            return (std::ptr::null_mut(), 0, 0);
        }
        NEXT.store(first + wanted, Ordering::Relaxed);
        (std::ptr::without_provenance_mut(first * PAGE), wanted * PAGE, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        std::ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    /// Spare pages hold what they held.
    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

struct Heap(UnsafeCell<Dlmalloc<Pages>>);

// SAFETY: the module has one thread.
unsafe impl Sync for Heap {}

// SAFETY: dlmalloc keeps the promises of the trait, and nobody else is in it meanwhile: there is one thread, and
// `Pages` allocates nothing.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above; so below.
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is dlmalloc's.
        unsafe { (*self.0.get()).free(at, layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is dlmalloc's.
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is dlmalloc's.
        unsafe { (*self.0.get()).realloc(at, layout.size(), layout.align(), size) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Dlmalloc::new_with_allocator(Pages)));
