//! Plan + catalogue -> everything that is wrong with it, each with a code, a path and, where one is known, a repair.
//!
//! Hard: a plan with a problem is not carried out. Nothing is repaired here: a repair is only suggested.

mod condition;
mod each;
mod graph;
mod params;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::Display;

use crate::model::catalogue::Catalogue;
use crate::model::ids::StepId;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

use super::plan_file::MOST_STEPS;
use super::repair;

const MOST_PROBLEMS: usize = 100;
const MOST_REPAIRED: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub steps: usize,
    pub targets: usize,
    pub protected_paths: Vec<String>,
}

impl Limits {
    /// For plans that the program made itself: 2,000 steps.
    pub fn generated(policy: &PolicySettings) -> Self {
        Self { steps: 2_000, ..Self::file(policy) }
    }

    /// For plan files and templates: 100,000 steps.
    pub fn file(policy: &PolicySettings) -> Self {
        let targets = usize::try_from(policy.max_targets).unwrap_or(usize::MAX);
        Self { steps: MOST_STEPS, targets, protected_paths: policy.protected_paths.clone() }
    }
}

/// At most 100 problems, in the order of the plan.
pub fn validate(plan: &Plan, catalogue: &Catalogue, limits: impl Borrow<Limits>) -> Vec<Problem> {
    validate_placed(plan, catalogue, limits.borrow()).into_iter().map(|(_, problem)| problem).collect()
}

/// With the place of the step that each problem belongs to.
pub fn validate_placed(plan: &Plan, catalogue: &Catalogue, limits: &Limits) -> Vec<(Option<usize>, Problem)> {
    let mut found = Found::default();
    if plan.steps.len() > limits.steps {
        found.plan("too_many_steps", format!("{} steps, at most {} are allowed", plan.steps.len(), limits.steps), "");
        return found.0;
    }
    if plan.steps.is_empty() {
        found.plan("empty", "the plan has no steps".to_owned(), "");
    }
    let mut places: BTreeMap<&StepId, usize> = BTreeMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        if let Some(first) = places.insert(&step.id, at) {
            found.step(at, &step.id, "duplicate_id", format!("the id is also that of step {}", first + 1), "");
        }
    }
    let graph = graph::check(plan, &places, &mut found);
    for (at, step) in plan.steps.iter().enumerate() {
        params::check(at, step, catalogue, limits, &mut found);
        graph::references(at, step, plan, &places, &graph, &mut found);
        condition::check(at, step, &places, &mut found);
        each::check(at, step, (plan, &places), &mut found);
        if let Some(operation) = catalogue.get(&step.operation) {
            condition::decides(at, step, operation, &mut found);
        }
    }
    params::targets(plan, limits, &mut found);
    found.0.sort_by_key(|(at, _)| at.map_or(0, |at| at + 1));
    // A suggestion looks through the whole plan, so very large ones get none.
    for (at, problem) in found.0.iter_mut().filter(|_| plan.steps.len() <= MOST_REPAIRED) {
        let repair = at.and_then(|at| repair::suggest(plan, catalogue, at, problem));
        if let Some(defect) = &mut problem.defect {
            defect.repair = repair;
        }
    }
    found.0
}

/// Problems so far, bounded.
#[derive(Default)]
struct Found(Vec<(Option<usize>, Problem)>);

impl Found {
    fn plan(&mut self, code: &str, message: impl Into<String>, help: &str) {
        self.put(None, Problem::new("plan", code, message).help(help));
    }

    fn step(&mut self, at: usize, id: &StepId, code: &str, message: impl Display, help: &str) {
        self.field(at, id, "", code, message, help);
    }

    /// `field` as it stands behind the step in a path: `.params.host`.
    fn field(&mut self, at: usize, id: &StepId, field: &str, code: &str, message: impl Display, help: &str) {
        let problem = Problem::new("plan", code, format!("step `{id}`: {message}")).help(help);
        self.put(Some(at), problem.inside(format!("steps[{at}]{field}")));
    }

    fn put(&mut self, at: Option<usize>, problem: Problem) {
        if self.0.len() < MOST_PROBLEMS {
            self.0.push((at, problem));
        }
    }
}
