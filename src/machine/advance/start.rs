//! The start of one step: frozen target, slot, service limit, locks; then the intent.

use crate::machine::handle::fail;
use crate::machine::render::rendered;
use crate::machine::turn::{Ctx, Draft};
use crate::machine::wanted::action_of;
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::ids::{RunId, StepIx};
use crate::model::plan::Step;
use crate::model::state::{State, Workflow};
use crate::model::step_state::{QueuedWhy, StepState};
use crate::policy::canonical::Canonical;
use crate::policy::digest::action_digest;

/// The intent, or a place in the line for what it lacks; nothing where it already stands in that line.
pub(super) fn start(state: &State, run: &RunId, ix: StepIx, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(workflow) = state.runs.get(run) else { return Vec::new() };
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let step = graph.step(ix);
    if let Some(queued) = lacks(state, run, ix, step, ctx) {
        let queued = StepState::Queued { queued };
        return if workflow.step(ix).state == queued { Vec::new() } else { queue(run, ix, queued) };
    }
    intent(state, workflow, ix, workflow.step(ix).next, ctx)
}

fn queue(run: &RunId, ix: StepIx, state: StepState) -> Vec<Draft> {
    match state {
        StepState::Queued { queued } => vec![Draft::step(run, ix, Fact::StepQueued { queued })],
        _ => Vec::new(),
    }
}

fn lacks(state: &State, run: &RunId, ix: StepIx, step: &Step, ctx: &Ctx<'_>) -> Option<QueuedWhy> {
    // First: what waits for a person to lift a freeze says so, and not that it waits for room.
    if let Some(target) = step.target().filter(|target| state.frozen.contains_key(*target)) {
        return Some(QueuedWhy::Frozen { target: target.to_owned() });
    }
    if state.slots_taken >= ctx.settings.engine.slots {
        return Some(QueuedWhy::Slot);
    }
    if !has_room(state, step.service(), ctx) {
        return Some(QueuedWhy::Limit { service: step.service().to_owned() });
    }
    let mine = (run.clone(), ix);
    let held = step.locks.iter().find_map(|lock| Some((lock, state.locks.get(lock).filter(|holder| **holder != mine)?)));
    held.map(|(lock, (holder, _))| QueuedWhy::Lock { lock: lock.clone(), holder: holder.to_string() })
}

pub(super) fn has_room(state: &State, service: &str, ctx: &Ctx<'_>) -> bool {
    state.service_taken.get(service).copied().unwrap_or(0) < ctx.settings.engine.per_service
}

/// Locks and the intent, in one batch. An action that cannot be rendered fails before anything left.
pub(super) fn intent(state: &State, workflow: &Workflow, ix: StepIx, role: Role, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let (run, step, record) = (&workflow.run, graph.step(ix), workflow.step(ix));
    let (action, _) = action_of(step, role);
    let action = match rendered(workflow, action) {
        Ok(action) => action,
        Err(trouble) => return not_started(state, workflow, ix, trouble.detail(), ctx),
    };
    // Without the attempt's number: a retry by itself has the same key, so that a keyed service does it once. A person's word
    // raises the generation.
    let effect_key = Canonical::new("ouioe.effect.1")
        .text(state.journal.as_str())
        .text(run.as_str())
        .text(step.id.as_str())
        .number(u64::from(record.generation.0))
        .number(role as u64)
        .finish();
    let started = Fact::StepStarted { role, generation: record.generation, effect_key, digest: action_digest(&action), epoch: state.epoch };
    let locks = step.locks.iter().filter(|lock| !state.locks.contains_key(*lock));
    let mut drafts: Vec<Draft> = locks.map(|lock| Draft::step(run, ix, Fact::LockGranted { lock: lock.clone() })).collect();
    drafts.push(Draft::attempt(run, ix, record.attempt.next(), started));
    drafts
}

/// Fails it as data, with whatever adaptation follows.
pub(super) fn not_started(state: &State, workflow: &Workflow, ix: StepIx, detail: &str, ctx: &Ctx<'_>) -> Vec<Draft> {
    let failure = Failure { certainty: Certainty::NotStarted, class: FailureClass::Config, detail: detail.to_owned(), retry_after: None };
    fail(state, workflow, ix, &failure, ctx)
}
