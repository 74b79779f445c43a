//! What became of an attempt: `exit.json`, one line of JSON and its SHA-256.
//!
//! Written under another name and renamed, never synced: the engine's journal makes it durable, and after a power loss a
//! missing or torn record is an unknown outcome, honestly.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::digest::Digest;
use crate::model::effect::AttemptRef;
use crate::model::failure::{ExitFacts, FailureClass, SpoolFacts};

pub const FILE: &str = "exit.json";
/// Bytes of the end of the error output that a record keeps.
pub const TAIL_CAP: usize = 4 << 10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitRecord {
    pub at: AttemptRef,
    pub effect_key: Digest,
    pub boot_id: String,
    pub ended: Ended,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ended {
    /// Nothing of the step ran.
    NotStarted { class: FailureClass, detail: String },
    /// It ran.
    Ran {
        exit: ExitFacts,
        spool: SpoolFacts,
        stdout: Stdout,
        /// Redacted, not yet safe for a screen.
        error_tail: String,
        /// Why part of the output was not kept.
        #[serde(default)]
        spool_error: Option<String>,
        /// Why nobody knows how it ended, if so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unsure: Option<String>,
    },
}

/// What the typed result is read from, redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stdout {
    pub text: String,
    /// There was more than the cap of a result.
    pub cut: bool,
    /// Some bytes were not UTF-8 and are replaced in `text`.
    pub lossy: bool,
    /// Part of it never came from where the step ran; the record's `spool_error` says why.
    #[serde(default)]
    pub lost: bool,
}

impl Ended {
    /// Somebody knows how it ended.
    pub fn is_sure(&self) -> bool {
        match self {
            Self::NotStarted { .. } => true,
            Self::Ran { unsure, .. } => unsure.is_none(),
        }
    }
}

impl ExitRecord {
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        let sum = Digest(Sha256::digest(&text).into());
        text.extend(format!("\n{sum}\n").into_bytes());
        let temporary = dir.join("exit.tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&text)?;
        fs::rename(temporary, dir.join(FILE))
    }

    /// `None` where there is none. A record of another attempt or with a wrong sum is an error.
    pub fn read(dir: &Path, at: &AttemptRef, effect_key: &Digest) -> io::Result<Option<Self>> {
        let bytes = match fs::read(dir.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let record = Self::parse(&bytes).ok_or_else(|| io::Error::other("the exit record is torn"))?;
        if record.at != *at || record.effect_key != *effect_key {
            return Err(io::Error::other("the exit record is of another attempt"));
        }
        Ok(Some(record))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (text, sum) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        let right = Digest(Sha256::digest(text.as_bytes()).into()).to_string() == sum.trim_end();
        if right { serde_json::from_str(text).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{AttemptNo, RunId, StepId, StepIx};

    #[test]
    fn a_record_is_read_back_and_a_changed_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = AttemptRef { run: RunId::new("r"), ix: StepIx(0), step: StepId::new("s"), attempt: AttemptNo(1) };
        let ended = Ended::NotStarted { class: FailureClass::Config, detail: "no\nsuch\tthing".into() };
        let record = ExitRecord { at: at.clone(), effect_key: Digest([7; 32]), boot_id: "b".into(), ended };
        assert_eq!(ExitRecord::read(dir.path(), &at, &record.effect_key).unwrap(), None);
        record.write(dir.path()).unwrap();
        assert_eq!(ExitRecord::read(dir.path(), &at, &record.effect_key).unwrap(), Some(record.clone()));
        assert!(ExitRecord::read(dir.path(), &at, &Digest::ZERO).is_err(), "another effect key");
        let path = dir.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for cut in [0, 1, whole.len() / 2, whole.len() - 2] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(ExitRecord::read(dir.path(), &at, &record.effect_key).is_err(), "cut at {cut}");
        }
        let mut flipped = whole;
        flipped[20] ^= 1;
        fs::write(&path, flipped).unwrap();
        assert!(ExitRecord::read(dir.path(), &at, &record.effect_key).is_err());
    }
}
