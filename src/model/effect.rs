//! What the engine must bring about for the state to go on; read from the state, never queued.

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::digest::Digest;
use super::ids::{AttemptNo, RunId, StepId, StepIx};
use super::plan::StepKind;
use super::step_state::StopWhy;
use super::time::Millis;
use super::verdict::Threshold;

/// What an attempt is for; part of the effect key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Main,
    Probe,
    Compensation,
}

/// Names one attempt everywhere: folder, effect, report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptRef {
    pub run: RunId,
    pub ix: StepIx,
    pub step: StepId,
    pub attempt: AttemptNo,
}

/// Everything that a service needs to carry out one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    pub at: AttemptRef,
    pub role: Role,
    pub operation: String,
    /// Without holes.
    pub action: Action,
    /// Of the rendered action; compared again before it leaves.
    pub digest: Digest,
    pub effect_key: Digest,
    pub timeout_ms: Millis,
    pub silence_ms: Millis,
    pub grace_ms: Millis,
    pub output_cap: u64,
    pub result_cap: u64,
    pub thresholds: Vec<Threshold>,
    pub kind: StepKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Start(Box<Start>),
    /// Find out what became of an attempt of an earlier engine; adopt it where it still runs.
    Reconcile(Box<Start>),
    Stop {
        at: AttemptRef,
        why: StopWhy,
        grace_ms: Millis,
    },
}
