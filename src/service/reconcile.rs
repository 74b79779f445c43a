//! An attempt's folder -> what became of the attempt. Asks nobody and changes nothing but the claim.
//!
//! "Not started" is said only where it is proven: by a claim that no runner can get any more, in the boot that made the request.

use std::io;
use std::path::Path;

use super::folder;
use super::outcome;
use super::runner::claim::{self, Claim, Claimant, Taken};
use super::runner::record::ExitRecord;
use super::runner::request::RunnerRequest;
use crate::model::command::{AttemptOutcome, Found};
use crate::model::effect::Start;
use crate::model::failure::{Certainty, FailureClass};

pub enum Seen {
    Recorded(Box<AttemptOutcome>),
    Running(Claim),
    NotStarted,
    Nothing(String),
}

/// `same_boot`: every attempt of this journal was made in this boot, so that a missing request proves that none was made.
pub fn look(dir: &Path, start: &Start, boot_id: &str, same_boot: bool) -> Seen {
    // A runner that ends between the look at its record and the look at its claim has written the record by then.
    for _ in 0..2 {
        match ExitRecord::read(dir, &start.at, &start.effect_key) {
            Ok(Some(record)) => return Seen::Recorded(Box::new(outcome::of_record(start, record.ended))),
            Ok(None) => {}
            Err(error) => return Seen::Nothing(error.to_string()),
        }
        match claimed(dir, boot_id, same_boot) {
            Ok(Some(Seen::Nothing(_))) => {}
            Ok(Some(seen)) => return seen,
            Ok(None) => return Seen::Nothing("the machine was started anew since".to_owned()),
            Err(error) => return Seen::Nothing(format!("look into {}: {error}", dir.display())),
        }
    }
    Seen::Nothing("its runner is gone without an exit record; processes of it may still run".to_owned())
}

/// `None`: nothing can be concluded from files that are missing.
fn claimed(dir: &Path, boot_id: &str, same_boot: bool) -> io::Result<Option<Seen>> {
    let held = match Claim::read(dir)? {
        Some(claim) => Some(claim),
        None if dir.join(claim::FILE).exists() => None,
        None if !proves_absence(dir, boot_id, same_boot) => return Ok(None),
        None => match take(dir)? {
            Taken::Won => return Ok(Some(Seen::NotStarted)),
            Taken::Held(claim) => claim,
        },
    };
    Ok(Some(match held {
        Some(Claim { by: Claimant::Reconcile, .. }) => Seen::NotStarted,
        Some(claim) if claim.is_alive() => Seen::Running(claim),
        Some(_) | None => Seen::Nothing(String::new()),
    }))
}

/// A request that is missing or torn was never followed by a spawn, if nothing was lost with the machine's power.
fn proves_absence(dir: &Path, boot_id: &str, same_boot: bool) -> bool {
    RunnerRequest::read(dir).map_or(same_boot, |request| request.boot_id == boot_id)
}

fn take(dir: &Path) -> io::Result<Taken> {
    folder::create(dir)?;
    Claim::of_this_process(Claimant::Reconcile)?.take(dir)
}

impl Seen {
    /// Nothing more is to be learned of it.
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Recorded(outcome) => match outcome.as_ref() {
                AttemptOutcome::Succeeded { .. } => true,
                AttemptOutcome::Failed { failure, .. } => failure.certainty != Certainty::Unknown,
            },
            Self::Running(_) | Self::NotStarted => true,
            Self::Nothing(_) => false,
        }
    }

    pub fn into_found(self) -> Found {
        match self {
            Self::Recorded(outcome) => Found::ExitRecord(*outcome),
            Self::Running(claim) => Found::StillRunning { pid: u32::try_from(claim.pid).unwrap_or(0) },
            Self::NotStarted => Found::ProvenNotStarted,
            Self::Nothing(detail) => Found::NothingKnown { detail },
        }
    }

    /// What to report of a runner that has ended; `None` where one still runs.
    pub fn into_outcome(self) -> Result<AttemptOutcome, Claim> {
        match self {
            Self::Recorded(outcome) => Ok(*outcome),
            Self::Running(claim) => Err(claim),
            Self::NotStarted => Ok(outcome::not_started(FailureClass::Resource, "its runner ended before it began")),
            Self::Nothing(detail) => Ok(outcome::failed(Certainty::Unknown, FailureClass::Unknown, detail)),
        }
    }
}
