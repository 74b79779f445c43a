//! Nothing new starts in a run, or in a step and all that depends on it; what runs goes on to its end.

use super::super::turn::{Draft, Handled};
use super::{place, too_late, unfinished};
use crate::model::command::Refusal;
use crate::model::event::Fact;
use crate::model::ids::{RunId, StepId};
use crate::model::state::State;
use crate::model::step_state::WorkflowState;

pub(super) fn handle(state: &State, run: &RunId, step: Option<&StepId>) -> Result<Handled, Refusal> {
    let (workflow, graph) = unfinished(state, run)?;
    let can_pause = workflow.state == WorkflowState::Running || (step.is_some() && workflow.started.is_some());
    if !can_pause || workflow.state == WorkflowState::Cancelling {
        return Err(too_late(workflow, format!("run {run} is {}; only a running one can be paused", workflow.state.word())));
    }
    let Some(step) = step else { return Ok(Handled::of(vec![Draft::run(run, Fact::WorkflowPaused {})])) };
    let ix = place(graph, run, step)?;
    let still_to_come = |ix| !workflow.step(ix).paused && !workflow.step(ix).state.is_settled();
    if !graph.subtree(ix).into_iter().any(still_to_come) {
        let why = format!("nothing from step {step} on is left to be paused");
        return Err(too_late(workflow, why));
    }
    Ok(Handled::of(vec![Draft::step(run, ix, Fact::WorkflowPaused {})]))
}
