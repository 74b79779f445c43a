//! A step runner made before it is wanted: all that needs no request is done, and it waits for one.
//!
//! It reads the engine's socket itself, so that nobody stands between request and runner, and tells its host, which then makes
//! the next one. It ends unused with the engine, with the host, or when somebody asks it to.

use std::ffi::{CStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::claim::{Claim, Claimant};
use super::signals::Signals;
use super::{entry, prepare};

/// What `ps -o comm` shows; a runner keeps its host's arguments.
const IDLE_NAME: &CStr = c"ouioe-standby";
const RUNNER_NAME: &CStr = c"ouioe-runner";

/// Longer than any path that the system takes.
const LONGEST: usize = 64 << 10;

/// In a copy of the host. `host`: our end of a socket whose other end only the host holds.
pub fn main(engine: &UnixStream, host: &UnixStream) -> i32 {
    let _ = rustix::thread::set_name(IDLE_NAME);
    prepare::isolate();
    let (Ok(signals), Ok(claim)) = (Signals::listen(), Claim::of_this_process(Claimant::Runner)) else {
        return entry::UNUSABLE;
    };
    match wait(engine, host, &signals, claim.pid) {
        Ok(Some(dir)) => {
            let _ = rustix::thread::set_name(RUNNER_NAME);
            // Where the host is gone, another one is made when the next runner is wanted.
            let _ = (&*host).write_all(b"\n");
            // The engine shall see the host's end, not the last runner's.
            let _ = nix::unistd::close(engine.as_raw_fd());
            let _ = nix::unistd::close(host.as_raw_fd());
            entry::own(&dir, &signals, &claim)
        }
        Ok(None) => entry::RECORDED,
        Err(_) => entry::UNUSABLE,
    }
}

/// Named by itself: whatever becomes of the host, the engine knows whom to wait for, and that its signals are heard.
fn wait(mut engine: &UnixStream, host: &UnixStream, signals: &Signals, pid: i32) -> io::Result<Option<PathBuf>> {
    engine.write_all(&pid.to_ne_bytes())?;
    if is_wanted(engine, host, signals)? { request(engine) } else { Ok(None) }
}

/// A request that is there counts before anything that would end us: a signal may be meant for its step.
fn is_wanted(engine: &UnixStream, host: &UnixStream, signals: &Signals) -> io::Result<bool> {
    let mut fds =
        [PollFd::new(engine, PollFlags::IN), PollFd::new(host, PollFlags::IN), PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN)];
    loop {
        match poll(&mut fds, None) {
            Ok(_) => return Ok(fds[0].revents().contains(PollFlags::IN)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A folder's path and a NUL; the engine asks for one runner at a time. `None`: there is no engine any more, or it was killed
/// before it had said all.
fn request(mut engine: &UnixStream) -> io::Result<Option<PathBuf>> {
    let (mut path, mut buffer) = (Vec::new(), [0; 4096]);
    while path.last() != Some(&0) && path.len() < LONGEST {
        match engine.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => path.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((path.pop() == Some(0)).then(|| PathBuf::from(OsString::from_vec(path))))
}

/// Called by the host: has its standby been given an attempt? `false`: there is nobody to make another one for, or it is gone.
pub fn was_taken(engine: &UnixStream, mut standby: &UnixStream) -> io::Result<bool> {
    loop {
        let mut fds = [PollFd::new(standby, PollFlags::IN), PollFd::new(engine, PollFlags::RDHUP)];
        match poll(&mut fds, None) {
            Ok(_) if !fds[0].revents().is_empty() => return Ok(standby.read(&mut [0])? == 1),
            Ok(_) if !fds[1].revents().is_empty() => return Ok(false),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
