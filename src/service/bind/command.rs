//! argv with slots and a step's values -> operands, one element each.

use std::collections::BTreeMap;

use serde_json::Value;

use super::slots::{Part, parts};
use crate::model::action::Operand;
use crate::model::catalogue::Operation;

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
                Part::Slot(name) => match self.value(name) {
                    Some(value) => filled.push_str(&fit(name, value, place == 0)?),
                    None if parts.iter().filter(|part| matches!(part, Part::Slot(_))).count() == 1 => return Ok(None),
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

    fn value(&self, name: &str) -> Option<String> {
        match self.given(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// As it was given, or its default; never null.
    pub fn given(&self, name: &str) -> Option<&Value> {
        let given = self.params.get(name).or_else(|| self.operation.param(name)?.default.as_ref())?;
        (!given.is_null()).then_some(given)
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
