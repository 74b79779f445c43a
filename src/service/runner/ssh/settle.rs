//! A step whose runner is gone -> how it ended, by the record that its host keeps. Starts nothing of the step.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::ask::{self, Fate};
use super::{Caller, not_known};
use crate::model::digest::Digest;
use crate::model::failure::{ExitFacts, SpoolFacts};
use crate::service::runner::record::{Ended, Stdout};
use crate::service::runner::request::RunnerRequest;
use crate::service::runner::signals::Signals;
use crate::spool::layout::OUT;
use crate::spool::reader;

/// `None`: it did not begin there and never will. `known`: what was recorded while that could not be told.
pub fn settle(dir: &Path, request: &RunnerRequest, known: Option<Ended>, signals: &Signals) -> Option<Ended> {
    let gone = "its step runner is gone";
    let (fate, unsure) = match Caller::new(dir, request) {
        Ok(caller) => {
            let fate = ask::ask(&caller, request, signals);
            (fate, not_known(fate, caller.host, gone))
        }
        Err(refused) => (Fate::Unreachable, format!("{gone} and its host was not asked ({}): it may still run there", refused.detail)),
    };
    let (code, unsure) = match fate {
        Fate::Never => return None,
        Fate::Exit(status) => (Some(status), None),
        Fate::Running(_) | Fate::Gone | Fate::Starting | Fate::Unreachable => (None, Some(unsure)),
    };
    if let Some(Ended::Ran { exit, spool, stdout, error_tail, spool_error, unsure: _ }) = known {
        return Some(Ended::Ran { exit: ExitFacts { code, ..exit }, spool, stdout, error_tail, spool_error, unsure });
    }
    let lost = "its step runner was killed; what it wrote since then is lost".to_owned();
    Some(Ended::Ran {
        exit: ExitFacts { code, ..ExitFacts::default() },
        spool: kept(dir),
        stdout: Stdout { text: String::new(), cut: true, lossy: false, lost: true },
        error_tail: String::new(),
        spool_error: Some(lost),
        unsure,
    })
}

/// What the runner that is gone has kept; without a digest where it had begun to drop.
fn kept(dir: &Path) -> SpoolFacts {
    let len = reader::read(dir, 0, 0).map_or(0, |chunk| chunk.total);
    let out = fs::read(dir.join(OUT)).unwrap_or_default();
    let sha256 = if out.len() as u64 == len { Digest(Sha256::digest(&out).into()) } else { Digest::ZERO };
    SpoolFacts { len, sha256 }
}
