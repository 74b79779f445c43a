//! A person's "do it again": a new generation, so a new effect key.

use super::super::turn::{Draft, Handled};
use super::{addressed_step, wrong_state};
use crate::model::command::{Refusal, StepRef};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::state::State;
use crate::model::step_state::StepState;

pub(super) fn handle(state: &State, at: &StepRef, reason: &str) -> Result<Handled, Refusal> {
    let (workflow, _, ix, record) = addressed_step(state, at)?;
    let requeued = |raised: bool| {
        let why = if reason.is_empty() { "asked for by a person".to_owned() } else { reason.to_owned() };
        Draft::step(&at.run, ix, Fact::StepRequeued { why, role: Role::Main, raised })
    };
    let made = |request| Draft::step(&at.run, ix, Fact::DecisionMade { request, choice: "retry".to_owned(), reason: reason.to_owned() });
    match &record.state {
        StepState::AwaitingDecision { request } => Ok(Handled::of(vec![made(request.clone()), requeued(true)])),
        StepState::OutcomeUnknown => {
            let open = workflow.questions.iter().find(|(_, open)| open.step == Some(ix));
            let mut drafts: Vec<Draft> = open.map(|(request, _)| made(request.clone())).into_iter().collect();
            drafts.push(requeued(true));
            Ok(Handled::of(drafts))
        }
        // The wait is cut short; nobody asked for more than the automatic retry.
        StepState::BackingOff { .. } => Ok(Handled::of(vec![requeued(false)])),
        _ => Err(wrong_state(workflow, &at.step, record, "only a failed, unknown or backing-off step can be retried")),
    }
}
