//! Moves a step from one state to the next and keeps slots, counts, queues and questions in step with it.

use crate::model::ids::{RunId, StepIx};
use crate::model::state::{QueueKey, State};
use crate::model::step_state::{QueuedWhy, StepState, WorkflowState};

/// The one place where a step's state changes.
pub(super) fn move_step(state: &mut State, run: &RunId, ix: StepIx, next: StepState) {
    leave_queue(state, run, ix);
    leave_timer(state, run, ix);
    let Some(workflow) = state.runs.get_mut(run) else { return };
    let record = &mut workflow.steps[ix.at()];
    let was_live = record.state.is_live();
    let (was_settled, was_adapting) = (record.state.is_settled(), is_adapting(&record.state));
    let now_live = next.is_live();
    let queued = if let StepState::Queued { queued } = &next { Some(queued.clone()) } else { None };
    record.rev += 1;
    workflow.counts.settled = bump(workflow.counts.settled, was_settled, next.is_settled());
    workflow.counts.adapting = bump(workflow.counts.adapting, was_adapting, is_adapting(&next));
    workflow.counts.waits_for_person = bump(workflow.counts.waits_for_person, record.state.waits_for_person(), next.waits_for_person());
    record.state = next;
    workflow.questions.retain(|_, question| question.step != Some(ix));
    if now_live {
        workflow.live.insert(ix);
    } else {
        workflow.live.remove(&ix);
    }
    if workflow.state == WorkflowState::Pausing && workflow.live.is_empty() {
        workflow.state = WorkflowState::Paused;
    }
    take_slot(state, run, ix, was_live, now_live);
    if let Some(queued) = queued {
        join_queue(state, run, ix, &queued);
    }
}

fn is_adapting(state: &StepState) -> bool {
    matches!(state, StepState::BackingOff { .. } | StepState::AwaitingDecision { .. } | StepState::Compensating | StepState::Probing)
}

fn bump(count: u32, was: bool, is: bool) -> u32 {
    match (was, is) {
        (false, true) => count + 1,
        (true, false) => count.saturating_sub(1),
        (true, true) | (false, false) => count,
    }
}

fn take_slot(state: &mut State, run: &RunId, ix: StepIx, was: bool, is: bool) {
    if was == is {
        return;
    }
    let Some(service) = state.runs.get(run).and_then(|workflow| Some(workflow.graph()?.step(ix).service().to_owned())) else { return };
    state.slots_taken = bump(state.slots_taken, was, is);
    let taken = state.service_taken.get(&service).copied().unwrap_or(0);
    match bump(taken, was, is) {
        0 => state.service_taken.remove(&service),
        count => state.service_taken.insert(service, count),
    };
}

fn key(state: &State, run: &RunId, ix: StepIx) -> QueueKey {
    QueueKey { order: state.runs.get(run).map_or(0, |workflow| workflow.order), ix, run: run.clone() }
}

fn join_queue(state: &mut State, run: &RunId, ix: StepIx, why: &QueuedWhy) {
    let key = key(state, run, ix);
    match why {
        QueuedWhy::Ready | QueuedWhy::Slot => state.queues.slot.insert(key),
        QueuedWhy::Limit { service } => state.queues.service.entry(service.clone()).or_default().insert(key),
        QueuedWhy::Lock { lock, .. } => state.queues.lock.entry(lock.clone()).or_default().insert(key),
        QueuedWhy::Frozen { target } => state.queues.frozen.entry(target.clone()).or_default().insert(key),
    };
}

fn leave_queue(state: &mut State, run: &RunId, ix: StepIx) {
    let Some(StepState::Queued { queued }) = state.runs.get(run).map(|workflow| workflow.step(ix).state.clone()) else { return };
    let key = key(state, run, ix);
    let (map, name) = match queued {
        QueuedWhy::Ready | QueuedWhy::Slot => {
            state.queues.slot.remove(&key);
            return;
        }
        QueuedWhy::Limit { service } => (&mut state.queues.service, service),
        QueuedWhy::Lock { lock, .. } => (&mut state.queues.lock, lock),
        QueuedWhy::Frozen { target } => (&mut state.queues.frozen, target),
    };
    if let Some(waiters) = map.get_mut(&name) {
        waiters.remove(&key);
        if waiters.is_empty() {
            map.remove(&name);
        }
    }
}

fn leave_timer(state: &mut State, run: &RunId, ix: StepIx) {
    let timer = match state.runs.get(run).map(|workflow| &workflow.step(ix).state) {
        Some(StepState::Held { timer, .. } | StepState::BackingOff { timer, .. }) => timer.clone(),
        _ => return,
    };
    super::drop_timer(state, &timer);
}
