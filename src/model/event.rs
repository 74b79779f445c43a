//! Facts: what happened, in the order in which it became durable.
//!
//! Kinds are never renamed; events only gain fields with defaults. A new meaning is a new version.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
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

#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// The plan goes on as another revision of itself; steps not in `changed` are as they were.
    PlanRevised {
        digest: Digest,
        revision: u32,
        approval_required: bool,
        changed: Vec<StepId>,
        reason: String,
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
    /// With `step`: that step and all that depends on it.
    WorkflowPaused {},
    /// `taken_up`: it goes on after an engine's end; what a person paused stays so.
    WorkflowResumed {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        taken_up: bool,
    },
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
    /// The list that the step goes over, as it was when the run came to it: a copy of the step for each thing.
    /// `agreed`: a person saw them all and said yes.
    StepExpanded {
        items: Vec<Value>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        agreed: bool,
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
    /// Planning learns nothing from it any more.
    RunForgotten {
        reason: String,
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
            Self::PlanRevised { .. } => "plan_revised",
            Self::ApprovalRequested { .. } => "approval_requested",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::WorkflowStarted {} => "workflow_started",
            Self::WorkflowPaused {} => "workflow_paused",
            Self::WorkflowResumed { .. } => "workflow_resumed",
            Self::WorkflowCancelling { .. } => "workflow_cancelling",
            Self::WorkflowFinished { .. } => "workflow_finished",
            Self::StepQueued { .. } => "step_queued",
            Self::StepHeld { .. } => "step_held",
            Self::StepExpanded { .. } => "step_expanded",
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
            Self::RunForgotten { .. } => "run_forgotten",
        }
    }
}

/// Reads the header's fields and hands everything else to `Fact` as it comes. The derived form of `flatten` would buffer
/// each event as a tree first, which costs half the time of a start from a long journal.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Event, A::Error> {
        let mut header = Header::default();
        let fact = Fact::deserialize(MapAccessDeserializer::new(WithoutHeader { map, header: &mut header }))?;
        Ok(Event {
            v: header.v.ok_or_else(|| A::Error::missing_field("v"))?,
            seq: header.seq.ok_or_else(|| A::Error::missing_field("seq"))?,
            at: header.at.ok_or_else(|| A::Error::missing_field("at"))?,
            run: header.run,
            step: header.step,
            attempt: header.attempt,
            actor: header.actor.ok_or_else(|| A::Error::missing_field("actor"))?,
            cmd: header.cmd,
            fact,
        })
    }
}

#[derive(Default)]
struct Header {
    v: Option<u16>,
    seq: Option<Seq>,
    at: Option<Stamp>,
    run: Option<RunId>,
    step: Option<StepId>,
    attempt: Option<AttemptNo>,
    actor: Option<Actor>,
    cmd: Option<CmdId>,
}

/// The same object with the header's fields taken out on the way.
struct WithoutHeader<'h, A> {
    map: A,
    header: &'h mut Header,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutHeader<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<Key<'de>>()? {
            match key.0.as_ref() {
                "v" => self.header.v = Some(self.map.next_value()?),
                "seq" => self.header.seq = Some(self.map.next_value()?),
                "at" => self.header.at = Some(self.map.next_value()?),
                "run" => self.header.run = self.map.next_value()?,
                "step" => self.header.step = self.map.next_value()?,
                "attempt" => self.header.attempt = self.map.next_value()?,
                "actor" => self.header.actor = Some(self.map.next_value()?),
                "cmd" => self.header.cmd = self.map.next_value()?,
                _ => return seed.deserialize(CowStrDeserializer::new(key.0)).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Borrowed where the text holds no escape.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: &str = r#"{"v":1,"seq":17,"at":"2026-01-02T03:04:05.678Z","run":"abc123","step":"s1","attempt":1,"actor":"engine","kind":"step_recovering","data":{"pid":7}}"#;

    #[test]
    fn an_event_keeps_its_bytes() {
        let event: Event = serde_json::from_str(STARTED).expect("an event");
        assert_eq!(event.fact, Fact::StepRecovering { pid: 7 });
        assert_eq!(serde_json::to_string(&event).expect("its text"), STARTED);
    }

    #[test]
    fn order_unknown_fields_and_escapes_do_not_matter() {
        let event: Event = serde_json::from_str(STARTED).expect("an event");
        for text in [
            r#"{"data":{"pid":7,"new":1},"kind":"step_recovering","later":{},"actor":"engine","attempt":1,"step":"s1","run":"abc123","at":"2026-01-02T03:04:05.678Z","seq":17,"v":1}"#,
            r#"{"v":1,"kind":"step_recovering","cmd":null,"\u0073eq":17,"data":{"pid":7},"at":"2026-01-02T03:04:05.678Z","run":"abc123","step":"s1","attempt":1,"actor":"engine"}"#,
        ] {
            assert_eq!(serde_json::from_str::<Event>(text).expect("an event"), event);
        }
        let value: Value = serde_json::from_str(STARTED).expect("a value");
        assert_eq!(serde_json::from_value::<Event>(value).expect("an event"), event);
    }

    #[test]
    fn a_missing_field_is_named() {
        for (field, text) in [
            ("seq", STARTED.replace(r#""seq":17,"#, "")),
            ("actor", STARTED.replace(r#""actor":"engine","#, "")),
            ("kind", STARTED.replace(r#""kind":"step_recovering","#, "")),
            ("pid", STARTED.replace(r#"{"pid":7}"#, "{}")),
        ] {
            let error = serde_json::from_str::<Event>(&text).expect_err(field).to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
