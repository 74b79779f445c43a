//! Every descendant of this process, however it hid, and how to end it.
//!
//! As child subreaper the runner inherits whatever a double fork or `setsid` sets free, so what descends from it is
//! complete, and "no child left to wait for" proves that nothing is left at all.

use rustix::io::Errno;
use rustix::process::{self, Pid, Signal, WaitOptions, WaitStatus};

use super::handle::Handle;
use super::proc::{self, Stat};

/// What a round of reaping found.
#[derive(Debug, Default)]
pub struct Reaped {
    /// The step's own process ended, so.
    pub main: Option<WaitStatus>,
    pub nobody_left: bool,
}

/// Takes every child that ended. Never waits.
pub fn reap(main: Pid) -> Reaped {
    let mut reaped = Reaped::default();
    loop {
        match process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == main => reaped.main = Some(status),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return reaped,
            Err(_) => {
                reaped.nobody_left = true;
                return reaped;
            }
        }
    }
}

/// Living descendants, children first.
pub fn descendants() -> Vec<(i32, Stat)> {
    below(process::getpid().as_raw_nonzero().get())
}

fn below(root: i32) -> Vec<(i32, Stat)> {
    let all = proc::all();
    let mut family = vec![root];
    let mut found = Vec::new();
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        for (pid, stat) in all.iter().filter(|(_, stat)| stat.parent == parent) {
            family.push(*pid);
            if !stat.is_dead() {
                found.push((*pid, *stat));
            }
        }
        at += 1;
    }
    found
}

/// Asks all to end; a stopped one is woken to hear it.
pub fn terminate() {
    for (pid, stat) in descendants() {
        send(pid, &stat, Signal::TERM);
        send(pid, &stat, Signal::CONT);
    }
}

/// Stops all first, round by round until no new one appears, so that none can fork away; then kills.
pub fn kill() {
    kill_below(process::getpid().as_raw_nonzero().get());
}

/// What descends from a child; itself stays.
pub fn kill_below(root: i32) {
    let mut stopped: Vec<(i32, Stat)> = Vec::new();
    for _ in 0..16 {
        let fresh: Vec<_> = below(root)
            .into_iter()
            .filter(|(pid, stat)| !stopped.iter().any(|(old, seen)| old == pid && seen.start_time == stat.start_time))
            .collect();
        if fresh.is_empty() {
            break;
        }
        for (pid, stat) in &fresh {
            send(*pid, stat, Signal::STOP);
        }
        stopped.extend(fresh);
    }
    for (pid, stat) in &stopped {
        send(*pid, stat, Signal::KILL);
    }
}

/// To this very process, not to another that got its number since.
fn send(pid: i32, stat: &Stat, signal: Signal) {
    let Some(pid) = Pid::from_raw(pid) else {
        return;
    };
    let _ = match Handle::open(pid) {
        Ok(handle) if proc::is_alive(pid.as_raw_nonzero().get(), stat.start_time) => handle.signal(signal),
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => process::kill_process(pid, signal).map_err(Into::into),
        // Gone already, or not ours to signal: counted as left over where it stays.
        Ok(_) | Err(_) => Ok(()),
    };
}
