//! Signals to the runner -> what the supervisor asks for.
//!
//! TERM: stop the step with grace. USR1, or TERM again: stop it now. A hang-up ends no step. What we were started with
//! ignored is caught too, and does nothing: by exec it then falls back to its default, which steps may rely on.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts;

use super::proc;

/// What somebody might send to a runner without meaning its step.
const DEAF: [i32; 4] = [consts::SIGHUP, consts::SIGINT, consts::SIGQUIT, consts::SIGUSR2];
/// Those that mean something.
const HEARD: [i32; 3] = [consts::SIGTERM, consts::SIGUSR1, consts::SIGCHLD];

pub struct Signals {
    woken: UnixStream,
    term: Arc<AtomicBool>,
    now: Arc<AtomicBool>,
}

/// Once before `listen`; holds in every copy of this process.
pub fn be_deaf() -> io::Result<()> {
    let deaf = Arc::<AtomicBool>::default();
    for signal in DEAF.into_iter().chain(ignored()) {
        signal_hook::flag::register(signal, Arc::clone(&deaf))?;
    }
    Ok(())
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let (term, now) = (Arc::default(), Arc::default());
        signal_hook::flag::register(consts::SIGTERM, Arc::clone(&term))?;
        signal_hook::flag::register(consts::SIGUSR1, Arc::clone(&now))?;
        for signal in HEARD {
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

/// Registering costs, so only what needs it.
fn ignored() -> impl Iterator<Item = i32> {
    let bits = proc::stat(rustix::process::getpid().as_raw_nonzero().get()).map_or(0, |stat| stat.ignored);
    let known = [&HEARD[..], &DEAF, consts::FORBIDDEN].concat();
    (1..=31).filter(move |signal| bits >> (signal - 1) & 1 == 1 && !known.contains(signal))
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}
