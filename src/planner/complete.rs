//! Plan -> what could follow it: a read that tells whether a change took effect. Suggested, never put into the plan.
//!
//! A read looks after a change where both belong to one service, share a noun, and the change has every value that the read needs.

use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation};
use crate::model::plan::{Plan, Step};
use crate::model::why::Suggestion;

use super::ask::World;

/// More than this is no help.
const MOST: usize = 3;

pub fn suggestions(plan: &Plan, world: &World<'_>) -> Vec<Suggestion> {
    let changed = plan.steps.iter().filter(|step| step.effect != EffectClass::Read);
    changed.filter_map(|step| looks_after(step, plan, world)).take(MOST).collect()
}

fn looks_after(step: &Step, plan: &Plan, world: &World<'_>) -> Option<Suggestion> {
    let changed = world.catalogue.get(&step.operation)?;
    let given = |operation: &Operation| operation.required().all(|param| step.params.contains_key(&param.name));
    let suits = |operation: &&Arc<Operation>| {
        operation.effect == EffectClass::Read
            && operation.service() == changed.service()
            && operation.required().next().is_some()
            && given(operation)
            && shares_noun(operation, changed)
    };
    let most = world.index.operations.iter().filter(suits).map(|operation| operation.required().count()).max()?;
    let best = world.index.operations.iter().filter(suits).find(|operation| operation.required().count() == most)?;
    let values = |other: &Step| best.required().all(|param| other.params.get(&param.name) == step.params.get(&param.name));
    if plan.steps.iter().any(|other| other.operation == best.name && values(other)) {
        return None;
    }
    let text = |name: &str| step.params.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    Some(Suggestion {
        after: step.id.to_string(),
        operation: best.name.clone(),
        params: best.required().filter_map(|param| Some((param.name.clone(), text(&param.name)?))).collect(),
        why: format!("tells whether {} took effect", step.operation),
    })
}

/// `restart_service` and `service_status`.
fn shares_noun(read: &Operation, changed: &Operation) -> bool {
    let nouns: Vec<&str> = changed.verb().split('_').skip(1).collect();
    read.verb().split('_').any(|word| nouns.contains(&word))
}
