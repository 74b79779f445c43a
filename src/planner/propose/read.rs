//! A model's answer, as JSON text -> a checked plan that says of itself where it came from, or every fault it has.
//!
//! Nothing of the answer decides about approval, effect, environment or policy: those come from the catalogue and the
//! operator's words, and a field that tries is an unknown field.

use std::sync::Arc;

use serde_json::Value;

use crate::model::catalogue::Operation;
use crate::model::ids::StepId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Need, NeedKind, Plan, PlanSource, Provenance, Step};
use crate::model::problem::Problem;
use crate::planner::ask::{Ask, World};
use crate::planner::pipeline::{blank_step, environment, plan_of, policy_in_force, prepared};
use crate::planner::settle::settle;
use crate::planner::source::{Body, Caps, Fields, Format, Node, read as read_source};
use crate::planner::step_file::WHENS;
use crate::planner::validate::{Limits, validate};
use crate::planner::{grammar, near};
use crate::policy::rule;

use super::ground;

const CAPS: Caps = Caps { bytes: 256 << 10, depth: 12, text: 16 << 10 };
const MOST_STEPS: usize = 50;
/// Name of the answer in its problems.
const ORIGIN: &str = "answer";

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Plan(Box<Plan>),
    /// The model says that nothing it was offered does this.
    Nothing {
        reason: String,
    },
}

pub fn read(text: &str, ask: &Ask, offered: &[Arc<Operation>], world: &World<'_>, model: &str) -> Result<Answer, Vec<Problem>> {
    let tree = read_source(ORIGIN, text, Format::Json, CAPS).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut fields = Fields::of(ORIGIN, "the answer", &tree, &mut problems);
    let is_plan = fields.choice("outcome", &[("plan", true), ("nothing", false)]).unwrap_or(true);
    let reason = fields.text("reason").unwrap_or_default();
    let nodes = fields.items("steps");
    if is_plan && nodes.is_empty() {
        fields.report(tree.at, "empty", "the plan has no steps".to_owned(), "");
    }
    if nodes.len() > MOST_STEPS {
        fields.report(tree.at, "too_large", format!("the plan has {} steps, at most {MOST_STEPS} are read", nodes.len()), "");
    }
    fields.finish();
    let reader = Reader { ask, offered, world };
    let steps: Vec<Step> =
        nodes.iter().take(MOST_STEPS).enumerate().filter_map(|(at, node)| reader.step(at, node, &mut problems)).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    if !is_plan {
        return Ok(Answer::Nothing { reason });
    }
    reader.plan(steps, model).map(|plan| Answer::Plan(Box::new(plan)))
}

struct Reader<'a> {
    ask: &'a Ask,
    offered: &'a [Arc<Operation>],
    world: &'a World<'a>,
}

impl Reader<'_> {
    fn plan(&self, steps: Vec<Step>, model: &str) -> Result<Plan, Vec<Problem>> {
        let words = prepared(self.ask, self.world).map_err(|_| vec![Problem::new(ORIGIN, "guard", "the text is refused")])?;
        let values = steps.iter().flat_map(|step| {
            let operation = self.offered.iter().find(|one| one.name == step.operation);
            step.params.iter().filter_map(move |(name, value)| Some((&operation?.param(name)?.kind, value.as_str()?)))
        });
        let named = environment(&words, values, self.world);
        let mut plan = plan_of(self.ask, PlanSource::Model { name: model.to_owned() }, named, steps);
        let mut problems = settle(&mut plan, self.world.catalogue);
        let policy = policy_in_force(self.world);
        rule::mark_approvals(&mut plan, &policy);
        problems.extend(validate(&plan, self.world.catalogue, Limits::generated(&policy)));
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    fn step(&self, at: usize, node: &Node, problems: &mut Vec<Problem>) -> Option<Step> {
        let mut fields = Fields::of(ORIGIN, format!("step {}", at + 1), node, problems);
        let id = fields.required_text("id");
        let is_id = !id.is_empty() && id.len() <= 16 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id && !id.is_empty() {
            fields.report(node.at, "bad_name", format!("step {}: `id` must be letters and digits, such as s{}", at + 1, at + 1), "");
        }
        let name = fields.required_text("operation");
        let needs = read_needs(&mut fields);
        let params = read_params(&mut fields);
        fields.finish();
        let Some(operation) = self.offered.iter().find(|one| one.name == name) else {
            if !name.is_empty() {
                let help = near::hint(&name, self.offered.iter().map(|one| one.name.as_str()));
                let message = format!("step {}: operation `{name}` was not offered", at + 1);
                problems.push(Problem::new(ORIGIN, "not_offered", message).at(node.at.line, node.at.column).help(help));
            }
            return None;
        };
        let mut step = blank_step(operation);
        step.id = StepId::new(id);
        step.needs = needs;
        for (param, value) in params {
            let put = self.value(operation, &param, &value);
            match put {
                Ok(Some(value)) => {
                    if step.params.insert(param.clone(), value).is_some() {
                        let message = format!("step {}: `{param}` is given twice", at + 1);
                        problems.push(Problem::new(ORIGIN, "duplicate_param", message).at(node.at.line, node.at.column));
                    }
                    step.provenance.insert(param, Provenance::Model);
                }
                Ok(None) => {}
                Err((code, message, help)) => {
                    let problem = Problem::new(ORIGIN, code, format!("step {}: {message}", at + 1));
                    problems.push(problem.at(node.at.line, node.at.column).help(help));
                }
            }
        }
        step.lock_target();
        Some(step)
    }

    /// `None`: an optional one that was left empty.
    fn value(&self, operation: &Operation, name: &str, value: &Value) -> Result<Option<Value>, (&'static str, String, String)> {
        let Some(param) = operation.param(name) else {
            let help = near::hint(name, operation.params.iter().map(|param| param.name.as_str()));
            return Err(("unknown_param", format!("{} has no parameter `{name}`", operation.name), help));
        };
        let text = match value {
            Value::Null => return Ok(None),
            Value::String(text) if text.trim().is_empty() && !param.required => return Ok(None),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if text.contains("${") {
            return Err(("reference", format!("`{name}` reads the output of a step; give a value"), String::new()));
        }
        let shown: String = text.chars().take(60).collect();
        let typed = grammar::typed(&param.kind, &text)
            .map_err(|why| ("wrong_type", format!("`{name}` `{shown}` {why}"), format!("{name} is of type {}", param.kind)))?;
        if let Some(why) = ground::refused(&param.kind, &typed, self.ask, self.world) {
            return Err(("invented_target", format!("`{name}`: {why}"), "use a name that the operator said".to_owned()));
        }
        Ok(Some(typed))
    }
}

/// `[{"step": "s1", "when": "success"}]`, or `["s1"]`.
fn read_needs(fields: &mut Fields<'_, '_>) -> Vec<Need> {
    let origin = fields.origin();
    let mut needs: Vec<Need> = Vec::new();
    for node in fields.items("needs") {
        let need = if let Body::Text(step) = &node.body {
            Need { step: StepId::new(step), when: crate::model::plan::When::Success, kind: NeedKind::Completion }
        } else {
            let mut inner = Fields::of(origin, "a need", node, fields.problems());
            let step = StepId::new(inner.required_text("step"));
            let when = inner.choice("when", &WHENS).unwrap_or_default();
            inner.finish();
            Need { step, when, kind: NeedKind::Completion }
        };
        // Said twice is said once.
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    needs
}

/// `[{"name": "host", "value": "web-1"}]`, or `{"host": "web-1"}`.
fn read_params(fields: &mut Fields<'_, '_>) -> Vec<(String, Value)> {
    let origin = fields.origin();
    let Some(node) = fields.node("params") else { return Vec::new() };
    match &node.body {
        Body::Table(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.value())).collect(),
        Body::List(items) => {
            let mut params = Vec::with_capacity(items.len());
            for item in items {
                let mut inner = Fields::of(origin, "a parameter", item, fields.problems());
                let name = inner.required_text("name");
                let value = inner.node("value").map_or(Value::Null, Node::value);
                inner.finish();
                if !name.is_empty() {
                    params.push((name, value));
                }
            }
            params
        }
        Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::Text(_) => {
            fields.report(node.at, "wrong_type", format!("`params` must be a list, not {}", node.kind()), "");
            Vec::new()
        }
    }
}

impl Answer {
    pub fn outcome(self) -> Option<PlanOutcome> {
        match self {
            Self::Plan(plan) => Some(PlanOutcome::Plan { approval_required: plan.approval_required, plan }),
            Self::Nothing { .. } => None,
        }
    }
}
