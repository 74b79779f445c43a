//! A list that is known only when the run gets there, where one value should stand -> `for_each` over it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::catalogue::{Catalogue, ParamType};
use crate::model::hole::{Piece, WHOLE_ITEM, pieces};
use crate::model::plan::{ForEach, Plan, Step};
use crate::model::settings::PolicySettings;

use super::pace::{self, Pace};

pub fn for_each_later(plan: &mut Plan, catalogue: &Catalogue, policy: &PolicySettings) {
    let lists: Vec<Option<String>> = plan.steps.iter().map(|step| list_of(step, plan, catalogue)).collect();
    let at_once = match pace::said(&plan.intent) {
        Some(Pace::Batches(size)) => u32::try_from(size).ok(),
        Some(Pace::AllAtOnce) => Some(policy.max_targets),
        None => None,
    };
    for (step, list) in plan.steps.iter_mut().zip(lists) {
        let Some(list) = list else { continue };
        let others = [&mut step.compensation, &mut step.probe].into_iter().flatten().map(|other| &mut other.params);
        for params in std::iter::once(&mut step.params).chain(others) {
            take(params, &list);
        }
        step.for_each = Some(ForEach { list: Value::from(list), at_once, most: policy.max_targets.max(1) });
    }
}

fn take(params: &mut BTreeMap<String, Value>, list: &str) {
    params.values_mut().filter(|value| value.as_str() == Some(list)).for_each(|value| *value = Value::from(WHOLE_ITEM));
}

/// The whole list that another step gives, as the value of a parameter that takes one thing.
fn list_of(step: &Step, plan: &Plan, catalogue: &Catalogue) -> Option<String> {
    if step.for_each.is_some() {
        return None;
    }
    let operation = catalogue.get(&step.operation)?;
    let takes_one = |kind: &ParamType| !matches!(kind, ParamType::Json) && !kind.as_str().ends_with("List");
    operation.params.iter().filter(|param| takes_one(&param.kind)).find_map(|param| {
        let text = step.params.get(&param.name)?.as_str()?;
        let parts = pieces(text).ok()?;
        let [Piece::Hole(hole)] = parts.as_slice() else { return None };
        let source = plan.ix(&hole.step).map(|ix| plan.step(ix))?;
        let output = catalogue.get(&source.operation)?.output.as_ref()?;
        (output.kind.ends_with("List") && hole.path == [output.name.as_str()]).then(|| text.to_owned())
    })
}
