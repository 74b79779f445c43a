//! What follows from any change: the layout of a new graph, rows in range, the output and the journal that are looked at.

use std::sync::Arc;

use crate::model::time::Millis;

use super::super::app::{App, Dirty, Now, StepPane, Subject};
use super::super::arming::Arming;
use super::super::history::History;
use super::super::output::{Extent, Flow, Output, Source};
use super::super::pane::Pane;
use super::super::view;
use super::super::waiting::{Item, Waiting};
use super::super::widget::rail::Rail;
use super::super::widget::scroll::top_for;
use super::Deed;

pub(super) fn settle(app: &mut App, now: Now, deeds: &mut Vec<Deed>) {
    lay_out(app);
    let len = app.rail.as_ref().map_or(0, |(_, rail)| rail.order.len());
    app.cursor = app.cursor.min(len.saturating_sub(1));
    app.runs_cursor = app.runs_cursor.min(app.listed().len().saturating_sub(1));
    keep_in_view(app);
    look_into_the_past(app, deeds);
    forget_other_step(app);
    arm_anew(app);
    choose_output(app, now.mono);
    if let Some(output) = app.output.as_mut().filter(|output| output.due().is_some_and(|due| due <= now.mono)) {
        let offset = output.ask();
        deeds.push(Deed::Read { source: output.source.clone(), offset });
    }
}

pub(super) fn lay_out(app: &mut App) {
    let Some(graph) = app.graph().cloned() else {
        app.rail = None;
        return;
    };
    if app.rail.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, &graph)) {
        return;
    }
    let rail = Arc::new(Rail::of(&graph));
    app.rail = Some((graph, rail));
    app.mark(Dirty::Soon);
}

/// A proposal is armed from when it is looked at, each time that it comes to the screen.
fn arm_anew(app: &mut App) {
    let in_view = app.subject == Subject::Proposal && matches!(app.pane, Pane::Plan | Pane::Step | Pane::Why);
    let frame = app.frame;
    if let Some(proposal) = app.proposal.as_mut().filter(|proposal| proposal.in_view != in_view) {
        proposal.in_view = in_view;
        proposal.arming = Arming::from_frame(frame);
    }
}

/// What was chosen to be seen of one step is not what is seen of the next.
fn forget_other_step(app: &mut App) {
    let now = app.selected_record().map(|(workflow, ix, _)| (workflow.run.clone(), ix));
    if app.step.of != now {
        app.step = StepPane { of: now, ..StepPane::default() };
    }
    let result = app.selected_record().and_then(|(_, _, record)| record.result.clone());
    if let Some(serde_json::Value::Object(fields)) = result.as_deref().filter(|_| !app.step.unfolded) {
        app.step.unfolded = true;
        for key in fields.keys() {
            app.step.tree.get_mut().open(vec![key.clone()]);
        }
    }
}

fn keep_in_view(app: &mut App) {
    let rows = view::pane_rows(app);
    if let Some((_, rail)) = &app.rail {
        let row = rail.row_of.get(app.cursor).map_or(0, |row| *row as usize);
        app.top = top_for(app.top, row, rows, rail.rows.len());
    }
    let runs = app.listed().len();
    app.runs_top = top_for(app.runs_top, app.runs_cursor, rows.saturating_sub(1), runs);
    let operations = app.operations().len();
    app.services.cursor = app.services.cursor.min(operations.saturating_sub(1));
    if app.pane == Pane::Services {
        app.services.top = top_for(app.services.top, app.services.cursor, rows.saturating_sub(1), operations);
    }
    if app.pane == Pane::Inbox {
        keep_chosen(app, rows);
    }
}

/// The same thing stays selected when others come and go; the one at its place, once it is gone.
fn keep_chosen(app: &mut App, rows: usize) {
    let names: Vec<Waiting> = app.inbox().iter().map(Item::name).collect();
    let at = app.inbox_chosen.as_ref().and_then(|chosen| names.iter().position(|name| name == chosen));
    app.inbox_cursor = at.unwrap_or(app.inbox_cursor).min(names.len().saturating_sub(1));
    app.inbox_top = top_for(app.inbox_top, app.inbox_cursor, rows, names.len());
    app.inbox_chosen = names.into_iter().nth(app.inbox_cursor);
}

/// The journal is read for the run that somebody wants to understand, once.
fn look_into_the_past(app: &mut App, deeds: &mut Vec<Deed>) {
    let Subject::Run(run) = &app.subject else { return };
    if app.pane != Pane::Why || app.history.as_ref().is_some_and(|history| history.run == *run) {
        return;
    }
    let run = run.clone();
    app.history = Some(History::new(run.clone(), app.state.seq));
    app.why_top = 0;
    deeds.push(Deed::Past { run });
}

/// The selected step's last attempt, if its output is on the screen.
fn choose_output(app: &mut App, now: Millis) {
    let wanted = view::shows_output(app).then(|| shown_attempt(app)).flatten();
    let Some((source, flow)) = wanted else {
        app.output = None;
        return;
    };
    let extent = if app.pane == Pane::Log { Extent::Whole } else { Extent::Tail };
    if let Some(output) = app.output.as_mut().filter(|output| output.serves(&source, extent)) {
        output.widen(extent);
        output.set_flow(flow, now);
    } else {
        app.output = Some(Output::new(source, flow, extent, now));
        (app.step.back, app.step.found) = (None, None);
        app.mark(Dirty::Soon);
    }
}

fn shown_attempt(app: &App) -> Option<(Source, Flow)> {
    let (workflow, ix, record) = app.selected_record()?;
    record.last.as_ref()?;
    let step = workflow.graph()?.step(ix).id.clone();
    let flow = if record.state.is_live() { Flow::Live } else { Flow::Over };
    Some((Source { run: workflow.run.clone(), step, attempt: record.attempt }, flow))
}
