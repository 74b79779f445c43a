//! Facts about one step.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::lifecycle;
use super::places::move_step;
use super::{ask, set_timer};
use crate::machine::render::rendered;
use crate::machine::size::size_of;
use crate::model::command::Question;
use crate::model::effect::Role;
use crate::model::event::{Event, Fact};
use crate::model::expand::expanded;
use crate::model::failure::{ExitFacts, Failure, SpoolFacts};
use crate::model::ids::{RequestId, RunId, StepIx, TimerId};
use crate::model::state::{AttemptRecord, OpenQuestion, State, StepRecord, Timer, TimerKind};
use crate::model::step_state::{SkipWhy, StepState};
use crate::model::time::Stamp;
use crate::policy::digest::action_digest;

pub(super) fn apply_step(state: &mut State, event: &Event, fact: &Fact) {
    let Some((run, ix)) = place(state, event) else { return };
    match fact {
        Fact::StepQueued { queued } => move_step(state, &run, ix, StepState::Queued { queued: queued.clone() }),
        Fact::StepHeld { until, timer } => {
            with(state, &run, ix, |record| record.held = true);
            wait(state, &run, ix, *until, timer, TimerKind::Hold);
        }
        Fact::BackoffStarted { until, timer } => {
            with(state, &run, ix, |record| record.retries += 1);
            wait(state, &run, ix, *until, timer, TimerKind::Backoff);
        }
        Fact::ApprovalRequested { request, digest, why, expires } => {
            // What was taken back is held again after the next yes.
            with(state, &run, ix, |record| record.held = false);
            move_step(state, &run, ix, StepState::AwaitingApproval { request: request.clone() });
            let options = options(&[("approve", "run it with these bytes"), ("reject", "cancel this step")]);
            let question = Question { request: request.clone(), why: why.clone(), options };
            let open =
                OpenQuestion { step: Some(ix), asked: event.at, digest: Some(*digest), question, expires: expires.as_ref().map(|it| it.0) };
            ask(state, event, open, expires.clone());
        }
        Fact::Approved { digest, .. } => {
            with(state, &run, ix, |record| record.approved = Some(*digest));
            move_step(state, &run, ix, StepState::Waiting);
            spoke(state, event, &run);
        }
        Fact::Rejected { .. } | Fact::DecisionMade { .. } => spoke(state, event, &run),
        Fact::WorkflowPaused {} | Fact::WorkflowResumed { .. } => {
            lifecycle::hold_back(state, &run, ix, matches!(fact, Fact::WorkflowPaused {}));
            spoke(state, event, &run);
        }
        Fact::StepExpanded { items, agreed } => widen(state, &run, ix, items, *agreed),
        Fact::LockGranted { lock } => {
            state.locks.insert(lock.clone(), (run, ix));
        }
        Fact::LockReleased { lock } => {
            state.locks.remove(lock);
        }
        Fact::DecisionRequested { question } => {
            move_step(state, &run, ix, StepState::AwaitingDecision { request: question.request.clone() });
            let open = OpenQuestion { step: Some(ix), asked: event.at, digest: None, question: question.clone(), expires: None };
            ask(state, event, open, None);
        }
        Fact::StepSkipped { skipped, reason } => {
            with(state, &run, ix, |record| record.note.clone_from(reason));
            settle(state, &run, ix, StepState::Skipped { skipped: *skipped });
            if *skipped == SkipWhy::Person {
                spoke(state, event, &run);
            }
        }
        Fact::StepDoneByHand { evidence } => {
            with(state, &run, ix, |record| record.note.clone_from(evidence));
            settle(state, &run, ix, StepState::DoneByHand);
            spoke(state, event, &run);
        }
        Fact::StepStopping { stopping } => move_step(state, &run, ix, StepState::Stopping { stopping: *stopping, since: event.at }),
        Fact::StepCancelled {} => settle(state, &run, ix, StepState::Cancelled),
        _ => apply_attempt(state, event, fact, &run, ix),
    }
}

fn apply_attempt(state: &mut State, event: &Event, fact: &Fact, run: &RunId, ix: StepIx) {
    match fact {
        Fact::StepStarted { role, generation, .. } => {
            let begun = begun(event, fact).map(Box::new);
            with(state, run, ix, |record| {
                record.attempt = event.attempt.unwrap_or(record.attempt.next());
                record.generation = *generation;
                record.last = begun;
                // A probe or an undo is for this attempt alone: whatever comes after it is the step itself again.
                record.next = Role::Main;
            });
            move_step(state, run, ix, running(*role));
        }
        Fact::StepRecovering { .. } => {
            let role = state.runs.get(run).and_then(|it| it.step(ix).last.as_ref()).map_or(Role::Main, |last| last.role);
            move_step(state, run, ix, running(role));
        }
        Fact::StepProbed { detail, .. } => with(state, run, ix, |record| record.note.clone_from(detail)),
        Fact::StepRequeued { role, raised, .. } => {
            with(state, run, ix, |record| {
                record.next = *role;
                if *raised {
                    record.generation = record.generation.next();
                    record.retries = 0;
                }
            });
            move_step(state, run, ix, StepState::Waiting);
        }
        Fact::StepSucceeded { result, verdict, exit, spool } => {
            with(state, run, ix, |record| {
                ended(record, event.at, None, exit.as_ref(), spool.as_ref(), "");
                record.verdict = verdict.clone().map(Box::new);
                record.result = (*result != Value::Null).then(|| Arc::new(result.clone()));
                record.note.clear();
            });
            count_result(state, run, result);
            settle(state, run, ix, StepState::Succeeded);
        }
        Fact::StepFailed { failure, exit, spool, error_tail } => {
            with(state, run, ix, |record| {
                // Where a person lets it fail, its attempt ended long ago, and what it said then is why.
                if !matches!(record.state, StepState::AwaitingDecision { .. }) {
                    ended(record, event.at, Some(failure), exit.as_ref(), spool.as_ref(), error_tail);
                }
            });
            settle(state, run, ix, StepState::Failed);
        }
        Fact::OutcomeUnknown { detail } => unknown(state, event, run, ix, detail),
        Fact::CompensationFinished { succeeded, detail } => {
            with(state, run, ix, |record| {
                ended(record, event.at, None, None, None, "");
                record.note.clone_from(detail);
            });
            settle(state, run, ix, if *succeeded { StepState::Compensated } else { StepState::Failed });
        }
        _ => {}
    }
}

/// Its copies are behind all other steps; what holds it back holds them back.
fn widen(state: &mut State, run: &RunId, ix: StepIx, items: &[Value], agreed: bool) {
    let Some(workflow) = state.runs.get_mut(run) else { return };
    let Some(wide) = workflow.graph().and_then(|graph| expanded(graph, ix, items).ok()) else { return };
    let copy = StepRecord { paused: workflow.step(ix).paused, ..StepRecord::fresh() };
    workflow.steps.resize(wide.len(), copy);
    workflow.lists.push((ix, items.to_vec()));
    let copies = wide.copies(ix).to_vec();
    workflow.graph = Some(Arc::clone(&wide));
    for copy in copies.into_iter().filter(|_| agreed) {
        // A yes to all was a yes to each, and to exactly these bytes.
        let exact = rendered(workflow, &wide.step(copy).action).ok().map(|action| action_digest(&action));
        workflow.steps[copy.at()].approved = exact;
    }
}

/// A new attempt: nothing of the one before it may be taken for its own.
fn begun(event: &Event, fact: &Fact) -> Option<AttemptRecord> {
    let Fact::StepStarted { role, effect_key, digest, epoch, .. } = fact else { return None };
    Some(AttemptRecord {
        role: *role,
        epoch: *epoch,
        effect_key: *effect_key,
        digest: *digest,
        started: event.at,
        ended: None,
        failure: None,
        exit: None,
        spool: None,
        error_tail: String::new(),
    })
}

fn place(state: &State, event: &Event) -> Option<(RunId, StepIx)> {
    let run = event.run.as_ref()?;
    let ix = state.runs.get(run)?.graph()?.ix(event.step.as_ref()?)?;
    Some((run.clone(), ix))
}

fn with(state: &mut State, run: &RunId, ix: StepIx, change: impl FnOnce(&mut StepRecord)) {
    if let Some(workflow) = state.runs.get_mut(run) {
        change(&mut workflow.steps[ix.at()]);
    }
}

fn running(role: Role) -> StepState {
    match role {
        Role::Main => StepState::Running,
        Role::Probe => StepState::Probing,
        Role::Compensation => StepState::Compensating,
    }
}

fn wait(state: &mut State, run: &RunId, ix: StepIx, until: Stamp, timer: &TimerId, kind: TimerKind) {
    let next = match kind {
        TimerKind::Hold => StepState::Held { until, timer: timer.clone() },
        TimerKind::Backoff | TimerKind::ApprovalExpiry(_) => StepState::BackingOff { until, timer: timer.clone() },
    };
    move_step(state, run, ix, next);
    set_timer(state, timer, Timer { due: until, run: run.clone(), step: Some(ix), kind });
}

/// Nothing more happens to it by itself; its place among the completions is kept for undo in reverse.
fn settle(state: &mut State, run: &RunId, ix: StepIx, next: StepState) {
    let completed = next == StepState::Succeeded || next == StepState::DoneByHand;
    move_step(state, run, ix, next);
    let Some(workflow) = state.runs.get_mut(run) else { return };
    if completed {
        workflow.counts.completed += 1;
        workflow.steps[ix.at()].completed = workflow.counts.completed;
    }
}

fn ended(record: &mut StepRecord, at: Stamp, failure: Option<&Failure>, exit: Option<&ExitFacts>, spool: Option<&SpoolFacts>, tail: &str) {
    let Some(last) = record.last.as_deref_mut() else {
        record.note = failure.map(|it| it.detail.clone()).unwrap_or_default();
        return;
    };
    last.ended = Some(at);
    last.failure = failure.cloned();
    last.exit = exit.cloned();
    last.spool = spool.cloned();
    tail.clone_into(&mut last.error_tail);
    if let Some(failure) = failure {
        record.note.clone_from(&failure.detail);
    }
}

fn count_result(state: &mut State, run: &RunId, result: &Value) {
    if let Some(workflow) = state.runs.get_mut(run) {
        workflow.counts.results_bytes += size_of(result);
    }
}

fn unknown(state: &mut State, event: &Event, run: &RunId, ix: StepIx, detail: &str) {
    with(state, run, ix, |record| {
        detail.clone_into(&mut record.note);
        if let Some(last) = record.last.as_deref_mut() {
            last.ended = Some(event.at);
        }
    });
    move_step(state, run, ix, StepState::OutcomeUnknown);
    let options = options(&[
        ("done", "it happened: say how you know, and go on"),
        ("retry", "run it again, knowing that it may have happened"),
        ("skip", "go on without it"),
    ]);
    let request = RequestId::new(format!("u{}", event.seq));
    let question = Question { request, why: format!("outcome unknown: {detail}"), options };
    ask(state, event, OpenQuestion { step: Some(ix), asked: event.at, digest: None, question, expires: None }, None);
}

fn options(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(verb, what)| ((*verb).to_owned(), (*what).to_owned())).collect()
}

/// A person acted on this run.
fn spoke(state: &mut State, event: &Event, run: &RunId) {
    if let Some(workflow) = state.runs.get_mut(run) {
        workflow.last_word = Some((event.actor.clone(), event.seq));
    }
}
