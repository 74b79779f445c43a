//! Operations on offer -> the JSON schema of an answer.
//!
//! Small on purpose: one object, every field required, names as enums, no recursion and no alternatives, so that every
//! server can decode by it. Which parameter goes with which operation, and its type, the validator knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::model::catalogue::Operation;

pub fn of(offered: &[Arc<Operation>]) -> Value {
    let operations: Vec<&str> = offered.iter().map(|one| one.name.as_str()).collect();
    let names: BTreeSet<&str> = offered.iter().flat_map(|one| one.params.iter().map(|param| param.name.as_str())).collect();
    let object = |properties: Value| {
        let required: Vec<&String> = properties.as_object().into_iter().flat_map(|map| map.keys()).collect();
        json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
    };
    let id = json!({"type": "string", "pattern": "^s[0-9]{1,2}$"});
    let param = object(json!({"name": one_of(names.iter().copied()), "value": {"type": "string"}}));
    let need = object(json!({"step": id, "when": one_of(["success", "failure", "always"])}));
    let step = object(json!({
        "id": id,
        "operation": one_of(operations),
        "params": {"type": "array", "items": param},
        "needs": {"type": "array", "items": need},
    }));
    object(json!({
        "outcome": one_of(["plan", "nothing"]),
        "reason": {"type": "string"},
        "steps": {"type": "array", "items": step},
    }))
}

/// An empty enum is no schema; where there is no name, none fits.
fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    let words: Vec<&str> = words.into_iter().collect();
    if words.is_empty() { json!({"type": "string"}) } else { json!({"type": "string", "enum": words}) }
}
