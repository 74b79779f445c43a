//! One more process out of this one: a copy of it, as `fork` makes it, but a child of this process's parent.
//!
//! So a runner that the host makes stays the engine's own child, waited for and reaped by it, whatever becomes of the host.
//! Only for a process of one thread: a copy of more would hold locks that nobody opens. That is checked, not assumed.
#![expect(unsafe_code, reason = "no safe interface makes a process without exec; the conditions are held by `Alone`")]

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::slice;

use nix::sched::{CloneFlags, clone};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};
use rustix::process::Pid;

/// As large as the stack that a process starts with; only what is touched takes memory.
const STACK: usize = 8 << 20;
/// Larger than a page of any supported machine, and a multiple of it.
const GUARD: usize = 64 << 10;
/// Exit status of a copy that panicked, as Rust gives it to a process that does.
const PANICKED: i32 = 101;

/// A process of one thread, with a stack for its copies. Each copy gets that stack as its own.
pub struct Alone {
    stack: *mut u8,
}

impl Alone {
    /// Refused where there is more than one thread.
    pub fn new() -> io::Result<Self> {
        if std::fs::read_dir("/proc/self/task")?.count() != 1 {
            return Err(io::Error::other("more than one thread"));
        }
        let (access, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK);
        // SAFETY: new memory at a place that the kernel chooses, never given back; its lowest part belongs to nobody else,
        // and nothing is kept there: who runs into it ends by SIGSEGV as at the end of any stack.
        let stack = unsafe {
            let memory = mmap_anonymous(ptr::null_mut(), GUARD + STACK, access, kind)?;
            mprotect(memory, GUARD, MprotectFlags::empty())?;
            memory.cast::<u8>().add(GUARD)
        };
        Ok(Self { stack })
    }

    /// `begin` runs in the copy only, and its value is the copy's exit status.
    pub fn sibling(&mut self, mut begin: impl FnMut() -> i32) -> io::Result<Pid> {
        // A panic must not unwind into the C library's frames.
        let entry = Box::new(|| catch_unwind(AssertUnwindSafe(&mut begin)).unwrap_or(PANICKED) as isize);
        // SAFETY: `new` mapped that many bytes for reading and writing, and only copies use them, each its own.
        let stack = unsafe { slice::from_raw_parts_mut(self.stack, STACK) };
        // SAFETY: one thread, so that every lock of the copy is open; memory is copied, not shared; the stack ends in a guard;
        // `begin` does not unwind, and the copy ends with it.
        let pid = unsafe { clone(entry, stack, CloneFlags::CLONE_PARENT, Some(nix::libc::SIGCHLD)) }?;
        Pid::from_raw(pid.as_raw()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}
