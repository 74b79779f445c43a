//! Does anything still move without a person? Read from the steps alone, so that a fold in the middle of a batch says no.

use super::advance::edges;
use crate::model::state::Workflow;
use crate::model::step_state::{EdgeHolds, StepState, WorkflowState};

/// Finished, or every step that is left waits for a word: an approval, a decision, an evidence, a resume.
pub fn is_quiet(workflow: &Workflow) -> bool {
    if workflow.state.is_finished() {
        return true;
    }
    let Some(graph) = workflow.graph() else { return true };
    let held_back = workflow.parked || workflow.state == WorkflowState::Paused || workflow.state == WorkflowState::AwaitingApproval;
    let moves = |(record, ix): (&crate::model::state::StepRecord, _)| match &record.state {
        StepState::Queued { .. } | StepState::Held { .. } | StepState::BackingOff { .. } => true,
        StepState::Waiting => !held_back && edges(workflow, ix) != EdgeHolds::NotYet,
        state => state.is_live(),
    };
    let ends = workflow.counts.settled as usize == graph.len() || workflow.state == WorkflowState::Cancelling;
    let anything = workflow.steps.iter().zip(graph.places()).any(moves);
    !anything && (held_back || !ends) && workflow.state != WorkflowState::Draft
}
