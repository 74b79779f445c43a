//! A person did it, or saw that it happened, and says how they know.

use super::super::turn::{Draft, Handled};
use super::{addressed_step, not_over_a_list, wrong_state};
use crate::model::command::{Refusal, RefusalCode, StepRef};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::state::State;

pub(super) fn handle(state: &State, at: &StepRef, evidence: &str) -> Result<Handled, Refusal> {
    let (workflow, graph, ix, record) = addressed_step(state, at)?;
    not_over_a_list(workflow, graph, ix, record)?;
    if evidence.trim().is_empty() {
        return Err(Refusal::new(RefusalCode::Invalid, "say how you know that it is done"));
    }
    if record.state.is_live() || record.state.is_settled() {
        return Err(wrong_state(workflow, &at.step, record, "only a step that waits or is unknown can be marked done by hand"));
    }
    let undone = record.last.as_ref().is_some_and(|last| last.role == Role::Compensation);
    let fact = if undone {
        Fact::CompensationFinished { succeeded: true, detail: format!("by hand: {evidence}") }
    } else {
        Fact::StepDoneByHand { evidence: evidence.to_owned() }
    };
    Ok(Handled::of(vec![Draft::step(&at.run, ix, fact)]))
}
