//! `ouioe __runner-host`: attempt folders from the engine -> a step runner each, forked in advance instead of executed anew.
//!
//! Standard input is the engine's socket: a runner that stands by writes its process id and reads a folder's path and a NUL,
//! whereupon the next one is made. The host knows nothing of steps, holds no other file and ends when the engine's end of the
//! socket closes. Runners are not its children, and once they have a step they do not notice.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;

use sha2::{Digest as _, Sha256};

use super::fork::Alone;
use super::{alarm, entry, prepare, proc, signals, standby};

pub const ARGUMENT: &str = "__runner-host";
/// What `ps -o comm` shows.
const NAME: &std::ffi::CStr = c"ouioe-host";

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
    loop {
        let (ours, theirs) = UnixStream::pair()?;
        alone.sibling(|| {
            // Only the host's own end tells that it lives.
            let _ = nix::unistd::close(ours.as_raw_fd());
            standby::main(&engine, &theirs)
        })?;
        drop(theirs);
        if !standby::was_taken(&engine, &ours)? {
            return Ok(());
        }
    }
}

/// Known before the first copy, it is known to every copy. Asking the processor what it can is slow on virtual machines;
/// the first look at a clock searches for the kernel's own code.
fn warm_up() -> io::Result<()> {
    let _ = Sha256::digest([]);
    let _ = alarm::now();
    proc::boot_id().map(|_| ())
}

/// The engine's socket; where it was stands what runners shall find there.
fn take_stdin() -> io::Result<UnixStream> {
    let engine = UnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(OpenOptions::new().read(true).open("/dev/null")?)?;
    Ok(engine)
}
