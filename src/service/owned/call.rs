//! What an owned builtin is given, and how it says no.

use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::effect::Start;
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::time::Stamp;
use crate::service::builtin::Params;
use crate::service::outcome::failure;
use crate::store::{Inventory, StoreError};

pub struct Call<'a> {
    pub params: &'a Params,
    /// What no step may change.
    pub protected: &'a [String],
    /// The journal's folder.
    pub state_dir: &'a Path,
    /// The attempt's.
    pub dir: &'a Path,
    pub start: &'a Start,
    /// For people: goes to the spool.
    pub log: &'a mut dyn Write,
}

pub type Done = Result<Value, Failure>;

/// How a failure reaches the engine: as the only line of standard output, with exit status 1.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub failure: Failure,
}

impl Call<'_> {
    pub fn inventory(&self) -> Inventory {
        Inventory::at(self.state_dir)
    }

    /// A line for people; a full disk must not stop the work.
    pub fn say(&mut self, line: &str) {
        let _ = writeln!(self.log, "{}", crate::text::safe(line));
    }
}

pub fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Nothing was changed: what was asked names something that is not there, or the machine lacks what it takes.
pub fn not_done(why: impl AsRef<str>) -> Failure {
    failure(Certainty::NotStarted, FailureClass::Config, why)
}

pub fn of_store(error: &StoreError) -> Failure {
    let (certainty, class) = match error {
        StoreError::Unknown { .. } | StoreError::Localhost => (Certainty::NotStarted, FailureClass::Permanent),
        StoreError::NotOurs { .. } => (Certainty::NotStarted, FailureClass::Config),
        StoreError::Io { .. } | StoreError::Database { .. } => (Certainty::FailedKnown, FailureClass::Resource),
    };
    failure(certainty, class, format!("could not {error}"))
}
