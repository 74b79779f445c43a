//! State -> what the engine must bring about, for live attempts only.
//!
//! Start only for intents of this engine's epoch; what an earlier one started is reconciled, never started.

use super::render::rendered;
use crate::model::action::Action;
use crate::model::effect::{AttemptRef, Effect, Role, Start};
use crate::model::ids::{RunId, StepIx};
use crate::model::plan::Step;
use crate::model::settings::EngineSettings;
use crate::model::state::{State, Workflow};
use crate::model::step_state::{StepState, StopWhy};
use crate::model::time::Millis;

pub fn wanted(state: &State, run: &RunId, settings: &EngineSettings) -> Vec<Effect> {
    let Some(workflow) = state.runs.get(run) else { return Vec::new() };
    workflow.live.iter().flat_map(|ix| wanted_of(state, workflow, *ix, settings)).collect()
}

/// The part of one live step.
pub fn wanted_of(state: &State, workflow: &Workflow, ix: StepIx, settings: &EngineSettings) -> Vec<Effect> {
    let Some((at, start)) = begin(workflow, ix, settings) else { return Vec::new() };
    let ours = workflow.step(ix).last.as_ref().is_some_and(|last| last.epoch == state.epoch);
    match &workflow.step(ix).state {
        StepState::Running | StepState::Probing | StepState::Compensating if ours => vec![Effect::Start(Box::new(start))],
        StepState::Running | StepState::Probing | StepState::Compensating | StepState::Recovering => {
            vec![Effect::Reconcile(Box::new(start))]
        }
        StepState::Stopping { stopping, .. } => {
            let grace_ms = if *stopping == StopWhy::CancelNow { Millis(0) } else { settings.grace_ms };
            let stop = Effect::Stop { at, why: *stopping, grace_ms };
            if ours { vec![stop] } else { vec![Effect::Reconcile(Box::new(start)), stop] }
        }
        _ => Vec::new(),
    }
}

/// The attempt as it was started: rendered from the same results, so its digest is the recorded one.
pub fn begin(workflow: &Workflow, ix: StepIx, settings: &EngineSettings) -> Option<(AttemptRef, Start)> {
    let step = workflow.graph()?.step(ix);
    let record = workflow.step(ix);
    let last = record.last.as_deref()?;
    let (action, timeout_ms) = action_of(step, last.role);
    let at = AttemptRef { run: workflow.run.clone(), ix, step: step.id.clone(), attempt: record.attempt };
    let start = Start {
        at: at.clone(),
        role: last.role,
        operation: step.operation.clone(),
        action: rendered(workflow, action).ok()?,
        digest: last.digest,
        effect_key: last.effect_key,
        timeout_ms,
        silence_ms: step.silence_ms,
        grace_ms: settings.grace_ms,
        output_cap: settings.output_cap,
        result_cap: settings.result_cap,
        thresholds: step.thresholds.clone(),
        kind: step.kind,
    };
    Some((at, start))
}

/// The action of a role; a step without the asked one falls back to its own.
pub(super) fn action_of(step: &Step, role: Role) -> (&Action, Millis) {
    let extra = match role {
        Role::Main => None,
        Role::Probe => step.probe.as_ref(),
        Role::Compensation => step.compensation.as_ref(),
    };
    extra.map_or((&step.action, step.timeout_ms), |it| (&it.action, it.timeout_ms))
}
