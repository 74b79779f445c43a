//! The report of an attempt -> result, failure with what follows, or the truth about an old one.

use std::sync::Arc;

use serde_json::Value;

use super::super::turn::{Ctx, Draft, Handled};
use super::{place, workflow};
use crate::adaptation::{Situation, Way, propose};
use crate::decision::{Candidate, choose, vetoes};
use crate::machine::size::size_of;
use crate::model::catalogue::Repeat;
use crate::model::command::{AttemptOutcome, Question, Refusal};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::graph::Graph;
use crate::model::ids::{AttemptNo, RequestId, RunId, StepId, StepIx, TimerId};
use crate::model::plan::{StepKind, When};
use crate::model::state::{State, StepRecord, Workflow};
use crate::model::step_state::{SkipWhy, StepState, StopWhy, WorkflowState};
use crate::model::verdict::Health;
use crate::policy::canonical::Canonical;

pub(super) fn handle(
    state: &State,
    run: &RunId,
    step: &StepId,
    attempt: AttemptNo,
    outcome: &AttemptOutcome,
    ctx: &Ctx<'_>,
) -> Result<Handled, Refusal> {
    let (workflow, graph, ix) = current(state, run, step, attempt)?;
    let record = workflow.step(ix);
    if record.attempt != attempt || !record.state.is_live() {
        return Ok(Handled::of(late(workflow, graph, ix, attempt, outcome)));
    }
    let role = record.last.as_ref().map_or(Role::Main, |last| last.role);
    Ok(Handled::of(match role {
        Role::Main => main_outcome(state, workflow, graph, ix, outcome, ctx),
        Role::Probe => probed(workflow, ix, record, outcome),
        Role::Compensation => undone(workflow, ix, record, outcome),
    }))
}

pub(super) fn current<'a>(
    state: &'a State,
    run: &RunId,
    step: &StepId,
    _attempt: AttemptNo,
) -> Result<(&'a Workflow, &'a Arc<Graph>, StepIx), Refusal> {
    let (found, graph) = workflow(state, run)?;
    let ix = place(graph, run, step)?;
    found.graph().map(|graph| (found, graph, ix)).ok_or_else(|| Refusal::new(crate::model::command::RefusalCode::NotFound, "no plan"))
}

fn main_outcome(state: &State, workflow: &Workflow, graph: &Graph, ix: StepIx, outcome: &AttemptOutcome, ctx: &Ctx<'_>) -> Vec<Draft> {
    let (run, record) = (&workflow.run, workflow.step(ix));
    match outcome {
        // Also of a step that is being stopped: what was stopped too late has happened, and is not called cancelled.
        AttemptOutcome::Succeeded { result, .. } => match too_large(workflow, result, ctx) {
            Some(failure) => failed(state, workflow, ix, failure, outcome, ctx),
            None => succeeded(run, graph, ix, record.attempt, outcome),
        },
        AttemptOutcome::Failed { failure, .. } => match &record.state {
            StepState::Stopping { stopping, .. } => ended_by_stop(run, ix, record, *stopping, outcome),
            _ => failed(state, workflow, ix, failure.clone(), outcome, ctx),
        },
    }
}

fn too_large(workflow: &Workflow, result: &Value, ctx: &Ctx<'_>) -> Option<Failure> {
    let (size, caps) = (size_of(result), &ctx.settings.engine);
    let detail = if size > caps.result_cap {
        format!("the result of {size} bytes exceeds the cap of {} bytes (engine.result_cap)", caps.result_cap)
    } else if workflow.counts.results_bytes + size > caps.run_results_cap {
        format!("the results of this run exceed {} bytes (engine.run_results_cap)", caps.run_results_cap)
    } else {
        return None;
    };
    Some(Failure { certainty: Certainty::FailedKnown, class: FailureClass::Permanent, detail, retry_after: None })
}

fn succeeded(run: &RunId, graph: &Graph, ix: StepIx, attempt: AttemptNo, outcome: &AttemptOutcome) -> Vec<Draft> {
    let AttemptOutcome::Succeeded { result, verdict, exit, spool } = outcome else { return Vec::new() };
    let fact = Fact::StepSucceeded { result: result.clone(), verdict: verdict.clone(), exit: exit.clone(), spool: spool.clone() };
    let mut drafts = vec![Draft::attempt(run, ix, attempt, fact)];
    let failing = verdict.as_ref().filter(|verdict| verdict.health == Health::Failing);
    if let Some(verdict) = failing.filter(|_| graph.step(ix).kind == StepKind::Monitoring) {
        let detail = verdict.reasons.join("; ");
        drafts.push(Draft::step(run, ix, Fact::AlertRaised { alert: format!("failing:{}", graph.step(ix).id), detail }));
    }
    drafts
}

/// It ended because it was told to.
fn ended_by_stop(run: &RunId, ix: StepIx, record: &StepRecord, why: StopWhy, outcome: &AttemptOutcome) -> Vec<Draft> {
    if let AttemptOutcome::Failed { failure, .. } = outcome
        && failure.certainty == Certainty::Unknown
    {
        return vec![Draft::attempt(run, ix, record.attempt, Fact::OutcomeUnknown { detail: failure.detail.clone() })];
    }
    vec![match why {
        StopWhy::Cancel | StopWhy::CancelNow => Draft::step(run, ix, Fact::StepCancelled {}),
        StopWhy::Skip => Draft::step(run, ix, Fact::StepSkipped { skipped: SkipWhy::Person, reason: "stopped and skipped".to_owned() }),
    }]
}

fn failed(state: &State, workflow: &Workflow, ix: StepIx, failure: Failure, outcome: &AttemptOutcome, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let (step, record) = (graph.step(ix), workflow.step(ix));
    if failure.certainty == Certainty::Unknown {
        match step.repeat {
            // A second try does no harm: it counts as failed, and adaptation may repeat it.
            Repeat::Pure | Repeat::Idempotent | Repeat::Keyed => {}
            Repeat::Probeable if step.probe.is_some() && workflow.state != WorkflowState::Cancelling => {
                let why = format!("{}; its probe will tell", failure.detail);
                return vec![Draft::step(&workflow.run, ix, Fact::StepRequeued { why, role: Role::Probe, raised: false })];
            }
            Repeat::Probeable | Repeat::AtMostOnce => {
                return vec![Draft::attempt(&workflow.run, ix, record.attempt, Fact::OutcomeUnknown { detail: failure.detail })];
            }
        }
    }
    let mut drafts = fail(state, workflow, ix, &failure, ctx);
    if let (
        Some(Draft { fact: Fact::StepFailed { exit, spool, error_tail, .. }, attempt, .. }),
        AttemptOutcome::Failed { exit: from, spool: bytes, error_tail: tail, .. },
    ) = (drafts.first_mut(), outcome)
    {
        (*exit, *spool, *error_tail, *attempt) = (from.clone(), bytes.clone(), tail.clone(), Some(record.attempt));
    }
    drafts
}

/// The failure as a fact, then what adaptation chose, with reasons and rejected ways.
pub(in crate::machine) fn fail(state: &State, workflow: &Workflow, ix: StepIx, failure: &Failure, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let run = &workflow.run;
    let fact = Fact::StepFailed { failure: failure.clone(), exit: None, spool: None, error_tail: String::new() };
    let mut drafts = vec![Draft::step(run, ix, fact)];
    // A run that is being cancelled tries nothing more.
    if workflow.state == WorkflowState::Cancelling {
        return drafts;
    }
    // What answers the failure of one thing on a list stands behind the list.
    let answered = graph.whole(ix).unwrap_or(ix);
    let dependents = &graph.dependents[answered.at()];
    let on_failure = |next: &StepIx| graph.needs[next.at()].iter().any(|edge| edge.from == answered && edge.when == When::Failure);
    let seed = Canonical::new("ouioe.adapt.1").bytes(&ctx.seed).text(run.as_str()).number(u64::from(ix.0)).finish().0;
    let proposals = propose(&Situation {
        step: graph.step(ix),
        record: workflow.step(ix),
        failure,
        attended: workflow.attended,
        // Of a decision it is the way of a no, and nobody said no.
        has_failure_branch: graph.step(ix).kind != StepKind::Decision && dependents.iter().any(on_failure),
        dependents: dependents.len(),
        seed,
    });
    let candidates: Vec<Candidate> = proposals.iter().map(|one| one.candidate.clone()).collect();
    let Some(choice) = choose(&candidates) else {
        let exhausted = Fact::AdaptationChosen { strategy: "none".to_owned(), reasons: Vec::new(), rejected: vetoes(&candidates) };
        drafts.push(Draft::step(run, ix, exhausted));
        return drafts;
    };
    let way = proposals.into_iter().find(|one| one.candidate.name == choice.name).map(|one| one.way);
    let chosen = Fact::AdaptationChosen { strategy: choice.name, reasons: choice.reasons, rejected: choice.rejected };
    drafts.push(Draft::step(run, ix, chosen));
    drafts.extend(way.map(|way| Draft::step(run, ix, follow(state, workflow, ix, failure, &way, ctx))));
    drafts
}

fn follow(state: &State, workflow: &Workflow, ix: StepIx, failure: &Failure, way: &Way, ctx: &Ctx<'_>) -> Fact {
    match way {
        Way::Retry { delay } => {
            let timer = TimerId::new(format!("b{}-{ix}-{}", workflow.order, workflow.step(ix).rev));
            Fact::BackoffStarted { until: ctx.now.max(state.now) + *delay, timer }
        }
        Way::Skip => Fact::StepSkipped { skipped: SkipWhy::Strategy, reason: format!("non-critical and failed: {}", failure.detail) },
        Way::Escalate => {
            let options = [
                ("retry", "run it again"),
                ("skip", "go on without it"),
                ("done", "you did it by hand: say how you know"),
                ("reject", "let it fail, and the run with it"),
            ];
            let options = options.into_iter().map(|(verb, what)| (verb.to_owned(), what.to_owned())).collect();
            let request = RequestId::new(format!("d{}-{ix}", state.seq.next()));
            Fact::DecisionRequested { question: Question { request, why: failure.detail.clone(), options } }
        }
    }
}

/// A probe's exit says whether the step happened.
fn probed(workflow: &Workflow, ix: StepIx, record: &StepRecord, outcome: &AttemptOutcome) -> Vec<Draft> {
    let run = &workflow.run;
    let said =
        |happened: bool, detail: &str| Draft::attempt(run, ix, record.attempt, Fact::StepProbed { happened, detail: detail.to_owned() });
    match outcome {
        AttemptOutcome::Succeeded { result, exit, spool, .. } => {
            let fact = Fact::StepSucceeded { result: result.clone(), verdict: None, exit: exit.clone(), spool: spool.clone() };
            vec![said(true, "the probe found that it happened"), Draft::attempt(run, ix, record.attempt, fact)]
        }
        // Status 1 alone is a no: a probe that crashed or reached nobody has seen nothing.
        AttemptOutcome::Failed { failure, exit, .. }
            if failure.certainty == Certainty::FailedKnown && exit.as_ref().is_some_and(|exit| exit.code == Some(1)) =>
        {
            let why = "the probe found that it did not happen".to_owned();
            let next = if workflow.state == WorkflowState::Cancelling {
                Fact::StepCancelled {}
            } else {
                Fact::StepRequeued { why: why.clone(), role: Role::Main, raised: false }
            };
            vec![said(false, &why), Draft::step(run, ix, next)]
        }
        AttemptOutcome::Failed { failure, .. } => {
            let detail = format!("the probe could not tell: {}", failure.detail);
            vec![Draft::attempt(run, ix, record.attempt, Fact::OutcomeUnknown { detail })]
        }
    }
}

fn undone(workflow: &Workflow, ix: StepIx, record: &StepRecord, outcome: &AttemptOutcome) -> Vec<Draft> {
    let run = &workflow.run;
    let finished = |succeeded: bool, detail: &str| {
        Draft::attempt(run, ix, record.attempt, Fact::CompensationFinished { succeeded, detail: detail.to_owned() })
    };
    match outcome {
        AttemptOutcome::Succeeded { .. } => vec![finished(true, "undone")],
        AttemptOutcome::Failed { failure, .. } if failure.certainty == Certainty::Unknown => {
            let detail = format!("the undo may or may not have happened: {}", failure.detail);
            vec![Draft::attempt(run, ix, record.attempt, Fact::OutcomeUnknown { detail })]
        }
        AttemptOutcome::Failed { failure, .. } => {
            let detail = format!("could not be undone: {}", failure.detail);
            let alert = Fact::AlertRaised { alert: format!("not_undone:{ix}"), detail: detail.clone() };
            vec![finished(false, &detail), Draft::step(run, ix, alert)]
        }
    }
}

/// The step's own success as it was before an undo that never started.
pub(super) fn succeeded_before(record: &StepRecord) -> Fact {
    Fact::StepSucceeded {
        result: record.result.as_deref().cloned().unwrap_or(Value::Null),
        verdict: record.verdict.as_deref().cloned(),
        exit: None,
        spool: None,
    }
}

/// It resolves an unknown of the same attempt, never overwrites a known outcome; a second success raises an alert.
fn late(workflow: &Workflow, graph: &Graph, ix: StepIx, attempt: AttemptNo, outcome: &AttemptOutcome) -> Vec<Draft> {
    let (run, record) = (&workflow.run, workflow.step(ix));
    let resolves = record.state == StepState::OutcomeUnknown && record.attempt == attempt && !workflow.state.is_finished();
    let (ok, detail) = match outcome {
        AttemptOutcome::Succeeded { .. } => (true, "succeeded after all".to_owned()),
        AttemptOutcome::Failed { failure, .. } => (false, failure.detail.clone()),
    };
    let resolves = resolves && !matches!(outcome, AttemptOutcome::Failed { failure, .. } if failure.certainty == Certainty::Unknown);
    let mut drafts = vec![Draft::attempt(run, ix, attempt, Fact::LateResult { succeeded: ok, resolves, detail })];
    match outcome {
        _ if resolves && record.last.as_ref().is_some_and(|last| last.role == Role::Compensation) => {
            drafts.extend(undone(workflow, ix, record, outcome));
        }
        AttemptOutcome::Succeeded { .. } if resolves => drafts.extend(succeeded(run, graph, ix, attempt, outcome)),
        AttemptOutcome::Failed { failure, exit, spool, error_tail } if resolves => {
            let fact =
                Fact::StepFailed { failure: failure.clone(), exit: exit.clone(), spool: spool.clone(), error_tail: error_tail.clone() };
            drafts.push(Draft::attempt(run, ix, attempt, fact));
        }
        AttemptOutcome::Succeeded { .. } if record.state == StepState::Succeeded => {
            let detail = format!("attempt {attempt} of {} succeeded too: the effect may have happened twice", graph.step(ix).id);
            drafts.push(Draft::step(run, ix, Fact::AlertRaised { alert: format!("second_success:{}", graph.step(ix).id), detail }));
        }
        AttemptOutcome::Succeeded { .. } | AttemptOutcome::Failed { .. } => {}
    }
    drafts
}
