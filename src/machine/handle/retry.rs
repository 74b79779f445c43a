//! A person's "do it again": a new generation, so a new effect key.

use super::super::advance::is_recovery;
use super::super::turn::{Draft, Handled};
use super::finished::succeeded_before;
use super::{addressed_step, too_late, wrong_state};
use crate::model::command::{Refusal, StepRef};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::state::State;
use crate::model::step_state::{StepState, WorkflowState};

pub(super) fn handle(state: &State, at: &StepRef, reason: &str) -> Result<Handled, Refusal> {
    let (workflow, _, ix, record) = addressed_step(state, at)?;
    let requeued = |raised: bool| {
        let why = if reason.is_empty() { "asked for by a person".to_owned() } else { reason.to_owned() };
        Draft::step(&at.run, ix, Fact::StepRequeued { why, role: Role::Main, raised })
    };
    let made = |request| Draft::step(&at.run, ix, Fact::DecisionMade { request, choice: "retry".to_owned(), reason: reason.to_owned() });
    let undoing = record.last.as_ref().is_some_and(|last| last.role == Role::Compensation);
    if workflow.state == WorkflowState::Cancelling && !undoing && (workflow.cancel_now || !is_recovery(workflow, ix)) {
        let why = format!("run {} is being cancelled: {} will not run again; say `done` with evidence, or `skip`", at.run, at.step);
        return Err(too_late(workflow, why));
    }
    match &record.state {
        StepState::AwaitingDecision { request } => Ok(Handled::of(vec![made(request.clone()), requeued(true)])),
        StepState::OutcomeUnknown => {
            let open = workflow.questions.iter().find(|(_, open)| open.step == Some(ix));
            let mut drafts: Vec<Draft> = open.map(|(request, _)| made(request.clone())).into_iter().collect();
            // An undo is taken up again from the list of what completed.
            drafts.push(if undoing { Draft::step(&at.run, ix, succeeded_before(record)) } else { requeued(true) });
            Ok(Handled::of(drafts))
        }
        // The wait is cut short; nobody asked for more than the automatic retry.
        StepState::BackingOff { .. } => Ok(Handled::of(vec![requeued(false)])),
        _ => Err(wrong_state(workflow, &at.step, record, "only a failed, unknown or backing-off step can be retried")),
    }
}
