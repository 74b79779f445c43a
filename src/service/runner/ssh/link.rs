//! A running `ssh` -> bytes of its streams, bytes to its standard input, and its end. One poll a turn.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, WaitStatus};

use crate::service::runner::alarm::{Alarm, now};
use crate::service::runner::signals::Signals;
use crate::service::runner::stream::Side;
use crate::service::runner::supervise::LINGER;
use crate::service::runner::tree;

/// Buffers of one stream in one turn, so that signals and deadlines do not wait for a step that never falls silent.
const ROUNDS: usize = 4;

pub struct Link {
    main: Pid,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    outbox: Vec<u8>,
    alarm: Alarm,
    status: Option<WaitStatus>,
    ended: Option<Duration>,
    buffer: Vec<u8>,
}

impl Link {
    pub fn new(mut child: Child) -> io::Result<Self> {
        let main = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let fds = [stdin.as_ref().map(|it| it.as_fd()), stdout.as_ref().map(|it| it.as_fd()), stderr.as_ref().map(|it| it.as_fd())];
        for fd in fds.into_iter().flatten() {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        let (alarm, buffer) = (Alarm::new()?, vec![0; 64 << 10]);
        Ok(Self { main, stdin, stdout, stderr, outbox: Vec::new(), alarm, status: None, ended: None, buffer })
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.outbox.extend(bytes);
        self.write();
    }

    /// Some of what was sent has not left this process.
    pub fn holds_back(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub fn status(&self) -> Option<WaitStatus> {
        self.status
    }

    /// It ended and all that it wrote was read, or what holds its pipes says nothing more.
    pub fn is_over(&self) -> bool {
        let is_read = self.stdout.is_none() && self.stderr.is_none();
        self.ended.is_some_and(|ended| is_read || ended + LINGER <= now())
    }

    /// Waits for anything to happen, at most until `deadline`; `hear` gets what was read.
    pub fn turn(&mut self, signals: &Signals, deadline: Option<Duration>, hear: &mut dyn FnMut(Side, &[u8])) -> io::Result<()> {
        self.alarm.set(deadline.into_iter().chain(self.ended.map(|ended| ended + LINGER)).min())?;
        let mut fds = vec![PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN), PollFd::new(&self.alarm, PollFlags::IN)];
        fds.extend(self.stdout.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        fds.extend(self.stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        fds.extend(self.stdin.as_ref().filter(|_| !self.outbox.is_empty()).map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        drop(fds);
        self.alarm.clear();
        signals.clear();
        if let Some(status) = tree::reap(self.main).main {
            self.status = Some(status);
            self.ended = Some(now());
        }
        self.write();
        let Self { stdout, stderr, buffer, .. } = self;
        read(stdout, buffer, &mut |bytes| hear(Side::Out, bytes));
        read(stderr, buffer, &mut |bytes| hear(Side::Err, bytes));
        Ok(())
    }

    fn write(&mut self) {
        while let (Some(pipe), false) = (&mut self.stdin, self.outbox.is_empty()) {
            match pipe.write(&self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nobody reads any more: what is left stays here for good.
                Err(_) => self.stdin = None,
            }
        }
    }
}

fn read<P: io::Read>(slot: &mut Option<P>, buffer: &mut [u8], hear: &mut dyn FnMut(&[u8])) {
    for _ in 0..ROUNDS {
        let Some(pipe) = slot else { return };
        match pipe.read(buffer) {
            Ok(count) if count > 0 => hear(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => *slot = None,
        }
    }
}
