//! Ending a run: with grace, at once, or with what was done undone.

use crate::model::command::Command;
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::state::Workflow;
use crate::model::step_state::StepState;
use crate::text;

use super::super::app::App;
use super::super::phrase;
use super::super::theme::Role;
use super::{Basis, Choice, Dialog, Does, Effort, Part};

/// Steps that are named; more are counted.
const NAMED: usize = 8;

pub fn for_cancel(app: &App, workflow: &Workflow) -> Option<Dialog> {
    let graph = workflow.graph()?;
    if workflow.state.is_finished() {
        return None;
    }
    let run = || workflow.run.clone();
    let cancel = |now| Does::Send(Command::Cancel { run: run(), now, reason: String::new() });
    let undoable = undoable(workflow, graph);
    let mut choices = vec![
        Choice::new("cancel", "cancel: end what runs with grace", cancel(false), Effort::Enter).noted("recovery steps still run"),
        Choice::new("cancel now", "cancel now: kill what runs", cancel(true), Effort::Enter).noted("recovery steps do not run"),
    ];
    if !undoable.is_empty() {
        let back = Does::Send(Command::Rollback { run: run(), reason: String::new() });
        let word = Effort::Word(workflow.run.as_str().to_owned());
        choices.push(
            Choice::new("roll back", "cancel, then undo what completed", back, word)
                .noted(format!("undoes {}", phrase::count(undoable.len(), "step"))),
        );
    }
    choices.push(Choice::close("the run goes on"));
    let title = format!("Cancel {} · {}", text::safe(workflow.run.as_str()), phrase::exact(&workflow.title));
    let about = format!("run {}   {}", text::safe(workflow.run.as_str()), phrase::workflow(workflow));
    Some(Dialog::new(title, parts(workflow, graph, &undoable), choices, about, Basis::Run { run: run() }, app))
}

fn parts(workflow: &Workflow, graph: &Graph, undoable: &[String]) -> Vec<Part> {
    let live: Vec<String> = workflow.live.iter().map(|ix| phrase::exact(graph.step(*ix).id.as_str())).collect();
    let left = graph.places().filter(|ix| workflow.steps.get(ix.at()).is_some_and(|one| !one.state.is_settled() && !one.state.is_live()));
    let left: Vec<StepIx> = left.collect();
    let mut parts =
        vec![Part::new("WHAT", format!("end the run; {} of {} steps are settled", workflow.counts.settled, workflow.steps.len()))];
    let stops = if live.is_empty() { "nothing runs now".to_owned() } else { live.join(", ") };
    parts.push(Part::new("STOPS", stops));
    parts.push(Part::new("LEAVES", left_out(graph, &left)));
    if !undoable.is_empty() {
        parts.push(Part::new("UNDOES", format!("only with roll back, last first: {}", undoable.join(", "))));
    }
    let unknown = workflow.steps.iter().filter(|record| record.state == StepState::OutcomeUnknown).count();
    if unknown > 0 {
        parts.push(Part::prose("LOOK", Role::Unknown, format!("{unknown} outcomes stay unknown: nobody knows whether they happened")));
    }
    parts
}

/// The first of them by name.
fn left_out(graph: &Graph, left: &[StepIx]) -> String {
    if left.is_empty() {
        return "nothing out: every step has begun".to_owned();
    }
    let names: Vec<String> = left.iter().take(NAMED).map(|ix| phrase::exact(graph.step(*ix).id.as_str())).collect();
    let more = if left.len() > NAMED { format!(" and {} more", left.len() - NAMED) } else { String::new() };
    format!("{} not run: {}{more}", phrase::count(left.len(), "step"), names.join(", "))
}

/// Completed steps that have an undo, last completed first.
fn undoable(workflow: &Workflow, graph: &Graph) -> Vec<String> {
    let mut steps: Vec<(u32, String)> = graph
        .places()
        .filter(|ix| graph.step(*ix).compensation.is_some())
        .filter_map(|ix| Some((workflow.steps.get(ix.at())?.completed, ix)))
        .filter(|(completed, _)| *completed > 0)
        .map(|(completed, ix)| (completed, phrase::exact(graph.step(ix).id.as_str())))
        .collect();
    steps.sort_by(|one, other| other.cmp(one));
    steps.into_iter().map(|(_, name)| name).collect()
}
