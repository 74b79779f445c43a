//! `ouioe __runner-host`: attempt folders from the engine -> a step runner each, forked instead of executed anew.
//!
//! Standard input is the engine's socket. Out goes the process id of a runner that waits for work; a folder's path and a NUL
//! comes in; out goes the id of the runner that got it, then that of the next one that waits; 0 stands for none. The host
//! knows nothing of steps and ends when the engine's end of the socket closes. Runners are not its children: one at work
//! does not notice, the one that waits ends with it.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::process::Pid;
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
    let mut spare = Spare::new(&mut alone, &engine);
    tell(&engine, spare.as_ref())?;
    let mut asked = BufReader::new(&engine);
    let mut dir = Vec::new();
    loop {
        dir.clear();
        // Half a path is of an engine that was killed: nobody waits for it.
        if asked.read_until(0, &mut dir)? == 0 || dir.last() != Some(&0) {
            return Ok(());
        }
        let runner = spare.or_else(|| Spare::new(&mut alone, &engine)).filter(|spare| (&spare.line).write_all(&dir).is_ok());
        tell(&engine, runner.as_ref())?;
        // Its line ends, and with it the last that names this process to it.
        drop(runner);
        spare = Spare::new(&mut alone, &engine);
        tell(&engine, spare.as_ref())?;
    }
}

/// A runner made in advance. It ends where its line ends without a folder.
struct Spare {
    pid: Pid,
    line: PipeWriter,
}

impl Spare {
    /// `None` where the system has no process or no descriptor left.
    fn new(alone: &mut Alone, engine: &UnixStream) -> Option<Self> {
        let (folder, line) = io::pipe().ok()?;
        let pid = alone.sibling(|| {
            // The engine shall see the host's end, not the last runner's; and the runner the end of its line.
            let _ = nix::unistd::close(engine.as_raw_fd());
            let _ = nix::unistd::close(line.as_raw_fd());
            let _ = rustix::thread::set_name(RUNNER_NAME);
            wait_for_folder(&folder).unwrap_or(entry::UNUSABLE)
        });
        Some(Self { pid: pid.ok()?, line })
    }
}

/// In the copy.
fn wait_for_folder(line: &PipeReader) -> io::Result<i32> {
    let ready = entry::Ready::new()?;
    let mut dir = Vec::new();
    BufReader::with_capacity(1 << 10, line).read_until(0, &mut dir)?;
    let _ = nix::unistd::close(line.as_raw_fd());
    Ok(match dir.pop() {
        Some(0) => ready.begin(Path::new(std::ffi::OsStr::from_bytes(&dir))),
        Some(_) | None => entry::UNUSABLE,
    })
}

fn tell(engine: &UnixStream, spare: Option<&Spare>) -> io::Result<()> {
    let mut engine = engine;
    engine.write_all(&spare.map_or(0, |spare| spare.pid.as_raw_nonzero().get()).to_ne_bytes())
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
