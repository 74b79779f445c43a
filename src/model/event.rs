//! Facts: what happened, in the order in which it became durable.
//!
//! Kinds are never renamed; events only gain fields with defaults. A new meaning is a new version.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Actor;
use super::command::{Consent, Question};
use super::digest::Digest;
use super::effect::Role;
use super::failure::{ExitFacts, Failure, SpoolFacts};
use super::ids::{AttemptNo, CmdId, Epoch, Generation, RequestId, RunId, Seq, StepId, TimerId};
use super::intent::Intent;
use super::plan::PlanSource;
use super::step_state::{QueuedWhy, SkipWhy, StopWhy, WorkflowState};
use super::time::Stamp;
use super::verdict::{Health, Verdict};

/// The version of an event's meaning, written as `v`.
pub const EVENT_VERSION: u16 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub v: u16,
    pub seq: Seq,
    pub at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptNo>,
    pub actor: Actor,
    /// The command that caused it, on the first event of its batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<CmdId>,
    #[serde(flatten)]
    pub fact: Fact,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum Fact {
    EngineStarted {
        epoch: Epoch,
        pid: u32,
        version: String,
    },
    EngineStopped {},
    ClockStepped {
        by_ms: i64,
    },

    IntentSubmitted {
        intent: Intent,
    },
    PlanProposed {
        digest: Digest,
        revision: u32,
        steps: u32,
        title: String,
        source: PlanSource,
        approval_required: bool,
        attended: bool,
    },
    /// `step` of the event names a gate; without it the whole plan is asked for.
    ApprovalRequested {
        request: RequestId,
        digest: Digest,
        why: String,
        expires: Option<(Stamp, TimerId)>,
    },
    Approved {
        request: Option<RequestId>,
        digest: Digest,
        consent: Consent,
    },
    Rejected {
        request: Option<RequestId>,
        reason: String,
    },

    WorkflowStarted {},
    WorkflowPaused {},
    WorkflowResumed {},
    WorkflowCancelling {
        now: bool,
        compensate: bool,
        reason: String,
    },
    WorkflowFinished {
        state: WorkflowState,
        verdict: Option<Health>,
        lost: Vec<StepId>,
        unknown: Vec<StepId>,
    },

    StepQueued {
        queued: QueuedWhy,
    },
    StepHeld {
        until: Stamp,
        timer: TimerId,
    },
    LockGranted {
        lock: String,
    },
    LockReleased {
        lock: String,
    },
    /// The intent: durable before anything leaves.
    StepStarted {
        role: Role,
        generation: Generation,
        effect_key: Digest,
        digest: Digest,
        epoch: Epoch,
    },
    /// An engine re-attached to a runner that is still at work.
    StepRecovering {
        pid: u32,
    },
    StepProbed {
        happened: bool,
        detail: String,
    },
    /// Goes back to the queue: it is proven or harmless that the last attempt may not have happened.
    /// `raised`: a person asked for it again, so it gets a new effect key.
    StepRequeued {
        why: String,
        role: Role,
        raised: bool,
    },
    StepSucceeded {
        result: Value,
        verdict: Option<Verdict>,
        exit: Option<ExitFacts>,
        spool: Option<SpoolFacts>,
    },
    StepFailed {
        failure: Failure,
        exit: Option<ExitFacts>,
        spool: Option<SpoolFacts>,
        error_tail: String,
    },
    OutcomeUnknown {
        detail: String,
    },
    /// A report of an older attempt or an unknown one that came after all; `resolves` says whether it settled it.
    LateResult {
        succeeded: bool,
        resolves: bool,
        detail: String,
    },
    BackoffStarted {
        until: Stamp,
        timer: TimerId,
    },
    DecisionRequested {
        question: Question,
    },
    DecisionMade {
        request: RequestId,
        choice: String,
        reason: String,
    },
    AdaptationChosen {
        strategy: String,
        reasons: Vec<String>,
        rejected: Vec<String>,
    },
    StepSkipped {
        skipped: SkipWhy,
        reason: String,
    },
    StepDoneByHand {
        evidence: String,
    },
    StepStopping {
        stopping: StopWhy,
    },
    StepCancelled {},
    CompensationStarted {},
    CompensationFinished {
        succeeded: bool,
        detail: String,
    },
    TargetFrozen {
        target: String,
        reason: String,
    },
    TargetThawed {
        target: String,
    },
    AlertRaised {
        alert: String,
        detail: String,
    },
    NoteAdded {
        text: String,
    },
}

impl Fact {
    /// The stable name, as in `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EngineStarted { .. } => "engine_started",
            Self::EngineStopped {} => "engine_stopped",
            Self::ClockStepped { .. } => "clock_stepped",
            Self::IntentSubmitted { .. } => "intent_submitted",
            Self::PlanProposed { .. } => "plan_proposed",
            Self::ApprovalRequested { .. } => "approval_requested",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::WorkflowStarted {} => "workflow_started",
            Self::WorkflowPaused {} => "workflow_paused",
            Self::WorkflowResumed {} => "workflow_resumed",
            Self::WorkflowCancelling { .. } => "workflow_cancelling",
            Self::WorkflowFinished { .. } => "workflow_finished",
            Self::StepQueued { .. } => "step_queued",
            Self::StepHeld { .. } => "step_held",
            Self::LockGranted { .. } => "lock_granted",
            Self::LockReleased { .. } => "lock_released",
            Self::StepStarted { .. } => "step_started",
            Self::StepRecovering { .. } => "step_recovering",
            Self::StepProbed { .. } => "step_probed",
            Self::StepRequeued { .. } => "step_requeued",
            Self::StepSucceeded { .. } => "step_succeeded",
            Self::StepFailed { .. } => "step_failed",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::LateResult { .. } => "late_result",
            Self::BackoffStarted { .. } => "backoff_started",
            Self::DecisionRequested { .. } => "decision_requested",
            Self::DecisionMade { .. } => "decision_made",
            Self::AdaptationChosen { .. } => "adaptation_chosen",
            Self::StepSkipped { .. } => "step_skipped",
            Self::StepDoneByHand { .. } => "step_done_by_hand",
            Self::StepStopping { .. } => "step_stopping",
            Self::StepCancelled {} => "step_cancelled",
            Self::CompensationStarted {} => "compensation_started",
            Self::CompensationFinished { .. } => "compensation_finished",
            Self::TargetFrozen { .. } => "target_frozen",
            Self::TargetThawed { .. } => "target_thawed",
            Self::AlertRaised { .. } => "alert_raised",
            Self::NoteAdded { .. } => "note_added",
        }
    }
}
