//! What an event may set going: the steps, runs, locks and limits that `advance` looks at, and nothing else.
//!
//! Cost follows what changed, not the size of plan or fleet. Releases come before new steps, so a queue is served fairly.

use std::collections::BTreeSet;

use crate::model::event::{Event, Fact};
use crate::model::ids::{RunId, StepIx};
use crate::model::state::{State, Workflow};
use crate::model::step_state::StepState;

/// One thing to look at; the order of the variants is the order of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// The step's attempt ended: its locks go to the next in line.
    Locks(RunId, StepIx),
    Lock(String),
    Thawed(String),
    Service(String),
    Slot,
    /// May it start, or can it never?
    Step(RunId, StepIx),
    /// Is there anything left to do?
    Run(RunId),
}

#[derive(Debug, Default)]
pub struct Worklist(BTreeSet<Item>);

impl Worklist {
    pub fn push(&mut self, item: Item) {
        self.0.insert(item);
    }

    /// Every waiting step of every unfinished run, and the head of the line.
    pub fn push_waiting(&mut self, state: &State) {
        self.push(Item::Slot);
        for workflow in state.runs.values().filter(|one| !one.state.is_finished()) {
            self.push(Item::Run(workflow.run.clone()));
            push_steps(workflow, self);
        }
    }

    pub fn pop(&mut self) -> Option<Item> {
        self.0.pop_first()
    }
}

/// Called after `apply`.
pub fn follow_ups(state: &State, event: &Event, work: &mut Worklist) {
    match &event.fact {
        Fact::LockReleased { lock } => work.push(Item::Lock(lock.clone())),
        Fact::TargetThawed { target } => work.push(Item::Thawed(target.clone())),
        Fact::WorkflowStarted {} | Fact::WorkflowResumed { .. } | Fact::WorkflowCancelling { .. } | Fact::StepExpanded { .. } => {
            wake(state, event, work);
        }
        _ => {}
    }
    let Some(workflow) = event.run.as_ref().and_then(|run| state.runs.get(run)) else { return };
    // Whatever happened may have been the last thing; it is the last to be looked at, too.
    work.push(Item::Run(workflow.run.clone()));
    let Some(ix) = event.step.as_ref().and_then(|id| workflow.graph()?.ix(id)) else { return };
    step_follow_ups(workflow, ix, work);
}

/// Everything that waits looks again.
fn wake(state: &State, event: &Event, work: &mut Worklist) {
    if let Some(workflow) = event.run.as_ref().and_then(|run| state.runs.get(run)) {
        push_steps(workflow, work);
    }
}

fn push_steps(workflow: &Workflow, work: &mut Worklist) {
    for (record, at) in workflow.steps.iter().zip(0_u32..) {
        if record.state == StepState::Waiting {
            work.push(Item::Step(workflow.run.clone(), StepIx(at)));
        }
    }
}

fn step_follow_ups(workflow: &Workflow, ix: StepIx, work: &mut Worklist) {
    let record = workflow.step(ix);
    let Some(graph) = workflow.graph() else { return };
    let step = graph.step(ix);
    if !record.state.is_live() {
        if !step.locks.is_empty() {
            work.push(Item::Locks(workflow.run.clone(), ix));
        }
        work.push(Item::Service(step.service().to_owned()));
        work.push(Item::Slot);
    }
    // An unknown outcome is not settled: what depends on it goes on waiting.
    if record.state.is_settled() {
        for dependent in &graph.dependents[ix.at()] {
            work.push(Item::Step(workflow.run.clone(), *dependent));
        }
    } else {
        work.push(Item::Step(workflow.run.clone(), ix));
    }
}
