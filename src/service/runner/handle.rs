//! A descriptor of one process: readable when it has ended, and never another process that got its number since.
//!
//! A pidfd on Linux, a kqueue elsewhere.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::process::{Pid, Signal};

#[derive(Debug)]
pub struct Handle {
    fd: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    pid: Pid,
}

#[cfg(target_os = "linux")]
impl Handle {
    pub fn open(pid: Pid) -> io::Result<Self> {
        Ok(Self { fd: rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())? })
    }

    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(rustix::process::pidfd_send_signal(&self.fd, signal)?)
    }
}

#[cfg(not(target_os = "linux"))]
impl Handle {
    pub fn open(pid: Pid) -> io::Result<Self> {
        use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

        let queue = Kqueue::new()?;
        let ident = usize::try_from(pid.as_raw_nonzero().get()).map_err(io::Error::other)?;
        let end = KEvent::new(ident, EventFilter::EVFILT_PROC, EvFlags::EV_ADD, FilterFlag::NOTE_EXIT, 0, 0);
        queue.kevent(&[end], &mut [], None)?;
        Ok(Self { fd: queue.into(), pid })
    }

    /// No system but Linux signals by descriptor: between the look and the signal the number could change hands.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let now = Timespec::default();
        match poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], Some(&now))? {
            0 => Ok(rustix::process::kill_process(self.pid, signal)?),
            _ => Err(rustix::io::Errno::SRCH.into()),
        }
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Handle {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
