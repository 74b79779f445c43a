//! The one thread that reads the terminal, and that notices when it is gone.
//!
//! It sleeps in poll(2) without a time limit; a limit is set only while a sequence is incomplete. It ends on hang-up,
//! on a read error and on `Stopper::stop`, and never spins.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{Input, Parser};

/// After which a lone ESC is the key. A slow line may cut a sequence anywhere, but rarely waits this long inside one.
const ESCAPE_WAIT: Duration = Duration::from_millis(50);
/// After which a paste whose end was lost ends.
const PASTE_WAIT: Duration = Duration::from_secs(2);

/// What the reader tells: inputs of one read with its time, or that the terminal is gone.
pub enum Heard {
    Inputs(Vec<Input>, Instant),
    Gone,
}

#[derive(Debug)]
pub struct Reader {
    terminal: OwnedFd,
    wake: OwnedFd,
    parser: Parser,
}

/// Ends the reader; so does dropping it.
#[derive(Debug)]
pub struct Stopper {
    _wake: OwnedFd,
}

enum Woken {
    Bytes,
    Nothing,
    Over,
}

impl Reader {
    /// Reads `terminal`, a descriptor of its own so that fd 0 can be replaced under it.
    pub fn new(terminal: OwnedFd) -> Result<(Self, Stopper), Errno> {
        let (wake, writer) = std::io::pipe().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        Ok((Self { terminal, wake: wake.into(), parser: Parser::default() }, Stopper { _wake: writer.into() }))
    }

    pub fn run(mut self, tell: impl Fn(Heard)) {
        let mut buffer = vec![0_u8; 16 << 10];
        loop {
            let mut inputs = Vec::new();
            match self.wait() {
                Woken::Bytes => match rustix::io::read(&self.terminal, &mut buffer) {
                    Ok(0) => return tell(Heard::Gone),
                    Ok(count) => self.parser.feed(&buffer[..count], &mut inputs),
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(_) => return tell(Heard::Gone),
                },
                Woken::Nothing => self.parser.give_up(&mut inputs),
                Woken::Over => return,
            }
            if !inputs.is_empty() {
                tell(Heard::Inputs(inputs, Instant::now()));
            }
        }
    }

    fn wait(&self) -> Woken {
        let limit = self.parser.is_waiting().then(|| if self.parser.is_in_paste() { PASTE_WAIT } else { ESCAPE_WAIT });
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut fds = [PollFd::from_borrowed_fd(self.terminal.as_fd(), PollFlags::IN), PollFd::new(&self.wake, PollFlags::empty())];
        match rustix::io::retry_on_intr(|| poll(&mut fds, limit.as_ref())) {
            Ok(0) => Woken::Nothing,
            Ok(_) if !fds[1].revents().is_empty() => Woken::Over,
            // On hang-up too: the read says so, after what was still queued.
            Ok(_) => Woken::Bytes,
            Err(_) => Woken::Over,
        }
    }
}
