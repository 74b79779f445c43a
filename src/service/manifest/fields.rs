//! Parameters, output, thresholds of one operation.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::DeTable;

use super::reader::{Reader, nearest, to_json};
use crate::model::catalogue::{Output, Param, ParamType, Undo};
use crate::model::verdict::{Side, Threshold};

pub fn params(reader: &Reader<'_>, table: &DeTable<'_>) -> Option<Vec<Param>> {
    table.get("params")?;
    let mut params: Vec<Param> = Vec::new();
    for (at, row) in reader.tables(table, "params") {
        let Some(param) = param(reader, at, row) else {
            continue;
        };
        if params.iter().any(|known| known.name == param.name) {
            reader.say(at, "duplicate", format!("parameter `{}` stands twice", param.name), "");
        }
        params.push(param);
    }
    Some(params)
}

fn param(reader: &Reader<'_>, at: usize, row: &DeTable<'_>) -> Option<Param> {
    reader.only(row, "a parameter", &["name", "type", "required", "default", "doc"]);
    let name = required(reader, at, row, "name")?;
    let kind = required(reader, at, row, "type")?;
    let kind = ParamType::from(kind);
    // Types of outputs start with a capital; a small letter is a misspelt basic type.
    if let ParamType::Other(text) = &kind
        && !text.starts_with(|first: char| first.is_ascii_uppercase())
    {
        let known = "host name env duration datetime url dns ip port path version channel int str json";
        reader.say(at, "unknown_type", format!("unknown type `{text}` of parameter `{name}`"), nearest(text, known.split(' ')));
    }
    let default = row.get("default").and_then(|node| {
        let value = to_json(node.get_ref());
        if value.is_none() {
            reader.expected(node, "default", "text, a number, true or false, a list or a table");
        }
        value
    });
    let required = reader.boolean(row, "required").unwrap_or(false);
    if required && default.is_some() {
        reader.say(at, "contradiction", format!("parameter `{name}` is required and has a default"), "drop one of them");
    }
    Some(Param { name, kind, required, default, doc: reader.string(row, "doc").unwrap_or_default() })
}

pub fn output(reader: &Reader<'_>, table: &DeTable<'_>) -> Option<Output> {
    let (at, row) = reader.table(table, "output")?;
    reader.only(row, "an output", &["name", "type", "of"]);
    Some(Output { name: required(reader, at, row, "name")?, kind: required(reader, at, row, "type")?, of: reader.string(row, "of") })
}

pub fn thresholds(reader: &Reader<'_>, table: &DeTable<'_>) -> Option<Vec<Threshold>> {
    table.get("thresholds")?;
    let rows = reader.tables(table, "thresholds").into_iter();
    Some(rows.filter_map(|(at, row)| threshold(reader, at, row)).collect())
}

fn threshold(reader: &Reader<'_>, at: usize, row: &DeTable<'_>) -> Option<Threshold> {
    reader.only(row, "a threshold", &["field", "degraded", "failing", "side"]);
    let field = required(reader, at, row, "field")?;
    let (degraded, failing) = (reader.number(row, "degraded"), reader.number(row, "failing"));
    if degraded.is_none() && failing.is_none() {
        reader.say(at, "empty_threshold", format!("threshold of `{field}` has no bound"), "add `degraded` or `failing`");
    }
    let side = word(reader, row, "side", &["above", "below"]).unwrap_or(Side::Above);
    Some(Threshold { field, degraded, failing, side })
}

pub fn required(reader: &Reader<'_>, at: usize, row: &DeTable<'_>, key: &str) -> Option<String> {
    if row.get(key).is_none() {
        reader.say(at, "missing_field", format!("`{key}` is missing"), "");
    }
    reader.string(row, key)
}

/// One of the words of an enum of ours.
pub fn word<T: DeserializeOwned>(reader: &Reader<'_>, row: &DeTable<'_>, key: &str, known: &[&str]) -> Option<T> {
    let text = reader.string(row, key)?;
    let parsed = serde_json::from_value(Value::from(text.as_str())).ok();
    if parsed.is_none() {
        let at = row.get(key).map_or(0, |node| node.span().start);
        reader.say(at, "unknown_word", format!("`{key}` cannot be `{text}`"), nearest(&text, known.iter().copied()));
    }
    parsed
}

/// Each replaces one of the same name in an earlier file.
pub fn settings(reader: &Reader<'_>, table: &DeTable<'_>) -> BTreeMap<String, Value> {
    let Some((_, row)) = reader.table(table, "settings") else { return BTreeMap::new() };
    row.iter().filter_map(|(name, node)| Some((name.get_ref().to_string(), to_json(node.get_ref())?))).collect()
}

pub fn undo(reader: &Reader<'_>, table: &DeTable<'_>, params: &[Param]) -> Option<Undo> {
    let (at, row) = reader.table(table, "undo")?;
    reader.only(row, "`undo`", &["operation", "params"]);
    let names = reader.strings(row, "params").unwrap_or_default();
    for name in names.iter().filter(|name| !params.iter().any(|param| param.name == **name)) {
        let help = nearest(name, params.iter().map(|param| param.name.as_str()));
        reader.say(at, "unknown_slot", format!("`{name}` of `undo` names no parameter"), help);
    }
    Some(Undo { operation: required(reader, at, row, "operation")?, params: names })
}
