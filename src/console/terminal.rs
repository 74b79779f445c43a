//! The terminal: entered once, restored once, on every way out.
//!
//! What to restore is kept where the panic hook finds it. Frames go through one thread, so the console never waits for a
//! slow line; a frame is handed over only when the one before is through.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use crate::text;

/// How long a way out waits for a frame that is being written.
const LEAVE_WAIT: Duration = Duration::from_millis(100);

struct Entered {
    before: Termios,
    by: ThreadId,
    /// Panics of other threads, shown when the terminal is free again.
    later: Vec<String>,
}

/// `Some` between `enter` and `leave`. Also held while bytes are written, so nothing comes in between.
static ENTERED: Mutex<Option<Entered>> = Mutex::new(None);
static WRITING: Mutex<()> = Mutex::new(());

fn entered() -> MutexGuard<'static, Option<Entered>> {
    ENTERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Restores the terminal when dropped.
#[derive(Debug)]
pub struct Session;

impl Session {
    pub fn enter() -> io::Result<Self> {
        let stdin = rustix::stdio::stdin();
        let before = tcgetattr(stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        // Before anything is changed: a panic from here on restores what was half done.
        *entered() = Some(Entered { before, by: std::thread::current().id(), later: Vec::new() });
        let session = Self;
        tcsetattr(stdin, OptionalActions::Now, &raw)?;
        write_all(&enter_bytes())?;
        Ok(session)
    }
}

fn enter_bytes() -> Vec<u8> {
    let mut out = Vec::new();
    let reset = SetAttribute(Attribute::Reset);
    // Writing to memory cannot fail.
    let _ = queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, Hide, reset, MoveTo(0, 0));
    out
}

/// The mirror of `enter_bytes`, last first; ends a frame that was cut.
fn leave_bytes() -> Vec<u8> {
    let mut out = Vec::new();
    let reset = SetAttribute(Attribute::Reset);
    let _ = queue!(out, EndSynchronizedUpdate, reset, Show, DisableFocusChange, DisableBracketedPaste, LeaveAlternateScreen);
    out
}

impl Drop for Session {
    fn drop(&mut self) {
        leave();
    }
}

/// Restores what `enter` changed; does nothing the second time. Errors end here: there is no other way out.
pub fn leave() {
    let Some(entered) = entered().take() else { return };
    let _writing = wait_for_writer();
    let _ = write_now(&leave_bytes());
    let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &entered.before);
    for line in entered.later {
        let _ = rustix::io::write(rustix::stdio::stderr(), format!("{line}\n").as_bytes());
    }
}

/// A writer that is stuck in a stopped terminal holds the lock: after a while we go on without it.
fn wait_for_writer() -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + LEAVE_WAIT;
    loop {
        match WRITING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Columns and rows; a terminal that does not know says 80x24.
pub fn size() -> (u16, u16) {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

pub fn is_terminal() -> bool {
    rustix::termios::isatty(rustix::stdio::stdin()) && rustix::termios::isatty(rustix::stdio::stdout())
}

/// A descriptor of its own for the reader.
pub fn input() -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?)
}

/// A panic on the console's thread restores the terminal and then prints. One elsewhere may not write over the screen:
/// its line is kept until the terminal is left.
pub fn restore_on_panic() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if let Ok(mut entered) = ENTERED.try_lock()
                && let Some(entered) = entered.as_mut()
                && entered.by != std::thread::current().id()
            {
                entered.later.push(text::safe(&info.to_string()));
                return;
            }
            leave();
            before(info);
        }));
    });
}

fn write_all(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    write_now(bytes)
}

/// One write(2) unless the kernel takes less.
fn write_now(mut bytes: &[u8]) -> io::Result<()> {
    let out = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(out.as_fd(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait_writable()?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_writable() -> io::Result<()> {
    let out = rustix::stdio::stdout();
    let mut fds = [rustix::event::PollFd::from_borrowed_fd(out, rustix::event::PollFlags::OUT)];
    rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, None))?;
    Ok(())
}

/// Hands frames to the thread that writes them.
#[derive(Debug)]
pub struct Writer {
    frames: SyncSender<Vec<u8>>,
}

/// One frame went out, or the terminal refused it.
#[derive(Debug)]
pub struct Written {
    pub took: Duration,
    pub result: io::Result<()>,
}

impl Writer {
    pub fn start(tell: impl Fn(Written) + Send + 'static) -> io::Result<Self> {
        let (frames, queue) = mpsc::sync_channel(1);
        std::thread::Builder::new().name("console-writer".to_owned()).spawn(move || write_frames(&queue, tell))?;
        Ok(Self { frames })
    }

    /// Only when the last frame was told as written: the queue then has room.
    pub fn write(&self, frame: Vec<u8>) {
        let _ = self.frames.try_send(frame);
    }
}

fn write_frames(queue: &Receiver<Vec<u8>>, tell: impl Fn(Written)) {
    for frame in queue {
        let begun = Instant::now();
        let writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        // Left meanwhile: the shell's screen is not ours to draw on.
        let result = if entered().is_some() { write_now(&frame) } else { Ok(()) };
        drop(writing);
        tell(Written { took: begun.elapsed(), result });
    }
}
