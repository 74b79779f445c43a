//! What the roles are given: proposals of plans, and what is known beside them.
//!
//! Filled by whoever proposes; nothing here is an opinion. What is not known stays empty, and a role without evidence abstains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::model::time::Millis;

/// Who proposes. Equal consensus goes to the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The embedded planner, a template included: its values come from the operator's words by our own code.
    Embedded,
    Memory,
    Model,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Unique among the proposals: `embedded`, `template restart-and-verify`, `like run 17`, `llama3 1`.
    pub name: String,
    pub origin: Origin,
    pub plan: Arc<Plan>,
    /// From `planner::validate`.
    pub problems: Vec<Problem>,
    /// Of this very plan, where it was run before.
    pub record: Option<Record>,
}

/// How often something ran, and how often it ended well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub runs: u32,
    pub succeeded: u32,
}

impl Record {
    /// With one good and one bad run beforehand, so that a single run proves little. In thousandths.
    pub fn odds(self) -> u32 {
        let odds = (u64::from(self.succeeded) + 1) * 1_000 / (u64::from(self.runs) + 2);
        u32::try_from(odds).unwrap_or(1_000).min(1_000)
    }
}

/// A content word of the intent, and the operations that it speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub operations: BTreeSet<String>,
}

/// Beside the proposals. `Evidence::default()` knows nothing: then only what a plan says itself counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    pub words: Vec<Word>,
    /// Texts that a change may be aimed at: the operator's words in lower case, inputs, the default host.
    pub said: BTreeSet<String>,
    /// By operation: how long it takes, measured or as its manifest expects.
    pub expected: BTreeMap<String, Millis>,
    /// By operation.
    pub history: BTreeMap<String, Record>,
}

/// The consensus that a choice needs, in thousandths.
pub const THRESHOLD: u32 = 500;
