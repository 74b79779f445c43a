//! One writer: an advisory lock that ends with its process, and a line in the file that says whose it is.
//!
//! The kernel decides who holds it; the line is for people and for a take-over.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use super::error::JournalError;
use super::folder;
use super::process::Holder;

/// A look at the lock holds it for some microseconds; a new holder needs as long to write who it is.
const GLANCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(2);

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// `dir` as `folder::prepare` gave it.
    pub fn take(dir: &Path) -> Result<Self, JournalError> {
        Self::take_within(dir, GLANCE)
    }

    /// Refuses at once while a living process stands in the file; else keeps trying for `patience`.
    pub fn take_within(dir: &Path, patience: Duration) -> Result<Self, JournalError> {
        let path = dir.join(folder::LOCK);
        let file = folder::open_private(&path)?;
        let deadline = Instant::now() + patience;
        while !try_lock(&file, FlockOperation::NonBlockingLockExclusive, &path)? {
            let holder = read(&file);
            let alive = holder.as_ref().is_some_and(Holder::is_alive);
            if (alive && patience <= GLANCE) || Instant::now() >= deadline {
                return Err(JournalError::Held { path, holder });
            }
            thread::sleep(PAUSE);
        }
        let lock = Self { file };
        lock.sign().map_err(|source| JournalError::Io { doing: "write", path, source })?;
        Ok(lock)
    }

    fn sign(&self) -> io::Result<()> {
        let line = serde_json::to_string(&Holder::this_process())? + "\n";
        self.file.set_len(0)?;
        self.file.write_all_at(line.as_bytes(), 0)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A name left behind misleads nobody who asks the kernel; it is only tidier without.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the journal of this folder; `None` where nobody does.
pub fn holder(dir: &Path) -> Result<Option<Holder>, JournalError> {
    let (path, Some(file)) = open(dir)? else { return Ok(None) };
    let deadline = Instant::now() + GLANCE;
    loop {
        if try_lock(&file, FlockOperation::NonBlockingLockShared, &path)? {
            return Ok(None);
        }
        if let Some(holder) = read(&file).filter(Holder::is_alive) {
            return Ok(Some(holder));
        }
        if Instant::now() >= deadline {
            return Err(JournalError::Held { path, holder: None });
        }
        thread::sleep(PAUSE);
    }
}

/// The lock file as it is, not made where it is absent.
pub(super) fn open(dir: &Path) -> Result<(PathBuf, Option<File>), JournalError> {
    let path = folder::inspect(dir)?.join(folder::LOCK);
    match path.try_exists() {
        Ok(true) => Ok((path.clone(), Some(folder::open_private(&path)?))),
        Ok(false) => Ok((path, None)),
        Err(source) => Err(JournalError::Io { doing: "look at", path, source }),
    }
}

fn try_lock(file: &File, how: FlockOperation, path: &Path) -> Result<bool, JournalError> {
    match rustix::fs::flock(file, how) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
        Err(errno) => Err(JournalError::Io { doing: "lock", path: path.to_owned(), source: errno.into() }),
    }
}

fn read(file: &File) -> Option<Holder> {
    let mut bytes = [0; 512];
    let len = file.read_at(&mut bytes, 0).ok()?;
    serde_json::from_slice(&bytes[..len]).ok()
}
