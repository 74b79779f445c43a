//! One attempt in a process of its own, from the engine's side: folder, spawn, wait, read.
//!
//! Waits on pidfds: no thread, no wake-up while a step runs.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::folder;
use super::options::ServiceOptions;
use super::runner::claim::Claim;
use super::runner::request::{FileStamp, RunnerRequest, VERSION};
use super::runner::supervise::STOP_FILE;
use crate::model::effect::Start;
use crate::model::step_state::StopWhy;
use crate::model::time::Millis;

/// A runner that can be waited for and signalled, ours or an earlier engine's.
#[derive(Clone, Debug)]
pub struct Runner {
    pidfd: Arc<OwnedFd>,
}

impl Runner {
    fn open(pid: i32) -> io::Result<Self> {
        let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { pidfd: Arc::new(pidfd_open(pid, PidfdFlags::empty())?) })
    }

    /// `None`: it ended in the meantime, or the number is another's.
    pub fn adopt(claim: &Claim) -> Option<Self> {
        let runner = Self::open(claim.pid).ok()?;
        claim.is_alive().then_some(runner)
    }

    pub async fn ended(&self) -> io::Result<()> {
        #[expect(deprecated, reason = "sound for a descriptor that is owned and stays open; the new way is unsafe")]
        let watch = AsyncFd::with_interest(Arc::clone(&self.pidfd), Interest::READABLE)?;
        watch.readable().await.map(|_| ())
    }

    /// An ended runner needs no signal: its record is read anyway.
    pub fn stop(&self, dir: &Path, why: StopWhy, grace: Millis) -> io::Result<()> {
        let signal = match why {
            StopWhy::Cancel | StopWhy::Skip => {
                std::fs::write(dir.join(STOP_FILE), grace.0.to_string())?;
                Signal::TERM
            }
            StopWhy::CancelNow => Signal::USR1,
        };
        Ok(pidfd_send_signal(self.pidfd.as_fd(), signal)?)
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

/// Nothing ties it to this process: it goes on when the engine ends.
pub fn spawn(options: &ServiceOptions, dir: &Path) -> io::Result<(Child, io::Result<Runner>)> {
    let mut command = Command::new(&options.exe);
    command.arg0("ouioe").arg("__runner").arg(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn()?;
    let runner = i32::try_from(child.id()).map_err(io::Error::other).and_then(Runner::open);
    Ok((child, runner))
}
