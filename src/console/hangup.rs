//! Signals -> messages, and a terminal that is gone -> /dev/null.
//!
//! SIGHUP and a vanished terminal mean the same: let go of it within 200 ms; no run is cancelled. The reader notices the
//! vanished terminal (see `input::reader`); this file listens for signals, so it works whether SIGHUP was at its default,
//! ignored or handled before.

use std::io;

use rustix::fs::{Mode, OFlags};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Hangup,
    Terminate,
    Resized,
    Continued,
}

/// Listens until dropped.
#[derive(Debug)]
pub struct Signals {
    tasks: Vec<JoinHandle<()>>,
}

impl Signals {
    pub fn listen(runtime: &Handle, tell: impl Fn(Told) + Clone + Send + 'static) -> io::Result<Self> {
        let _inside = runtime.enter();
        let kinds = [
            (SignalKind::hangup(), Told::Hangup),
            (SignalKind::terminate(), Told::Terminate),
            // Keys never send these two: the terminal is raw.
            (SignalKind::interrupt(), Told::Terminate),
            (SignalKind::quit(), Told::Terminate),
            (SignalKind::window_change(), Told::Resized),
            (SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), Told::Continued),
        ];
        let mut tasks = Vec::new();
        for (kind, told) in kinds {
            let mut signals = signal(kind)?;
            let tell = tell.clone();
            tasks.push(runtime.spawn(async move {
                while signals.recv().await.is_some() {
                    tell(told);
                }
            }));
        }
        Ok(Self { tasks })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Descriptors 0 to 2 become /dev/null, so that nothing reads, writes or polls a terminal that is gone.
pub fn release_terminal() -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

/// Stops this process and its group, as the terminal's own suspend key does.
pub fn suspend() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?)
}
