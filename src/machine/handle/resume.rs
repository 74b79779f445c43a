//! Go on: with a paused run, or with what an engine left unfinished. An approval that expired meanwhile fires its timer first.

use super::super::turn::{Draft, Handled};
use super::{too_late, unfinished};
use crate::model::command::{Refusal, RefusalCode};
use crate::model::event::Fact;
use crate::model::ids::RunId;
use crate::model::state::{State, Workflow};
use crate::model::step_state::WorkflowState;

pub(super) fn handle(state: &State, run: Option<&RunId>) -> Result<Handled, Refusal> {
    let Some(run) = run else {
        let drafts: Vec<Draft> = state.runs.values().filter(|one| one.parked && !one.state.is_finished()).map(resumed).collect();
        if drafts.is_empty() {
            return Err(Refusal::new(RefusalCode::WrongState, "nothing was left unfinished"));
        }
        return Ok(Handled::of(drafts));
    };
    let (workflow, _) = unfinished(state, run)?;
    if !workflow.parked && !matches!(workflow.state, WorkflowState::Paused | WorkflowState::Pausing) {
        return Err(too_late(workflow, format!("run {run} is {} and neither paused nor parked", workflow.shown().word())));
    }
    Ok(Handled::of(vec![resumed(workflow)]))
}

fn resumed(workflow: &Workflow) -> Draft {
    Draft::run(&workflow.run, Fact::WorkflowResumed {})
}
