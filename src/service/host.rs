//! Attempt folders -> step runners, by a small process that forks them, so that no step pays for starting this program anew.
//! One runner always waits, so that no step waits for the fork either.
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
use std::sync::{Arc, Weak};
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
        if let Some(link) = state.link.take() {
            match link.ask(dir).await {
                Ok(pid) => {
                    state.link = Some(link);
                    return pid;
                }
                Err(_) => link.give_up(),
            }
        }
        if state.failures >= TRIES {
            return None;
        }
        state.failures += 1;
        let link = Link::start(&self.exe).ok()?;
        let Ok(pid) = link.ask(dir).await else {
            link.give_up();
            return None;
        };
        *state = State { link: Some(link), failures: 0 };
        pid
    }
}

/// A running host. It ends when this is dropped.
struct Link {
    stream: Arc<Mutex<UnixStream>>,
    host: Spawned,
}

impl Link {
    fn start(exe: &Path) -> io::Result<Self> {
        let (ours, theirs) = Pair::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(exe);
        command.arg0("ouioe").arg(ARGUMENT).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let stream = Arc::new(Mutex::new(UnixStream::from_std(ours)?));
        let host = Spawned::of(&command.spawn()?)?;
        tokio::spawn(bury(host.clone(), Arc::downgrade(&stream)));
        Ok(Self { stream, host })
    }

    async fn ask(&self, dir: &Path) -> io::Result<Option<Pid>> {
        tokio::time::timeout(PATIENCE, exchange(&mut *self.stream.lock().await, dir)).await?
    }

    fn give_up(self) {
        self.host.kill();
        tokio::spawn(async move { bury(self.host, Arc::downgrade(&self.stream)).await });
    }
}

/// The id of the runner that waits comes before that of the one that got the folder: they are the same one.
async fn exchange(stream: &mut UnixStream, dir: &Path) -> io::Result<Option<Pid>> {
    stream.write_all(&[dir.as_os_str().as_bytes(), b"\0"].concat()).await?;
    let mut waiting = [0; 4];
    stream.read_exact(&mut waiting).await?;
    let mut taken = [0; 4];
    let answer = stream.read_exact(&mut taken).await;
    if answer.is_err() || taken != waiting {
        reap(&waiting);
    }
    answer.map(|_| Pid::from_raw(i32::from_ne_bytes(taken)))
}

/// Takes a host that ended from the process table, and the runner that waited and ended with it: a child of this process.
async fn bury(host: Spawned, stream: Weak<Mutex<UnixStream>>) {
    host.ended().await;
    let Some(stream) = stream.upgrade() else {
        return;
    };
    let mut told = Vec::new();
    let _ = stream.lock().await.read_to_end(&mut told).await;
    told.chunks(4).for_each(reap);
}

fn reap(pid: &[u8]) {
    if let Some(pid) = pid.try_into().ok().map(i32::from_ne_bytes).and_then(Pid::from_raw) {
        tokio::spawn(Spawned::new(pid).ended());
    }
}
