//! Failure -> what could be done about it.
//!
//! Each strategy looks at one failed step and says whether it may be used and how good it looks.
//! Nothing is decided or started here: `decision` chooses, `machine` writes it down, the engine acts.

mod escalate;
mod retry;
mod skip;

use crate::decision::Candidate;
use crate::model::failure::Failure;
use crate::model::plan::Step;
use crate::model::state::StepRecord;
use crate::model::time::Millis;
pub use escalate::BRANCH;

/// All that a strategy may look at.
#[derive(Debug)]
pub struct Situation<'a> {
    pub step: &'a Step,
    pub record: &'a StepRecord,
    pub failure: &'a Failure,
    /// Somebody is there to decide.
    pub attended: bool,
    /// A step waits on a `failure` edge of this one.
    pub has_failure_branch: bool,
    /// Dependents that need its success.
    pub dependents: usize,
    /// Random bytes of this very failure: the same on replay.
    pub seed: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Retry { delay: Millis },
    Skip,
    Escalate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub way: Way,
    pub candidate: Candidate,
}

type Strategy = fn(&Situation<'_>) -> Proposal;

/// One line each; the order does not matter.
const STRATEGIES: [Strategy; 3] = [retry::propose, skip::propose, escalate::propose];

pub fn propose(situation: &Situation<'_>) -> Vec<Proposal> {
    STRATEGIES.iter().map(|strategy| strategy(situation)).collect()
}
