//! One command against the state -> facts, or a refusal that changes nothing. One file per command.

mod approve;
mod cancel;
mod done;
mod engine;
mod finished;
mod forget;
mod freeze;
mod pause;
mod reconciled;
mod reject;
mod resume;
mod retry;
mod revise;
mod skip;
mod submit;
mod take_back;
mod timer;

pub(super) use cancel::fate;
pub(super) use finished::fail;

use super::turn::{Ctx, Draft, Handled};
use crate::model::command::{Command, Refusal, RefusalCode, Report, Request, StepRef};
use crate::model::event::Fact;
use crate::model::graph::Graph;
use crate::model::ids::{RunId, StepId, StepIx};
use crate::model::state::{State, StepRecord, Workflow};
use crate::policy::role::authorise;

pub fn handle(state: &State, request: &Request, ctx: &Ctx<'_>) -> Result<Handled, Refusal> {
    authorise(&request.actor, &request.command)?;
    let run = addressed(&request.command).cloned();
    let mut handled = match &request.command {
        Command::Submit(submit) => submit::handle(state, submit, ctx),
        Command::Approve { run, step, digest } => approve::handle(state, run, step.as_ref(), digest),
        Command::Reject { run, step, reason } => reject::handle(state, run, step.as_ref(), reason),
        Command::Retry { at, reason } => retry::handle(state, at, reason),
        Command::Skip { at, reason } => skip::handle(state, at, reason),
        Command::Done { at, evidence } => done::handle(state, at, evidence),
        Command::TakeBack { at } => take_back::handle(state, at),
        Command::Revise { at, plan, consent, reason } => revise::handle(state, at, plan, consent, reason, ctx),
        Command::Pause { run, step } => pause::handle(state, run, step.as_ref()),
        Command::Resume { run, step } => resume::handle(state, run.as_ref(), step.as_ref()),
        Command::Cancel { run, now, reason } => cancel::handle(state, run, *now, false, reason),
        Command::Rollback { run, reason } => cancel::handle(state, run, false, true, reason),
        Command::Freeze { target, reason } => freeze::freeze(state, target, reason),
        Command::Thaw { target } => freeze::thaw(state, target),
        Command::Note { run, text } => {
            workflow(state, run)?;
            Ok(Handled::of(vec![Draft::run(run, Fact::NoteAdded { text: text.clone() })]))
        }
        Command::Forget { run, reason } => forget::handle(state, run, reason),
        Command::Report(report) => handle_report(state, report, ctx),
    }?;
    handled.run = handled.run.or(run);
    Ok(handled)
}

fn handle_report(state: &State, report: &Report, ctx: &Ctx<'_>) -> Result<Handled, Refusal> {
    match report {
        Report::EngineStarted { epoch, pid, version } => engine::started(state, *epoch, *pid, version),
        Report::EngineStopped => Ok(Handled::of(vec![Draft::engine(Fact::EngineStopped {})])),
        Report::ClockStepped { by_ms } => Ok(Handled::of(vec![Draft::engine(Fact::ClockStepped { by_ms: *by_ms })])),
        Report::TimerFired { timer } => timer::handle(state, timer),
        Report::Finished { run, step, attempt, outcome } => finished::handle(state, run, step, *attempt, outcome, ctx),
        Report::Reconciled { run, step, attempt, found } => reconciled::handle(state, run, step, *attempt, found, ctx),
    }
}

fn addressed(command: &Command) -> Option<&RunId> {
    match command {
        Command::Approve { run, .. }
        | Command::Reject { run, .. }
        | Command::Pause { run, .. }
        | Command::Cancel { run, .. }
        | Command::Rollback { run, .. }
        | Command::Note { run, .. }
        | Command::Forget { run, .. } => Some(run),
        Command::Retry { at, .. }
        | Command::Revise { at, .. }
        | Command::Skip { at, .. }
        | Command::Done { at, .. }
        | Command::TakeBack { at } => Some(&at.run),
        Command::Resume { run, .. } => run.as_ref(),
        Command::Submit(_) | Command::Freeze { .. } | Command::Thaw { .. } | Command::Report(_) => None,
    }
}

/// A run and its plan; both are needed by every verb.
fn workflow<'a>(state: &'a State, run: &RunId) -> Result<(&'a Workflow, &'a Graph), Refusal> {
    let found = state.runs.get(run).ok_or_else(|| Refusal::new(RefusalCode::NotFound, format!("no run {run}; `ouioe runs` lists them")))?;
    let graph = found.graph().ok_or_else(|| {
        Refusal::new(RefusalCode::WrongState, format!("the plan of run {run} is gone from the journal; nothing can be done with it"))
    })?;
    Ok((found, graph))
}

/// A run that is not finished; else who had the last word.
fn unfinished<'a>(state: &'a State, run: &RunId) -> Result<(&'a Workflow, &'a Graph), Refusal> {
    let (found, graph) = workflow(state, run)?;
    if found.state.is_finished() {
        return Err(too_late(found, format!("run {run} is finished ({})", found.state.word())));
    }
    Ok((found, graph))
}

fn place(graph: &Graph, run: &RunId, step: &StepId) -> Result<StepIx, Refusal> {
    graph
        .ix(step)
        .ok_or_else(|| Refusal::new(RefusalCode::NotFound, format!("run {run} has no step {step}; `ouioe show {run}` lists them")))
}

/// The step of an unfinished run, in the revision that the sender saw.
fn addressed_step<'a>(state: &'a State, at: &StepRef) -> Result<(&'a Workflow, &'a Graph, StepIx, &'a StepRecord), Refusal> {
    let (found, graph) = unfinished(state, &at.run)?;
    let ix = place(graph, &at.run, &at.step)?;
    let record = found.step(ix);
    match at.expected_rev {
        Some(seen) if seen != record.rev => Err(Refusal {
            code: RefusalCode::Stale,
            ..too_late(found, format!("step {} changed since you looked: it is {} now", at.step, record.state.word()))
        }),
        Some(_) | None => Ok((found, graph, ix, record)),
    }
}

/// What a step over a list has become is acted on one by one.
fn not_over_a_list(workflow: &Workflow, graph: &Graph, ix: StepIx, record: &StepRecord) -> Result<(), Refusal> {
    let open = graph.copies(ix).iter().filter(|copy| !workflow.step(**copy).state.is_settled()).collect::<Vec<_>>();
    let Some(first) = open.first() else { return Ok(()) };
    let first = &graph.step(**first).id;
    Err(wrong_state(
        workflow,
        &graph.step(ix).id,
        record,
        &format!("it goes over a list, and {} of it are open: name one, as {first}", open.len()),
    ))
}

/// A refusal that names who acted before.
fn too_late(workflow: &Workflow, why: String) -> Refusal {
    let (by, seq) = workflow.last_word.clone().unzip();
    Refusal { code: RefusalCode::WrongState, why, by, seq }
}

/// A run in a state in which this cannot be.
fn wrong_run(workflow: &Workflow, wanted: &str) -> Refusal {
    let state = workflow.shown().word().replace('_', " ");
    Refusal::new(RefusalCode::WrongState, format!("run {} is {state}; {wanted}", workflow.run))
}

fn wrong_state(workflow: &Workflow, step: &StepId, record: &StepRecord, wanted: &str) -> Refusal {
    too_late(workflow, format!("step {step} is {}; {wanted}", record.state.word()))
}
