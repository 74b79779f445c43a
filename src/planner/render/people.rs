//! A plan as an operator reads it before saying yes: what would run, where, with which effect, and what asks first.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, Operand};
use crate::model::ids::StepId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Join, NeedKind, Plan, PlanSource, Step, StepKind, When};
use crate::text::{safe, safe_block, width};

use super::fold::Folded;
use super::value::value_lines;
use crate::planner::bounds::Bounds;

/// Where a line ends, if it can.
const COLUMNS: usize = 80;

/// Texts of many lines have only their names in it: `whole` has them, too.
pub fn text(outcome: &PlanOutcome) -> String {
    folding(outcome, &mut Folded::default())
}

/// The texts first: what stands last on a screen is the plan, and then the question whether it may run.
pub fn whole(outcome: &PlanOutcome) -> String {
    let mut folded = Folded::default();
    let page = folding(outcome, &mut folded);
    let texts: String = folded.whole(safe).into_iter().map(|line| line + "\n").collect();
    if texts.is_empty() { page } else { format!("{texts}\n{page}") }
}

/// Some of it is only named by `text`.
pub fn is_folded(outcome: &PlanOutcome) -> bool {
    let mut folded = Folded::default();
    folding(outcome, &mut folded);
    !folded.is_empty()
}

fn folding<'a>(outcome: &'a PlanOutcome, folded: &mut Folded<'a>) -> String {
    match outcome {
        PlanOutcome::Plan { plan, .. } => plan_text(plan, folded),
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

fn plan_text<'a>(plan: &'a Plan, folded: &mut Folded<'a>) -> String {
    let mut out = format!("Plan: {}\n", safe(&plan.title));
    let from = match &plan.source {
        PlanSource::Intent => String::new(),
        PlanSource::File { path } => format!(", from file {}", safe(path)),
        PlanSource::Template { name } => format!(", from template {}", safe(name)),
        PlanSource::Model { name } => format!(", proposed by the model {}", safe(name)),
    };
    let environment = plan.environment.as_deref().map_or_else(|| "not named (counts as production)".to_owned(), safe);
    let many = if plan.steps.len() == 1 { "" } else { "s" };
    put(&mut out, &format!("  {} step{many}{from}\n", plan.steps.len()));
    put(&mut out, &format!("  environment: {environment}\n"));
    let touched: BTreeSet<String> = plan.steps.iter().filter_map(|step| step.target().map(safe)).collect();
    if !touched.is_empty() {
        put(&mut out, &prose("  touches: ", &touched.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let waiting: Vec<String> = plan.steps.iter().filter(|step| step.approval).map(|step| step.id.to_string()).collect();
    put(
        &mut out,
        &if waiting.is_empty() {
            "  approval: none needed\n".to_owned()
        } else {
            prose("  approval: ", &format!("asked before {}", waiting.join(", ")))
        },
    );
    if let Some(told) = &plan.why.forecast {
        put(&mut out, &prose("  takes: ", &super::why::forecast(told)));
    }
    if !plan.why.asides.is_empty() {
        let words: Vec<String> = plan.why.asides.iter().map(|word| format!("\"{}\"", safe(word))).collect();
        put(&mut out, &format!("  without: {} (no parameter takes it: the step is done without)\n", words.join(", ")));
    }
    put(&mut out, &format!("  digest: {}\n", plan.digest));
    let decisions = plan.steps.iter().filter(|step| step.kind == StepKind::Decision).map(|step| &step.id).collect();
    for (at, step) in plan.steps.iter().enumerate() {
        put(&mut out, "\n");
        put_step(&mut out, at, step, &decisions, folded);
    }
    for offer in &plan.why.suggestions {
        let values: Vec<String> = offer.params.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value))).collect();
        let line =
            format!("\n  suggested, not part of the plan: {} {} after {}", safe(&offer.operation), values.join(" "), safe(&offer.after));
        put(&mut out, &format!("{line} ({})\n", safe(&offer.why)));
    }
    out
}

fn put_step<'a>(out: &mut String, at: usize, step: &'a Step, decisions: &BTreeSet<&StepId>, folded: &mut Folded<'a>) {
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
        StepKind::Decision => marks.push("decision".to_owned()),
        StepKind::Recovery => marks.push("recovery".to_owned()),
        StepKind::Monitoring => marks.push("monitoring".to_owned()),
    }
    if step.suggested {
        marks.push("suggested".to_owned());
    }
    put(out, &format!("{:>3}. {} {} [{}]\n", at + 1, step.id, safe(&step.operation), marks.join(", ")));
    for (name, value) in &step.params {
        let plain = |text: &'a str| vec![folded.name(text).unwrap_or_else(|| text.to_owned())];
        let lines = value.as_str().map_or_else(|| value_lines(value), plain);
        let from = step.provenance.get(name).map_or("", |known| provenance_word(*known));
        put(out, &format!("       {} = {}{from}\n", safe(name), safe(&lines[0])));
        lines[1..].iter().for_each(|line| put(out, &format!("       {}\n", safe(line))));
    }
    if let Some(each) = &step.for_each {
        put(out, &prose("       for ", &each.told(step.effect)));
    }
    if !step.needs.is_empty() {
        let needs: Vec<String> = step.needs.iter().map(|need| need_text(need, decisions)).collect();
        let any = if step.join == Join::Any { "any of " } else { "" };
        put(out, &format!("       after {any}{}\n", needs.join(", ")));
    }
    if let Some(condition) = &step.condition {
        put(out, &format!("       if {}\n", safe(condition)));
    }
    put(out, &action("       runs ", &step.action, folded));
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

fn need_text(need: &crate::model::plan::Need, decisions: &BTreeSet<&StepId>) -> String {
    let decides = decisions.contains(&need.step);
    let when = match need.when {
        When::Success if decides => " says yes",
        When::Failure if decides => " says no",
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

/// The exact argv where it is bound, each element quoted so that its ends are visible; as many lines as it takes, all below `lead`.
pub fn action<'a>(lead: &str, action: &'a Action, folded: &mut Folded<'a>) -> String {
    match action {
        Action::Builtin { name, .. } => {
            let words = action.request().map_or_else(|| ["builtin".to_owned(), safe(name)], |it| ["request".to_owned(), quoted(&it)]);
            filled(lead, words)
        }
        Action::Command { program, args, env, .. } => {
            let mut words = vec![safe(&program.path)];
            words.extend(args.iter().map(|arg| element(&arg.0, folded)));
            filled(lead, words) + &variables(lead, env, folded)
        }
        Action::Ssh { host, argv, env, .. } => {
            let mut words = vec![format!("on {}:", safe(host))];
            words.extend(argv.iter().map(|arg| element(&arg.0, folded)));
            filled(lead, words) + &variables(lead, env, folded)
        }
        Action::Unbound { hint } if hint.is_empty() => prose(lead, "nothing yet: not bound"),
        Action::Unbound { hint } => prose(lead, &format!("nothing yet: {}", safe_block(hint).replace('\n', " "))),
    }
}

/// One action, with its texts below it.
pub fn whole_action(lead: &str, bound: &Action) -> String {
    let mut folded = Folded::default();
    let mut page = action(lead, bound, &mut folded);
    folded.whole(safe).iter().for_each(|line| put(&mut page, &format!("  {line}\n")));
    page
}

fn variables<'a>(lead: &str, env: &'a BTreeMap<String, Operand>, folded: &mut Folded<'a>) -> String {
    let lead = " ".repeat(width(lead));
    let mut out = String::new();
    env.iter().for_each(|(name, value)| put(&mut out, &format!("{lead}with {}={}\n", safe(name), element(&value.0, folded))));
    out
}

fn prose(lead: &str, text: &str) -> String {
    filled(lead, text.split(' ').map(str::to_owned))
}

/// A line ends between two words only, so each word can be copied.
fn filled(lead: &str, words: impl IntoIterator<Item = String>) -> String {
    let (mut out, mut at) = (lead.to_owned(), width(lead));
    let begin = at;
    for word in words {
        if at > begin && at + 1 + width(&word) > COLUMNS {
            put(&mut out, &format!("\n{}", " ".repeat(begin)));
            at = begin;
        } else if at > begin {
            out.push(' ');
            at += 1;
        }
        at += width(&word);
        put(&mut out, &word);
    }
    out + "\n"
}

/// Quoted, a blank or a bracket has quotes around it: no value can pass for the name of a text.
fn element<'a>(text: &'a str, folded: &mut Folded<'a>) -> String {
    folded.name(text).unwrap_or_else(|| quoted(text))
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte));
    if plain { text.to_owned() } else { format!("'{}'", safe(text).replace('\'', "'\\''")) }
}
