//! A waiting step: its edges, its condition, its gate, its hold; then the start.

use std::collections::BTreeMap;

use super::{gate, may_start, start};
use crate::machine::condition;
use crate::machine::turn::{Ctx, Draft};
use crate::model::catalogue::EffectClass;
use crate::model::command::Question;
use crate::model::event::Fact;
use crate::model::ids::{RequestId, RunId, StepIx, TimerId};
use crate::model::plan::Join;
use crate::model::state::{State, Workflow};
use crate::model::step_state::{EdgeHolds, SkipWhy, StepState, WorkflowState};

pub(super) fn look(state: &State, run: &RunId, ix: StepIx, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(workflow) = state.runs.get(run) else { return Vec::new() };
    let under_way = !workflow.state.is_finished() && workflow.state != WorkflowState::AwaitingApproval && workflow.started.is_some();
    if workflow.step(ix).state != StepState::Waiting || !under_way {
        return Vec::new();
    }
    match edges(workflow, ix) {
        // Also in a paused run: that a step can never start is no start.
        EdgeHolds::Never => skip(run, ix, SkipWhy::Unreachable, "what it needs can no longer happen"),
        EdgeHolds::Yes if may_start(workflow, ix, ctx) => ready(state, workflow, ix, ctx),
        EdgeHolds::Yes | EdgeHolds::NotYet => Vec::new(),
    }
}

pub(in crate::machine) fn edges(workflow: &Workflow, ix: StepIx) -> EdgeHolds {
    let Some(graph) = workflow.graph() else { return EdgeHolds::NotYet };
    let needs = &graph.needs[ix.at()];
    let mut count = (0, 0);
    for edge in needs {
        match workflow.step(edge.from).state.edge(edge.when) {
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

fn ready(state: &State, workflow: &Workflow, ix: StepIx, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let (run, step, record) = (&workflow.run, graph.step(ix), workflow.step(ix));
    if let Some(text) = &step.condition {
        match condition::holds(workflow, ix, text) {
            Ok(true) => {}
            Ok(false) => return skip(run, ix, SkipWhy::ConditionFalse, "its condition is false"),
            Err(why) => return ask_about(state, run, ix, &format!("the condition could not be judged: {why}")),
        }
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
