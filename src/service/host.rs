//! Attempt folders -> step runners, by a small process that forks them, so that no step pays for starting this program anew.
//!
//! The host is started with the first spawned step and again when it is gone; where there is none a runner is started
//! directly. It may fail at any moment, also with a runner made that it did not tell of: two runners of one attempt are
//! harmless, as only one gets the claim.
//!
//! The idea is that of Android's zygote and of Python's `forkserver`.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream as Pair;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use super::attempt::{self, Spawned};
use super::runner::host::ARGUMENT;

/// A host answers within a millisecond; one that was stopped is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// New hosts in a row that gave no answer, until no further one is tried.
const TRIES: u8 = 3;

pub struct RunnerHost {
    exe: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    failures: u8,
}

impl RunnerHost {
    /// Starts nothing yet.
    pub fn new(exe: PathBuf) -> Self {
        Self { exe, state: Mutex::default() }
    }

    /// Nothing ties the runner to the host or to this process: it goes on when they end.
    pub async fn spawn(&self, dir: &Path) -> io::Result<Spawned> {
        let dir = std::path::absolute(dir)?;
        match self.fork(&dir).await {
            Some(pid) => Ok(Spawned::new(pid)),
            None => attempt::spawn(&self.exe, &dir),
        }
    }

    /// `None`: no host, or it cannot fork.
    async fn fork(&self, dir: &Path) -> Option<Pid> {
        let mut state = self.state.lock().await;
        // Taken out while it is asked: an answer that nobody waited for is never taken for that to the next question.
        if let Some(mut link) = state.link.take()
            && let Ok(pid) = link.ask(dir).await
        {
            state.link = Some(link);
            return pid;
        }
        if state.failures >= TRIES {
            return None;
        }
        state.failures += 1;
        let mut link = Link::start(&self.exe).ok()?;
        let pid = link.ask(dir).await.ok()?;
        *state = State { link: Some(link), failures: 0 };
        pid
    }
}

/// A running host. It ends when this is dropped.
struct Link {
    stream: UnixStream,
    host: Spawned,
}

impl Link {
    fn start(exe: &Path) -> io::Result<Self> {
        let (ours, theirs) = Pair::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(exe);
        command.arg0("ouioe").arg(ARGUMENT).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let stream = UnixStream::from_std(ours)?;
        let host = Spawned::of(&command.spawn()?)?;
        tokio::spawn(host.clone().ended());
        Ok(Self { stream, host })
    }

    async fn ask(&mut self, dir: &Path) -> io::Result<Option<Pid>> {
        match tokio::time::timeout(PATIENCE, exchange(&mut self.stream, dir)).await {
            Ok(answer) => answer,
            Err(late) => {
                self.host.kill();
                Err(late.into())
            }
        }
    }
}

async fn exchange(stream: &mut UnixStream, dir: &Path) -> io::Result<Option<Pid>> {
    stream.write_all(&[dir.as_os_str().as_bytes(), b"\0"].concat()).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    Ok(Pid::from_raw(i32::from_ne_bytes(answer)))
}
