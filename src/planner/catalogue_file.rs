//! Catalogue file (names, types, summaries) -> operations to plan against.
//!
//! Such a file binds nothing: its operations can be planned and reviewed, not started.
//! Bindings, thresholds and probes belong to service manifests and are refused here by name.

use std::collections::BTreeSet;

use crate::model::catalogue::{Catalogue, EffectClass, Operation, Origin, Output, Param, ParamType, Repeat};
use crate::model::plan::StepKind;
use crate::model::problem::Problem;

use super::near;
use super::source::{Caps, Fields, Format, Node, Pos, read};

const CAPS: Caps = Caps { bytes: 4 << 20, depth: 16, text: 8 << 10 };
const MOST_OPERATIONS: usize = 10_000;
const MOST_PARAMS: usize = 64;

/// Names of the types that have a grammar.
pub const BASE_TYPES: [&str; 15] =
    ["host", "name", "env", "duration", "datetime", "url", "dns", "ip", "port", "path", "version", "channel", "int", "str", "json"];

pub const EFFECTS: [(&str, EffectClass); 3] =
    [("read", EffectClass::Read), ("mutate", EffectClass::Mutate), ("destroy", EffectClass::Destroy)];

pub const REPEATS: [(&str, Repeat); 5] = [
    ("pure", Repeat::Pure),
    ("idempotent", Repeat::Idempotent),
    ("keyed", Repeat::Keyed),
    ("probeable", Repeat::Probeable),
    ("at_most_once", Repeat::AtMostOnce),
];

pub const KINDS: [(&str, StepKind); 5] = [
    ("action", StepKind::Action),
    ("validation", StepKind::Validation),
    ("decision", StepKind::Decision),
    ("recovery", StepKind::Recovery),
    ("monitoring", StepKind::Monitoring),
];

pub fn parse(file_name: &str, text: &str) -> Result<Catalogue, Vec<Problem>> {
    let tree = read(file_name, text, Format::Toml, CAPS).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut top = Fields::of(file_name, "a catalogue", &tree, &mut problems);
    version(&mut top);
    let exempt_environments = approval(&mut top);
    let declared: BTreeSet<String> = top.entries("types").iter().map(|entry| entry.key.clone()).collect();
    let items = top.items("operation");
    top.finish();
    if items.len() > MOST_OPERATIONS {
        let message = format!("{} operations, at most {MOST_OPERATIONS} are read", items.len());
        return Err(vec![Problem::new(file_name, "too_large", message)]);
    }
    let mut catalogue = Catalogue { exempt_environments, ..Catalogue::default() };
    let mut typed = Vec::new();
    for node in items {
        let (operation, uses) = operation(file_name, node, &mut problems);
        if let Some(first) = catalogue.get(&operation.name) {
            let message = format!("operation `{}` is defined twice; first on line {}", operation.name, first.origin.line);
            problems.push(at(file_name, node.at, "duplicate_operation", message));
            continue;
        }
        typed.extend(uses);
        catalogue.insert(operation);
    }
    check_types(file_name, &catalogue, &declared, typed, &mut problems);
    check_previews(file_name, &catalogue, &mut problems);
    if catalogue.is_empty() && problems.is_empty() {
        problems.push(Problem::new(file_name, "empty", "the catalogue defines no [[operation]]").at(1, 1));
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
}

fn at(file: &str, pos: Pos, code: &str, message: String) -> Problem {
    Problem::new(file, code, message).at(pos.line, pos.column)
}

fn version(top: &mut Fields<'_, '_>) {
    let Some(node) = top.node("catalogue") else { return };
    let origin = top.origin();
    let mut head = Fields::of(origin, "[catalogue]", node, top.problems());
    let pos = head.node("version").map_or(node.at, |found| found.at);
    if let Some(found) = head.int("version").filter(|version| *version != 1) {
        head.report(pos, "unknown_version", format!("catalogue version {found}, this build reads 1"), "");
    }
    head.text("title");
    head.finish();
}

fn approval(top: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    let node = top.node("approval")?;
    let origin = top.origin();
    let mut rule = Fields::of(origin, "[approval]", node, top.problems());
    let given = rule.node("exempt_environments").is_some();
    let names = rule.texts("exempt_environments");
    rule.finish();
    given.then_some(names)
}

fn operation(file: &str, node: &Node, problems: &mut Vec<Problem>) -> (Operation, Vec<(Pos, String)>) {
    let mut fields = Fields::of(file, "an operation", node, problems);
    let name = fields.required_text("name");
    if !name.is_empty() && !is_operation_name(&name) {
        fields.report(node.at, "bad_name", format!("operation `{name}` must be named `service.verb` in [a-z0-9_]"), "");
    }
    let effect = fields.choice("effects", &EFFECTS).or_else(|| fields.choice("effect", &EFFECTS));
    if effect.is_none() && fields.node("effects").is_none() && fields.node("effect").is_none() {
        fields.report(node.at, "missing_field", format!("operation `{name}` needs `effects`"), "one of read, mutate, destroy");
    }
    let effect = effect.unwrap_or(EffectClass::Destroy);
    let default_repeat = if effect == EffectClass::Read { Repeat::Pure } else { Repeat::AtMostOnce };
    let mut operation = Operation {
        summary: fields.required_text("summary"),
        effect,
        low_risk: fields.flag("low_risk").unwrap_or(false),
        repeat: fields.choice("repeat", &REPEATS).unwrap_or(default_repeat),
        kind: fields.choice("kind", &KINDS).unwrap_or_default(),
        params: Vec::new(),
        output: None,
        aliases: fields.texts("aliases"),
        nouns: fields.texts("nouns"),
        examples: fields.texts("examples"),
        expected_ms: fields.span("expected", "expected_ms"),
        timeout_ms: fields.span("timeout", "timeout_ms"),
        thresholds: Vec::new(),
        preview: fields.text("preview"),
        binding: None,
        remote: None,
        settings: std::collections::BTreeMap::new(),
        undo: None,
        origin: Origin { file: file.to_owned(), line: node.at.line },
        name,
    };
    fields.unsupported(&["binding", "probe", "compensation", "thresholds", "alternatives"]);
    let params = fields.items("params");
    let output = fields.node("output");
    fields.finish();
    let mut uses = Vec::new();
    for param in params.iter().take(MOST_PARAMS) {
        read_param(file, param, &mut operation, &mut uses, problems);
    }
    if params.len() > MOST_PARAMS {
        let message = format!("operation `{}` has {} parameters, at most {MOST_PARAMS} are read", operation.name, params.len());
        problems.push(at(file, node.at, "too_large", message));
    }
    if let Some(output) = output {
        let mut fields = Fields::of(file, "an output", output, problems);
        operation.output = Some(Output { name: fields.required_text("name"), kind: fields.required_text("type"), of: fields.text("of") });
        fields.finish();
    }
    (operation, uses)
}

fn read_param(file: &str, node: &Node, operation: &mut Operation, uses: &mut Vec<(Pos, String)>, problems: &mut Vec<Problem>) {
    let mut fields = Fields::of(file, "a parameter", node, problems);
    let name = fields.required_text("name");
    let kind = fields.required_text("type");
    let type_at = fields.node("type").map_or(node.at, |found| found.at);
    let param = Param {
        required: fields.flag("required").unwrap_or(false),
        default: fields.node("default").map(Node::value),
        doc: fields.text("doc").unwrap_or_default(),
        kind: ParamType::from(kind.clone()),
        name,
    };
    if operation.param(&param.name).is_some() {
        let message = format!("operation `{}` has two parameters named `{}`", operation.name, param.name);
        fields.report(node.at, "duplicate_param", message, "");
    }
    fields.finish();
    if !kind.is_empty() {
        uses.push((type_at, kind));
    }
    operation.params.push(param);
}

fn is_operation_name(name: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    name.len() <= 128 && name.split_once('.').is_some_and(|(service, verb)| word(service) && verb.split('.').all(word))
}

fn check_types(file: &str, catalogue: &Catalogue, declared: &BTreeSet<String>, uses: Vec<(Pos, String)>, problems: &mut Vec<Problem>) {
    let outputs = catalogue.iter().filter_map(|operation| operation.output.as_ref()).map(|output| output.kind.as_str());
    let known: BTreeSet<&str> = BASE_TYPES.into_iter().chain(outputs).chain(declared.iter().map(String::as_str)).collect();
    for (pos, kind) in uses {
        if !known.contains(kind.as_str()) {
            let help = near::hint(&kind, known.iter().copied());
            problems.push(at(file, pos, "unknown_type", format!("unknown type `{kind}`")).help(help));
        }
    }
}

/// A preview is a read that exists and does not lead back to itself.
fn check_previews(file: &str, catalogue: &Catalogue, problems: &mut Vec<Problem>) {
    for operation in catalogue.iter() {
        let pos = Pos { line: operation.origin.line, column: 1 };
        let mut seen = vec![operation.name.as_str()];
        let mut here = operation;
        while let Some(next) = &here.preview {
            let Some(found) = catalogue.get(next) else {
                let help = near::hint(next, catalogue.operations.keys().map(String::as_str));
                problems.push(at(file, pos, "unknown_operation", format!("preview names unknown operation `{next}`")).help(help));
                break;
            };
            if found.effect != EffectClass::Read {
                problems.push(at(file, pos, "bad_preview", format!("preview `{next}` is not a read")));
                break;
            }
            if seen.contains(&next.as_str()) {
                seen.push(next);
                problems.push(at(file, pos, "cycle", format!("previews lead in a circle: {}", seen.join(" -> "))));
                break;
            }
            seen.push(next);
            here = found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "[[operation]]\nname = \"a.b\"\neffects = \"read\"\nsummary = \"Look\"\n";

    #[test]
    fn bad_files_are_named_by_line() {
        let cases = [
            (format!("{SOUND}{SOUND}"), "c.toml:5: operation `a.b` is defined twice; first on line 1"),
            (format!("{SOUND}parms = []\n"), "c.toml:5: an operation: unknown field `parms` (nearest: params)"),
            (format!("{SOUND}params = [{{ name = \"x\", type = \"hots\" }}]\n"), "c.toml:5: unknown type `hots` (nearest: host)"),
            (
                SOUND.replace("read", "raed"),
                "c.toml:3: an operation: `effects` must be one of read, mutate, destroy, not `raed` (nearest: read)",
            ),
            (SOUND.replace("effects = \"read\"\n", ""), "c.toml:1: operation `a.b` needs `effects` (one of read, mutate, destroy)"),
            (SOUND.replace("a.b", "AB"), "c.toml:1: operation `AB` must be named `service.verb` in [a-z0-9_]"),
            (format!("{SOUND}preview = \"a.b\"\n"), "c.toml:1: previews lead in a circle: a.b -> a.b"),
            ("[catalogue]\nversion = 9\n".to_owned(), "c.toml:2: catalogue version 9, this build reads 1"),
            (String::new(), "c.toml:1: the catalogue defines no [[operation]]"),
        ];
        for (text, expected) in cases {
            let problems = parse("c.toml", &text).expect_err(expected);
            assert_eq!(problems[0].to_string(), expected);
        }
    }
}
