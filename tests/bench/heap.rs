//! What the heap gives: bytes in use, their peak, and how often it was asked.
//!
//! For benchmarks of one thread: counts of several threads at once would mix.
#![expect(unsafe_code, reason = "an allocator cannot be made without; it only counts and forwards")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static TIMES: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Copy, Debug, Default)]
pub struct Heap {
    /// More in use at the worst moment than before.
    pub peak: usize,
    /// More in use afterwards than before.
    pub kept: usize,
    pub allocations: usize,
}

// SAFETY: the system's allocator does the work, with what it was given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(used, Relaxed);
        TIMES.fetch_add(1, Relaxed);
        // SAFETY: as the caller holds it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller holds it.
        unsafe { System.dealloc(at, layout) }
    }
}

/// What `work` took; its value lives on.
pub fn of<T>(work: impl FnOnce() -> T) -> (T, Heap) {
    let (before, times) = (USED.load(Relaxed), TIMES.load(Relaxed));
    PEAK.store(before, Relaxed);
    let value = work();
    let more = |now: usize| now.saturating_sub(before);
    let heap = Heap { peak: more(PEAK.load(Relaxed)), kept: more(USED.load(Relaxed)), allocations: TIMES.load(Relaxed) - times };
    (value, heap)
}
