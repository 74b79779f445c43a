//! Where a step stands, and what an edge makes of it.

use serde::{Deserialize, Serialize};

use super::ids::{RequestId, TimerId};
use super::plan::When;
use super::time::Stamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum QueuedWhy {
    /// May start with the next batch.
    Ready,
    Slot,
    Limit {
        service: String,
    },
    Lock {
        lock: String,
        holder: String,
    },
    Frozen {
        target: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipWhy {
    /// An edge that can never hold.
    Unreachable,
    ConditionFalse,
    Person,
    Strategy,
    /// It reads the output of a step that was skipped.
    MissingOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopWhy {
    Cancel,
    /// `cancel --now`: no grace.
    CancelNow,
    Skip,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    Waiting,
    Queued {
        queued: QueuedWhy,
    },
    Held {
        until: Stamp,
        timer: TimerId,
    },
    AwaitingApproval {
        request: RequestId,
    },
    Running,
    BackingOff {
        until: Stamp,
        timer: TimerId,
    },
    /// An engine ended while it ran; what became of it is being found out.
    Recovering,
    Probing,
    Stopping {
        stopping: StopWhy,
        since: Stamp,
    },
    AwaitingDecision {
        request: RequestId,
    },
    Succeeded,
    Failed,
    Skipped {
        skipped: SkipWhy,
    },
    DoneByHand,
    OutcomeUnknown,
    Compensating,
    Compensated,
    Cancelled,
}

/// What an edge waits for, does or can never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeHolds {
    Yes,
    Never,
    NotYet,
}

impl StepState {
    /// One word for screens and `steps.ID.state`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued { .. } => "queued",
            Self::Held { .. } => "held",
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Running => "running",
            Self::BackingOff { .. } => "backing_off",
            Self::Recovering => "recovering",
            Self::Probing => "probing",
            Self::Stopping { .. } => "stopping",
            Self::AwaitingDecision { .. } => "awaiting_decision",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped { .. } => "skipped",
            Self::DoneByHand => "done_by_hand",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing more happens to it without a person. `OutcomeUnknown` is not settled: it waits.
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Skipped { .. } | Self::DoneByHand | Self::Compensated | Self::Cancelled => true,
            Self::Waiting
            | Self::Queued { .. }
            | Self::Held { .. }
            | Self::AwaitingApproval { .. }
            | Self::Running
            | Self::BackingOff { .. }
            | Self::Recovering
            | Self::Probing
            | Self::Stopping { .. }
            | Self::AwaitingDecision { .. }
            | Self::OutcomeUnknown
            | Self::Compensating => false,
        }
    }

    /// An attempt of it may be alive outside the engine.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Running | Self::Recovering | Self::Probing | Self::Stopping { .. } | Self::Compensating)
    }

    /// Waits for a person and for nothing else.
    pub fn waits_for_person(&self) -> bool {
        matches!(self, Self::AwaitingApproval { .. } | Self::AwaitingDecision { .. } | Self::OutcomeUnknown)
    }

    /// The edge table: `self` is the upstream step's state. After a cancel, `always` edges lead only to recovery steps;
    /// that is judged by the caller.
    pub fn edge(&self, when: When) -> EdgeHolds {
        let (success, failure, always) = match self {
            Self::Succeeded | Self::DoneByHand | Self::Compensated | Self::Skipped { skipped: SkipWhy::Person | SkipWhy::Strategy } => {
                (EdgeHolds::Yes, EdgeHolds::Never, EdgeHolds::Yes)
            }
            Self::Failed => (EdgeHolds::Never, EdgeHolds::Yes, EdgeHolds::Yes),
            Self::Skipped { skipped: SkipWhy::Unreachable | SkipWhy::ConditionFalse | SkipWhy::MissingOutput } | Self::Cancelled => {
                (EdgeHolds::Never, EdgeHolds::Never, EdgeHolds::Yes)
            }
            Self::Waiting
            | Self::Queued { .. }
            | Self::Held { .. }
            | Self::AwaitingApproval { .. }
            | Self::Running
            | Self::BackingOff { .. }
            | Self::Recovering
            | Self::Probing
            | Self::Stopping { .. }
            | Self::AwaitingDecision { .. }
            | Self::OutcomeUnknown
            | Self::Compensating => (EdgeHolds::NotYet, EdgeHolds::NotYet, EdgeHolds::NotYet),
        };
        match when {
            When::Success => success,
            When::Failure => failure,
            When::Always => always,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowState {
    Draft,
    AwaitingApproval,
    Running,
    Pausing,
    Paused,
    Adapting,
    Cancelling,
    Succeeded,
    PartiallySucceeded,
    Failed,
    Cancelled,
}

impl WorkflowState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Adapting => "adapting",
            Self::Cancelling => "cancelling",
            Self::Succeeded => "succeeded",
            Self::PartiallySucceeded => "partially_succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn is_finished(self) -> bool {
        match self {
            Self::Succeeded | Self::PartiallySucceeded | Self::Failed | Self::Cancelled => true,
            Self::Draft | Self::AwaitingApproval | Self::Running | Self::Pausing | Self::Paused | Self::Adapting | Self::Cancelling => {
                false
            }
        }
    }
}
