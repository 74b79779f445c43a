//! Plan file, JSON or TOML -> plan. A plan that ouioe printed reads back as itself.
//!
//! `parse` knows no catalogue: effects stand at the strictest until `settle`. `check` does both and validates, with lines.

use std::collections::BTreeMap;

use crate::model::catalogue::Catalogue;
use crate::model::digest::Digest;
use crate::model::plan::{Plan, PlanSource, Provenance};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

use super::growth::Growth;
use super::inputs;
use super::settle::settle_placed;
use super::source::{Body, CAPS, Fields, Format, Node, Pos, read};
use super::step_file::{fill_step, read_step};
use super::validate::{Limits, validate_placed};
use super::{grammar, near};

/// Most steps of a file.
pub const MOST_STEPS: usize = 100_000;

pub fn parse(origin: &str, text: &str, format: Format, given: &BTreeMap<String, String>) -> Result<Plan, Vec<Problem>> {
    parse_placed(origin, text, format, given).map(|(plan, _)| plan)
}

/// Parsed, settled against the catalogue and validated; every problem carries the line of its step.
pub fn check(
    origin: &str,
    text: &str,
    format: Format,
    given: &BTreeMap<String, String>,
    catalogue: &Catalogue,
    policy: &PolicySettings,
) -> Result<Plan, Vec<Problem>> {
    let (mut plan, lines) = parse_placed(origin, text, format, given)?;
    let settled = settle_placed(&mut plan, catalogue).into_iter().map(|(at, problem)| (Some(at), problem));
    let found = settled.chain(validate_placed(&plan, catalogue, &Limits::file(policy)));
    let placed = |(at, problem): (Option<usize>, Problem)| {
        let pos = at.and_then(|at| lines.get(at)).copied().unwrap_or_default();
        Problem { origin: origin.to_owned(), line: pos.line, column: pos.column, ..problem }
    };
    let problems: Vec<Problem> = found.map(placed).collect();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

fn parse_placed(origin: &str, text: &str, format: Format, given: &BTreeMap<String, String>) -> Result<(Plan, Vec<Pos>), Vec<Problem>> {
    let tree = read(origin, text, format, CAPS).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let body = unwrap_outcome(origin, &tree).map_err(|problem| vec![*problem])?;
    let mut fields = Fields::of(origin, "a plan", body, &mut problems);
    let declared = inputs::read_inputs(&mut fields);
    let title = fields.text("title").unwrap_or_default();
    let intent = fields.text("intent").unwrap_or_default();
    let environment = read_environment(&mut fields);
    let (many, singles) = (fields.items("steps"), fields.items("step"));
    let nodes = if singles.is_empty() { many } else { singles };
    if nodes.is_empty() {
        fields.report(body.at, "empty", "the plan has no steps".to_owned(), "");
    }
    fields.unsupported(&["alternatives", "resources", "orchestration", "defaults"]);
    fields.derived(&["digest", "revision", "source", "approval_required", "why"]);
    fields.finish();
    if nodes.len() > MOST_STEPS {
        return Err(vec![Problem::new(origin, "too_large", format!("the plan has {} steps, at most {MOST_STEPS} are read", nodes.len()))]);
    }
    let values = inputs::settle(origin, &declared, given, &mut problems);
    let mut growth = Growth::of(&values);
    let mut steps = Vec::with_capacity(nodes.len());
    let mut places = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let mut step = read_step(origin, at, node, &[], &mut problems);
        growth.add(origin, &step).map_err(|problem| vec![problem.at(node.at.line, node.at.column)])?;
        for name in fill_step(&mut step, &values, Provenance::Operator, |name| given.contains_key(name)) {
            let help = near::hint(&name, values.keys().map(String::as_str));
            let problem =
                Problem::new(origin, "unknown_input", format!("step `{}`: `${{inputs.{name}}}` is not declared under `inputs`", step.id));
            problems.push(problem.at(node.at.line, node.at.column).help(help));
        }
        steps.push(step);
        places.push(node.at);
    }
    if !problems.is_empty() {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        return Err(problems);
    }
    let source = PlanSource::File { path: origin.to_owned() };
    let title = if title.is_empty() { origin.to_owned() } else { title };
    let plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        title,
        intent,
        source,
        environment,
        approval_required: false,
        steps,
        why: Box::default(),
    };
    Ok((plan, places))
}

/// `{"outcome":"plan","plan":{…}}`, as printed, is the plan inside.
fn unwrap_outcome<'a>(origin: &str, tree: &'a Node) -> Result<&'a Node, Box<Problem>> {
    let Some(outcome) = tree.get("outcome") else { return Ok(tree) };
    match (&outcome.body, tree.get("plan")) {
        (Body::Text(word), Some(inner)) if word == "plan" => Ok(inner),
        (Body::Text(word), _) if word != "plan" => {
            let problem = Problem::new(origin, "no_plan", format!("the file holds a `{word}`, not a plan"));
            Err(Box::new(problem.at(outcome.at.line, outcome.at.column)))
        }
        (_, _) => Ok(tree),
    }
}

fn read_environment(fields: &mut Fields<'_, '_>) -> Option<String> {
    let at = fields.node("environment")?.at;
    let text = fields.text("environment")?;
    let known = grammar::environment(&text).map(str::to_owned);
    let plain =
        !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if known.is_none() && !plain {
        fields.report(at, "bad_environment", "`environment` must be a name of letters, digits, `-`, `_` and `.`".to_owned(), "");
    }
    known.or_else(|| plain.then(|| text.to_lowercase()))
}
