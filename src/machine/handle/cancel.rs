//! Stop a run: live steps are ended, waiting ones cancelled; recovery steps still run unless it must be now.
//! With `compensate`, what completed is undone in reverse afterwards.

use super::super::turn::{Draft, Handled};
use super::{too_late, unfinished};
use crate::model::command::Refusal;
use crate::model::event::Fact;
use crate::model::graph::Graph;
use crate::model::ids::{RunId, StepIx};
use crate::model::plan::StepKind;
use crate::model::state::{State, Workflow};
use crate::model::step_state::{StepState, StopWhy, WorkflowState};

pub(super) fn handle(state: &State, run: &RunId, now: bool, compensate: bool, reason: &str) -> Result<Handled, Refusal> {
    let (workflow, graph) = unfinished(state, run)?;
    let harder = now && !workflow.cancel_now;
    if workflow.state == WorkflowState::Cancelling && !harder {
        return Err(too_late(workflow, format!("run {run} is being cancelled already; `--now` ends it without grace")));
    }
    // At once and undone afterwards exclude each other: an undo takes its time.
    let cancelling = Fact::WorkflowCancelling { now, compensate: compensate && !now, reason: reason.to_owned() };
    let mut drafts = vec![Draft::run(run, cancelling)];
    drafts.extend(graph.places().filter_map(|ix| Some(Draft::step(run, ix, fate(workflow, graph, ix, now)?))));
    Ok(Handled::of(drafts))
}

/// What the word does to one step; none where it is settled or still runs afterwards.
pub(in crate::machine) fn fate(workflow: &Workflow, graph: &Graph, ix: StepIx, now: bool) -> Option<Fact> {
    Some(match &workflow.step(ix).state {
        StepState::Running | StepState::Probing | StepState::Recovering | StepState::Compensating => {
            Fact::StepStopping { stopping: if now { StopWhy::CancelNow } else { StopWhy::Cancel } }
        }
        StepState::Stopping { .. } if now => Fact::StepStopping { stopping: StopWhy::CancelNow },
        StepState::Waiting | StepState::Queued { .. }
            if !now && workflow.started.is_some() && graph.step(ix).kind == StepKind::Recovery =>
        {
            return None;
        }
        StepState::Waiting
        | StepState::Queued { .. }
        | StepState::Held { .. }
        | StepState::AwaitingApproval { .. }
        | StepState::BackingOff { .. }
        | StepState::AwaitingDecision { .. } => Fact::StepCancelled {},
        StepState::Stopping { .. }
        | StepState::OutcomeUnknown
        | StepState::Succeeded
        | StepState::Failed
        | StepState::Skipped { .. }
        | StepState::DoneByHand
        | StepState::Compensated
        | StepState::Cancelled => return None,
    })
}
