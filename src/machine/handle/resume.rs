//! Go on: with a paused run, or with what an engine left unfinished. An approval that expired meanwhile fires its timer first.

use super::super::turn::{Draft, Handled};
use super::{place, too_late, unfinished};
use crate::model::command::{Refusal, RefusalCode};
use crate::model::event::Fact;
use crate::model::ids::{RunId, StepId};
use crate::model::state::{State, Workflow};
use crate::model::step_state::WorkflowState;

pub(super) fn handle(state: &State, run: Option<&RunId>, step: Option<&StepId>) -> Result<Handled, Refusal> {
    let Some(run) = run else {
        let drafts: Vec<Draft> =
            state.runs.values().filter(|one| one.parked && !one.state.is_finished()).map(|one| resumed(one, true)).collect();
        if drafts.is_empty() {
            return Err(Refusal::new(RefusalCode::WrongState, "nothing was left unfinished"));
        }
        return Ok(Handled::of(drafts));
    };
    let (workflow, graph) = unfinished(state, run)?;
    if let Some(step) = step {
        let ix = place(graph, run, step)?;
        if !graph.subtree(ix).into_iter().any(|ix| workflow.step(ix).paused) {
            return Err(too_late(workflow, format!("nothing from step {step} on is paused")));
        }
        let mut drafts = vec![Draft::step(run, ix, Fact::WorkflowResumed { taken_up: false })];
        if workflow.parked {
            drafts.push(resumed(workflow, true));
        }
        return Ok(Handled::of(drafts));
    }
    let is_paused = workflow.steps.iter().any(|record| record.paused);
    if !workflow.parked && !is_paused && !matches!(workflow.state, WorkflowState::Paused | WorkflowState::Pausing) {
        return Err(too_late(workflow, format!("run {run} is {} and neither paused nor parked", workflow.shown().word())));
    }
    Ok(Handled::of(vec![resumed(workflow, false)]))
}

fn resumed(workflow: &Workflow, taken_up: bool) -> Draft {
    Draft::run(&workflow.run, Fact::WorkflowResumed { taken_up })
}
