//! A step over a list: its copies when it may begin, and what came of them when all are done.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{gate, start};
use crate::machine::copies;
use crate::machine::render::filled;
use crate::machine::size::size_of;
use crate::machine::turn::{Ctx, Draft};
use crate::model::command::Question;
use crate::model::event::Fact;
use crate::model::expand::{expanded, things};
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::graph::Graph;
use crate::model::ids::{Generation, RequestId, StepIx};
use crate::model::item;
use crate::model::plan::ForEach;
use crate::model::state::{State, Workflow};
use crate::model::step_state::{SkipWhy, StepState};

/// It may begin: its list is known.
pub(super) fn begin(state: &State, workflow: &Workflow, ix: StepIx, each: &ForEach, ctx: &Ctx<'_>) -> Vec<Draft> {
    let Some(graph) = workflow.graph() else { return Vec::new() };
    let list = match filled(workflow, &each.list) {
        Ok(list) => list,
        Err(trouble) => return gate::unrendered(state, workflow, ix, graph.step(ix), &trouble, ctx),
    };
    let (items, wide) = match things(&list).and_then(|things| expanded(graph, ix, &things).map(|wide| (things, wide))) {
        Ok(both) => both,
        Err(why) => return start::not_started(state, workflow, ix, &why, ctx),
    };
    if items.is_empty() {
        let result = json!({ "count": 0, "succeeded": 0, "failed": [], "outputs": [] });
        return vec![Draft::step(&workflow.run, ix, Fact::StepSucceeded { result, verdict: None, exit: None, spool: None })];
    }
    // A person's "do it" raises the generation.
    if items.len() > each.most as usize && workflow.step(ix).generation == Generation(1) {
        return vec![Draft::step(&workflow.run, ix, Fact::DecisionRequested { question: too_many(state, &items, each.most) })];
    }
    let outside = wide.copies(ix).iter().any(|copy| gate::asks(workflow, wide.step(*copy), ctx));
    if !outside {
        return vec![Draft::step(&workflow.run, ix, Fact::StepExpanded { items, agreed: false })];
    }
    let exact = match copies::of(workflow, wide.copies(ix).iter().map(|copy| wide.step(*copy).clone())) {
        Ok(exact) => exact,
        Err(trouble) => return gate::unrendered(state, workflow, ix, graph.step(ix), &trouble, ctx),
    };
    if workflow.step(ix).approved == Some(exact.digest) {
        return vec![Draft::step(&workflow.run, ix, Fact::StepExpanded { items, agreed: true })];
    }
    let why = format!("what it goes over was not known when the plan was agreed to: {}", item::named(&items));
    let request = RequestId::new(format!("g{}", state.seq.next()));
    vec![Draft::step(&workflow.run, ix, Fact::ApprovalRequested { request, digest: exact.digest, why, expires: None })]
}

fn too_many(state: &State, items: &[Value], most: u32) -> Question {
    let why = format!("its list has {} things, more than the {most} that were agreed to: {}", items.len(), item::named(items));
    let options = [("retry", "do it for all of them"), ("skip", "go on without it"), ("reject", "let it fail")];
    let options: BTreeMap<String, String> = options.into_iter().map(|(verb, what)| (verb.to_owned(), what.to_owned())).collect();
    Question { request: RequestId::new(format!("d{}", state.seq.next())), why, options }
}

/// All its copies are settled.
pub(super) fn end(workflow: &Workflow, graph: &Graph, ix: StepIx, ctx: &Ctx<'_>) -> Vec<Draft> {
    let copies = graph.copies(ix);
    let of = |wanted: fn(&StepState) -> bool| -> Vec<Value> {
        let those = copies.iter().filter(|copy| wanted(&workflow.step(**copy).state));
        those.filter_map(|copy| graph.step(*copy).copy_of.as_ref()).map(|copy| copy.item.clone()).collect()
    };
    let good = of(|state| matches!(state, StepState::Succeeded | StepState::DoneByHand)).len();
    let failed = of(|state| *state == StepState::Failed);
    let untried = of(|state| matches!(state, StepState::Skipped { skipped: SkipWhy::Unreachable | SkipWhy::MissingOutput }));
    if failed.is_empty() && !of(|state| *state == StepState::Cancelled).is_empty() {
        return vec![Draft::step(&workflow.run, ix, Fact::StepCancelled {})];
    }
    if !failed.is_empty() {
        let untried = if untried.is_empty() { String::new() } else { format!("; not tried: {}", item::named(&untried)) };
        let detail = format!("{} of {} failed: {}{untried}", failed.len(), copies.len(), item::named(&failed));
        let failure = Failure { certainty: Certainty::FailedKnown, class: FailureClass::Permanent, detail, retry_after: None };
        let fact = Fact::StepFailed { failure, exit: None, spool: None, error_tail: String::new() };
        return vec![Draft::step(&workflow.run, ix, fact)];
    }
    let mut result = json!({ "count": copies.len(), "succeeded": good, "failed": [] });
    let outputs: Value = copies.iter().map(|copy| workflow.step(*copy).result.as_deref().cloned().unwrap_or(Value::Null)).collect();
    let caps = &ctx.settings.engine;
    let size = size_of(&outputs);
    // What does not fit is not there: whoever reads it is told so.
    if size <= caps.result_cap && workflow.counts.results_bytes + size <= caps.run_results_cap {
        result["outputs"] = outputs;
    }
    vec![Draft::step(&workflow.run, ix, Fact::StepSucceeded { result, verdict: None, exit: None, spool: None })]
}
