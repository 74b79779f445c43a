//! What a cancel or a rollback would do to each step, for those who are about to give the word: by the rules that the word itself follows.

use super::handle::fate;
use crate::model::event::Fact;
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::state::Workflow;
use crate::model::step_state::StepState;

/// Places in plan order; undone ones in the order of their undo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Live attempts that are told to end.
    pub stopped: Vec<StepIx>,
    /// They never start.
    pub cancelled: Vec<StepIx>,
    /// Recovery steps that may still run.
    pub still_run: Vec<StepIx>,
    pub undone: Vec<StepIx>,
    /// Done, changed something, and stays so.
    pub stays: Vec<StepIx>,
}

pub fn ending(workflow: &Workflow, graph: &Graph, now: bool, compensate: bool) -> Ending {
    let mut found = Ending::default();
    for ix in graph.places() {
        let state = &workflow.step(ix).state;
        match fate(workflow, graph, ix, now) {
            Some(Fact::StepStopping { .. }) => found.stopped.push(ix),
            Some(_) => found.cancelled.push(ix),
            None if !state.is_settled() && !state.is_live() && *state != StepState::OutcomeUnknown => found.still_run.push(ix),
            None if *state != StepState::Succeeded || graph.step(ix).effect == crate::model::catalogue::EffectClass::Read => {}
            None if compensate && !now && graph.step(ix).compensation.is_some() => found.undone.push(ix),
            None => found.stays.push(ix),
        }
    }
    found.undone.sort_by_key(|ix| std::cmp::Reverse(workflow.step(*ix).completed));
    found
}
