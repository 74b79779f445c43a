//! One run: its plan with the state of every step, and what to type where something waits.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::list::{frozen, summary, word};
use super::{Trouble, find};
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::Place;
use crate::machine::{copies, rendered};
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::item;
use crate::model::plan::{Provenance, Step};
use crate::model::state::{OpenQuestion, StepRecord, Workflow};
use crate::model::step_state::StepState;
use crate::planner::render;
use crate::text;

pub fn show(place: &Place, out: &Out, run: &str) -> Result<Exit, Trouble> {
    let state = find::state(&place.state_dir)?;
    let run = find::run(&state, run)?;
    let graph = run.graph().ok_or_else(|| Trouble::new(Exit::JournalUnusable, format!("the plan of run {} is gone", run.run)))?;
    if out.json {
        out.result(&lines::json(&as_json(run, graph)));
    } else {
        out.block(&as_text(run, graph));
        let targets: Vec<&str> = graph.places().filter_map(|ix| graph.step(ix).target()).collect();
        // A freeze of something else does not matter to a run that has ended, nor to one that does not touch it.
        let concerns = |target: &str| !run.state.is_finished() && targets.contains(&target);
        let frozen = state.frozen.keys().zip(frozen(&state)).filter(|(target, _)| concerns(target));
        frozen.for_each(|(_, line)| out.block(&line));
    }
    Ok(Exit::Done)
}

fn as_text(run: &Workflow, graph: &Graph) -> String {
    let verdict = run.verdict.map(|health| format!(", {}", health.as_str().to_uppercase())).unwrap_or_default();
    let mut page = format!("run {}  {}{verdict}  plan {}\n", run.run, word(run), run.digest.short());
    let _ = writeln!(page, "{}", text::safe(&run.title));
    let (actor, host) = (text::safe(&run.intent.actor.to_string()), text::safe(&run.intent.host));
    let _ = writeln!(page, "by {actor} on {host} at {}", lines::moment(run.submitted));
    page.push('\n');
    for ix in graph.places() {
        page.push_str(&step_line(run, graph, ix));
    }
    for question in run.questions.values() {
        page.push_str(&question_text(run, graph, question, true));
    }
    if let Some(paused) = super::weigh::paused(run) {
        let _ = writeln!(page, "\n{paused}");
    }
    if run.parked {
        page.push_str("\nNo engine carries this run on; `ouioe resume` does.\n");
    }
    page
}

fn step_line(run: &Workflow, graph: &Graph, ix: StepIx) -> String {
    let (step, record) = (graph.step(ix), run.step(ix));
    let target = step.target().map(text::safe).unwrap_or_default();
    let head = format!(
        "  {} {:17} {} {:7} {target}",
        column(step.id.as_str(), 16),
        if record.paused && !record.state.is_settled() && !record.state.is_live() {
            "paused".to_owned()
        } else {
            record.state.word().replace('_', " ")
        },
        column(&step.operation, 22),
        step.effect.as_str(),
    );
    let mut line = format!("{}\n", head.trim_end());
    line.push_str(&wrapped(&unsaid(step)));
    let verdict = record.verdict.as_deref().map(lines::verdict);
    let figures = record.result.as_deref().map(text::figures).unwrap_or_default();
    let said: Vec<String> = verdict.into_iter().chain(figures).collect();
    line.push_str(&wrapped(&said));
    let queued = if let StepState::Queued { queued } = &record.state { lines::queued(queued) } else { String::new() };
    let why = [queued, record.note.clone(), tail(record)].into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>();
    line.push_str(&wrapped(&why.iter().map(|one| text::safe(one)).collect::<Vec<_>>()));
    line
}

/// Values that are not as the operator or the file wrote them, with where they came from.
fn unsaid(step: &Step) -> Vec<String> {
    let told = |(name, value): (&String, &Value)| {
        let from = step.provenance.get(name).filter(|from| !matches!(from, Provenance::Operator | Provenance::Template))?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(format!("{}={} ({})", text::safe(name), text::safe(&value), from.as_str()))
    };
    let over = step.for_each.as_ref().map(|each| format!("for {}", text::safe(&each.told(step.effect))));
    let params = step.params.iter().filter(|(_, value)| over.is_none() || !item::holds(value));
    params.filter_map(told).chain(over.clone()).collect()
}

/// What it said last, where it failed.
fn tail(record: &StepRecord) -> String {
    let last = record.last.as_ref().filter(|last| last.failure.is_some());
    last.and_then(|last| lines::last_line(&last.error_tail)).unwrap_or_default().to_owned()
}

/// Exactly so many cells.
fn column(untrusted: &str, cells: usize) -> String {
    let shown = text::clip(&text::safe(untrusted), cells);
    let pad = cells.saturating_sub(text::width(&shown));
    format!("{shown}{}", " ".repeat(pad))
}

/// Parts in lines that fit 80 columns, below their step; one that is longer alone is cut.
fn wrapped(parts: &[String]) -> String {
    const ROOM: usize = 74;
    let (mut page, mut line) = (String::new(), String::new());
    for part in parts {
        let part = text::clip(part, ROOM);
        if !line.is_empty() && text::width(&line) + text::width(&part) + 2 > ROOM {
            let _ = writeln!(page, "      {line},");
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&part);
    }
    if !line.is_empty() {
        let _ = writeln!(page, "      {line}");
    }
    page
}

/// `commands`: with what to type in a shell.
pub fn question_text(run: &Workflow, graph: &Graph, open: &OpenQuestion, commands: bool) -> String {
    let step = open.step.map(|ix| text::safe(graph.step(ix).id.as_str())).unwrap_or_default();
    let of = if step.is_empty() { "the plan".to_owned() } else { format!("step {step}") };
    let mut page = format!("\nWAITS FOR YOU  run {}, {of}: {}\n", run.run, text::safe(&open.question.why));
    if let Some(ix) = open.step {
        let gate = open.digest.is_some();
        let said = tail(run.step(ix));
        if !gate && !said.is_empty() {
            let _ = writeln!(page, "  said: {}", text::clip(&text::safe(&said), 200));
        }
        // Last, as it may bring a script: what is asked and why stays together.
        if let Some(copies) = copies(run, ix).filter(|_| gate) {
            for (_, action) in &copies.each {
                page.push_str(&render::whole_action("  would run: ", action));
            }
        } else if let Ok(action) = rendered(run, &graph.step(ix).action) {
            page.push_str(&render::whole_action(if gate { "  would run: " } else { "  ran: " }, &action));
        }
    }
    if !commands {
        return page;
    }
    for (verb, what) in in_order(open) {
        let digest = open.digest.filter(|_| verb == "approve").map(|it| format!(" --digest {}", it.short())).unwrap_or_default();
        let evidence = if verb == "done" { " --evidence TEXT" } else { "" };
        let space = if step.is_empty() { "" } else { " " };
        let _ = writeln!(page, "  ouioe {verb} {}{space}{step}{digest}{evidence}   {what}", run.run);
    }
    page
}

/// The answers, the harmless way on first.
pub fn in_order(open: &OpenQuestion) -> Vec<(&str, &str)> {
    let place = |verb: &str| ["approve", "retry", "skip", "done", "reject"].iter().position(|one| *one == verb).unwrap_or(usize::MAX);
    let mut options: Vec<(&str, &str)> = open.question.options.iter().map(|(verb, what)| (verb.as_str(), what.as_str())).collect();
    options.sort_by_key(|(verb, _)| place(verb));
    options
}

fn as_json(run: &Workflow, graph: &Graph) -> Value {
    let steps: Vec<Value> = graph
        .places()
        .map(|ix| {
            let (step, record) = (graph.step(ix), run.step(ix));
            json!({
                "id": step.id, "operation": step.operation, "params": step.params, "effect": step.effect, "state": record.state.word(),
                "detail": record.state, "rev": record.rev, "attempt": record.attempt, "generation": record.generation, "last": record.last,
                "result": record.result, "verdict": record.verdict, "note": record.note, "needs": step.needs, "critical": step.critical,
                "paused": record.paused, "provenance": step.provenance,
            })
        })
        .collect();
    let questions: Vec<Value> = run
        .questions
        .values()
        .map(|open| {
            let step = open.step.map(|ix| graph.step(ix).id.clone());
            json!({"step": step, "why": open.question.why, "digest": open.digest, "options": open.question.options, "asked": open.asked})
        })
        .collect();
    let mut all = summary(run);
    all["steps"] = Value::Array(steps);
    all["revision"] = json!(run.revision);
    all["questions"] = Value::Array(questions);
    all
}
