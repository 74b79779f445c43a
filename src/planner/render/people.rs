//! A plan as an operator reads it before saying yes: what would run, where, with which effect, and what asks first.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::action::Action;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Join, NeedKind, Plan, PlanSource, Step, StepKind, When};
use crate::text::{safe, safe_block};

use super::value::value_lines;
use crate::planner::account::Bounds;

pub fn text(outcome: &PlanOutcome) -> String {
    match outcome {
        PlanOutcome::Plan { plan, .. } => plan_text(plan),
        PlanOutcome::Clarify { question, missing, choices } => {
            let mut out = format!("Needs an answer: {}\n", safe(question));
            line(&mut out, "missing", missing);
            line(&mut out, "choices", choices);
            let told = missing.first().is_some_and(|name| question.contains("has no place for") && Bounds::parse(name).is_some());
            if let Some(first) = missing.first().filter(|_| (choices.is_empty() || missing.len() > 1) && !told) {
                let what = if missing.len() > 1 { "them".to_owned() } else { format!("the {}", safe(first)) };
                put(&mut out, &format!("  Say it all again with {what}.\n"));
            } else if let Some(choice) = choices.first() {
                put(&mut out, &format!("  Say it all again with one of them, such as `… {}`.\n", safe(choice)));
            }
            out
        }
        PlanOutcome::Refuse { reason, nearest } => {
            let mut out = format!("Refused: {}\n", safe(reason));
            line(&mut out, "nearest", nearest);
            out
        }
    }
}

fn line(out: &mut String, name: &str, items: &[String]) {
    if !items.is_empty() {
        let items: Vec<String> = items.iter().map(|item| safe(item)).collect();
        put(out, &format!("  {name}: {}\n", items.join(", ")));
    }
}

/// Writing to a `String` cannot fail.
fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

fn plan_text(plan: &Plan) -> String {
    let mut out = format!("Plan: {}\n", safe(&plan.title));
    let from = match &plan.source {
        PlanSource::Intent => String::new(),
        PlanSource::File { path } => format!(", from file {}", safe(path)),
        PlanSource::Template { name } => format!(", from template {}", safe(name)),
        PlanSource::Model { name } => format!(", proposed by the model {}", safe(name)),
    };
    let environment = plan.environment.as_deref().map_or_else(|| "not named (counts as production)".to_owned(), safe);
    put(
        &mut out,
        &format!("  {} step{}{from}; environment: {environment}\n", plan.steps.len(), if plan.steps.len() == 1 { "" } else { "s" }),
    );
    let touched: BTreeSet<String> = plan.steps.iter().filter_map(|step| step.target().map(safe)).collect();
    if !touched.is_empty() {
        put(&mut out, &format!("  touches: {}\n", touched.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let waiting: Vec<String> = plan.steps.iter().filter(|step| step.approval).map(|step| step.id.to_string()).collect();
    put(
        &mut out,
        &if waiting.is_empty() {
            "  approval: none needed\n".to_owned()
        } else {
            format!("  approval: asked before {}\n", waiting.join(", "))
        },
    );
    if let Some(told) = &plan.why.forecast {
        put(&mut out, &format!("  takes: {}\n", super::why::forecast(told)));
    }
    if !plan.why.asides.is_empty() {
        let words: Vec<String> = plan.why.asides.iter().map(|word| format!("\"{}\"", safe(word))).collect();
        put(&mut out, &format!("  without: {} (no parameter takes it; the reads show more)\n", words.join(", ")));
    }
    put(&mut out, &format!("  digest: {}\n", plan.digest));
    for (at, step) in plan.steps.iter().enumerate() {
        put(&mut out, "\n");
        put_step(&mut out, at, step);
    }
    for offer in &plan.why.suggestions {
        let values: Vec<String> = offer.params.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value))).collect();
        let line =
            format!("\n  suggested, not part of the plan: {} {} after {}", safe(&offer.operation), values.join(" "), safe(&offer.after));
        put(&mut out, &format!("{line} ({})\n", safe(&offer.why)));
    }
    out
}

fn put_step(out: &mut String, at: usize, step: &Step) {
    let mut marks = vec![step.effect.as_str().to_owned()];
    if step.approval {
        marks.push("asks first".to_owned());
    }
    if !step.critical {
        marks.push("may fail".to_owned());
    }
    match step.kind {
        StepKind::Action => {}
        StepKind::Validation => marks.push("validation".to_owned()),
        StepKind::Recovery => marks.push("recovery".to_owned()),
        StepKind::Monitoring => marks.push("monitoring".to_owned()),
    }
    if step.suggested {
        marks.push("suggested".to_owned());
    }
    put(out, &format!("{:>3}. {} {} [{}]\n", at + 1, step.id, safe(&step.operation), marks.join(", ")));
    for (name, value) in &step.params {
        let lines = value.as_str().map_or_else(|| value_lines(value), |text| vec![text.to_owned()]);
        let from = step.provenance.get(name).map_or("", |known| provenance_word(*known));
        put(out, &format!("       {} = {}{from}\n", safe(name), safe(&lines[0])));
        lines[1..].iter().for_each(|line| put(out, &format!("       {}\n", safe(line))));
    }
    if !step.needs.is_empty() {
        let needs: Vec<String> = step.needs.iter().map(need_text).collect();
        let any = if step.join == Join::Any { "any of " } else { "" };
        put(out, &format!("       after {any}{}\n", needs.join(", ")));
    }
    if let Some(condition) = &step.condition {
        put(out, &format!("       if {}\n", safe(condition)));
    }
    put(out, &format!("       runs {}\n", action(&step.action)));
    if let Some(undo) = &step.compensation {
        put(out, &format!("       undone by {}\n", safe(&undo.operation)));
    }
}

fn provenance_word(known: crate::model::plan::Provenance) -> &'static str {
    use crate::model::plan::Provenance;
    match known {
        Provenance::Operator => "",
        Provenance::Template => "  (template)",
        Provenance::Inherited => "  (from another part of the text)",
        Provenance::Default => "  (default)",
        Provenance::StepOutput => "  (output of a step)",
        Provenance::Preview => "  (preview)",
        Provenance::Inventory => "  (by the inventory)",
        Provenance::Memory => "  (a run before)",
        Provenance::Model => "  (model)",
    }
}

fn need_text(need: &crate::model::plan::Need) -> String {
    let when = match need.when {
        When::Success => "",
        When::Failure => " failed",
        When::Always => " ended",
    };
    let data = match need.kind {
        NeedKind::Completion => "",
        NeedKind::Data => " (data)",
    };
    format!("{}{when}{data}", need.step)
}

/// The exact argv where it is bound, each element quoted so that its ends are visible.
pub fn action(action: &Action) -> String {
    match action {
        Action::Builtin { name, .. } => {
            action.request().map_or_else(|| format!("builtin {}", safe(name)), |it| format!("request {}", quoted(&it)))
        }
        Action::Command { program, args, env, .. } => {
            let mut out = safe(&program.path);
            for arg in args {
                let _ = write!(out, " {}", quoted(&arg.0));
            }
            for (name, value) in env {
                let _ = write!(out, "\n            with {}={}", safe(name), quoted(&value.0));
            }
            out
        }
        Action::Ssh { host, argv, env, .. } => {
            let words = argv.iter().map(|arg| quoted(&arg.0)).collect::<Vec<_>>().join(" ");
            let mut out = format!("on {}: {words}", safe(host));
            for (name, value) in env {
                let _ = write!(out, "\n            with {}={}", safe(name), quoted(&value.0));
            }
            out
        }
        Action::Unbound { hint } if hint.is_empty() => "nothing yet: not bound".to_owned(),
        Action::Unbound { hint } => format!("nothing yet: {}", safe_block(hint).replace('\n', " ")),
    }
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte));
    if plain { text.to_owned() } else { format!("'{}'", safe(text).replace('\'', "'\\''")) }
}
