//! Step tables of plan files and templates -> steps that are not yet settled against a catalogue.
//!
//! What the catalogue decides (effect, repeat, risk) is only noted here; until `settle` it stands at the strictest.
//! Derived fields of a printed plan (action, digest, approval) are read over: they are computed again.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::action::Action;
use crate::model::catalogue::{EffectClass, Repeat};
use crate::model::digest::Digest;
use crate::model::hole;
use crate::model::ids::StepId;
use crate::model::plan::{Bound, Compensation, ForEach, Join, Need, NeedKind, Provenance, Retry, Step, When};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;
use crate::model::time::Millis;
use crate::model::verdict::{Side, Threshold};

use super::catalogue_file::{EFFECTS, KINDS, REPEATS};
use super::source::{Body, Fields, Node};

/// Keys in `Step.provenance` until `settle`: the file names the catalogue's fields itself.
pub const DECLARED_EFFECT: &str = "effect";
pub const DECLARED_REPEAT: &str = "repeat";

pub const UNSUPPORTED: [&str; 6] = ["alternatives", "resources", "env", "cwd", "script", "priority"];

pub const WHENS: [(&str, When); 3] = [("success", When::Success), ("failure", When::Failure), ("always", When::Always)];

const NEED_KINDS: [(&str, NeedKind); 2] = [("completion", NeedKind::Completion), ("data", NeedKind::Data)];

/// A step as the file has it; what is wrong with it is added to the problems. `own`: fields that the caller reads itself.
pub fn read_step(origin: &str, at: usize, node: &Node, own: &[&'static str], problems: &mut Vec<Problem>) -> Step {
    let named = node.get("id").map(Node::value).and_then(|id| id.as_str().map(str::to_owned));
    let what = named.map_or_else(|| format!("step {}", at + 1), |id| format!("step `{id}`"));
    let mut fields = Fields::of(origin, what, node, problems);
    let id = fields.required_text("id");
    if !id.is_empty() && !is_id(&id) {
        fields.report(node.at, "bad_name", format!("step id `{id}` may hold letters, digits, `_` and `-` only, at most 64"), "");
    }
    let operation = fields.required_text("operation");
    let mut provenance = BTreeMap::new();
    let effect = fields.choice("effect", &EFFECTS);
    let repeat = fields.choice("repeat", &REPEATS);
    let declared = [(effect.is_some(), DECLARED_EFFECT), (repeat.is_some(), DECLARED_REPEAT)];
    for (_, field) in declared.iter().filter(|(given, _)| *given) {
        provenance.insert((*field).to_owned(), Provenance::Operator);
    }
    let step = Step {
        id: StepId::new(id),
        operation,
        params: fields.values("params"),
        effect: effect.unwrap_or(EffectClass::Destroy),
        low_risk: false,
        repeat: repeat.unwrap_or(Repeat::AtMostOnce),
        needs: read_needs(&mut fields),
        join: fields.choice("join", &[("all", Join::All), ("any", Join::Any)]).unwrap_or_default(),
        kind: fields.choice("kind", &KINDS).unwrap_or_default(),
        condition: fields.text("condition"),
        critical: fields.flag("critical").unwrap_or(true),
        approval: false,
        provenance,
        timeout_ms: fields.span("timeout", "timeout_ms").unwrap_or(Millis(0)),
        silence_ms: fields.span("silence", "silence_ms").unwrap_or(Millis(0)),
        retry: read_retry(&mut fields),
        locks: read_locks(&mut fields),
        compensation: read_compensation(&mut fields, "compensation"),
        probe: read_compensation(&mut fields, "probe"),
        bounds: read_bounds(&mut fields),
        thresholds: read_thresholds(&mut fields),
        suggested: fields.flag("suggested").unwrap_or(false),
        for_each: read_for_each(&mut fields),
        copy_of: None,
        action: Action::Unbound { hint: String::new() },
        digest: Digest::ZERO,
    };
    fields.unsupported(&UNSUPPORTED);
    fields.derived(&["approval", "provenance", "action", "digest", "low_risk", "copy_of"]);
    fields.derived(own);
    fields.finish();
    step
}

fn is_id(id: &str) -> bool {
    id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !id.starts_with('-')
}

/// `["a"]`, or `[{ step = "a", when = "failure" }]`.
fn read_needs(fields: &mut Fields<'_, '_>) -> Vec<Need> {
    let origin = fields.origin();
    let mut needs: Vec<Need> = Vec::new();
    for node in fields.items("needs") {
        let need = match &node.body {
            Body::Text(step) => Need { step: StepId::new(step), when: When::Success, kind: NeedKind::Completion },
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::List(_) | Body::Table(_) => {
                let mut inner = Fields::of(origin, "a need", node, fields.problems());
                let step = StepId::new(inner.required_text("step"));
                let when = inner.choice("when", &WHENS).unwrap_or_default();
                let kind = inner.choice("kind", &NEED_KINDS).unwrap_or_default();
                inner.finish();
                Need { step, when, kind }
            }
        };
        if needs.contains(&need) {
            fields.report(node.at, "duplicate_need", format!("the edge to `{}` is given twice", need.step), "");
            continue;
        }
        needs.push(need);
    }
    needs
}

/// `["a", "b"]`, `"${steps.ID.output.path}"`, or `{ in = …, at_once = 2, most = 50 }`.
fn read_for_each(fields: &mut Fields<'_, '_>) -> Option<ForEach> {
    let origin = fields.origin();
    let node = fields.node("for_each")?;
    let default = PolicySettings::default().max_targets;
    if !matches!(node.body, Body::Table(_)) {
        return Some(ForEach { list: node.value(), at_once: None, most: default });
    }
    let mut inner = Fields::of(origin, "`for_each`", node, fields.problems());
    let Some(list) = inner.node("in").map(Node::value) else {
        inner.report(node.at, "missing_field", "`for_each` needs `in`: a list, or `${steps.ID.output.path}`".to_owned(), "");
        return None;
    };
    let mut count = |key: &'static str| {
        let number = inner.int(key)?;
        let count = u32::try_from(number).ok().filter(|count| (1..=10_000).contains(count));
        if count.is_none() {
            inner.report(node.at, "out_of_range", format!("`for_each.{key}` must be from 1 to 10000, not {number}"), "");
        }
        count
    };
    let (at_once, most) = (count("at_once"), count("most").unwrap_or(default));
    inner.finish();
    Some(ForEach { list, at_once, most })
}

fn read_retry(fields: &mut Fields<'_, '_>) -> Retry {
    let origin = fields.origin();
    let default = Retry::default();
    let Some(node) = fields.node("retry") else { return default };
    let mut inner = Fields::of(origin, "`retry`", node, fields.problems());
    let limit = inner.int("limit").map_or(Ok(default.limit), u32::try_from);
    let limit = limit.ok().filter(|limit| *limit <= 100).unwrap_or_else(|| {
        inner.report(node.at, "out_of_range", "`retry.limit` must be from 0 to 100".to_owned(), "");
        default.limit
    });
    let base_ms = inner.span("base", "base_ms").unwrap_or(default.base_ms);
    let cap_ms = inner.span("cap", "cap_ms").unwrap_or(default.cap_ms);
    inner.finish();
    Retry { limit, base_ms, cap_ms }
}

fn read_locks(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let mut locks = fields.texts("locks");
    locks.extend(fields.texts("lock"));
    locks.sort_unstable();
    locks.dedup();
    locks
}

fn read_compensation(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Compensation> {
    let origin = fields.origin();
    let node = fields.node(key)?;
    let mut inner = Fields::of(origin, format!("`{key}`"), node, fields.problems());
    let read = Compensation {
        operation: inner.required_text("operation"),
        params: inner.values("params"),
        effect: EffectClass::Destroy,
        repeat: Repeat::AtMostOnce,
        timeout_ms: inner.span("timeout", "timeout_ms").unwrap_or(Millis(0)),
        action: Action::Unbound { hint: String::new() },
    };
    inner.derived(&["effect", "repeat", "action"]);
    inner.finish();
    Some(read)
}

/// `{ one_of = ["a", "b"] }` or `{ range = { min = 1, max = 9 } }`.
fn read_bounds(fields: &mut Fields<'_, '_>) -> BTreeMap<String, Bound> {
    let origin = fields.origin();
    let mut bounds = BTreeMap::new();
    for entry in fields.entries("bounds") {
        let mut inner = Fields::of(origin, format!("bound of `{}`", entry.key), &entry.value, fields.problems());
        let one_of = inner.texts("one_of");
        let range = inner.node("range").or_else(|| inner.node("min").map(|_| &entry.value));
        let bound = match range {
            Some(node) => {
                let number = |key: &str| node.get(key).map(Node::value).and_then(|value| value.as_i64());
                match (number("min"), number("max")) {
                    (Some(min), Some(max)) if min <= max => Some(Bound::Range { min, max }),
                    (Some(_) | None, Some(_) | None) => None,
                }
            }
            None => (!one_of.is_empty()).then_some(Bound::OneOf(one_of)),
        };
        inner.derived(&["min", "max"]);
        match bound {
            Some(bound) => drop(bounds.insert(entry.key.clone(), bound)),
            None => inner.report(
                entry.at,
                "bad_bound",
                format!("bound of `{}` needs `one_of` texts, or `range` with min and max", entry.key),
                "",
            ),
        }
        inner.finish();
    }
    bounds
}

fn read_thresholds(fields: &mut Fields<'_, '_>) -> Vec<Threshold> {
    let origin = fields.origin();
    let mut thresholds = Vec::new();
    for node in fields.items("thresholds") {
        let mut inner = Fields::of(origin, "a threshold", node, fields.problems());
        let number = |node: Option<&Node>| node.map(Node::value).and_then(|value| value.as_f64());
        thresholds.push(Threshold {
            field: inner.required_text("field"),
            degraded: number(inner.node("degraded")),
            failing: number(inner.node("failing")),
            side: inner.choice("side", &[("above", Side::Above), ("below", Side::Below)]).unwrap_or(Side::Above),
        });
        inner.finish();
    }
    thresholds
}

/// Replaces `${inputs.NAME}` in every text; a text that is nothing else takes the value with its type.
pub fn put_inputs(value: &mut Value, inputs: &BTreeMap<String, Value>, unknown: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let alone = text.strip_prefix("${inputs.").and_then(|rest| rest.strip_suffix('}')).filter(|name| !name.contains('}'));
            if let Some(name) = alone {
                match inputs.get(name) {
                    Some(found) => *value = found.clone(),
                    None => unknown.push(name.to_owned()),
                }
                return;
            }
            if text.contains("${inputs.") {
                *value = Value::String(put_text(text, inputs, unknown));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_inputs(item, inputs, unknown)),
        Value::Object(map) => map.values_mut().for_each(|item| put_inputs(item, inputs, unknown)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub fn put_text(text: &str, inputs: &BTreeMap<String, Value>, unknown: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${inputs.") {
        out.push_str(&rest[..at]);
        let inner = &rest[at + "${inputs.".len()..];
        let Some(end) = inner.find('}') else { break };
        match inputs.get(&inner[..end]) {
            Some(Value::String(text)) => out.push_str(text),
            Some(other) => out.push_str(&other.to_string()),
            None => unknown.push(inner[..end].to_owned()),
        }
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    out
}

/// `a, b` as an operator types it is a list.
fn listed(list: Value) -> Value {
    match list {
        Value::String(text) if hole::is_literal(&text) => {
            text.split([',', ' ']).filter(|one| !one.is_empty()).map(Value::from).collect::<Vec<_>>().into()
        }
        other => other,
    }
}

/// Inputs that a text names.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("${inputs.").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// Puts inputs into everything of a step that may hold them. `is_said`: the input is the operator's own, not its default.
pub fn fill_step(step: &mut Step, inputs: &BTreeMap<String, Value>, given_by: Provenance, is_said: impl Fn(&str) -> bool) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut params = std::mem::take(&mut step.params);
    params.retain(|name, value| {
        let held: Vec<&str> = value.as_str().into_iter().flat_map(names_in).collect();
        let from = if held.is_empty() {
            given_by
        } else if held.into_iter().any(&is_said) {
            Provenance::Operator
        } else {
            Provenance::Default
        };
        put_inputs(value, inputs, &mut unknown);
        step.provenance.insert(name.clone(), from);
        !value.is_null()
    });
    step.params = params;
    let undo = step.compensation.iter_mut().chain(step.probe.iter_mut());
    for value in undo.flat_map(|undo| undo.params.values_mut()) {
        put_inputs(value, inputs, &mut unknown);
    }
    if let Some(each) = &mut step.for_each {
        put_inputs(&mut each.list, inputs, &mut unknown);
        each.list = listed(std::mem::take(&mut each.list));
    }
    for lock in &mut step.locks {
        *lock = put_text(lock, inputs, &mut unknown);
    }
    for bound in step.bounds.values_mut() {
        if let Bound::OneOf(values) = bound {
            for value in values {
                *value = put_text(value, inputs, &mut unknown);
            }
        }
    }
    if let Some(condition) = &mut step.condition {
        // Only numbers: a text could say anything in CEL.
        let numbers = inputs.iter().filter(|(_, value)| value.is_number()).map(|(name, value)| (name.clone(), value.clone())).collect();
        *condition = put_text(condition, &numbers, &mut unknown);
    }
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}
