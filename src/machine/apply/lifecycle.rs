//! Facts about engines and whole runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::places::move_step;
use super::{ask, drop_timer};
use crate::model::command::Question;
use crate::model::digest::Digest;
use crate::model::event::{Event, Fact};
use crate::model::graph::Graph;
use crate::model::ids::{Epoch, RequestId, RunId, StepId, StepIx, TimerId};
use crate::model::intent::Intent;
use crate::model::plan::PlanSource;
use crate::model::state::{Counts, OpenQuestion, State, StepRecord, Timer, TimerKind, Workflow};
use crate::model::step_state::{StepState, WorkflowState};

/// Whatever was in flight is now to be found out; nothing new starts in unfinished runs before `resume`.
pub(super) fn engine_started(state: &mut State, epoch: Epoch) {
    state.epoch = epoch;
    state.engine_live = true;
    let unfinished: Vec<RunId> = state.runs.values().filter(|one| !one.state.is_finished()).map(|one| one.run.clone()).collect();
    for run in &unfinished {
        unqueue(state, run);
    }
    for workflow in state.runs.values_mut().filter(|workflow| !workflow.state.is_finished()) {
        workflow.parked = true;
        for ix in &workflow.live {
            let record = &mut workflow.steps[ix.at()];
            // What was being stopped stays so: the word was given and is durable.
            if !matches!(record.state, StepState::Stopping { .. }) {
                record.state = StepState::Recovering;
                record.rev += 1;
            }
        }
    }
}

pub(super) fn intent_submitted(state: &mut State, event: &Event, intent: &Intent) {
    let Some(run) = &event.run else { return };
    state.submitted += 1;
    let workflow = Workflow {
        run: run.clone(),
        cmd: event.cmd.clone().unwrap_or_else(|| "".into()),
        order: state.submitted,
        intent: intent.clone(),
        title: intent.text.clone(),
        source: PlanSource::Intent,
        digest: Digest::ZERO,
        revision: 0,
        graph: None,
        lists: Vec::new(),
        state: WorkflowState::Draft,
        approval_required: false,
        approved: None,
        attended: false,
        parked: false,
        cancel_now: false,
        compensate: false,
        submitted: event.at,
        started: None,
        finished: None,
        verdict: None,
        steps: Vec::new(),
        live: BTreeSet::new(),
        counts: Counts::default(),
        questions: BTreeMap::new(),
        last_word: None,
    };
    state.runs.insert(run.clone(), workflow);
}

/// A run that may start nothing holds no place in any line.
fn unqueue(state: &mut State, run: &RunId) {
    let Some(graph) = state.runs.get(run).and_then(|workflow| workflow.graph().cloned()) else { return };
    unqueue_steps(state, run, graph.places());
}

fn unqueue_steps(state: &mut State, run: &RunId, places: impl Iterator<Item = StepIx>) {
    for ix in places {
        if state.runs.get(run).is_some_and(|workflow| matches!(workflow.step(ix).state, StepState::Queued { .. })) {
            move_step(state, run, ix, StepState::Waiting);
        }
    }
}

/// Pauses or frees a step and all that depends on it.
pub(super) fn hold_back(state: &mut State, run: &RunId, root: StepIx, paused: bool) {
    let Some(workflow) = state.runs.get_mut(run) else { return };
    let Some(subtree) = workflow.graph().map(|graph| graph.subtree(root)) else { return };
    for ix in &subtree {
        let record = &mut workflow.steps[ix.at()];
        record.rev += u32::from(record.paused != paused);
        record.paused = paused;
    }
    if paused {
        unqueue_steps(state, run, subtree.into_iter());
    }
}

/// The steps go on under the new plan; what was agreed to or held of a changed one counts no more.
fn revised(workflow: &mut Workflow, graph: Option<Arc<Graph>>, changed: &[StepId]) {
    workflow.graph = graph;
    let places: Vec<StepIx> = workflow.graph().map(|graph| changed.iter().filter_map(|id| graph.ix(id)).collect()).unwrap_or_default();
    for ix in places {
        let record = &mut workflow.steps[ix.at()];
        (record.approved, record.held) = (None, false);
    }
}

pub(super) fn apply_run(state: &mut State, event: &Event, fact: &Fact) {
    record(state, event, fact);
    if matches!(fact, Fact::Approved { .. } | Fact::Rejected { .. } | Fact::WorkflowFinished { .. }) {
        call_off_expiries(state);
    }
}

/// An answered question expires no more.
fn call_off_expiries(state: &mut State) {
    let is_open = |timer: &Timer, request: &RequestId| state.runs.get(&timer.run).is_some_and(|one| one.questions.contains_key(request));
    let moot: Vec<TimerId> = state
        .timers
        .iter()
        .filter(|(_, timer)| matches!(&timer.kind, TimerKind::ApprovalExpiry(request) if !is_open(timer, request)))
        .map(|(id, _)| id.clone())
        .collect();
    for id in &moot {
        drop_timer(state, id);
    }
}

fn record(state: &mut State, event: &Event, fact: &Fact) {
    if let (Fact::WorkflowPaused {}, Some(run)) = (fact, &event.run) {
        unqueue(state, run);
    }
    let plan = match fact {
        Fact::PlanProposed { digest, .. } | Fact::PlanRevised { digest, .. } => state.plans.get(digest).cloned(),
        _ => None,
    };
    let Some(workflow) = event.run.as_ref().and_then(|run| state.runs.get_mut(run)) else { return };
    match fact {
        Fact::PlanProposed { digest, revision, steps, title, source, approval_required, attended } => {
            workflow.digest = *digest;
            workflow.revision = *revision;
            workflow.title.clone_from(title);
            workflow.source = source.clone();
            workflow.approval_required = *approval_required;
            workflow.attended = *attended;
            workflow.graph = plan;
            workflow.steps = vec![StepRecord::fresh(); *steps as usize];
        }
        Fact::PlanRevised { digest, revision, approval_required, changed, .. } => {
            (workflow.digest, workflow.revision, workflow.approval_required) = (*digest, *revision, *approval_required);
            revised(workflow, plan, changed);
        }
        Fact::ApprovalRequested { request, digest, why, expires } => {
            workflow.state = WorkflowState::AwaitingApproval;
            let question = open(event, request, why, Some(*digest), expires.as_ref().map(|(due, _)| *due));
            let expiry = expires.clone();
            ask(state, event, question, expiry);
        }
        Fact::Approved { request, consent, .. } => {
            workflow.approved = Some((event.actor.clone(), consent.clone()));
            close(workflow, request.as_ref());
            workflow.last_word = Some((event.actor.clone(), event.seq));
        }
        Fact::Rejected { request, .. } => {
            close(workflow, request.as_ref());
            workflow.last_word = Some((event.actor.clone(), event.seq));
        }
        Fact::WorkflowStarted {} => {
            workflow.state = WorkflowState::Running;
            workflow.started = Some(event.at);
            workflow.parked = false;
        }
        Fact::WorkflowPaused {} => {
            workflow.state = if workflow.live.is_empty() { WorkflowState::Paused } else { WorkflowState::Pausing };
            workflow.last_word = Some((event.actor.clone(), event.seq));
        }
        Fact::WorkflowResumed { taken_up } => {
            resumed(workflow, *taken_up);
            workflow.last_word = Some((event.actor.clone(), event.seq));
        }
        Fact::WorkflowCancelling { now, compensate, .. } => {
            workflow.state = WorkflowState::Cancelling;
            workflow.cancel_now = *now;
            workflow.compensate = *compensate;
            workflow.last_word = Some((event.actor.clone(), event.seq));
        }
        Fact::WorkflowFinished { state: last, verdict, .. } => {
            workflow.state = *last;
            workflow.verdict = *verdict;
            workflow.finished = Some(event.at);
            workflow.parked = false;
            workflow.questions.clear();
        }
        _ => {}
    }
}

/// An engine that takes a run up goes on with it as it was: only a person ends a pause that a person began.
fn resumed(workflow: &mut Workflow, taken_up: bool) {
    workflow.parked = false;
    if taken_up {
        return;
    }
    workflow.steps.iter_mut().for_each(|record| record.paused = false);
    if matches!(workflow.state, WorkflowState::Paused | WorkflowState::Pausing) {
        workflow.state = WorkflowState::Running;
    }
}

fn open(event: &Event, request: &RequestId, why: &str, digest: Option<Digest>, expires: Option<crate::model::time::Stamp>) -> OpenQuestion {
    let options = BTreeMap::from([("approve".to_owned(), "run it as shown".to_owned()), ("reject".to_owned(), "do not run it".to_owned())]);
    let question = Question { request: request.clone(), why: why.to_owned(), options };
    OpenQuestion { step: None, asked: event.at, digest, question, expires }
}

fn close(workflow: &mut Workflow, request: Option<&RequestId>) {
    if let Some(request) = request {
        workflow.questions.remove(request);
    }
}
