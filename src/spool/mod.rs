//! Where each attempt's files are, and its output as bytes.
//!
//! The runner writes them; everybody else reads. Folder: `runs/RUN/STEP/ATTEMPT/` with STEP percent-encoded, so that no
//! step id can leave the folder.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::ids::{AttemptNo, RunId, StepId};

/// Part of a step's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputChunk {
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// Bytes that the step has written so far.
    pub total: u64,
}

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

    /// Bytes from `offset`, at most `max`; an empty chunk where nothing is there yet.
    pub fn read(&self, run: &RunId, step: &StepId, attempt: AttemptNo, offset: u64, max: usize) -> io::Result<OutputChunk> {
        use std::io::{Read as _, Seek as _};
        let mut file = match std::fs::File::open(self.attempt_dir(run, step, attempt).join("out")) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(OutputChunk { offset, ..OutputChunk::default() }),
            Err(error) => return Err(error),
        };
        let total = file.metadata()?.len();
        file.seek(io::SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max as u64).read_to_end(&mut bytes)?;
        Ok(OutputChunk { offset, bytes, total })
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
