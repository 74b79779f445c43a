//! Attempt folders -> step runners, by a small process that forks them, so that no step pays for starting this program anew.
//!
//! The host is started with the first spawned step and again when it is gone; where there is none a runner is started
//! directly. It keeps one runner ready, which names itself before it is wanted. It may fail at any moment, and the runner that
//! stands by with it: two runners of one attempt are harmless, as only one gets the claim.
//!
//! The idea is that of Android's zygote and of Python's `forkserver`.

use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream as Pair;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;

use super::attempt::{self, Spawned};
use super::runner::host::ARGUMENT;

/// A host answers within a millisecond; one that was stopped is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// New hosts in a row that gave no answer, until no further one is tried.
const TRIES: u8 = 3;

pub struct RunnerHost {
    exe: PathBuf,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    failures: u8,
}

impl RunnerHost {
    /// Starts nothing yet.
    pub fn new(exe: PathBuf) -> Self {
        Self { exe, state: tokio::sync::Mutex::default() }
    }

    /// Nothing ties the runner to the host or to this process: it goes on when they end. It may end without having begun, where
    /// the host did: then `directly` is left.
    pub async fn spawn(&self, dir: &Path) -> io::Result<Spawned> {
        let dir = std::path::absolute(dir)?;
        match self.ready(&dir).await {
            Some(runner) => Ok(runner),
            None => attempt::spawn(&self.exe, &dir),
        }
    }

    /// Without a host.
    pub fn directly(&self, dir: &Path) -> io::Result<Spawned> {
        attempt::spawn(&self.exe, &std::path::absolute(dir)?)
    }

    /// `None`: no host, or it cannot fork.
    async fn ready(&self, dir: &Path) -> Option<Spawned> {
        let mut state = self.state.lock().await;
        // Taken out while it is asked: one that broke off in the middle is never asked again.
        if let Some(mut link) = state.link.take()
            && let Ok(runner) = link.ask(dir).await
        {
            state.link = Some(link);
            return Some(runner);
        }
        if state.failures >= TRIES {
            return None;
        }
        state.failures += 1;
        let mut link = Link::start(&self.exe).ok()?;
        let runner = link.ask(dir).await.ok()?;
        *state = State { link: Some(link), failures: 0 };
        Some(runner)
    }
}

/// A running host. It ends when this is dropped, and the runner that stands by with it.
struct Link {
    requests: OwnedWriteHalf,
    standby: Arc<Standby>,
    host: Spawned,
}

impl Link {
    fn start(exe: &Path) -> io::Result<Self> {
        let (ours, theirs) = Pair::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(exe);
        command.arg0("ouioe").arg(ARGUMENT).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let (named, requests) = UnixStream::from_std(ours)?.into_split();
        let host = Spawned::of(&command.spawn()?)?;
        let standby = Arc::<Standby>::default();
        tokio::spawn(host.clone().ended());
        tokio::spawn(watch(named, Arc::clone(&standby)));
        Ok(Self { requests, standby, host })
    }

    async fn ask(&mut self, dir: &Path) -> io::Result<Spawned> {
        let Ok(ready) = tokio::time::timeout(PATIENCE, self.standby.take()).await else {
            self.host.kill();
            return Err(io::ErrorKind::TimedOut.into());
        };
        let runner = ready.ok_or(io::ErrorKind::UnexpectedEof)?;
        match self.requests.write_all(&[dir.as_os_str().as_bytes(), b"\0"].concat()).await {
            Ok(()) => Ok(runner),
            Err(error) => {
                tokio::spawn(runner.ended());
                Err(error)
            }
        }
    }
}

/// Where the one runner is that the host made last.
#[derive(Default)]
struct Standby {
    place: Mutex<Place>,
    changed: Notify,
}

#[derive(Default)]
enum Place {
    /// Given a step, or not made yet.
    #[default]
    Empty,
    Ready(Spawned),
    /// And there will be none.
    Gone,
}

impl Standby {
    fn put(&self, next: Place) -> Place {
        let before = mem::replace(&mut *self.place.lock().unwrap_or_else(PoisonError::into_inner), next);
        self.changed.notify_one();
        before
    }

    /// What is there; nothing is left in its place, but that there will be none stays true.
    fn look(&self) -> Place {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let left = if matches!(*place, Place::Gone) { Place::Gone } else { Place::Empty };
        mem::replace(&mut place, left)
    }

    /// `None`: there will be none.
    async fn take(&self) -> Option<Spawned> {
        loop {
            match self.look() {
                Place::Ready(runner) => return Some(runner),
                Place::Gone => return None,
                Place::Empty => self.changed.notified().await,
            }
        }
    }
}

/// Process ids from the host -> runners that stand by, until the host is gone. What stood by ends with it; it is a child of this
/// process.
async fn watch(mut named: OwnedReadHalf, standby: Arc<Standby>) {
    let mut pid = [0; 4];
    while named.read_exact(&mut pid).await.is_ok() {
        let Some(pid) = Pid::from_raw(i32::from_ne_bytes(pid)) else { break };
        standby.put(Place::Ready(Spawned::new(pid)));
    }
    if let Place::Ready(unused) = standby.put(Place::Gone) {
        unused.ended().await;
    }
}
