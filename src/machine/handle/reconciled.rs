//! What became of an attempt that an earlier engine started. Decided by repeat class; nothing is invented.

use super::super::turn::{Ctx, Draft, Handled};
use super::finished::{self, current};
use crate::model::catalogue::Repeat;
use crate::model::command::{Found, Refusal};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::ids::{AttemptNo, RunId, StepId, StepIx};
use crate::model::plan::Step;
use crate::model::state::{State, StepRecord, Workflow};
use crate::model::step_state::{SkipWhy, StepState, StopWhy, WorkflowState};

pub(super) fn handle(
    state: &State,
    run: &RunId,
    step: &StepId,
    attempt: AttemptNo,
    found: &Found,
    ctx: &Ctx<'_>,
) -> Result<Handled, Refusal> {
    if let Found::ExitRecord(outcome) = found {
        return finished::handle(state, run, step, attempt, outcome, ctx);
    }
    let (workflow, graph, ix) = current(state, run, step, attempt)?;
    let record = workflow.step(ix);
    if !matches!(record.state, StepState::Recovering | StepState::Stopping { .. }) {
        return Ok(Handled::default());
    }
    Ok(Handled::of(match found {
        Found::ExitRecord(_) => Vec::new(),
        Found::StillRunning { pid } => adopt(workflow, ix, record, *pid),
        Found::ProvenNotStarted => again(workflow, ix, record, "the attempt never started"),
        Found::NothingKnown { detail } => unknown(workflow, ix, graph.step(ix), record, detail),
    }))
}

fn adopt(workflow: &Workflow, ix: StepIx, record: &StepRecord, pid: u32) -> Vec<Draft> {
    let mut drafts = vec![Draft::attempt(&workflow.run, ix, record.attempt, Fact::StepRecovering { pid })];
    let stopping = match (&record.state, workflow.state) {
        (StepState::Stopping { stopping, .. }, _) => Some(*stopping),
        (_, WorkflowState::Cancelling) => Some(if workflow.cancel_now { StopWhy::CancelNow } else { StopWhy::Cancel }),
        _ => None,
    };
    drafts.extend(stopping.map(|stopping| Draft::step(&workflow.run, ix, Fact::StepStopping { stopping })));
    drafts
}

/// Back to the queue with the same key; or, where the run is being cancelled, nowhere.
fn again(workflow: &Workflow, ix: StepIx, record: &StepRecord, why: &str) -> Vec<Draft> {
    let role = record.last.as_ref().map_or(Role::Main, |last| last.role);
    if let StepState::Stopping { stopping: StopWhy::Skip, .. } = record.state {
        let reason = format!("skipped: {why}");
        return vec![Draft::step(&workflow.run, ix, Fact::StepSkipped { skipped: SkipWhy::Person, reason })];
    }
    if workflow.state == WorkflowState::Cancelling && role != Role::Compensation {
        return vec![Draft::step(&workflow.run, ix, Fact::StepCancelled {})];
    }
    if role == Role::Compensation {
        // Undone again from the list of what completed.
        return vec![Draft::step(&workflow.run, ix, finished::succeeded_before(record))];
    }
    vec![Draft::step(&workflow.run, ix, Fact::StepRequeued { why: why.to_owned(), role, raised: false })]
}

fn unknown(workflow: &Workflow, ix: StepIx, step: &Step, record: &StepRecord, detail: &str) -> Vec<Draft> {
    let role = record.last.as_ref().map_or(Role::Main, |last| last.role);
    let repeat = match role {
        Role::Main => step.repeat,
        // A probe only looks: it may look again.
        Role::Probe => Repeat::Pure,
        Role::Compensation => step.compensation.as_ref().map_or(Repeat::AtMostOnce, |it| it.repeat),
    };
    match repeat {
        Repeat::Pure | Repeat::Idempotent | Repeat::Keyed => again(workflow, ix, record, detail),
        Repeat::Probeable if step.probe.is_some() && workflow.state != WorkflowState::Cancelling => {
            let why = format!("{detail}; its probe will tell");
            vec![Draft::step(&workflow.run, ix, Fact::StepRequeued { why, role: Role::Probe, raised: false })]
        }
        Repeat::Probeable | Repeat::AtMostOnce => {
            vec![Draft::attempt(&workflow.run, ix, record.attempt, Fact::OutcomeUnknown { detail: detail.to_owned() })]
        }
    }
}
