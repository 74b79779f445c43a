//! Workflow templates: named plans with typed parameters and the phrases that ask for them.
//!
//! Those of the program are embedded; a user's own stand in the config folder and are parsed the same way.

use std::collections::BTreeMap;

use crate::model::catalogue::Catalogue;
use crate::model::digest::Digest;
use crate::model::plan::{Plan, PlanSource, Provenance, Step};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

use super::inputs::{self, Input};
use super::near;
use super::settle::settle_placed;
use super::source::{Caps, Fields, Format, Pos, read};
use super::step_file::{fill_step, put_text, read_step};
use super::validate::{Limits, validate_placed};
use super::words::{is_determiner, is_function, stem};

const CAPS: Caps = Caps { bytes: 1 << 20, depth: 32, text: 64 << 10 };

/// File name and text of every embedded template.
pub const EMBEDDED: [(&str, &str); 3] = [
    ("disk-cleanup.toml", include_str!("../../templates/workflows/disk-cleanup.toml")),
    ("restart-and-verify.toml", include_str!("../../templates/workflows/restart-and-verify.toml")),
    ("system-health-check.toml", include_str!("../../templates/workflows/system-health-check.toml")),
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
    places: Vec<Pos>,
    pub file: String,
}

impl Template {
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
    fields.unsupported(&["for_each", "orchestration", "sync_points", "data_flow", "alternatives", "resources"]);
    fields.finish();
    let params: Vec<Input> = param_nodes.iter().map(|node| inputs::read_input(file_name, None, node, &mut problems)).collect();
    for (at, input) in params.iter().enumerate() {
        if params[..at].iter().any(|other| other.param.name == input.param.name) {
            let message = format!("two parameters named `{}`", input.param.name);
            problems.push(Problem::new(file_name, "duplicate_param", message).at(input.at.line, input.at.column));
        }
    }
    let steps: Vec<Step> = step_nodes.iter().enumerate().map(|(at, node)| read_step(file_name, at, node, &mut problems)).collect();
    let phrase_stems = phrases.iter().chain([&name.replace('-', " ")]).map(|phrase| content_stems(phrase)).collect();
    let template = Template {
        name,
        title,
        summary,
        phrases,
        params,
        phrase_stems,
        steps,
        places: step_nodes.iter().map(|node| node.at).collect(),
        file: file_name.to_owned(),
    };
    check_references(&template, &mut problems);
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(template) } else { Err(problems) }
}

fn content_stems(phrase: &str) -> Vec<String> {
    let words = phrase.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.filter(|word| !word.is_empty() && !is_function(word) && !is_determiner(word)).map(|word| stem(&word)).collect()
}

/// Every `${inputs.NAME}` is a parameter.
fn check_references(template: &Template, problems: &mut Vec<Problem>) {
    let values: BTreeMap<String, serde_json::Value> =
        template.params.iter().map(|input| (input.param.name.clone(), serde_json::Value::from("x"))).collect();
    for (step, pos) in template.steps.iter().zip(&template.places) {
        for name in fill_step(&mut step.clone(), &values, Provenance::Template) {
            let help = near::hint(&name, values.keys().map(String::as_str));
            let problem = Problem::new(
                &template.file,
                "unknown_input",
                format!("step `{}`: `${{inputs.{name}}}` is no parameter of the template", step.id),
            );
            problems.push(problem.at(pos.line, pos.column).help(help));
        }
    }
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
    let steps = template.steps.iter().cloned().map(|mut step| {
        fill_step(&mut step, &values, Provenance::Template);
        step
    });
    let mut unused = Vec::new();
    let environment = values.get("env").or_else(|| values.get("environment")).and_then(|value| value.as_str()).map(str::to_owned);
    let mut plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        title: put_text(&template.title, &values, &mut unused),
        intent: String::new(),
        source: PlanSource::Template { name: template.name.clone() },
        environment,
        approval_required: false,
        steps: steps.collect(),
    };
    let settled = settle_placed(&mut plan, catalogue).into_iter().map(|(at, problem)| (Some(at), problem));
    let found: Vec<(Option<usize>, Problem)> =
        settled.collect::<Vec<_>>().into_iter().chain(validate_placed(&plan, catalogue, &Limits::file(policy))).collect();
    let placed = |(at, problem): (Option<usize>, Problem)| {
        let pos = at.and_then(|at| template.places.get(at)).copied().unwrap_or_default();
        Problem { origin: template.file.clone(), line: pos.line, column: pos.column, ..problem }
    };
    let problems: Vec<Problem> = found.into_iter().map(placed).collect();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}
