//! No to a plan (the run is cancelled), to a gate (the step is cancelled) or to going on after a failure (it stays failed).

use super::super::turn::{Draft, Handled};
use super::{place, too_late, unfinished, wrong_state};
use crate::model::command::Refusal;
use crate::model::event::Fact;
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::ids::{RunId, StepId};
use crate::model::state::{State, StepRecord};
use crate::model::step_state::{StepState, WorkflowState};

pub(super) fn handle(state: &State, run: &RunId, step: Option<&StepId>, reason: &str) -> Result<Handled, Refusal> {
    let (workflow, graph) = unfinished(state, run)?;
    let Some(step) = step else {
        let Some(open) = workflow.questions.values().find(|open| open.step.is_none()) else {
            return Err(too_late(workflow, format!("run {run} waits for no approval; `ouioe cancel {run}` stops it")));
        };
        let rejected = Fact::Rejected { request: Some(open.question.request.clone()), reason: reason.to_owned() };
        let finished = Fact::WorkflowFinished { state: WorkflowState::Cancelled, verdict: None, lost: Vec::new(), unknown: Vec::new() };
        return Ok(Handled::of(vec![Draft::run(run, rejected), Draft::run(run, finished)]));
    };
    let ix = place(graph, run, step)?;
    let record = workflow.step(ix);
    match &record.state {
        StepState::AwaitingApproval { request } => {
            let rejected = Fact::Rejected { request: Some(request.clone()), reason: reason.to_owned() };
            Ok(Handled::of(vec![Draft::step(run, ix, rejected), Draft::step(run, ix, Fact::StepCancelled {})]))
        }
        StepState::AwaitingDecision { request } => {
            let made = Fact::DecisionMade { request: request.clone(), choice: "reject".to_owned(), reason: reason.to_owned() };
            let failed = Fact::StepFailed { failure: last_failure(record), exit: None, spool: None, error_tail: String::new() };
            Ok(Handled::of(vec![Draft::step(run, ix, made), Draft::step(run, ix, failed)]))
        }
        _ => Err(wrong_state(workflow, step, record, "only a waiting approval or decision can be rejected")),
    }
}

/// What it failed with when the question was put.
fn last_failure(record: &StepRecord) -> Failure {
    record.last.as_ref().and_then(|last| last.failure.clone()).unwrap_or_else(|| Failure {
        certainty: Certainty::NotStarted,
        class: FailureClass::Config,
        detail: record.note.clone(),
        retry_after: None,
    })
}
