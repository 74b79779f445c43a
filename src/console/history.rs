//! What was decided about the open run, and by whom: its events that tell why.
//!
//! The state holds what is; why it came so stands in the journal. Read once when somebody looks, then kept by the feed.

use std::sync::Arc;

use crate::model::command::Consent;
use crate::model::event::{Event, Fact};
use crate::model::ids::{RunId, Seq};
use crate::model::item;
use crate::model::step_state::StopWhy;
use crate::text;

use super::phrase;
use super::theme::Role;

/// The events of one run that tell why, oldest first.
#[derive(Clone, Debug)]
pub struct History {
    pub run: RunId,
    /// What the feed had brought when the journal was asked: later events come from the feed.
    pub upto: Seq,
    pub events: Vec<Arc<Event>>,
    pub reading: Reading,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    Asked,
    Done,
    Failed(String),
}

impl History {
    pub fn new(run: RunId, upto: Seq) -> Self {
        Self { run, upto, events: Vec::new(), reading: Reading::Asked }
    }

    /// From the feed.
    pub fn heard(&mut self, event: &Arc<Event>) {
        if event.run.as_ref() == Some(&self.run) && event.seq > self.upto && is_telling(&event.fact) {
            self.events.push(event.clone());
        }
    }

    /// From the journal: what came before.
    pub fn read(&mut self, answer: Result<Vec<Event>, String>) {
        match answer {
            Ok(events) => {
                let before = events.into_iter().filter(|event| event.seq <= self.upto && is_telling(&event.fact)).map(Arc::new);
                let heard = std::mem::take(&mut self.events);
                self.events = before.chain(heard).collect();
                self.reading = Reading::Done;
            }
            Err(why) => self.reading = Reading::Failed(text::safe(&why)),
        }
    }
}

/// Some choice was made, by a person or by the engine; what merely happened stands in Plan.
fn is_telling(fact: &Fact) -> bool {
    told(fact).is_some()
}

/// One sentence, and how it weighs.
pub fn told(fact: &Fact) -> Option<(Role, String)> {
    let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {}", text::safe(reason)) };
    Some(match fact {
        Fact::PlanProposed { revision, steps, .. } => {
            (Role::Text, format!("plan rev {revision} with {}", phrase::count(*steps as usize, "step")))
        }
        Fact::ApprovalRequested { why, .. } => (Role::Warn, format!("asks for approval{}", because(why))),
        Fact::Approved { digest, consent, .. } => (Role::Ok, format!("approved {}, {}", digest.short(), consented(consent))),
        Fact::Rejected { reason, .. } => (Role::Bad, format!("rejected{}", because(reason))),
        Fact::WorkflowPaused {} => (Role::Warn, "is paused".to_owned()),
        Fact::WorkflowResumed { taken_up: true } => (Role::Text, "went on after an engine had ended".to_owned()),
        Fact::WorkflowResumed { taken_up: false } => (Role::Text, "goes on".to_owned()),
        Fact::PlanRevised { digest, revision, changed, reason, .. } => {
            let names = changed.iter().map(|step| text::safe(step.as_str())).collect::<Vec<_>>().join(", ");
            (Role::Warn, format!("plan rev {revision} {} changes {names}{}", digest.short(), because(reason)))
        }
        Fact::WorkflowCancelling { now, compensate, reason } => {
            (Role::Warn, format!("{}{}", cancelling(*now, *compensate), because(reason)))
        }
        Fact::StepRequeued { why, raised, .. } => {
            let who = if *raised { "is done again" } else { "goes back to the queue" };
            (Role::Text, format!("{who}{}", because(why)))
        }
        Fact::StepProbed { happened, detail } => {
            let what = if *happened { "a look showed that it had happened" } else { "a look showed that it had not happened" };
            (Role::Text, format!("{what}{}", because(detail)))
        }
        Fact::StepFailed { failure, .. } => {
            (Role::Bad, format!("failed: {} ({})", text::safe(&failure.detail), phrase::certainty(failure.certainty)))
        }
        Fact::OutcomeUnknown { detail } => (Role::Unknown, format!("outcome unknown{}", because(detail))),
        Fact::LateResult { succeeded, resolves, detail } => {
            let what = if *succeeded { "success" } else { "failure" };
            let use_of = if *resolves { "settles it" } else { "changes nothing" };
            (Role::Text, format!("a late {what} was reported and {use_of}{}", because(detail)))
        }
        Fact::BackoffStarted { .. } => (Role::Warn, "is tried again by itself after a wait".to_owned()),
        Fact::DecisionRequested { question } => (Role::Warn, format!("asks for a decision{}", because(&question.why))),
        Fact::DecisionMade { choice, reason, .. } => (Role::Ok, format!("decided: {}{}", text::safe(choice), because(reason))),
        Fact::AdaptationChosen { strategy, reasons, rejected } => (Role::Accent, adapted(strategy, reasons, rejected)),
        Fact::StepSkipped { skipped, reason } => (Role::Muted, format!("skipped: {}{}", phrase::skip_why(*skipped), because(reason))),
        Fact::StepDoneByHand { evidence } => (Role::Ok, format!("done by hand{}", because(evidence))),
        Fact::StepExpanded { items, .. } => (Role::Text, format!("goes over {}: {}", items.len(), text::safe(&item::named(items)))),
        Fact::StepStopping { stopping } => (Role::Warn, stopped(*stopping).to_owned()),
        Fact::CompensationStarted {} => (Role::Warn, "is being undone".to_owned()),
        Fact::CompensationFinished { succeeded: true, detail } => (Role::Ok, format!("was undone{}", because(detail))),
        Fact::CompensationFinished { detail, .. } => (Role::Bad, format!("could not be undone{}", because(detail))),
        Fact::NoteAdded { text } => (Role::Text, format!("note: {}", text::safe(text))),
        Fact::RunForgotten { reason } => (Role::Text, format!("forgotten by planning{}", because(reason))),
        Fact::EngineStarted { .. }
        | Fact::EngineStopped {}
        | Fact::ClockStepped { .. }
        | Fact::IntentSubmitted { .. }
        | Fact::WorkflowStarted {}
        | Fact::WorkflowFinished { .. }
        | Fact::StepQueued { .. }
        | Fact::StepHeld { .. }
        | Fact::LockGranted { .. }
        | Fact::LockReleased { .. }
        | Fact::StepStarted { .. }
        | Fact::StepRecovering { .. }
        | Fact::StepSucceeded { .. }
        | Fact::StepCancelled {}
        | Fact::TargetFrozen { .. }
        | Fact::TargetThawed { .. }
        | Fact::AlertRaised { .. } => return None,
    })
}

fn cancelling(now: bool, compensate: bool) -> &'static str {
    match (now, compensate) {
        (_, true) => "rolls back",
        (true, false) => "cancels at once",
        (false, false) => "cancels with grace",
    }
}

fn stopped(why: StopWhy) -> &'static str {
    match why {
        StopWhy::Cancel => "is stopped with grace",
        StopWhy::CancelNow => "is stopped at once",
        StopWhy::Skip => "is stopped to be skipped",
    }
}

pub fn consented(consent: &Consent) -> &'static str {
    match consent {
        Consent::None => "without a word",
        Consent::Shown { .. } => "shown on a screen",
        Consent::Yes { digest: Some(_) } => "by --yes for this digest",
        Consent::Yes { digest: None } => "by --yes",
    }
}

fn adapted(strategy: &str, reasons: &[String], rejected: &[String]) -> String {
    let list = |all: &[String]| all.iter().map(|one| text::safe(one)).collect::<Vec<_>>().join("; ");
    let because = if reasons.is_empty() { String::new() } else { format!(", because {}", list(reasons)) };
    let instead = if rejected.is_empty() { String::new() } else { format!("; not {}", list(rejected)) };
    format!("adapts: {}{because}{instead}", text::safe(strategy))
}
