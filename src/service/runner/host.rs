//! `ouioe __runner-host`: attempt folders from the engine -> a step runner each, forked instead of executed anew.
//!
//! Standard input is the engine's socket: a folder's path and a NUL comes in, the runner's process id goes out, 0 where there
//! is none. The host knows nothing of steps, holds no other file and ends when the engine's end of the socket closes.
//! Runners are not its children and do not notice.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::fork::Alone;
use super::{entry, prepare, proc, signals};

pub const ARGUMENT: &str = "__runner-host";
/// What `ps -o comm` shows; a runner keeps the host's arguments.
const NAME: &std::ffi::CStr = c"ouioe-host";
const RUNNER_NAME: &std::ffi::CStr = c"ouioe-runner";

pub fn main() -> i32 {
    match serve() {
        Ok(()) => entry::RECORDED,
        Err(_) => entry::UNUSABLE,
    }
}

fn serve() -> io::Result<()> {
    prepare::close_inherited();
    // Away from the terminal's signals.
    let _ = rustix::process::setsid();
    let _ = rustix::process::chdir("/");
    let _ = rustix::thread::set_name(NAME);
    signals::be_deaf()?;
    warm_up()?;
    let engine = take_stdin()?;
    let mut alone = Alone::new()?;
    let mut asked = BufReader::new(&engine);
    let mut dir = Vec::new();
    loop {
        dir.clear();
        // Half a path is of an engine that was killed: nobody waits for it.
        if asked.read_until(0, &mut dir)? == 0 || dir.pop() != Some(0) {
            return Ok(());
        }
        let forked = alone.sibling(|| {
            // The engine shall see the host's end, not the last runner's.
            let _ = nix::unistd::close(engine.as_raw_fd());
            let _ = rustix::thread::set_name(RUNNER_NAME);
            entry::begin(Path::new(std::ffi::OsStr::from_bytes(&dir)))
        });
        let pid = forked.map_or(0, |pid| pid.as_raw_nonzero().get());
        (&engine).write_all(&pid.to_ne_bytes())?;
    }
}

/// Known before the first copy, it is known to every copy. Asking the processor what it can is slow on virtual machines.
fn warm_up() -> io::Result<()> {
    let _ = Sha256::digest([]);
    proc::boot_id().map(|_| ())
}

/// The engine's socket; where it was stands what runners shall find there.
fn take_stdin() -> io::Result<UnixStream> {
    let engine = UnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(OpenOptions::new().read(true).open("/dev/null")?)?;
    Ok(engine)
}
