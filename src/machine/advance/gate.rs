//! A step's own gate: opens when all bytes are known and the plan's approval does not cover them.

use serde_json::Value;

use super::ready::skip;
use super::start;
use crate::machine::render::{Unrendered, filled, rendered};
use crate::machine::turn::{Ctx, Draft};
use crate::model::catalogue::EffectClass;
use crate::model::event::Fact;
use crate::model::hole::{Piece, pieces};
use crate::model::ids::{RequestId, StepIx};
use crate::model::item;
use crate::model::plan::{Bound, CopyOf, Step};
use crate::model::state::{State, Workflow};
use crate::model::step_state::{SkipWhy, StepState};
use crate::policy::digest::action_digest;
use crate::policy::rule::needs_approval;

/// `None`: nothing stands in the way.
pub(super) fn look(state: &State, workflow: &Workflow, ix: StepIx, ctx: &Ctx<'_>) -> Option<Vec<Draft>> {
    let step = workflow.graph()?.step(ix);
    let action = match rendered(workflow, &step.action) {
        Ok(action) => action,
        Err(trouble) => return Some(unrendered(state, workflow, ix, step, &trouble, ctx)),
    };
    if step.effect == EffectClass::Read || !(step.approval || stricter(workflow, step, ctx)) {
        return None;
    }
    let digest = action_digest(&action);
    // A yes at this gate was to exactly these bytes.
    if workflow.step(ix).approved == Some(digest) {
        return None;
    }
    let why = match outside(workflow, step) {
        Some(why) => why,
        // Every value lies within what the plan's approval bounds.
        None if workflow.approved.is_some() => return None,
        None => "policy became stricter since the plan was approved".to_owned(),
    };
    let request = RequestId::new(format!("g{}", state.seq.next()));
    Some(vec![Draft::step(&workflow.run, ix, Fact::ApprovalRequested { request, digest, why, expires: None })])
}

/// Does it change something that the plan's approval does not bound?
pub(super) fn asks(workflow: &Workflow, step: &Step, ctx: &Ctx<'_>) -> bool {
    step.effect != EffectClass::Read
        && (step.approval || stricter(workflow, step, ctx))
        && (workflow.approved.is_none() || outside(workflow, step).is_some())
}

/// Policy as it is now asks for this step.
fn stricter(workflow: &Workflow, step: &Step, ctx: &Ctx<'_>) -> bool {
    let Some(graph) = workflow.graph() else { return true };
    // A plan that destroys anything is exempt nowhere.
    let exempt: &[String] = if graph.worst_effect() == EffectClass::Destroy { &[] } else { &ctx.settings.policy.exempt_environments };
    needs_approval(step.effect, step.low_risk, graph.plan.environment.as_deref(), exempt)
}

/// The first hole that the approval does not bound, or whose value lies outside.
fn outside(workflow: &Workflow, step: &Step) -> Option<String> {
    if let Some(copy) = step.copy_of.as_ref().filter(|copy| is_later(workflow, copy)) {
        let unbound = |name: &String| match (step.params.get(name), step.bounds.get(name)) {
            (Some(value), Some(bound)) => outside_bound(workflow, name, value, Some(bound)),
            _ => Some(format!("`{}` is on a list that was not known when the plan was agreed to", item::text_of(&copy.item))),
        };
        let mut held = copy.params.iter();
        return if copy.params.is_empty() { unbound(&String::new()) } else { held.find_map(unbound) };
    }
    let mut holes = step.params.iter().filter(|(_, value)| has_hole(value)).peekable();
    if holes.peek().is_none() && rendered(workflow, &step.action).as_ref() != Ok(&step.action) {
        return Some("its action takes a value from another step that no parameter names".to_owned());
    }
    holes.find_map(|(name, value)| outside_bound(workflow, name, value, step.bounds.get(name)))
}

/// The list itself was no part of the plan.
fn is_later(workflow: &Workflow, copy: &CopyOf) -> bool {
    let whole = workflow.graph().and_then(|graph| Some(graph.step(graph.ix(&copy.step)?)));
    !matches!(whole.and_then(|whole| whole.for_each.as_ref()).map(|each| &each.list), Some(Value::Array(_)))
}

fn outside_bound(workflow: &Workflow, name: &str, value: &Value, bound: Option<&Bound>) -> Option<String> {
    let Some(bound) = bound else { return Some(format!("`{name}` comes from another step and no bound covers it")) };
    let Ok(value) = filled(workflow, value) else { return Some(format!("`{name}` has no value")) };
    let inside = match bound {
        Bound::OneOf(list) => value.as_str().is_some_and(|text| list.iter().any(|one| one == text)),
        Bound::Range { min, max } => value.as_i64().is_some_and(|number| (*min..=*max).contains(&number)),
    };
    (!inside).then(|| format!("`{name}` is {value}, outside what was approved"))
}

fn has_hole(value: &Value) -> bool {
    match value {
        Value::String(text) => pieces(text).is_ok_and(|parts| parts.iter().any(|part| matches!(part, Piece::Hole(_)))),
        Value::Array(items) => items.iter().any(has_hole),
        Value::Object(map) => map.values().any(has_hole),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A step that reads what was skipped is skipped and listed; any other missing value is a failure.
pub(super) fn unrendered(state: &State, workflow: &Workflow, ix: StepIx, step: &Step, trouble: &Unrendered, ctx: &Ctx<'_>) -> Vec<Draft> {
    let lost = workflow.graph().is_some_and(|graph| {
        step.needs.iter().filter_map(|need| graph.ix(&need.step)).any(|from| {
            let record = workflow.step(from);
            record.result.is_none() && matches!(record.state, StepState::Skipped { .. } | StepState::DoneByHand)
        })
    });
    match trouble {
        Unrendered::Missing(detail) if lost => skip(&workflow.run, ix, SkipWhy::MissingOutput, detail),
        Unrendered::Missing(detail) | Unrendered::Refused(detail) => start::not_started(state, workflow, ix, detail, ctx),
    }
}
