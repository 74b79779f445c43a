//! One `[[operation]]` -> an operation, on top of the one that it refines.

use toml::de::DeTable;

use super::binding::{Scripts, binding, remote};
use super::fields::{self, word};
use super::reader::Reader;
use crate::model::catalogue::{EffectClass, Operation, Origin, Repeat};
use crate::model::plan::StepKind;
use crate::model::time::Millis;
use crate::service::builtin;

const FIELDS: [&str; 20] = [
    "name",
    "summary",
    "effect",
    "effects",
    "low_risk",
    "repeat",
    "kind",
    "params",
    "output",
    "aliases",
    "nouns",
    "examples",
    "expected_ms",
    "timeout_ms",
    "thresholds",
    "preview",
    "binding",
    "remote",
    "settings",
    "undo",
];

/// `base`: what an earlier file says of it; a field that is not written keeps its value.
pub fn operation<'b>(
    reader: &Reader<'_>,
    (at, row): (usize, &DeTable<'_>),
    scripts: &Scripts,
    base: impl Fn(&str) -> Option<&'b Operation>,
) -> Option<Operation> {
    reader.only(row, "an operation", &FIELDS);
    let name = name(reader, at, row)?;
    let mut it = match base(&name) {
        Some(base) => base.clone(),
        None => fresh(reader, at, row, name),
    };
    it.origin = Origin { file: reader.origin.to_owned(), line: reader.place(at).0 };
    words(reader, row, &mut it);
    it.params = fields::params(reader, row).unwrap_or(it.params);
    it.output = fields::output(reader, row).or(it.output);
    it.thresholds = fields::thresholds(reader, row).unwrap_or(it.thresholds);
    it.expected_ms = reader.whole(row, "expected_ms").map(Millis).or(it.expected_ms);
    it.timeout_ms = reader.whole(row, "timeout_ms").map(Millis).or(it.timeout_ms);
    it.preview = reader.string(row, "preview").or(it.preview);
    it.binding = binding(reader, row, &it.params).or(it.binding);
    it.remote = remote(reader, row, &it.params, scripts).or(it.remote);
    it.settings.extend(fields::settings(reader, row));
    it.undo = fields::undo(reader, row, &it.params).or(it.undo);
    check(reader, at, &it);
    Some(it)
}

fn name(reader: &Reader<'_>, at: usize, row: &DeTable<'_>) -> Option<String> {
    let name = fields::required(reader, at, row, "name")?;
    let part = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if name.split_once('.').is_some_and(|(service, verb)| part(service) && part(verb)) {
        return Some(name);
    }
    reader.say(at, "bad_name", format!("`{name}` is no name of an operation"), "write service.verb in small letters, digits and _");
    None
}

fn fresh(reader: &Reader<'_>, at: usize, row: &DeTable<'_>, name: String) -> Operation {
    for key in ["summary", "effect"] {
        let said = row.get(key).is_some() || (key == "effect" && row.get("effects").is_some());
        if !said {
            reader.say(at, "missing_field", format!("`{key}` of {name} is missing"), "");
        }
    }
    Operation {
        name,
        summary: String::new(),
        // Until said otherwise the worst.
        effect: EffectClass::Destroy,
        low_risk: false,
        repeat: Repeat::default(),
        kind: StepKind::default(),
        params: Vec::new(),
        output: None,
        aliases: Vec::new(),
        nouns: Vec::new(),
        examples: Vec::new(),
        expected_ms: None,
        timeout_ms: None,
        thresholds: Vec::new(),
        preview: None,
        binding: None,
        remote: None,
        settings: std::collections::BTreeMap::new(),
        undo: None,
        origin: Origin::default(),
    }
}

fn words(reader: &Reader<'_>, row: &DeTable<'_>, it: &mut Operation) {
    it.summary = reader.string(row, "summary").unwrap_or_else(|| std::mem::take(&mut it.summary));
    let effects = ["read", "mutate", "destroy"];
    it.effect = word(reader, row, "effect", &effects).or_else(|| word(reader, row, "effects", &effects)).unwrap_or(it.effect);
    it.low_risk = reader.boolean(row, "low_risk").unwrap_or(it.low_risk);
    let repeats = ["pure", "idempotent", "keyed", "probeable", "at_most_once"];
    // A read is pure unless its manifest says otherwise.
    let natural = if it.effect == EffectClass::Read && it.repeat == Repeat::AtMostOnce { Repeat::Pure } else { it.repeat };
    it.repeat = word(reader, row, "repeat", &repeats).unwrap_or(natural);
    it.kind = word(reader, row, "kind", &["action", "validation", "decision", "recovery", "monitoring"]).unwrap_or(it.kind);
    for (key, list) in [("aliases", &mut it.aliases), ("nouns", &mut it.nouns), ("examples", &mut it.examples)] {
        if let Some(texts) = reader.strings(row, key) {
            *list = texts;
        }
    }
}

fn check(reader: &Reader<'_>, at: usize, it: &Operation) {
    if it.low_risk && it.effect != EffectClass::Mutate {
        reader.say(at, "contradiction", format!("{} is `low_risk` but not a mutate", it.name), "only a mutate can be of low risk");
    }
    if it.effect != EffectClass::Read
        && let Some(crate::model::catalogue::Binding::Builtin { name, owned: false }) = &it.binding
    {
        let help = "an effect needs `owned = true`, so that it outlives the engine";
        reader.say(at, "unowned_effect", format!("{} changes something but its builtin `{name}` is not owned", it.name), help);
    }
    if let Some(preview) = &it.preview
        && builtin::find(preview).is_none()
    {
        let help = super::reader::nearest(preview, builtin::names());
        reader.say(at, "unknown_builtin", format!("`preview` of {} names no builtin `{preview}`", it.name), help);
    }
}
