//! Whose attempt is it: the runner's, or nobody's for ever.
//!
//! `claim` is made complete under another name and then renamed, replacing nothing: one winner, and no reader sees half a
//! claim. A runner that loses runs nothing; a Reconcile that wins has proven that nothing ran or ever will.
//! Not synced: a claim that a power loss took away is never concluded from, as the boot id of the request then differs.
//! A claim that cannot be read counts as a runner's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::proc;

pub const FILE: &str = "claim";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claimant {
    Runner,
    Reconcile,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub by: Claimant,
    pub pid: i32,
    pub start_time: u64,
    pub boot_id: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    Won,
    /// `None`: one is there that cannot be read.
    Held(Option<Claim>),
}

impl Claim {
    /// In the name of this process.
    pub fn of_this_process(by: Claimant) -> io::Result<Self> {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let start_time = proc::stat(pid).map_or(0, |stat| stat.start_time);
        Ok(Self { by, pid, start_time, boot_id: proc::boot_id()? })
    }

    pub fn take(&self, dir: &Path) -> io::Result<Taken> {
        let own = dir.join(format!("{FILE}.{:?}.{}", self.by, self.pid));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&own)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        drop(file);
        match give_name(&own, &dir.join(FILE)) {
            Ok(()) => Ok(Taken::Won),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let _ = fs::remove_file(&own);
                Ok(Taken::Held(Self::read(dir)?))
            }
            Err(error) => Err(error),
        }
    }

    /// `None` where there is none, or none that can be read.
    pub fn read(dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(dir.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn is_alive(&self) -> bool {
        proc::boot_id().is_ok_and(|boot| boot == self.boot_id) && proc::is_alive(self.pid, self.start_time)
    }
}

/// Fails where the name is taken. A rename, so that the usual case leaves no deleted file for the file system to care for.
fn give_name(own: &Path, name: &Path) -> io::Result<()> {
    match renameat_with(CWD, own, CWD, name, RenameFlags::NOREPLACE) {
        // Not on every file system.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(own, name)?;
            // The claim stands whether or not its first name could be removed.
            let _ = fs::remove_file(own);
            Ok(())
        }
        renamed => Ok(renamed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_loses_and_sees_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let runner = Claim::of_this_process(Claimant::Runner).unwrap();
        let other = Claim { by: Claimant::Reconcile, pid: 1, ..runner.clone() };
        assert_eq!(runner.take(dir.path()).unwrap(), Taken::Won);
        assert_eq!(other.take(dir.path()).unwrap(), Taken::Held(Some(runner.clone())));
        assert!(runner.is_alive());
        assert!(!Claim { boot_id: "other".into(), ..runner }.is_alive());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no name stays behind");
    }

    #[test]
    fn half_a_claim_is_held_by_somebody() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), b"{\"by\":\"recon").unwrap();
        let late = Claim::of_this_process(Claimant::Reconcile).unwrap();
        assert_eq!(late.take(dir.path()).unwrap(), Taken::Held(None));
    }
}
