//! One run: its plan with the state of every step, and what to type where something waits.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::list::{summary, word};
use super::{Trouble, find};
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::Place;
use crate::machine::rendered;
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::state::{OpenQuestion, Workflow};
use crate::text;

pub fn show(place: &Place, out: &Out, run: &str) -> Result<Exit, Trouble> {
    let state = find::state(&place.state_dir)?;
    let run = find::run(&state, run)?;
    let graph = run.graph().ok_or_else(|| Trouble::new(Exit::JournalUnusable, format!("the plan of run {} is gone", run.run)))?;
    if out.json {
        out.result(&lines::json(&as_json(run, graph)));
    } else {
        out.block(&as_text(run, graph));
    }
    Ok(Exit::Done)
}

fn as_text(run: &Workflow, graph: &Graph) -> String {
    let mut page = format!("run {}  {}  plan {}\n", run.run, word(run), run.digest.short());
    let _ = writeln!(page, "{}", text::safe(&run.title));
    let _ = writeln!(page, "by {} on {} at {}", text::safe(&run.intent.actor.to_string()), text::safe(&run.intent.host), run.submitted);
    if let Some(health) = run.verdict {
        let _ = writeln!(page, "verdict: {}", health.as_str());
    }
    page.push('\n');
    for ix in graph.places() {
        page.push_str(&step_line(run, graph, ix));
    }
    for question in run.questions.values() {
        page.push_str(&question_text(run, graph, question));
    }
    if run.parked {
        page.push_str("\nNo engine carries this run on; `ouioe resume` does.\n");
    }
    page
}

fn step_line(run: &Workflow, graph: &Graph, ix: StepIx) -> String {
    let (step, record) = (graph.step(ix), run.step(ix));
    let target = step.target().map(text::safe).unwrap_or_default();
    let mut line = format!(
        "  {:20} {:18} {:24} {:7} {}\n",
        text::clip(&text::safe(step.id.as_str()), 20),
        record.state.word(),
        text::clip(&text::safe(&step.operation), 24),
        step.effect.as_str(),
        target
    );
    if let Some(verdict) = &record.verdict {
        let _ = writeln!(line, "  {:20} {}: {}", "", verdict.health.as_str(), text::safe(&verdict.reasons.join("; ")));
    }
    if !record.note.is_empty() {
        let _ = writeln!(line, "  {:20} {}", "", text::clip(&text::safe(&record.note), 100));
    }
    line
}

fn question_text(run: &Workflow, graph: &Graph, open: &OpenQuestion) -> String {
    let step = open.step.map(|ix| text::safe(graph.step(ix).id.as_str())).unwrap_or_default();
    let mut page = format!("\nWAITS FOR YOU  {step}  {}\n", text::safe(&open.question.why));
    if let Some(ix) = open.step.filter(|_| open.digest.is_some())
        && let Ok(action) = rendered(run, &graph.step(ix).action)
    {
        let _ = writeln!(page, "  would run: {}", text::safe(&serde_json::to_string(&action).unwrap_or_default()));
    }
    for (verb, what) in &open.question.options {
        let digest = open.digest.filter(|_| verb == "approve").map(|it| format!(" --digest {}", it.short())).unwrap_or_default();
        let evidence = if verb == "done" { " --evidence TEXT" } else { "" };
        let space = if step.is_empty() { "" } else { " " };
        let _ = writeln!(page, "  ouioe {verb} {}{space}{step}{digest}{evidence}   {what}", run.run);
    }
    page
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
    all["questions"] = Value::Array(questions);
    all
}
