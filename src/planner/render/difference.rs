//! Two plans -> what is kept, gone and added, step by step, in the words of the plan.
//!
//! Names of steps are left out: a plan that calls the same step otherwise is the same plan.

use std::fmt::Write as _;

use crate::model::plan::{Plan, Step, StepKind, When};
use crate::text::safe;

use super::value::value_lines;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Kept(String),
    Gone(String),
    Added(String),
}

/// In the order of the new plan, what is gone before what came in its place.
pub fn difference(old: Option<&Plan>, new: &Plan) -> Vec<Change> {
    let old: Vec<String> = old.map(lines).unwrap_or_default();
    let new = lines(new);
    let common = common(&old, &new);
    let (mut at, mut to, mut changes) = (0, 0, Vec::with_capacity(old.len() + new.len()));
    for (one, other) in common.into_iter().chain([(old.len(), new.len())]) {
        changes.extend(old[at..one].iter().cloned().map(Change::Gone));
        changes.extend(new[to..other].iter().cloned().map(Change::Added));
        changes.extend(new.get(other).filter(|_| one < old.len()).cloned().map(Change::Kept));
        (at, to) = (one + 1, other + 1);
    }
    changes
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| line(plan, step)).collect()
}

fn line(plan: &Plan, step: &Step) -> String {
    let mut out = safe(&step.operation);
    for (name, value) in &step.params {
        let text = value.as_str().map_or_else(|| value_lines(value).join(" "), str::to_owned);
        let _ = write!(out, " {}={}", safe(name), safe(&text));
    }
    let mut marks = vec![step.effect.as_str()];
    if step.approval {
        marks.push("asks first");
    }
    let _ = write!(out, " [{}]", marks.join(", "));
    let needs: Vec<String> = step
        .needs
        .iter()
        .map(|need| {
            let decides = plan.steps.iter().any(|step| step.id == need.step && step.kind == StepKind::Decision);
            let ended = match need.when {
                When::Success if decides => " says yes",
                When::Failure if decides => " says no",
                When::Success => "",
                When::Failure => " failed",
                When::Always => " ended",
            };
            let place = plan.steps.iter().position(|known| known.id == need.step).map_or(0, |at| at + 1);
            format!("{place}{ended}")
        })
        .collect();
    if !needs.is_empty() {
        let _ = write!(out, " after {}", needs.join(", "));
    }
    out
}

/// Longest common subsequence, as pairs of places; plans that are compared are small.
fn common(old: &[String], new: &[String]) -> Vec<(usize, usize)> {
    const MOST: usize = 500;
    if old.len() > MOST || new.len() > MOST {
        return Vec::new();
    }
    let width = new.len() + 1;
    let mut best = vec![0_u32; (old.len() + 1) * width];
    for at in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            best[at * width + to] = if old[at] == new[to] {
                best[(at + 1) * width + to + 1] + 1
            } else {
                best[(at + 1) * width + to].max(best[at * width + to + 1])
            };
        }
    }
    let (mut at, mut to, mut pairs) = (0, 0, Vec::new());
    while at < old.len() && to < new.len() {
        if old[at] == new[to] {
            pairs.push((at, to));
            (at, to) = (at + 1, to + 1);
        } else if best[(at + 1) * width + to] >= best[at * width + to + 1] {
            at += 1;
        } else {
            to += 1;
        }
    }
    pairs
}
