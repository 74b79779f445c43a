//! argv with slots and a step's values -> operands, one element each.

use std::collections::BTreeMap;

use serde_json::Value;

use super::slots::{Part, parts};
use crate::model::action::Operand;
use crate::model::catalogue::Operation;
use crate::model::time::Millis;

/// Why a value cannot stand where it would.
pub struct Misfit {
    pub code: &'static str,
    pub message: String,
}

pub struct Filling<'a> {
    pub operation: &'a Operation,
    pub params: &'a BTreeMap<String, Value>,
}

impl Filling<'_> {
    /// `None`: left out, because its only slot is optional and absent.
    pub fn element(&self, text: &str) -> Result<Option<Operand>, Misfit> {
        let parts = parts(text);
        let mut filled = String::new();
        for (place, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Slot(name) | Part::Seconds(name) => match self.value(*part)? {
                    Some(value) => filled.push_str(&fit(name, text_of(value), place == 0)?),
                    None if parts.iter().filter(|part| part.slot().is_some()).count() == 1 => return Ok(None),
                    None => {
                        return Err(Misfit {
                            code: "missing_param",
                            message: format!("`{name}` has no value, and its element has others"),
                        });
                    }
                },
            }
        }
        Ok(Some(Operand(filled)))
    }

    /// `None`: literal text, or a parameter without a value.
    pub fn value(&self, part: Part<'_>) -> Result<Option<Value>, Misfit> {
        match part {
            Part::Text(_) => Ok(None),
            Part::Slot(name) => Ok(self.given(name).cloned()),
            Part::Seconds(name) => self.given(name).map(|value| seconds(name, value)).transpose(),
        }
    }

    /// As it was given, or its default; never null.
    pub fn given(&self, name: &str) -> Option<&Value> {
        let given = self.params.get(name).or_else(|| self.operation.param(name)?.default.as_ref())?;
        (!given.is_null()).then_some(given)
    }
}

/// Rounded up: never younger than was said.
fn seconds(name: &str, value: &Value) -> Result<Value, Misfit> {
    let span = value.as_str().map_or_else(|| value.as_u64().and_then(|seconds| seconds.checked_mul(1_000)).map(Millis), Millis::parse);
    span.map(|span| Value::from(span.0.div_ceil(1_000)))
        .ok_or_else(|| Misfit { code: "no_span", message: format!("`{name}` is no span of time: {value}") })
}

/// Without the quotes of a text.
pub fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A value at the start of an element must not become an option. One that a hole fills later is judged when it is rendered.
fn fit(name: &str, value: String, leads: bool) -> Result<String, Misfit> {
    if leads && value.starts_with('-') {
        return Err(Misfit { code: "leading_dash", message: format!("`{name}` must not begin with `-`: {value}") });
    }
    if value.contains('\0') {
        return Err(Misfit { code: "nul_byte", message: format!("`{name}` holds a NUL byte") });
    }
    Ok(value)
}
