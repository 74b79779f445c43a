//! What an engine hands to a runner: `request.json`, written before the spawn, readable by the owner alone.
//!
//! Holds secret handles, never secrets. Not synced: after a power loss the boot id in it, or its absence, says that
//! nothing can be concluded from files that are missing.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::effect::Start;
use crate::model::ids::Epoch;

pub const FILE: &str = "request.json";
/// Raised when a runner could misread what an older engine wrote.
pub const VERSION: u16 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunnerRequest {
    pub v: u16,
    pub boot_id: String,
    /// Of the journal's ownership that wrote the intent.
    pub epoch: Epoch,
    pub start: Start,
    /// The program's file when the engine hashed it: while nothing of it changed, it need not be hashed again.
    #[serde(default)]
    pub program_seen: Option<FileStamp>,
    /// What an owned builtin may never touch.
    #[serde(default)]
    pub protected_paths: Vec<String>,
    /// Handles of secrets whose values no output may show.
    #[serde(default)]
    pub hidden: Vec<String>,
}

impl RunnerRequest {
    /// Refuses to overwrite: an attempt is requested once.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.join(FILE))?;
        file.write_all(&serde_json::to_vec(self)?)
    }

    pub fn read(dir: &Path) -> io::Result<Self> {
        let request: Self = serde_json::from_slice(&std::fs::read(dir.join(FILE))?)?;
        if request.v != VERSION {
            return Err(io::Error::other(format!("request of version {}, this build reads {VERSION}", request.v)));
        }
        Ok(request)
    }
}

/// Tells a file from any other and from itself after a change. The change time cannot be set by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    pub device: u64,
    pub inode: u64,
    pub size: u64,
    pub modified_ns: i128,
    pub changed_ns: i128,
}

impl FileStamp {
    pub fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        let nanos = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Ok(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            modified_ns: nanos(meta.mtime(), meta.mtime_nsec()),
            changed_ns: nanos(meta.ctime(), meta.ctime_nsec()),
        })
    }
}
