//! `binding = {…}` -> how an operation reaches the world, with what could go wrong later said now.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::fields::{required, word};
use super::http;
use super::reader::{Reader, nearest};
use crate::model::catalogue::{Binding, Param, Remote, RemoteList};
use crate::service::bind::slots;
use crate::service::{builtin, owned};

/// Of one file, by their names in it.
pub type Scripts = BTreeMap<String, String>;

pub fn binding(reader: &Reader<'_>, table: &DeTable<'_>, params: &[Param]) -> Option<Binding> {
    let (at, row) = reader.table(table, "binding")?;
    match required(reader, at, row, "kind")?.as_str() {
        "builtin" => builtin_binding(reader, at, row),
        "command" => Some(command_binding(reader, at, row, params)),
        "http" => Some(http::binding(reader, at, row, params)),
        kind @ ("job" | "channel") => {
            reader.only(row, "such a binding", &["kind", "name"]);
            let name = required(reader, at, row, "name")?;
            known_slots(reader, at, std::iter::once(name.as_str()), params);
            Some(if kind == "job" { Binding::Job { name } } else { Binding::Channel { name } })
        }
        other => {
            let help = nearest(other, ["builtin", "channel", "command", "http", "job"].into_iter());
            reader.say(at, "unknown_word", format!("`kind` cannot be `{other}`"), help);
            None
        }
    }
}

/// `remote = {…}`: what a builtin is on another machine.
pub fn remote(reader: &Reader<'_>, table: &DeTable<'_>, params: &[Param], scripts: &Scripts) -> Option<Remote> {
    let (at, row) = reader.table(table, "remote")?;
    reader.only(row, "`remote`", &["argv", "script", "args", "output", "preview"]);
    if !params.iter().any(|param| param.name == "host") {
        reader.say(at, "contradiction", "`remote` needs a parameter `host`", "");
    }
    let argv = command_there(reader, at, row, params, scripts);
    let output = word(reader, row, "output", &["text", "json", "reading", "none"]).unwrap_or_default();
    let preview = reader.table(row, "preview").map(|(at, row)| {
        reader.only(row, "`preview`", &["argv", "script", "args", "fields"]);
        let fields = reader.strings(row, "fields").unwrap_or_default();
        if fields.is_empty() {
            reader.say(at, "missing_field", "`fields` is missing or empty", "name the parts of a line of the list");
        }
        RemoteList { argv: command_there(reader, at, row, params, scripts), fields }
    });
    Some(Remote { argv, output, preview })
}

/// `argv`, or a script of the file with its arguments.
fn command_there(reader: &Reader<'_>, at: usize, row: &DeTable<'_>, params: &[Param], scripts: &Scripts) -> Vec<String> {
    let words = match reader.string(row, "script") {
        None => argv(reader, at, row),
        Some(name) => {
            let Some(text) = scripts.get(&name) else {
                reader.say(
                    at,
                    "unknown_script",
                    format!("there is no script `{name}`"),
                    nearest(&name, scripts.keys().map(String::as_str)),
                );
                return Vec::new();
            };
            if let Some(slot) = slots::names(text).first() {
                let help = "a value in a script's text would be read as shell: hand it over in `args`, and use it as \"$1\"";
                reader.say(at, "slot_in_script", format!("script `{name}` holds the slot `{{{slot}}}`"), help);
            }
            if text.contains("${") {
                let help = "`${` is a value of another step: write `$name`, cut text with `set --`, `IFS`, sed or awk";
                reader.say(at, "hole_in_script", format!("script `{name}` holds `${{`"), help);
            }
            let fixed = ["/bin/sh", "-c", text, &name].map(str::to_owned).into_iter();
            fixed.chain(reader.strings(row, "args").unwrap_or_default()).collect()
        }
    };
    known_slots(reader, at, words.iter().map(String::as_str), params);
    words
}

fn builtin_binding(reader: &Reader<'_>, at: usize, row: &DeTable<'_>) -> Option<Binding> {
    reader.only(row, "a builtin binding", &["kind", "name", "owned"]);
    let name = required(reader, at, row, "name")?;
    let owned = reader.boolean(row, "owned").unwrap_or(false);
    let known: Vec<&str> = if owned { owned::names().collect() } else { builtin::names().collect() };
    if !known.contains(&name.as_str()) {
        let kind = if owned { "owned builtin" } else { "builtin" };
        reader.say(at, "unknown_builtin", format!("there is no {kind} `{name}`"), nearest(&name, known.into_iter()));
    }
    Some(Binding::Builtin { name, owned })
}

fn command_binding(reader: &Reader<'_>, at: usize, row: &DeTable<'_>, params: &[Param]) -> Binding {
    reader.only(row, "a command binding", &["kind", "argv", "env", "secrets", "output"]);
    let argv = argv(reader, at, row);
    let env = map(reader, row, "env");
    known_slots(reader, at, argv.iter().chain(env.values()).map(String::as_str), params);
    let output = word(reader, row, "output", &["text", "json", "none"]).unwrap_or_default();
    Binding::Command { argv, env, secrets: map(reader, row, "secrets"), output }
}

fn argv(reader: &Reader<'_>, at: usize, row: &DeTable<'_>) -> Vec<String> {
    let argv = reader.strings(row, "argv").unwrap_or_default();
    match argv.first() {
        None => reader.say(at, "missing_field", "`argv` is missing or empty", "the first element is the program"),
        Some(program) if !slots::names(program).is_empty() => {
            reader.say(
                at,
                "slot_in_program",
                "the program must not come from a parameter",
                "write its name as the first element of `argv`",
            );
        }
        Some(_) => {}
    }
    argv
}

pub fn known_slots<'t>(reader: &Reader<'_>, at: usize, texts: impl Iterator<Item = &'t str>, params: &[Param]) {
    for slot in texts.flat_map(slots::names).filter(|slot| !params.iter().any(|param| param.name == *slot)) {
        let help = nearest(slot, params.iter().map(|param| param.name.as_str()));
        reader.say(at, "unknown_slot", format!("`{{{slot}}}` names no parameter"), help);
    }
}

pub fn map(reader: &Reader<'_>, row: &DeTable<'_>, key: &str) -> BTreeMap<String, String> {
    let Some((_, inner)) = reader.table(row, key) else {
        return BTreeMap::new();
    };
    inner.keys().filter_map(|name| Some((name.get_ref().to_string(), reader.string(inner, name.get_ref())?))).collect()
}
