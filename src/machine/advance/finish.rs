//! The end of a run: undo in reverse where asked for, then the final state with what was lost.

use super::{is_recovery, start};
use crate::machine::turn::{Ctx, Draft};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::graph::Graph;
use crate::model::ids::{RunId, StepId, StepIx};
use crate::model::plan::{StepKind, When};
use crate::model::state::{State, Workflow};
use crate::model::step_state::{SkipWhy, StepState, WorkflowState};

pub(super) fn look(state: &State, run: &RunId, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(workflow) = state.runs.get(run) else { return Vec::new() };
    let Some(graph) = workflow.graph() else { return Vec::new() };
    match workflow.state {
        WorkflowState::Cancelling => cancelling(state, workflow, graph, ctx),
        WorkflowState::Running | WorkflowState::Pausing | WorkflowState::Paused | WorkflowState::Adapting => {
            if workflow.counts.settled as usize == graph.len() {
                vec![finished(workflow, graph, judge(workflow, graph))]
            } else {
                Vec::new()
            }
        }
        WorkflowState::Draft
        | WorkflowState::AwaitingApproval
        | WorkflowState::Succeeded
        | WorkflowState::PartiallySucceeded
        | WorkflowState::Failed
        | WorkflowState::Cancelled => Vec::new(),
    }
}

fn cancelling(state: &State, workflow: &Workflow, graph: &Graph, ctx: &Ctx<'_>) -> Vec<Draft> {
    // Nothing is undone beside a step that still runs: it could be the one that needs undoing.
    if !workflow.live.is_empty() {
        return Vec::new();
    }
    if workflow.compensate
        && let Some(ix) = last_to_undo(workflow, graph)
    {
        // Nothing is undone while parked; `resume` goes on with it.
        if !ctx.may_start || workflow.parked {
            return Vec::new();
        }
        let mut drafts = vec![Draft::step(&workflow.run, ix, Fact::CompensationStarted {})];
        drafts.extend(start::intent(state, workflow, ix, Role::Compensation, ctx));
        return drafts;
    }
    let waits = graph.places().any(|ix| {
        // An unknown outcome waits for a person, who may take days: a cancelled run does not wait with it.
        let open = !workflow.step(ix).state.is_settled() && workflow.step(ix).state != StepState::OutcomeUnknown;
        open && is_recovery(workflow, ix) && !workflow.cancel_now
    });
    if waits { Vec::new() } else { vec![finished(workflow, graph, WorkflowState::Cancelled)] }
}

/// The step that completed last of those that can be undone and are not.
fn last_to_undo(workflow: &Workflow, graph: &Graph) -> Option<StepIx> {
    graph
        .places()
        .filter(|ix| workflow.step(*ix).state == StepState::Succeeded && graph.step(*ix).compensation.is_some())
        // Of a step over a list, its copies are undone.
        .filter(|ix| graph.step(*ix).for_each.is_none())
        .max_by_key(|ix| workflow.step(*ix).completed)
}

fn judge(workflow: &Workflow, graph: &Graph) -> WorkflowState {
    let mut worst = WorkflowState::Succeeded;
    for ix in graph.places() {
        let step = graph.step(ix);
        let state = match &workflow.step(ix).state {
            // The step over the list has failed with it, and says what that means.
            StepState::Failed | StepState::Cancelled if graph.whole(ix).is_some() => WorkflowState::Succeeded,
            StepState::Failed if step.kind != StepKind::Decision && is_handled(workflow, graph, ix) => WorkflowState::Succeeded,
            StepState::Failed if step.critical => WorkflowState::Failed,
            StepState::Cancelled if step.critical => WorkflowState::Cancelled,
            other if is_lost(other) => WorkflowState::PartiallySucceeded,
            _ => WorkflowState::Succeeded,
        };
        worst = if rank(state) > rank(worst) { state } else { worst };
    }
    worst
}

fn rank(state: WorkflowState) -> u8 {
    match state {
        WorkflowState::Failed => 3,
        WorkflowState::Cancelled => 2,
        WorkflowState::PartiallySucceeded => 1,
        WorkflowState::Draft
        | WorkflowState::AwaitingApproval
        | WorkflowState::Running
        | WorkflowState::Pausing
        | WorkflowState::Paused
        | WorkflowState::Adapting
        | WorkflowState::Cancelling
        | WorkflowState::Succeeded => 0,
    }
}

/// A step of its `failure` branch succeeded.
fn is_handled(workflow: &Workflow, graph: &Graph, ix: StepIx) -> bool {
    graph.dependents[ix.at()].iter().any(|next| {
        let on_failure = graph.needs[next.at()].iter().any(|edge| edge.from == ix && edge.when == When::Failure);
        on_failure && matches!(workflow.step(*next).state, StepState::Succeeded | StepState::DoneByHand)
    })
}

fn is_lost(state: &StepState) -> bool {
    match state {
        StepState::Failed | StepState::Cancelled => true,
        StepState::Skipped { skipped } => matches!(skipped, SkipWhy::Person | SkipWhy::Strategy | SkipWhy::MissingOutput),
        _ => false,
    }
}

fn finished(workflow: &Workflow, graph: &Graph, state: WorkflowState) -> Draft {
    let ids = |wanted: fn(&StepState) -> bool| -> Vec<StepId> {
        graph.places().filter(|ix| wanted(&workflow.step(*ix).state)).map(|ix| graph.step(ix).id.clone()).collect()
    };
    let lost = ids(is_lost);
    let unknown = ids(|state| *state == StepState::OutcomeUnknown);
    let verdict = workflow
        .steps
        .iter()
        .filter_map(|record| record.verdict.as_ref().filter(|verdict| verdict.answer.is_none()))
        .map(|verdict| verdict.health)
        .max();
    Draft::run(&workflow.run, Fact::WorkflowFinished { state, verdict, lost, unknown })
}
