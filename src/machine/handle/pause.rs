//! Nothing new starts; what runs goes on to its end.

use super::super::turn::{Draft, Handled};
use super::{too_late, unfinished};
use crate::model::command::Refusal;
use crate::model::event::Fact;
use crate::model::ids::RunId;
use crate::model::state::State;
use crate::model::step_state::WorkflowState;

pub(super) fn handle(state: &State, run: &RunId) -> Result<Handled, Refusal> {
    let (workflow, _) = unfinished(state, run)?;
    if workflow.state != WorkflowState::Running {
        return Err(too_late(workflow, format!("run {run} is {}; only a running one can be paused", workflow.state.word())));
    }
    Ok(Handled::of(vec![Draft::run(run, Fact::WorkflowPaused {})]))
}
