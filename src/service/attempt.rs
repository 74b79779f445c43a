//! One attempt in a process of its own, from the engine's side: folder, spawn, wait, read.
//!
//! Waits on descriptors of processes: no thread, no wake-up while a step runs.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, waitpid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::folder;
use super::options::ServiceOptions;
use super::runner::claim::Claim;
use super::runner::entry;
use super::runner::handle::Handle;
use super::runner::limits::STOP_FILE;
use super::runner::request::{FileStamp, RunnerRequest, VERSION};
use crate::model::effect::Start;
use crate::model::step_state::StopWhy;
use crate::model::time::Millis;

/// A runner that can be waited for and signalled, ours or an earlier engine's.
#[derive(Clone, Debug)]
pub struct Runner {
    handle: Arc<Handle>,
}

impl Runner {
    fn open(pid: Pid) -> io::Result<Self> {
        Ok(Self { handle: Arc::new(Handle::open(pid)?) })
    }

    /// `None`: it ended in the meantime, or the number is another's.
    pub fn adopt(claim: &Claim) -> Option<Self> {
        // The descriptor first, the look second: the number cannot pass to another process in between.
        let runner = Self::open(Pid::from_raw(claim.pid)?).ok()?;
        claim.is_alive().then_some(runner)
    }

    pub async fn ended(&self) -> io::Result<()> {
        #[expect(deprecated, reason = "sound for a descriptor that is owned and stays open; the new way is unsafe")]
        let watch = AsyncFd::with_interest(Arc::clone(&self.handle), Interest::READABLE)?;
        watch.readable().await.map(|_| ())
    }

    /// An ended runner needs no signal: its record is read anyway.
    pub fn stop(&self, dir: &Path, why: StopWhy, grace: Millis) -> io::Result<()> {
        let signal = match why {
            StopWhy::Cancel | StopWhy::Skip => {
                // Before the signal, which cannot carry a number.
                std::fs::write(dir.join(STOP_FILE), grace.0.to_string())?;
                Signal::TERM
            }
            StopWhy::CancelNow => Signal::USR1,
        };
        self.handle.signal(signal)
    }
}

/// The attempt's folder with its request. Fails where the attempt was requested before.
pub fn request(options: &ServiceOptions, start: &Start, dir: &Path, program_seen: Option<FileStamp>) -> io::Result<()> {
    folder::create(dir)?;
    let request = RunnerRequest {
        v: VERSION,
        boot_id: options.boot_id.clone(),
        epoch: options.epoch,
        start: start.clone(),
        program_seen,
        protected_paths: options.protected_paths.clone(),
        hidden: options.hidden.clone(),
    };
    request.write(dir)
}

/// A child of this process that does the work of a step runner, or makes such.
#[derive(Clone, Debug)]
pub struct Spawned {
    pid: Pid,
    /// `None`: no descriptor was left to watch it by.
    pub runner: Option<Runner>,
}

impl Spawned {
    pub fn new(pid: Pid) -> Self {
        Self { pid, runner: Runner::open(pid).ok() }
    }

    pub fn of(child: &Child) -> io::Result<Self> {
        i32::try_from(child.id()).ok().and_then(Pid::from_raw).map(Self::new).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Returns when it has ended, and takes it from the process table.
    pub async fn ended(self) {
        let seen = match &self.runner {
            Some(runner) => runner.ended().await,
            None => Err(io::ErrorKind::Unsupported.into()),
        };
        match seen {
            Ok(()) => self.reap(),
            // A thread waits instead.
            Err(_) => _ = tokio::task::spawn_blocking(move || self.reap()).await,
        }
    }

    /// Of a runner that ended: where its host died before it told of it, it is a child that nobody else waits for.
    pub fn reap_claimant(claim: &Claim) {
        let _ = waitpid(Pid::from_raw(claim.pid), WaitOptions::NOHANG);
    }

    /// Waits where it has not ended.
    pub fn reap(&self) {
        while matches!(waitpid(Some(self.pid), WaitOptions::empty()), Err(Errno::INTR)) {}
    }

    pub fn kill(&self) {
        if let Some(runner) = &self.runner {
            let _ = runner.handle.signal(Signal::KILL);
        }
    }
}

/// Nothing ties it to this process: it goes on when the engine ends.
pub fn spawn(exe: &Path, dir: &Path) -> io::Result<Spawned> {
    spawn_with(exe, &[], dir)
}

/// Ends when the host of the step was asked what became of it, and its answer stands in the folder.
pub fn spawn_asking(exe: &Path, dir: &Path) -> io::Result<Spawned> {
    spawn_with(exe, &[entry::ASK], &std::path::absolute(dir)?)
}

fn spawn_with(exe: &Path, flags: &[&str], dir: &Path) -> io::Result<Spawned> {
    let mut command = Command::new(exe);
    command.arg0("ouioe").arg(entry::ARGUMENT).args(flags).arg(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Spawned::of(&command.spawn()?)
}
