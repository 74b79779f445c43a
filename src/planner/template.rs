//! Workflow templates: named plans with typed parameters and the phrases that ask for them.
//!
//! Those of the program are embedded; a user's own stand in the config folder and are parsed the same way.

use std::collections::BTreeMap;

use crate::model::catalogue::{Catalogue, ParamType};
use crate::model::digest::Digest;
use crate::model::plan::{Plan, PlanSource, Provenance, Step};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

use super::growth::Growth;
use super::index::is_machine;
use super::inputs::{self, Input};
use super::near;
use super::settle::settle_placed;
use super::source::{Caps, Fields, Format, Pos, read};
use super::step_file::{fill_step, put_text, read_step};
use super::validate::{Limits, validate_placed};
use super::words::{is_determiner, is_function, stem};

/// Field of a step: the optional parameter without which it is left out.
const ONLY_WITH: &str = "only_with";

const CAPS: Caps = Caps { bytes: 1 << 20, depth: 32, text: 64 << 10 };

/// File name and text of every embedded template.
pub const EMBEDDED: [(&str, &str); 25] = [
    ("backup-and-check.toml", include_str!("../../templates/workflows/backup-and-check.toml")),
    ("certificate-check.toml", include_str!("../../templates/workflows/certificate-check.toml")),
    ("disk-cleanup.toml", include_str!("../../templates/workflows/disk-cleanup.toml")),
    ("disk-full-triage.toml", include_str!("../../templates/workflows/disk-full-triage.toml")),
    ("internet-check.toml", include_str!("../../templates/workflows/internet-check.toml")),
    ("inventory-report.toml", include_str!("../../templates/workflows/inventory-report.toml")),
    ("log-error-scan.toml", include_str!("../../templates/workflows/log-error-scan.toml")),
    ("maintenance-begin.toml", include_str!("../../templates/workflows/maintenance-begin.toml")),
    ("maintenance-end.toml", include_str!("../../templates/workflows/maintenance-end.toml")),
    ("memory-check.toml", include_str!("../../templates/workflows/memory-check.toml")),
    ("network-path-check.toml", include_str!("../../templates/workflows/network-path-check.toml")),
    ("patch-and-verify.toml", include_str!("../../templates/workflows/patch-and-verify.toml")),
    ("port-diagnosis.toml", include_str!("../../templates/workflows/port-diagnosis.toml")),
    ("pre-change-check.toml", include_str!("../../templates/workflows/pre-change-check.toml")),
    ("reboot-and-verify.toml", include_str!("../../templates/workflows/reboot-and-verify.toml")),
    ("restart-and-verify.toml", include_str!("../../templates/workflows/restart-and-verify.toml")),
    ("rolling-restart.toml", include_str!("../../templates/workflows/rolling-restart.toml")),
    ("rotate-logs-and-check.toml", include_str!("../../templates/workflows/rotate-logs-and-check.toml")),
    ("service-diagnosis.toml", include_str!("../../templates/workflows/service-diagnosis.toml")),
    ("service-recovery.toml", include_str!("../../templates/workflows/service-recovery.toml")),
    ("slow-machine.toml", include_str!("../../templates/workflows/slow-machine.toml")),
    ("ssh-trouble.toml", include_str!("../../templates/workflows/ssh-trouble.toml")),
    ("system-health-check.toml", include_str!("../../templates/workflows/system-health-check.toml")),
    ("updates-report.toml", include_str!("../../templates/workflows/updates-report.toml")),
    ("website-check.toml", include_str!("../../templates/workflows/website-check.toml")),
];

#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub name: String,
    pub title: String,
    pub summary: String,
    pub phrases: Vec<String>,
    pub params: Vec<Input>,
    /// Content stems of the phrases and of the name.
    pub(super) phrase_stems: Vec<Vec<String>>,
    steps: Vec<Step>,
    /// Parameter without which the step at this place is left out.
    only_with: Vec<Option<String>>,
    places: Vec<Pos>,
    pub file: String,
}

impl Template {
    /// A value for every parameter that has none of its own, as an operator would type it.
    pub fn example_inputs(&self) -> BTreeMap<String, String> {
        let needed = self.params.iter().filter(|input| input.param.required && input.param.default.is_none());
        needed.map(|input| (input.param.name.clone(), inputs::example(input))).collect()
    }

    /// The stem is the name of a parameter.
    pub(super) fn has_slot(&self, word: &str) -> bool {
        self.params.iter().any(|input| stem(&input.param.name) == word)
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The parameter without which this step is left out.
    pub fn only_with(&self, at: usize) -> Option<&str> {
        self.only_with.get(at)?.as_deref()
    }

    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.operation.as_str())
    }
}

/// All embedded templates; a test proves that they are sound.
pub fn embedded() -> Vec<Template> {
    EMBEDDED.iter().filter_map(|(name, text)| parse(name, text).ok()).collect()
}

pub fn parse(file_name: &str, text: &str) -> Result<Template, Vec<Problem>> {
    let tree = read(file_name, text, Format::Toml, CAPS).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut fields = Fields::of(file_name, "a template", &tree, &mut problems);
    let name = fields.required_text("name");
    let title = fields.text("title").unwrap_or_else(|| name.clone());
    let summary = fields.required_text("summary");
    let phrases = fields.texts("phrases");
    let param_nodes = fields.items("param");
    let step_nodes = fields.items("step");
    if step_nodes.is_empty() {
        fields.report(tree.at, "empty", "the template has no [[step]]".to_owned(), "");
    }
    fields.unsupported(&["orchestration", "sync_points", "data_flow", "alternatives", "resources"]);
    fields.finish();
    let params: Vec<Input> = param_nodes.iter().map(|node| inputs::read_input(file_name, None, node, &mut problems)).collect();
    for (at, input) in params.iter().enumerate() {
        if params[..at].iter().any(|other| other.param.name == input.param.name) {
            let message = format!("two parameters named `{}`", input.param.name);
            problems.push(Problem::new(file_name, "duplicate_param", message).at(input.at.line, input.at.column));
        }
    }
    let steps: Vec<Step> =
        step_nodes.iter().enumerate().map(|(at, node)| read_step(file_name, at, node, &[ONLY_WITH], &mut problems)).collect();
    let only_with = step_nodes.iter().map(|node| node.get(ONLY_WITH).map(|name| inputs::text_of(&name.value()))).collect();
    let phrase_stems = phrases.iter().chain([&name.replace('-', " ")]).map(|phrase| content_stems(phrase)).collect();
    let template = Template {
        name,
        title,
        summary,
        phrases,
        params,
        phrase_stems,
        steps,
        only_with,
        places: step_nodes.iter().map(|node| node.at).collect(),
        file: file_name.to_owned(),
    };
    check_references(&template, &mut problems);
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(template) } else { Err(problems) }
}

fn content_stems(phrase: &str) -> Vec<String> {
    let words = phrase.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| !word.is_empty() && carries(word)).map(|word| phrase_stem(&word)).collect()
}

/// Function words that tell one request from another: "how full is the disk" asks for less than "the disk is full".
const TELLING: [&str; 8] = ["how", "why", "about", "no", "not", "ok", "out", "down"];

/// Has a meaning of its own in a phrase.
pub(super) fn carries(low: &str) -> bool {
    TELLING.contains(&low) || !(is_function(low) || is_determiner(low))
}

/// Where a phrase has it, it must be said; where it is said, no phrase needs to have it.
pub(super) fn is_shade(stem: &str) -> bool {
    matches!(stem, "why" | "about")
}

/// Box, server and machine are one word for a phrase.
pub(super) fn phrase_stem(low: &str) -> String {
    if is_machine(low) { "host".to_owned() } else { stem(low) }
}

/// Every `${inputs.NAME}` is a parameter, and what a step stands or falls with is an optional one.
fn check_references(template: &Template, problems: &mut Vec<Problem>) {
    let names = || template.params.iter().map(|input| input.param.name.as_str());
    let value = |input: &Input| if is_number(&input.param.kind) { serde_json::Value::from(1) } else { serde_json::Value::from("x") };
    let values: BTreeMap<String, serde_json::Value> =
        template.params.iter().map(|input| (input.param.name.clone(), value(input))).collect();
    for ((step, only_with), pos) in template.steps.iter().zip(&template.only_with).zip(&template.places) {
        let mut put = |code: &str, what: String, help: &str| {
            let problem = Problem::new(&template.file, code, format!("step `{}`: {what}", step.id));
            problems.push(problem.at(pos.line, pos.column).help(help));
        };
        for name in fill_step(&mut step.clone(), &values, Provenance::Template, |_| true) {
            if values.contains_key(&name) {
                put("bad_condition", format!("a condition takes whole numbers; `${{inputs.{name}}}` is none"), "use an int or a port");
            } else {
                put("unknown_input", format!("`${{inputs.{name}}}` is no parameter of the template"), &near::hint(&name, names()));
            }
        }
        let Some(name) = only_with else { continue };
        match template.params.iter().find(|input| input.param.name == *name) {
            None => put("unknown_input", format!("`only_with = \"{name}\"` is no parameter of the template"), &near::hint(name, names())),
            Some(input) if input.param.required || input.param.default.is_some() => {
                put("always_given", format!("`{name}` always has a value, so the step would never be left out"), "");
            }
            Some(_) => {}
        }
    }
}

fn is_number(kind: &ParamType) -> bool {
    matches!(kind, ParamType::Int | ParamType::Port)
}

/// Without the steps whose parameter has no value; who needed one of them needs what it needed.
fn kept_steps(template: &Template, values: &BTreeMap<String, serde_json::Value>) -> Vec<(Pos, Step)> {
    let has = |name: &String| values.get(name).is_some_and(|value| !value.is_null());
    let mut kept: Vec<(Pos, Step)> = Vec::with_capacity(template.steps.len());
    let mut gone: Vec<&Step> = Vec::new();
    for ((step, only_with), pos) in template.steps.iter().zip(&template.only_with).zip(&template.places) {
        if only_with.as_ref().is_none_or(has) { kept.push((*pos, step.clone())) } else { gone.push(step) }
    }
    // From the last on, so that a chain of steps that are left out is bridged too.
    for absent in gone.into_iter().rev() {
        for (_, step) in &mut kept {
            let Some(at) = step.needs.iter().position(|need| need.step == absent.id) else { continue };
            step.needs.remove(at);
            for need in &absent.needs {
                if !step.needs.iter().any(|known| known.step == need.step) {
                    step.needs.push(need.clone());
                }
            }
        }
    }
    kept
}

/// What is wrong with it in this catalogue, with only what must be given and with everything.
pub fn check(template: &Template, catalogue: &Catalogue, policy: &PolicySettings) -> Vec<Problem> {
    let all = template.params.iter().map(|input| (input.param.name.clone(), inputs::example(input))).collect();
    let mut problems: Vec<Problem> = Vec::new();
    for given in [template.example_inputs(), all] {
        let found = instantiate(template, &given, catalogue, policy).err().unwrap_or_default();
        problems.extend(found.into_iter().filter(|one| !problems.contains(one)).collect::<Vec<_>>());
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// A plan with these inputs, settled and validated against the catalogue.
pub fn instantiate(
    template: &Template,
    given: &BTreeMap<String, String>,
    catalogue: &Catalogue,
    policy: &PolicySettings,
) -> Result<Plan, Vec<Problem>> {
    let mut problems = Vec::new();
    let values = inputs::settle(&template.file, &template.params, given, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (origins, mut steps): (Vec<Pos>, Vec<Step>) = kept_steps(template, &values).into_iter().unzip();
    let mut growth = Growth::of(&values);
    growth.add_text(&template.file, "title", &template.title).map_err(|problem| vec![problem])?;
    for (step, pos) in steps.iter_mut().zip(&origins) {
        growth.add(&template.file, step).map_err(|problem| vec![problem.at(pos.line, pos.column)])?;
        fill_step(step, &values, Provenance::Template, |name| given.contains_key(name));
    }
    let mut unused = Vec::new();
    let environment = values.get("env").or_else(|| values.get("environment")).and_then(|value| value.as_str()).map(str::to_owned);
    let mut plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        title: put_text(&template.title, &values, &mut unused),
        intent: String::new(),
        source: PlanSource::Template { name: template.name.clone() },
        environment,
        approval_required: false,
        steps,
    };
    let settled = settle_placed(&mut plan, catalogue).into_iter().map(|(at, problem)| (Some(at), problem));
    let found: Vec<(Option<usize>, Problem)> =
        settled.collect::<Vec<_>>().into_iter().chain(validate_placed(&plan, catalogue, &Limits::file(policy))).collect();
    let placed = |(at, problem): (Option<usize>, Problem)| {
        let pos = at.and_then(|at| origins.get(at)).copied().unwrap_or_default();
        Problem { origin: template.file.clone(), line: pos.line, column: pos.column, ..problem }
    };
    let problems: Vec<Problem> = found.into_iter().map(placed).collect();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}
