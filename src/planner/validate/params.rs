//! Operations, parameters, bounds, protected paths and the number of targets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::catalogue::{Catalogue, EffectClass, Operation};
use crate::model::hole;
use crate::model::plan::{Bound, Compensation, Plan, Step};
use crate::planner::{grammar, near};
use crate::policy::harm::harm;

use super::{Found, Limits};

pub fn check(at: usize, step: &Step, catalogue: &Catalogue, limits: &Limits, found: &mut Found) {
    let mut put = |field: &str, code: &str, message: String, help: &str| found.field(at, &step.id, field, code, message, help);
    let Some(operation) = catalogue.get(&step.operation) else {
        let help = near::hint(&step.operation, catalogue.operations.keys().map(String::as_str));
        put(".operation", "unknown_operation", format!("unknown operation `{}`", step.operation), &help);
        return;
    };
    if step.effect != operation.effect {
        put(
            ".effect",
            "differing_effect",
            format!("effect `{}` is not the catalogue's `{}`", step.effect.as_str(), operation.effect.as_str()),
            "",
        );
    }
    params_of(operation, &step.params, "", limits, &mut put);
    bounds(step, operation, &mut put);
    if let Some(undo) = &step.compensation {
        undo_of("compensation", undo, catalogue, limits, &mut put);
    }
    if let Some(probe) = &step.probe {
        undo_of("probe", probe, catalogue, limits, &mut put);
        let reads = catalogue.get(&probe.operation).is_none_or(|operation| operation.effect == EffectClass::Read);
        if !reads {
            put(".probe", "bad_probe", format!("probe `{}` is not a read", probe.operation), "");
        }
    }
    if step.retry.base_ms > step.retry.cap_ms {
        put(".retry", "bad_retry", format!("retry base {} is above its cap {}", step.retry.base_ms, step.retry.cap_ms), "");
    }
}

fn undo_of(what: &str, undo: &Compensation, catalogue: &Catalogue, limits: &Limits, put: &mut impl FnMut(&str, &str, String, &str)) {
    let Some(operation) = catalogue.get(&undo.operation) else {
        let help = near::hint(&undo.operation, catalogue.operations.keys().map(String::as_str));
        put(&format!(".{what}.operation"), "unknown_operation", format!("{what} names unknown operation `{}`", undo.operation), &help);
        return;
    };
    params_of(operation, &undo.params, &format!("{what}: "), limits, put);
}

fn params_of(
    operation: &Operation,
    params: &BTreeMap<String, Value>,
    prefix: &str,
    limits: &Limits,
    put: &mut impl FnMut(&str, &str, String, &str),
) {
    let inside = if prefix.is_empty() { String::new() } else { format!(".{}", prefix.trim_end_matches(": ")) };
    let field = |name: &str| format!("{inside}.params.{name}");
    for (name, value) in params {
        let Some(param) = operation.param(name) else {
            let help = near::hint(name, operation.params.iter().map(|param| param.name.as_str()));
            put(&field(name), "unknown_param", format!("{prefix}{} has no parameter `{name}`", operation.name), &help);
            continue;
        };
        let malformed = texts(value).into_iter().find_map(|text| hole::pieces(text).err());
        if let Some(reason) = malformed {
            put(&field(name), "bad_reference", format!("{prefix}`{name}`: {reason}"), "");
        } else if let Err(reason) = grammar::check(&param.kind, value) {
            let shown: String = value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(60).collect();
            put(&field(name), "wrong_type", format!("{prefix}`{name}` `{shown}` {reason}"), "");
        }
        if let Value::String(text) = value
            && let Some((code, reason)) = harm(operation, param, text, &limits.protected_paths)
        {
            let help = if code == "protected_path" { "policy.protected_paths names them" } else { "name the addresses that are meant" };
            put(&field(name), code, format!("{prefix}`{name}`: {reason}"), help);
        }
    }
    for param in operation.required() {
        if params.get(&param.name).is_none_or(Value::is_null) {
            put(&field(&param.name), "missing_param", format!("{prefix}{} needs `{}` ({})", operation.name, param.name, param.kind), "");
        }
    }
}

/// All texts inside a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// A bound names a parameter, and a value that is known already lies inside it.
fn bounds(step: &Step, operation: &Operation, put: &mut impl FnMut(&str, &str, String, &str)) {
    for (name, bound) in &step.bounds {
        if operation.param(name).is_none() {
            let help = near::hint(name, operation.params.iter().map(|param| param.name.as_str()));
            put(&format!(".bounds.{name}"), "unknown_param", format!("bound for unknown parameter `{name}`"), &help);
            continue;
        }
        let Some(value) = step.params.get(name) else { continue };
        let outside = match (bound, value) {
            (_, Value::String(text)) if text.contains("${") => false,
            (Bound::OneOf(values), Value::String(text)) => !values.contains(text),
            (Bound::OneOf(values), other) => !values.contains(&other.to_string()),
            (Bound::Range { min, max }, other) => {
                other.as_i64().or_else(|| other.as_str()?.parse().ok()).is_none_or(|number| number < *min || number > *max)
            }
        };
        if outside {
            put(&format!(".bounds.{name}"), "out_of_bounds", format!("`{name}` {value} is outside its bound"), "");
        }
    }
}

/// Distinct targets of the steps that change something, and of all.
pub fn targets(plan: &Plan, limits: &Limits, found: &mut Found) {
    let changed = plan.steps.iter().filter(|step| step.effect != EffectClass::Read);
    let distinct: BTreeSet<&str> = changed.filter_map(Step::target).collect();
    if distinct.len() > limits.targets {
        found.plan(
            "too_many_targets",
            format!("{} targets would be changed, policy allows {}", distinct.len(), limits.targets),
            "policy.max_targets sets this",
        );
    }
}
