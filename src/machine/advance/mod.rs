//! What follows from a change: starts, skips, gates, grants, ends. One item of the worklist at a time.

mod each;
mod finish;
mod gate;
mod ready;
mod start;

pub(super) use ready::edges;

use super::turn::{Ctx, Draft};
use super::worklist::{Item, Worklist};
use crate::model::event::Fact;
use crate::model::ids::{RunId, StepIx};
use crate::model::state::{QueueKey, State, Workflow};
use crate::model::step_state::WorkflowState;

pub fn advance(state: &State, item: &Item, ctx: &Ctx<'_>, work: &mut Worklist) -> Vec<Draft> {
    match item {
        Item::Locks(run, ix) => release(state, run, *ix),
        Item::Lock(lock) if state.locks.contains_key(lock) => Vec::new(),
        Item::Lock(lock) => serve(state, state.queues.lock.get(lock).and_then(|waiters| waiters.first()), ctx),
        Item::Thawed(target) if state.frozen.contains_key(target) => Vec::new(),
        Item::Thawed(target) => again(item, work, serve(state, state.queues.frozen.get(target).and_then(|waiters| waiters.first()), ctx)),
        Item::Service(service) if !start::has_room(state, service, ctx) => Vec::new(),
        Item::Service(service) => {
            again(item, work, serve(state, state.queues.service.get(service).and_then(|waiters| waiters.first()), ctx))
        }
        Item::Slot if state.slots_taken >= ctx.settings.engine.slots => Vec::new(),
        Item::Slot => again(item, work, serve(state, state.queues.slot.first(), ctx)),
        Item::Step(run, ix) => ready::look(state, run, *ix, ctx),
        Item::Run(run) => finish::look(state, run, ctx),
    }
}

/// The first in line, if there is one.
fn serve(state: &State, first: Option<&QueueKey>, ctx: &Ctx<'_>) -> Vec<Draft> {
    first.map_or_else(Vec::new, |key| start::start(state, &key.run, key.ix, ctx))
}

/// Somebody was served: look at the next in line.
fn again(item: &Item, work: &mut Worklist, drafts: Vec<Draft>) -> Vec<Draft> {
    if !drafts.is_empty() {
        work.push(item.clone());
    }
    drafts
}

fn release(state: &State, run: &RunId, ix: StepIx) -> Vec<Draft> {
    let Some(workflow) = state.runs.get(run) else { return Vec::new() };
    let Some(graph) = workflow.graph().filter(|_| !workflow.step(ix).state.is_live()) else { return Vec::new() };
    let held = graph.step(ix).locks.iter().filter(|lock| state.locks.get(*lock).is_some_and(|holder| *holder == (run.clone(), ix)));
    held.map(|lock| Draft::step(run, ix, Fact::LockReleased { lock: lock.clone() })).collect()
}

/// May this run start this kind of step at all?
fn may_start(workflow: &Workflow, ix: StepIx, ctx: &Ctx<'_>) -> bool {
    if !ctx.may_start || workflow.parked {
        return false;
    }
    match workflow.state {
        WorkflowState::Running | WorkflowState::Adapting => !workflow.step(ix).paused,
        WorkflowState::Cancelling => is_recovery(workflow, ix) && !workflow.cancel_now,
        WorkflowState::Draft
        | WorkflowState::AwaitingApproval
        | WorkflowState::Pausing
        | WorkflowState::Paused
        | WorkflowState::Succeeded
        | WorkflowState::PartiallySucceeded
        | WorkflowState::Failed
        | WorkflowState::Cancelled => false,
    }
}

pub(super) fn is_recovery(workflow: &Workflow, ix: StepIx) -> bool {
    workflow.graph().is_some_and(|graph| graph.step(ix).kind == crate::model::plan::StepKind::Recovery)
}
