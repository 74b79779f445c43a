//! A waiting step: its edges, its condition, its gate, its hold; then the start.

use std::collections::BTreeMap;

use super::{each, gate, may_start, start};
use crate::machine::condition;
use crate::machine::turn::{Ctx, Draft};
use crate::model::catalogue::EffectClass;
use crate::model::command::Question;
use crate::model::event::Fact;
use crate::model::ids::{RequestId, RunId, StepIx, TimerId};
use crate::model::plan::{Join, StepKind, When};
use crate::model::state::{State, StepRecord, Workflow};
use crate::model::step_state::{EdgeHolds, SkipWhy, StepState, WorkflowState};

pub(super) fn look(state: &State, run: &RunId, ix: StepIx, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(workflow) = state.runs.get(run) else { return Vec::new() };
    let under_way = !workflow.state.is_finished() && workflow.state != WorkflowState::AwaitingApproval && workflow.started.is_some();
    if workflow.step(ix).state != StepState::Waiting || !under_way {
        return Vec::new();
    }
    match edges(workflow, ix) {
        // Also in a paused run: that a step can never start is no start.
        EdgeHolds::Never => never(workflow, ix),
        EdgeHolds::Yes if may_start(workflow, ix, ctx) => ready(state, workflow, ix, ctx),
        EdgeHolds::Yes | EdgeHolds::NotYet => Vec::new(),
    }
}

/// What an edge from it does. A decision that says no has succeeded, and goes on as if it had not; one that could not look
/// says neither, so only what comes in any case goes on.
fn holds(from: &StepRecord, kind: StepKind, when: When) -> EdgeHolds {
    match (&from.state, &from.verdict) {
        (StepState::Succeeded, Some(verdict)) if verdict.says_no() => StepState::Failed.edge(when),
        (StepState::Failed, _) if kind == StepKind::Decision && when == When::Failure => EdgeHolds::Never,
        (state, _) => state.edge(when),
    }
}

pub(in crate::machine) fn edges(workflow: &Workflow, ix: StepIx) -> EdgeHolds {
    let Some(graph) = workflow.graph() else { return EdgeHolds::NotYet };
    // What it needed itself has come about: it waits for its copies, however they end.
    let copies = graph.copies(ix);
    if !copies.is_empty() {
        let all = copies.iter().all(|copy| workflow.step(*copy).state.is_settled());
        return if all { EdgeHolds::Yes } else { EdgeHolds::NotYet };
    }
    let needs = &graph.needs[ix.at()];
    let mut count = (0, 0);
    for edge in needs {
        match holds(workflow.step(edge.from), graph.step(edge.from).kind, edge.when) {
            EdgeHolds::Yes => count.0 += 1,
            EdgeHolds::Never => count.1 += 1,
            EdgeHolds::NotYet => {}
        }
    }
    let (yes, never) = count;
    match graph.step(ix).join {
        Join::All if never > 0 => EdgeHolds::Never,
        Join::All if yes == needs.len() => EdgeHolds::Yes,
        Join::Any if yes > 0 || needs.is_empty() => EdgeHolds::Yes,
        Join::Any if never == needs.len() => EdgeHolds::Never,
        Join::All | Join::Any => EdgeHolds::NotYet,
    }
}

/// Not asked for is another thing than not to be had.
fn never(workflow: &Workflow, ix: StepIx) -> Vec<Draft> {
    let answered = workflow.graph().and_then(|graph| {
        let edge = graph.needs[ix.at()].iter().find(|edge| {
            let answer = workflow.step(edge.from).verdict.as_ref().and_then(|verdict| verdict.answer);
            matches!((edge.when, answer), (When::Success, Some(false)) | (When::Failure, Some(true)))
        })?;
        Some((edge.when, graph.step(edge.from).id.clone()))
    });
    match answered {
        Some((When::Failure, id)) => skip(&workflow.run, ix, SkipWhy::ConditionFalse, &format!("only if {id} says no, and it says yes")),
        Some((_, id)) => skip(&workflow.run, ix, SkipWhy::ConditionFalse, &format!("only if {id} says yes, and it says no")),
        None => skip(&workflow.run, ix, SkipWhy::Unreachable, "what it needs can no longer happen"),
    }
}

fn ready(state: &State, workflow: &Workflow, ix: StepIx, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let (run, step, record) = (&workflow.run, graph.step(ix), workflow.step(ix));
    if !graph.copies(ix).is_empty() {
        return each::end(workflow, graph, ix, ctx);
    }
    if let Some(text) = &step.condition {
        match condition::holds(workflow, ix, text) {
            Ok(true) => {}
            Ok(false) => return skip(run, ix, SkipWhy::ConditionFalse, "its condition is false"),
            Err(why) => return ask_about(state, run, ix, &format!("the condition could not be judged: {why}")),
        }
    }
    if let Some(list) = &step.for_each {
        return each::begin(state, workflow, ix, list, ctx);
    }
    if let Some(drafts) = gate::look(state, workflow, ix, ctx) {
        return drafts;
    }
    let hold = ctx.settings.policy.hold_ms;
    // Once for each yes: asking for an approval anew takes `held` away.
    if step.effect == EffectClass::Destroy && hold.0 > 0 && !record.held {
        let timer = TimerId::new(format!("h{}-{}-{}", workflow.order, ix, record.rev));
        return vec![Draft::step(run, ix, Fact::StepHeld { until: ctx.now.max(state.now) + hold, timer })];
    }
    start::start(state, run, ix, ctx)
}

pub(super) fn skip(run: &RunId, ix: StepIx, skipped: SkipWhy, reason: &str) -> Vec<Draft> {
    vec![Draft::step(run, ix, Fact::StepSkipped { skipped, reason: reason.to_owned() })]
}

fn ask_about(state: &State, run: &RunId, ix: StepIx, why: &str) -> Vec<Draft> {
    let options = [("retry", "judge it again"), ("skip", "go on without it"), ("reject", "let it fail")];
    let options: BTreeMap<String, String> = options.into_iter().map(|(verb, what)| (verb.to_owned(), what.to_owned())).collect();
    let question = Question { request: RequestId::new(format!("d{}", state.seq.next())), why: why.to_owned(), options };
    vec![Draft::step(run, ix, Fact::DecisionRequested { question })]
}
