//! Event -> state. Records facts, decides nothing, never fails.
//!
//! An event that names a run or step unknown here changes only the sequence and the time.

mod lifecycle;
mod places;
mod step;

use crate::model::event::{Event, Fact};
use crate::model::ids::{CmdId, Seq};
use crate::model::state::{OpenQuestion, State, Timer, TimerKind};
use crate::model::time::{Millis, Stamp};

/// How long a command id is remembered.
const COMMAND_MEMORY: Millis = Millis::seconds(24 * 3_600);

pub fn apply(state: &mut State, event: &Event) {
    state.seq = event.seq;
    state.now = state.now.max(event.at);
    if let Some(cmd) = &event.cmd {
        remember(state, cmd.clone(), event.seq, event.at);
    }
    match &event.fact {
        Fact::EngineStarted { epoch, .. } => lifecycle::engine_started(state, *epoch),
        Fact::EngineStopped {} => state.engine_live = false,
        Fact::TargetFrozen { target, reason } => {
            state.frozen.insert(target.clone(), reason.clone());
        }
        Fact::TargetThawed { target } => {
            state.frozen.remove(target);
        }
        Fact::ClockStepped { .. } => {}
        Fact::IntentSubmitted { intent } => lifecycle::intent_submitted(state, event, intent),
        fact => {
            if event.step.is_some() {
                step::apply_step(state, event, fact);
            } else {
                lifecycle::apply_run(state, event, fact);
            }
        }
    }
}

fn remember(state: &mut State, cmd: CmdId, seq: Seq, at: Stamp) {
    state.commands.insert(cmd, (seq, at));
    // Old ones go in lots, so that most events pay nothing.
    if state.commands.len().is_multiple_of(1_024) {
        state.commands.retain(|_, (_, asked)| at.since(*asked) <= COMMAND_MEMORY);
    }
}

fn set_timer(state: &mut State, id: &crate::model::ids::TimerId, timer: Timer) {
    state.due.insert((timer.due, id.clone()));
    state.timers.insert(id.clone(), timer);
}

fn drop_timer(state: &mut State, id: &crate::model::ids::TimerId) {
    if let Some(timer) = state.timers.remove(id) {
        state.due.remove(&(timer.due, id.clone()));
    }
}

/// The question and, where it expires, its timer.
fn ask(state: &mut State, event: &Event, question: OpenQuestion, expiry: Option<(Stamp, crate::model::ids::TimerId)>) {
    let Some(run) = &event.run else { return };
    let request = question.question.request.clone();
    let step = question.step;
    if let Some(workflow) = state.runs.get_mut(run) {
        workflow.questions.insert(request.clone(), question);
    }
    if let Some((due, id)) = expiry {
        set_timer(state, &id, Timer { due, run: run.clone(), step, kind: TimerKind::ApprovalExpiry(request) });
    }
}
