//! A request with slots and a step's values -> what the step runner sends. Encoding comes later, when all holes are filled.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::command::{self, Filling, Misfit};
use super::slots::{Part, parts};
use crate::model::action::Action;

pub fn action(
    filling: &Filling<'_>,
    method: &str,
    url: &str,
    (headers, body): (&BTreeMap<String, String>, Option<&Value>),
    secrets: &BTreeMap<String, String>,
) -> Result<Action, Misfit> {
    let mut params = BTreeMap::from([("method".to_owned(), Value::from(method)), ("url".to_owned(), address(filling, url)?)]);
    let mut filled = Map::new();
    for (name, text) in headers {
        filled.extend(text_of(filling, text)?.map(|value| (name.clone(), Value::from(value))));
    }
    params.insert("headers".to_owned(), Value::Object(filled));
    match body {
        Some(Value::String(text)) => drop(text_of(filling, text)?.map(|text| params.insert("text".to_owned(), Value::from(text)))),
        Some(template) => drop(value_of(filling, template)?.map(|value| params.insert("json".to_owned(), value))),
        None => {}
    }
    if !secrets.is_empty() {
        params.insert("secrets".to_owned(), json!(secrets));
    }
    Ok(Action::Builtin { name: "http_send".to_owned(), params, owned: true })
}

/// Pieces in order: text as it is, `{"value": …}` to be encoded, unless it is the whole address.
fn address(filling: &Filling<'_>, url: &str) -> Result<Value, Misfit> {
    let parts = parts(url);
    let pieces = parts.iter().map(|part| match part {
        Part::Text(text) => Ok(Value::from(*text)),
        Part::Slot(name) | Part::Seconds(name) => {
            let text = command::text_of(filling.value(*part)?.ok_or_else(|| missing(name))?);
            Ok(if parts.len() == 1 { Value::from(text) } else { json!({ "value": text }) })
        }
    });
    pieces.collect::<Result<Vec<Value>, Misfit>>().map(Value::from)
}

/// `None`: its only slot has no value.
fn text_of(filling: &Filling<'_>, text: &str) -> Result<Option<String>, Misfit> {
    let parts = parts(text);
    let mut filled = String::new();
    for part in &parts {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Slot(name) | Part::Seconds(name) => match filling.value(*part)? {
                Some(value) => filled.push_str(&command::text_of(value)),
                None if parts.iter().filter(|part| part.slot().is_some()).count() == 1 => return Ok(None),
                None => return Err(missing(name)),
            },
        }
    }
    Ok(Some(filled))
}

/// A text that is nothing but a slot takes the value with its type; what has no value is left out.
fn value_of(filling: &Filling<'_>, template: &Value) -> Result<Option<Value>, Misfit> {
    Ok(match template {
        Value::String(text) => match parts(text).as_slice() {
            [part @ (Part::Slot(_) | Part::Seconds(_))] => filling.value(*part)?,
            _ => text_of(filling, text)?.map(Value::from),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| value_of(filling, item)).collect::<Result<Vec<_>, Misfit>>()?;
            Some(items.into_iter().flatten().collect())
        }
        Value::Object(map) => {
            let mut filled = Map::new();
            for (key, item) in map {
                filled.extend(value_of(filling, item)?.map(|value| (key.clone(), value)));
            }
            Some(Value::Object(filled))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(template.clone()),
    })
}

fn missing(name: &str) -> Misfit {
    Misfit { code: "missing_param", message: format!("`{name}` has no value, and the request needs it") }
}
