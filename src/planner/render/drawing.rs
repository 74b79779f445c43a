//! A plan as a drawing: Graphviz dot and mermaid.
//!
//! Names are escaped for the notation after `text::safe`, so no text from outside ends a label or adds a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::catalogue::EffectClass;
use crate::model::ids::StepId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{NeedKind, Plan, Step, StepKind, When};
use crate::text::safe;

/// Empty for outcomes that are no plan.
pub fn dot(outcome: &PlanOutcome) -> String {
    let PlanOutcome::Plan { plan, .. } = outcome else { return String::new() };
    let mut out = format!("digraph plan {{\n  label=\"{}\";\n  rankdir=LR;\n  node [shape=box];\n", dot_text(&plan.title));
    for step in &plan.steps {
        let (style, mark) = look(step);
        let shape = if step.kind == StepKind::Decision { ", shape=diamond" } else { "" };
        let (id, label) = (dot_text(step.id.as_str()), dot_text(&label(step, mark)));
        let _ = writeln!(out, "  \"{id}\" [label=\"{label}\", style=\"{style}\"{shape}];");
    }
    edges(plan, |from, to, word, kind| {
        let _ = writeln!(
            out,
            "  \"{}\" -> \"{}\" [label=\"{}\"{}];",
            dot_text(from),
            dot_text(to),
            word,
            if kind == NeedKind::Data { ", style=dashed" } else { "" }
        );
    });
    out.push_str("}\n");
    out
}

/// Empty for outcomes that are no plan.
pub fn mermaid(outcome: &PlanOutcome) -> String {
    let PlanOutcome::Plan { plan, .. } = outcome else { return String::new() };
    let mut out = "flowchart LR\n".to_owned();
    let place = |id: &str| plan.steps.iter().position(|step| step.id.as_str() == id).unwrap_or(usize::MAX);
    for (at, step) in plan.steps.iter().enumerate() {
        let (_, mark) = look(step);
        let (open, close) = if step.kind == StepKind::Decision { ('{', '}') } else { ('[', ']') };
        let _ = writeln!(out, "  n{at}{open}\"{}\"{close}", mermaid_text(&label(step, mark)));
    }
    edges(plan, |from, to, word, kind| {
        let arrow = if kind == NeedKind::Data { "-.->" } else { "-->" };
        let label = if word.is_empty() { String::new() } else { format!("|{word}|") };
        let _ = writeln!(out, "  n{} {arrow}{label} n{}", place(from), place(to));
    });
    out
}

fn edges(plan: &Plan, mut draw: impl FnMut(&str, &str, &str, NeedKind)) {
    let decisions: BTreeSet<&StepId> = plan.steps.iter().filter(|step| step.kind == StepKind::Decision).map(|step| &step.id).collect();
    for step in &plan.steps {
        for need in &step.needs {
            draw(need.step.as_str(), step.id.as_str(), word(need.when, decisions.contains(&need.step)), need.kind);
        }
    }
}

fn label(step: &Step, mark: &str) -> String {
    let target = step.target().map_or(String::new(), |target| format!(" {target}"));
    safe(&format!("{} {}{target} [{}{mark}]", step.id, step.operation, step.effect.as_str()))
}

fn look(step: &Step) -> (&'static str, &'static str) {
    let style = match step.effect {
        EffectClass::Read => "solid",
        EffectClass::Mutate => "bold",
        EffectClass::Destroy => "bold,filled",
    };
    (style, if step.approval { ", asks first" } else { "" })
}

fn word(when: When, decides: bool) -> &'static str {
    match when {
        When::Success if decides => "yes",
        When::Failure if decides => "no",
        When::Success => "",
        When::Failure => "failed",
        When::Always => "always",
    }
}

fn dot_text(text: &str) -> String {
    safe(text).replace('\\', "\\\\").replace('"', "\\\"")
}

fn mermaid_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;").replace('[', "&#91;").replace(']', "&#93;")
}
