//! `[automation.jobs.NAME]` and `[notify.channels.NAME]` -> what a job or a channel of that name does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::secrets::{SecretHandle, WANTED};
use crate::model::catalogue::{Binding, Job, OutputFormat, Param, ParamType};
use crate::model::problem::Problem;
use crate::planner::source::{Body, Entry, Fields, Node};
use crate::planner::{grammar, near};
use crate::service::bind::slots;
use crate::service::manifest::texts_of;

/// Parameters of `automation.run_job`, and of the operations of `notify`.
const JOB_SLOTS: [&str; 2] = ["job", "target"];
const CHANNEL_SLOTS: [&str; 7] = ["channel", "component", "message", "severity", "state", "team", "title"];

pub fn job(origin: &str, entry: &Entry, problems: &mut Vec<Problem>) -> Option<Job> {
    let before = problems.len();
    let mut fields = Fields::of(origin, format!("job {}", entry.key), &entry.value, problems);
    let params = own_params(&mut fields);
    let known: Vec<&str> = JOB_SLOTS.into_iter().chain(params.iter().map(|param| param.name.as_str())).collect();
    let binding = command(&mut fields, "argv", &known);
    fields.finish();
    (problems.len() == before).then_some(Job { binding, params })
}

/// `days = "int"` must be given, `days = { type = "int", default = 7 }` need not.
fn own_params(fields: &mut Fields<'_, '_>) -> Vec<Param> {
    let mut params = Vec::new();
    for entry in fields.entries("params") {
        let name = entry.key.clone();
        let (kind, default) = match &entry.value.body {
            Body::Text(kind) => (Some(kind.clone()), None),
            Body::Table(_) => (
                entry.value.get("type").and_then(|node| node.value().as_str().map(str::to_owned)),
                entry.value.get("default").map(Node::value),
            ),
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::List(_) => (None, None),
        };
        let kind = ParamType::from(kind.unwrap_or_default());
        let mut say = |message: String| fields.report(entry.value.at, "wrong_value", message, "");
        match (&kind, &default) {
            (ParamType::Other(_), _) => say(format!("`{name}` must be a type such as \"int\", or {{ type = \"int\", default = 7 }}")),
            (_, Some(value)) if grammar::check(&kind, value).is_err() => say(format!("the default of `{name}` is no {kind}")),
            _ if JOB_SLOTS.contains(&name.as_str()) => say(format!("`{name}` is a parameter of every job")),
            _ => {}
        }
        params.push(Param { name, kind, required: default.is_none(), default, doc: String::new() });
    }
    params
}

pub fn channel(origin: &str, entry: &Entry, problems: &mut Vec<Problem>) -> Option<Binding> {
    let before = problems.len();
    let mut fields = Fields::of(origin, format!("channel {}", entry.key), &entry.value, problems);
    let has = |key: &str| entry.value.get(key).is_some();
    let ways: Vec<&str> = ["bell", "command", "webhook", "webhook_secret"].into_iter().filter(|way| has(way)).collect();
    let binding = match ways.as_slice() {
        ["bell"] => {
            if fields.flag("bell") == Some(false) {
                fields.report(entry.value.at, "wrong_value", format!("channel {}: `bell` can only be true", entry.key), "");
            }
            Binding::Builtin { name: "bell".to_owned(), owned: true }
        }
        ["command"] => command(&mut fields, "command", &CHANNEL_SLOTS),
        ["webhook" | "webhook_secret"] => webhook(&mut fields),
        _ => {
            let message = format!("channel {} must have one of `webhook`, `webhook_secret`, `command` and `bell`", entry.key);
            fields.report(entry.at, "missing_field", message, "");
            fields.derived(&["bell", "command", "webhook", "webhook_secret"]);
            Binding::Builtin { name: "bell".to_owned(), owned: true }
        }
    };
    fields.finish();
    (problems.len() == before).then_some(binding)
}

/// One line of `ouioe check`; secrets are handles.
pub fn shown(binding: &Binding) -> String {
    match binding {
        Binding::Command { argv, .. } => format!("{argv:?}"),
        Binding::Http { url, secrets, .. } => secrets.get("url").unwrap_or(url).clone(),
        Binding::Builtin { name, .. } | Binding::Job { name } | Binding::Channel { name } => name.clone(),
    }
}

fn command(fields: &mut Fields<'_, '_>, key: &'static str, known: &[&str]) -> Binding {
    let argv = fields.texts(key);
    let (at, env) = (fields.at(), texts(fields, "env"));
    match argv.first() {
        None => fields.report(at, "missing_field", format!("`{key}` is missing or empty"), "the first element is the program"),
        Some(program) if !slots::names(program).is_empty() => {
            fields.report(at, "slot_in_program", "the program must not come from a parameter".to_owned(), "");
        }
        Some(_) => {}
    }
    check_slots(fields, argv.iter().chain(env.values()).map(String::as_str), known);
    let outputs = [("text", OutputFormat::Text), ("json", OutputFormat::Json), ("none", OutputFormat::None)];
    let output = fields.choice("output", &outputs).unwrap_or_default();
    Binding::Command { argv, env, secrets: handles(fields, "secrets"), output }
}

fn webhook(fields: &mut Fields<'_, '_>) -> Binding {
    let mut secrets: BTreeMap<String, String> =
        handles(fields, "secrets").into_iter().map(|(name, handle)| (format!("header:{name}"), handle)).collect();
    for (key, name) in [("bearer", "bearer"), ("webhook_secret", "url")] {
        if let Some(text) = fields.text(key) {
            check_handle(fields, key, &text);
            secrets.insert(name.to_owned(), text);
        }
    }
    let (url, headers) = (fields.text("webhook").unwrap_or_default(), texts(fields, "headers"));
    let all = || CHANNEL_SLOTS.iter().map(|slot| ((*slot).to_owned(), json!(format!("{{{slot}}}")))).collect();
    let body = fields.node("body").map_or_else(|| Value::Object(all()), Node::value);
    let found = texts_of(&body);
    check_slots(fields, headers.values().map(String::as_str).chain([url.as_str()]).chain(found), &CHANNEL_SLOTS);
    Binding::Http { method: "POST".to_owned(), url, headers, body: Some(body), secrets }
}

fn texts(fields: &mut Fields<'_, '_>, key: &'static str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fields.entries(key) {
        match &entry.value.body {
            Body::Text(text) => drop(found.insert(entry.key.clone(), text.clone())),
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::List(_) | Body::Table(_) => {
                fields.report(entry.value.at, "wrong_type", format!("`{key}.{}` must be text", entry.key), "");
            }
        }
    }
    found
}

fn handles(fields: &mut Fields<'_, '_>, key: &'static str) -> BTreeMap<String, String> {
    let found = texts(fields, key);
    found.values().for_each(|text| check_handle(fields, key, text));
    found
}

/// The value is not repeated: somebody may have written the secret itself.
fn check_handle(fields: &mut Fields<'_, '_>, key: &str, text: &str) {
    if text.parse::<SecretHandle>().is_err() {
        let at = fields.at();
        fields.report(at, "wrong_value", format!("`{key}` must be {WANTED}"), "");
    }
}

fn check_slots<'t>(fields: &mut Fields<'_, '_>, texts: impl Iterator<Item = &'t str>, known: &[&str]) {
    for slot in texts.flat_map(slots::names).filter(|slot| !known.contains(slot)) {
        let at = fields.at();
        fields.report(at, "unknown_slot", format!("`{{{slot}}}` names no parameter"), &near::hint(slot, known.iter().copied()));
    }
}
