//! Run, step and attempt -> folder.
//!
//! Names from plans are percent-encoded, so none can leave the root.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::reader::{self, OutputChunk};
use crate::model::ids::{AttemptNo, RunId, StepId};

/// The attempts' folders of one journal.
#[derive(Clone, Debug)]
pub struct Spools {
    root: PathBuf,
}

impl Spools {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn attempt_dir(&self, run: &RunId, step: &StepId, attempt: AttemptNo) -> PathBuf {
        self.root.join(encoded(run.as_str())).join(encoded(step.as_str())).join(attempt.to_string())
    }

    /// Bytes from `offset`, at most `max`; an empty chunk where nothing is there yet. Where the asked bytes were dropped
    /// the chunk starts later and says how many are missing.
    pub fn read(&self, run: &RunId, step: &StepId, attempt: AttemptNo, offset: u64, max: usize) -> io::Result<OutputChunk> {
        reader::read(&self.attempt_dir(run, step, attempt), offset, max)
    }
}

fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_root() {
        let spools = Spools::new("/state/runs");
        for name in ["..", ".", "../../etc", "a/b", "", "\0", "é", "%2e"] {
            let dir = spools.attempt_dir(&RunId::new("r1"), &StepId::new(name), AttemptNo(1));
            assert!(dir.starts_with("/state/runs/r1"), "{name:?} -> {dir:?}");
            assert!(dir.components().all(|part| part.as_os_str() != ".."), "{name:?} -> {dir:?}");
        }
        let one = spools.attempt_dir(&RunId::new("r"), &StepId::new("a/b"), AttemptNo(1));
        let two = spools.attempt_dir(&RunId::new("r"), &StepId::new("a%2fb"), AttemptNo(1));
        assert_ne!(one, two);
    }
}
