//! Does anything still move without a person? Read from the steps alone, so that a fold in the middle of a batch says no.

use super::advance::edges;
use crate::model::state::Workflow;
use crate::model::step_state::{EdgeHolds, StepState, WorkflowState};

/// Finished, or every step that is left waits for a word: an approval, a decision, an evidence, a resume.
pub fn is_quiet(workflow: &Workflow) -> bool {
    if workflow.state.is_finished() {
        return true;
    }
    // Submitted, and its plan follows in the same batch.
    let Some(graph) = workflow.graph() else { return workflow.state != WorkflowState::Draft };
    let held_back = workflow.parked || workflow.state == WorkflowState::Paused || workflow.state == WorkflowState::AwaitingApproval;
    let moves = |(record, ix): (&crate::model::state::StepRecord, _)| match &record.state {
        StepState::Queued { .. } | StepState::Held { .. } | StepState::BackingOff { .. } => true,
        StepState::Waiting if held_back => false,
        StepState::Waiting => match edges(workflow, ix) {
            EdgeHolds::Never => true,
            EdgeHolds::Yes => !record.paused,
            EdgeHolds::NotYet => false,
        },
        state => state.is_live(),
    };
    let ends = workflow.counts.settled as usize == graph.len() || workflow.state == WorkflowState::Cancelling;
    let anything = workflow.steps.iter().zip(graph.places()).any(moves);
    !anything && (held_back || !ends) && workflow.state != WorkflowState::Draft
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::apply;
    use crate::model::actor::Actor;
    use crate::model::event::{EVENT_VERSION, Event, Fact};
    use crate::model::ids::{RunId, Seq};
    use crate::model::intent::Intent;
    use crate::model::state::State;
    use crate::model::time::Stamp;

    #[test]
    fn a_run_that_was_just_submitted_still_moves() {
        let (run, actor) = (RunId::new("r1"), Actor::Engine);
        let intent = Intent { text: "go".to_owned(), actor: actor.clone(), host: "here".to_owned(), session: String::new() };
        let fact = Fact::IntentSubmitted { intent };
        let (step, attempt, cmd) = (None, None, None);
        let event = Event { v: EVENT_VERSION, seq: Seq(1), at: Stamp(1), run: Some(run.clone()), step, attempt, actor, cmd, fact };
        let mut state = State::new("j1".into());
        apply(&mut state, &event);
        assert!(!is_quiet(&state.runs[&run]));
    }
}
