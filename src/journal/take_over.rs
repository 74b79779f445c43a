//! Forced take-over: ends the process that holds the journal, or refuses. Never guesses.
//!
//! The kill goes through a pidfd, which cannot hit a later process with the same number and works on stopped processes. What the holder
//! said of itself is checked before and again after the pidfd pins it.

use std::path::Path;
use std::time::Duration;

use super::error::JournalError;
use super::lock::{self, Lock};
use super::process::Holder;

/// Between the kill and the lock's release: the kernel closes the process's files.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the holder and waits until its lock is free; `None` where nobody held it. Open the journal next: that raises the epoch, and
/// whatever the old one still had in flight can no longer append.
pub fn take_over(dir: &Path) -> Result<Option<Holder>, JournalError> {
    let Some(holder) = lock::holder(dir)? else { return Ok(None) };
    let (path, Some(file)) = lock::open(dir)? else { return Ok(None) };
    let refuse = |why: &str| JournalError::TakeOver { pid: holder.pid, why: why.to_owned() };
    if holder.pid == std::process::id() {
        return Err(refuse("it is this very process"));
    }
    let check = || {
        if !holder.is_alive() {
            return Err(refuse(
                "the lock is held, but the process named in it is gone; somebody else holds it, see `fuser` on the lock file",
            ));
        }
        let me = rustix::process::geteuid().as_raw();
        if holder.uid != me || !holder.runs_as(me) {
            return Err(refuse("it does not run as this user; ask its owner to stop it"));
        }
        if !holder.has_open(&file) {
            return Err(refuse("it does not have the lock file open, so it is not what holds the lock"));
        }
        Ok(())
    };
    check()?;
    kill(&holder, check)?;
    let dir = path.parent().unwrap_or(dir);
    match Lock::take_within(dir, PATIENCE) {
        Ok(lock) => drop(lock),
        Err(JournalError::Held { holder: Some(other), .. }) if other != holder => {
            return Err(refuse(&format!("it was ended, but process {} took the journal first; attach to that one", other.pid)));
        }
        Err(_) => return Err(refuse("it was killed, but its lock is not free (a disk that does not answer?); try again later")),
    }
    Ok(Some(holder))
}

#[cfg(target_os = "linux")]
fn kill(holder: &Holder, still_the_same: impl Fn() -> Result<(), JournalError>) -> Result<(), JournalError> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let refuse = |why: String| JournalError::TakeOver { pid: holder.pid, why };
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw).ok_or_else(|| refuse("that is no process number".to_owned()))?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| refuse(format!("no handle on it ({errno}); stop it by hand")))?;
    still_the_same()?;
    pidfd_send_signal(&pidfd, Signal::KILL).map_err(|errno| refuse(format!("it cannot be killed ({errno}); stop it by hand")))?;
    let wait = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
    match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&wait)) {
        Ok(0) => Err(refuse("it was killed but does not end (a disk that does not answer?); try again later".to_owned())),
        Ok(_) => Ok(()),
        Err(errno) => Err(refuse(format!("its end cannot be watched ({errno})"))),
    }
}

#[cfg(not(target_os = "linux"))]
fn kill(holder: &Holder, _still_the_same: impl Fn() -> Result<(), JournalError>) -> Result<(), JournalError> {
    let why = "this system has no handle that names exactly one process; stop it by hand".to_owned();
    Err(JournalError::TakeOver { pid: holder.pid, why })
}
