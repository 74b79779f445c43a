//! Journal -> what past runs teach: remembered plans with their outcomes, durations and failures by operation.
//!
//! Built anew from the runs that the journal still holds, so a run that is gone teaches nothing. Never writes.

use std::path::Path;

use crate::journal::Reader;
use crate::journal::folder::DATABASE;
use crate::machine::apply;
use crate::model::effect::Role;
use crate::model::plan::PlanSource;
use crate::model::state::{State, Workflow};
use crate::model::step_state::WorkflowState;
use crate::model::time::Millis;
use crate::planner::Experience;

/// A larger journal is not read while somebody waits for a plan.
const MOST_BYTES: u64 = 64 << 20;

/// Nothing where there is no journal, or none that can be read: then plans are made without a past.
pub fn experience(state_dir: &Path) -> Experience {
    let size = std::fs::metadata(state_dir.join(DATABASE)).map_or(0, |about| about.len());
    if size == 0 || size > MOST_BYTES {
        return Experience::default();
    }
    match Reader::open(state_dir).and_then(|reader| reader.state(apply)) {
        Ok(state) => of(&state),
        Err(error) => {
            tracing::warn!("plans are made without the past: could not {error}");
            Experience::default()
        }
    }
}

/// Of finished runs, in the order of their submission.
pub fn of(state: &State) -> Experience {
    let mut experience = Experience::default();
    let mut runs: Vec<&Workflow> = state.runs.values().filter(|one| one.state.is_finished()).collect();
    runs.sort_by_key(|one| one.order);
    for workflow in runs {
        let Some(graph) = workflow.graph() else { continue };
        for (step, record) in graph.plan.steps.iter().zip(&workflow.steps) {
            let Some(last) = record.last.as_ref().filter(|last| last.role == Role::Main) else { continue };
            let Some(ended) = last.ended else { continue };
            let took = u64::try_from(ended.0.saturating_sub(last.started.0)).unwrap_or(0);
            experience.history.add(&step.operation, last.failure.is_none().then_some(Millis(took)));
        }
        // What a person rejected or broke off says nothing about the plan.
        let approved =
            !workflow.approval_required || workflow.approved.is_some() || workflow.steps.iter().any(|step| step.approved.is_some());
        if workflow.source == PlanSource::Intent && workflow.state != WorkflowState::Cancelled && approved {
            let well = workflow.state == WorkflowState::Succeeded;
            experience.memory.remember(workflow.run.as_str(), &graph.plan.intent, &graph.plan, well);
        }
    }
    experience
}
