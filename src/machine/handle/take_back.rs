//! An approved destroy that is still held goes back to approval.

use super::super::turn::{Draft, Handled};
use super::{addressed_step, wrong_state};
use crate::machine::render::rendered;
use crate::model::command::{Refusal, StepRef};
use crate::model::event::Fact;
use crate::model::ids::RequestId;
use crate::model::state::State;
use crate::model::step_state::StepState;
use crate::policy::digest::action_digest;

pub(super) fn handle(state: &State, at: &StepRef) -> Result<Handled, Refusal> {
    let (workflow, graph, ix, record) = addressed_step(state, at)?;
    if !matches!(record.state, StepState::Held { .. }) {
        return Err(wrong_state(workflow, &at.step, record, "only a held step can be taken back; cancel it instead"));
    }
    let digest = rendered(workflow, &graph.step(ix).action).map(|action| action_digest(&action)).unwrap_or_default();
    let request = RequestId::new(format!("t{}", state.seq.next()));
    let fact = Fact::ApprovalRequested { request, digest, why: "taken back during its hold".to_owned(), expires: None };
    Ok(Handled::of(vec![Draft::step(&at.run, ix, fact)]))
}
