//! Steps of a file + catalogue -> steps with the catalogue's effect, repeat class, risk and limits, and with data edges.
//!
//! A file can neither lower nor raise what an operation is declared to do: a difference is a problem.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::catalogue::Catalogue;
use crate::model::hole::{self, Piece};
use crate::model::ids::StepId;
use crate::model::item;
use crate::model::plan::{Compensation, Need, NeedKind, Plan, Provenance, Step, When};
use crate::model::problem::Problem;
use crate::model::settings::EngineSettings;
use crate::model::time::Millis;

use super::step_file::{DECLARED_EFFECT, DECLARED_REPEAT};

/// Fills every step from the catalogue. Unknown operations stay as they are: `validate` names them.
pub fn settle(plan: &mut Plan, catalogue: &Catalogue) -> Vec<Problem> {
    settle_placed(plan, catalogue).into_iter().map(|(_, problem)| problem).collect()
}

/// With the place of the step that each problem belongs to.
pub fn settle_placed(plan: &mut Plan, catalogue: &Catalogue) -> Vec<(usize, Problem)> {
    let mut problems = Vec::new();
    for (at, step) in plan.steps.iter_mut().enumerate() {
        problems.extend(settle_step(step, catalogue).into_iter().map(|problem| (at, problem)));
        add_data_edges(step);
    }
    problems
}

fn settle_step(step: &mut Step, catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = Vec::new();
    let declared_effect = step.provenance.remove(DECLARED_EFFECT).is_some();
    let declared_repeat = step.provenance.remove(DECLARED_REPEAT).is_some();
    let undo = step.compensation.iter_mut().chain(step.probe.iter_mut());
    undo.for_each(|undo| settle_compensation(undo, catalogue));
    let Some(operation) = catalogue.get(&step.operation) else { return problems };
    if declared_effect && step.effect != operation.effect {
        let (said, known) = (step.effect.as_str(), operation.effect.as_str());
        problems.push(differs(step, "effect", said, known));
    }
    if declared_repeat && step.repeat != operation.repeat {
        let (said, known) = (format!("{:?}", step.repeat), format!("{:?}", operation.repeat));
        problems.push(differs(step, "repeat", &said.to_lowercase(), &known.to_lowercase()));
    }
    // A list that a preview made is made again.
    if operation.preview.is_some() && operation.param("items").is_none() {
        step.params.remove("items");
        step.provenance.remove("items");
    }
    step.effect = operation.effect;
    step.repeat = operation.repeat;
    step.low_risk = operation.low_risk;
    if step.timeout_ms == Millis(0) {
        step.timeout_ms = operation.timeout_ms.unwrap_or(EngineSettings::default().timeout_ms);
    }
    if step.thresholds.is_empty() {
        step.thresholds.clone_from(&operation.thresholds);
    }
    for param in operation.required() {
        if let Some(default) = &param.default
            && !step.params.contains_key(&param.name)
        {
            step.params.insert(param.name.clone(), default.clone());
            step.provenance.insert(param.name.clone(), Provenance::Default);
        }
    }
    problems
}

fn differs(step: &Step, field: &str, said: &str, known: &str) -> Problem {
    let message = format!("step `{}`: {field} `{said}` differs from the catalogue's `{known}` for {}", step.id, step.operation);
    Problem::new("plan", format!("differing_{field}"), message).help("leave the field out: the catalogue decides")
}

fn settle_compensation(undo: &mut Compensation, catalogue: &Catalogue) {
    if let Some(operation) = catalogue.get(&undo.operation) {
        undo.effect = operation.effect;
        undo.repeat = operation.repeat;
        if undo.timeout_ms == Millis(0) {
            undo.timeout_ms = operation.timeout_ms.unwrap_or(EngineSettings::default().timeout_ms);
        }
    }
}

/// Whoever reads an output waits for the step that makes it.
fn add_data_edges(step: &mut Step) {
    let own = step.id.clone();
    let wanted: BTreeSet<String> = step.params.values().chain(step.for_each.iter().map(|each| &each.list)).flat_map(references).collect();
    for name in wanted.into_iter().filter(|name| *name != own.as_str()) {
        match step.needs.iter_mut().find(|need| need.step.as_str() == name && need.when == When::Success) {
            Some(need) => need.kind = NeedKind::Data,
            None => step.needs.push(Need { step: StepId::new(name), when: When::Success, kind: NeedKind::Data }),
        }
    }
    let listed = step.for_each.as_ref().is_some_and(|each| !references(&each.list).is_empty());
    let is_read = |value: &Value| !references(value).is_empty() || (listed && item::holds(value));
    let names: Vec<String> = step.params.iter().filter(|(_, value)| is_read(value)).map(|(name, _)| name.clone()).collect();
    for name in names {
        step.provenance.insert(name, Provenance::StepOutput);
    }
}

/// Ids of the steps whose output a value reads.
pub fn references(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => {
            let pieces = if text.contains("${") { hole::pieces(text).unwrap_or_default() } else { Vec::new() };
            let of = |piece: Piece| match piece {
                Piece::Hole(hole) => Some(hole.step.to_string()),
                Piece::Text(_) | Piece::Item => None,
            };
            pieces.into_iter().filter_map(of).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(map) => map.values().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
