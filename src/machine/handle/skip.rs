//! Go on without a step. A live one is stopped first.

use super::super::turn::{Draft, Handled};
use super::{addressed_step, not_over_a_list, wrong_state};
use crate::model::command::{Refusal, StepRef};
use crate::model::event::Fact;
use crate::model::state::State;
use crate::model::step_state::{SkipWhy, StepState, StopWhy};

pub(super) fn handle(state: &State, at: &StepRef, reason: &str) -> Result<Handled, Refusal> {
    let (workflow, graph, ix, record) = addressed_step(state, at)?;
    not_over_a_list(workflow, graph, ix, record)?;
    let fact = match &record.state {
        StepState::Running => Fact::StepStopping { stopping: StopWhy::Skip },
        StepState::Waiting
        | StepState::Queued { .. }
        | StepState::Held { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::BackingOff { .. }
        | StepState::AwaitingDecision { .. }
        | StepState::OutcomeUnknown => Fact::StepSkipped { skipped: SkipWhy::Person, reason: reason.to_owned() },
        StepState::Recovering
        | StepState::Probing
        | StepState::Stopping { .. }
        | StepState::Compensating
        | StepState::Succeeded
        | StepState::Failed
        | StepState::Skipped { .. }
        | StepState::DoneByHand
        | StepState::Compensated
        | StepState::Cancelled => return Err(wrong_state(workflow, &at.step, record, "it cannot be skipped now")),
    };
    Ok(Handled::of(vec![Draft::step(&at.run, ix, fact)]))
}
