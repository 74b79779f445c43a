//! Declared inputs of a plan file or template + given values -> typed values.
//!
//! A value never brings a reference of its own: `${` in it is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::catalogue::{Param, ParamType};
use crate::model::plan::Bound;
use crate::model::problem::Problem;

use super::source::{Body, Fields, Node, Pos};
use super::{grammar, near};

#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub param: Param,
    pub bound: Option<Bound>,
    pub at: Pos,
}

/// `[[param]]` of a template: name, type, required, default, doc, and bounds.
pub fn read_input(origin: &str, name: Option<&str>, node: &Node, problems: &mut Vec<Problem>) -> Input {
    let mut fields = Fields::of(origin, name.map_or("a parameter".to_owned(), |name| format!("input `{name}`")), node, problems);
    let name = name.map_or_else(|| fields.required_text("name"), str::to_owned);
    let type_at = fields.node("type").map_or(node.at, |found| found.at);
    let kind = fields.text("type").unwrap_or_else(|| "str".to_owned());
    if !super::catalogue_file::BASE_TYPES.contains(&kind.as_str()) {
        fields.report(type_at, "unknown_type", format!("unknown type `{kind}`"), &near::hint(&kind, super::catalogue_file::BASE_TYPES));
    }
    let default = fields.node("default").map(Node::value);
    let required = fields.flag("required").unwrap_or(false);
    let doc = fields.text("doc").unwrap_or_default();
    let one_of = fields.texts("one_of");
    let bound = match (fields.int("min"), fields.int("max")) {
        (None, None) => (!one_of.is_empty()).then_some(Bound::OneOf(one_of)),
        (min, max) => Some(Bound::Range { min: min.unwrap_or(i64::MIN), max: max.unwrap_or(i64::MAX) }),
    };
    let input = Input { param: Param { name, kind: ParamType::from(kind), required, default, doc }, bound, at: node.at };
    if let Some(default) = &input.param.default
        && let Err(reason) = check(&input, &text_of(default))
    {
        fields.report(node.at, "bad_default", format!("default of `{}`: {reason}", input.param.name), "");
    }
    fields.finish();
    input
}

/// `inputs` of a plan file: a table of tables, or `name = value` for a default.
pub fn read_inputs(fields: &mut Fields<'_, '_>) -> Vec<Input> {
    let origin = fields.origin();
    let entries = fields.entries("inputs");
    let mut inputs = Vec::with_capacity(entries.len());
    for entry in entries {
        if matches!(entry.value.body, Body::Table(_)) {
            inputs.push(read_input(origin, Some(&entry.key), &entry.value, fields.problems()));
            continue;
        }
        let default = Some(entry.value.value());
        let kind = if matches!(entry.value.body, Body::Int(_)) { ParamType::Int } else { ParamType::Str };
        inputs.push(Input {
            param: Param { name: entry.key.clone(), kind, required: false, default, doc: String::new() },
            bound: None,
            at: entry.at,
        });
    }
    inputs
}

/// A value that would be accepted.
pub fn example(input: &Input) -> String {
    match &input.bound {
        Some(Bound::OneOf(values)) => return values.first().cloned().unwrap_or_default(),
        Some(Bound::Range { min, max }) => return if *min == i64::MIN { *max } else { *min }.to_string(),
        None => {}
    }
    let name = input.param.name.as_str();
    let text = match input.param.kind {
        ParamType::Host if name == "second" => "web-2",
        ParamType::Host => "web-1",
        ParamType::Name if name == "service" => "nginx",
        ParamType::Name if name == "target" => "web-1",
        ParamType::Name | ParamType::Str | ParamType::Other(_) => "nightly",
        ParamType::Env => "staging",
        ParamType::Duration => "30m",
        ParamType::Datetime => "03:30",
        ParamType::Url => "https://www.example.org/",
        ParamType::Dns => "www.example.org",
        ParamType::Ip => "192.0.2.7",
        ParamType::Port => "443",
        ParamType::Path => "/var/tmp/build",
        ParamType::Version => "1.2.3",
        ParamType::Channel => "#ops",
        ParamType::Int => "1",
        ParamType::Json => "{}",
    };
    text.to_owned()
}

pub fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The typed value of one input, or why it is refused.
pub fn check(input: &Input, text: &str) -> Result<Value, String> {
    if text.contains("${") {
        return Err("may not hold `${`".to_owned());
    }
    let value = grammar::typed(&input.param.kind, text)?;
    match &input.bound {
        Some(Bound::OneOf(values)) if !values.iter().any(|one| one == text) => Err(format!("must be one of {}", values.join(", "))),
        Some(Bound::Range { min, max }) if value.as_i64().is_none_or(|number| number < *min || number > *max) => {
            Err(format!("must be from {min} to {max}"))
        }
        Some(Bound::OneOf(_) | Bound::Range { .. }) | None => Ok(value),
    }
}

/// Values for all declared inputs; optional ones without a value are null, which leaves their parameter out.
pub fn settle(origin: &str, declared: &[Input], given: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    for name in given.keys().filter(|name| !declared.iter().any(|input| input.param.name == **name)) {
        let help = near::hint(name, declared.iter().map(|input| input.param.name.as_str()));
        problems.push(Problem::new(origin, "unknown_input", format!("unknown input `{name}`")).help(help));
    }
    for input in declared {
        let name = &input.param.name;
        let text = given.get(name).cloned().or_else(|| input.param.default.as_ref().map(text_of));
        let value = text.map(|text| (check(input, &text), text));
        let value = match value {
            Some((Ok(value), _)) => value,
            Some((Err(reason), text)) => {
                let problem = Problem::new(origin, "bad_input", format!("input `{name}`: `{text}` {reason}"));
                problems.push(problem.at(input.at.line, input.at.column));
                Value::Null
            }
            None if input.param.required => {
                let problem = Problem::new(origin, "missing_input", format!("input `{name}` ({}) is required", input.param.kind));
                problems.push(problem.at(input.at.line, input.at.column).help(format!("give it with --set {name}=VALUE")));
                Value::Null
            }
            None => Value::Null,
        };
        values.insert(name.clone(), value);
    }
    values
}
