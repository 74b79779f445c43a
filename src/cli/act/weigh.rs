//! What a skip, cancel or rollback costs, shown before it is sent; a person at the terminal is asked.

use std::fmt::Write as _;

use super::intervene::{Verb, Words};
use super::{Trouble, find};
use crate::cli::out::Out;
use crate::machine::{ending, losses};
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::state::{State, Workflow};
use crate::text;

/// Steps named in a line; more are counted.
const NAMED: usize = 8;

/// False: the person left it as it is.
pub fn weigh(state: &State, verb: Verb, words: &Words<'_>, out: &Out) -> Result<bool, Trouble> {
    let lines = match verb {
        Verb::Skip | Verb::Cancel | Verb::Rollback => lines(state, verb, words)?,
        Verb::Approve
        | Verb::Reject
        | Verb::Retry
        | Verb::Done
        | Verb::Pause
        | Verb::TakeBack
        | Verb::Freeze
        | Verb::Thaw
        | Verb::Note
        | Verb::Forget => return Ok(true),
    };
    if lines.is_empty() {
        return Ok(true);
    }
    out.note(&lines);
    if words.sure || !out.is_interactive() {
        return Ok(true);
    }
    // As in the console: what is undone is named first.
    let word = if verb == Verb::Rollback { find::run(state, words.run)?.run.as_str() } else { "yes" };
    let said = out.ask(&format!("Type {word} to go on, Enter to leave it as it is: "));
    Ok(said.as_deref().map(str::trim) == Some(word))
}

fn lines(state: &State, verb: Verb, words: &Words<'_>) -> Result<String, Trouble> {
    let workflow = find::run(state, words.run)?;
    let Some(graph) = workflow.graph().filter(|_| !workflow.state.is_finished()) else { return Ok(String::new()) };
    let mut page = String::new();
    if verb == Verb::Skip {
        let step = find::step(workflow, words.step)?;
        let lost = graph.ix(&step).map(|ix| losses(workflow, graph, ix)).unwrap_or_default();
        line(&mut page, graph, "will not run either", &lost);
        return Ok(page);
    }
    let ending = ending(workflow, graph, words.now, verb == Verb::Rollback);
    line(&mut page, graph, if words.now { "killed now" } else { "told to stop" }, &ending.stopped);
    line(&mut page, graph, "never start", &ending.cancelled);
    line(&mut page, graph, "still run (recovery)", &ending.still_run);
    line(&mut page, graph, "undone, in this order", &ending.undone);
    line(&mut page, graph, "done, and stay so", &ending.stays);
    Ok(page)
}

fn line(page: &mut String, graph: &Graph, what: &str, steps: &[StepIx]) {
    if steps.is_empty() {
        return;
    }
    let named: Vec<String> = steps.iter().take(NAMED).map(|ix| text::safe(graph.step(*ix).id.as_str())).collect();
    let more = steps.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = writeln!(page, "{:22} {}{more}", format!("{what}:"), named.join(", "));
}

/// What is paused, for those who wonder why nothing moves.
pub fn paused(workflow: &Workflow) -> Option<String> {
    let graph = workflow.graph()?;
    if workflow.state == crate::model::step_state::WorkflowState::Paused {
        return Some(format!("run {} is paused; `ouioe resume {}` continues it", workflow.run, workflow.run));
    }
    let waits = |ix: &StepIx| workflow.step(*ix).paused && !workflow.step(*ix).state.is_settled();
    let first = graph.places().find(waits).filter(|_| !workflow.state.is_finished())?;
    let step = text::safe(graph.step(first).id.as_str());
    Some(format!("from step {step} on run {} is paused; `ouioe resume {} {step}` continues it", workflow.run, workflow.run))
}
