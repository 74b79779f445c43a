//! Signals to the runner -> what the supervisor asks for.
//!
//! TERM: stop the step with grace. USR1, or TERM again: stop it now. All others that can be caught are caught and do
//! nothing, so a hang-up ends no step; by exec they fall back to their defaults, also those that we were started with ignored.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts;

/// Up to the last real-time signal; the C library keeps two to itself, which cannot be caught.
const ALL: std::ops::RangeInclusive<i32> = 1..=64;
/// Those that stand for a fault of our own, and the ones that mean something.
const APART: [i32; 6] = [consts::SIGBUS, consts::SIGABRT, consts::SIGTRAP, consts::SIGTERM, consts::SIGUSR1, consts::SIGCHLD];

pub struct Signals {
    woken: UnixStream,
    term: Arc<AtomicBool>,
    now: Arc<AtomicBool>,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let (term, now, deaf) = (Arc::default(), Arc::default(), Arc::<AtomicBool>::default());
        signal_hook::flag::register(consts::SIGTERM, Arc::clone(&term))?;
        signal_hook::flag::register(consts::SIGUSR1, Arc::clone(&now))?;
        for signal in ALL.filter(|signal| !APART.contains(signal) && !consts::FORBIDDEN.contains(signal)) {
            // Not every number is a signal everywhere.
            let _ = signal_hook::flag::register(signal, Arc::clone(&deaf));
        }
        for signal in [consts::SIGTERM, consts::SIGUSR1, consts::SIGCHLD] {
            signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?;
        }
        Ok(Self { woken, term, now })
    }

    /// Asked to stop with grace, since the last call.
    pub fn take_term(&self) -> bool {
        self.term.swap(false, Ordering::SeqCst)
    }

    /// Asked to stop now, since the last call.
    pub fn take_now(&self) -> bool {
        self.now.swap(false, Ordering::SeqCst)
    }

    /// Readable after any of the three signals that matter.
    pub fn clear(&self) {
        let mut buffer = [0; 64];
        while matches!((&self.woken).read(&mut buffer), Ok(count) if count > 0) {}
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}
