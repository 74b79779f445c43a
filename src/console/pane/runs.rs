//! Every run that is known here, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::actor::Actor;
use crate::model::state::Workflow;
use crate::text;

use super::Pane;
use crate::console::app::{App, Now};
use crate::console::glyph;
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{cell, more_below, put, title};

/// Below this width only the most needed columns are shown; from `ROOMY` on, also who asked for it.
const NARROW: u16 = 70;
const ROOMY: u16 = 100;

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let rest = title(app, area, Some(Pane::Runs), &heading(app), buffer);
    let listed = app.listed();
    if listed.is_empty() {
        let nothing = if app.runs.is_empty() { "no runs yet   i types an intent" } else { "no run has this text   Esc lists them all" };
        put(buffer, rest, Line::styled(format!("  {nothing}"), app.style(Role::Muted)));
        return;
    }
    let rows = listed.iter().enumerate().skip(app.runs_top).take(usize::from(rest.height));
    for (line, (at, run)) in (0_u16..).zip(rows) {
        if let Some(workflow) = app.state.runs.get(run) {
            put(buffer, Rect { y: rest.y + line, height: 1, ..rest }, row(app, workflow, at == app.runs_cursor, area.width, now));
        }
    }
    more_below(app, rest, listed.len().saturating_sub(app.runs_top + usize::from(rest.height)), buffer);
}

fn heading(app: &App) -> String {
    let unfinished = app.unfinished().count();
    let parked = app.unfinished().filter(|workflow| workflow.parked).count();
    let find = app.looked_for(Pane::Runs).map_or_else(String::new, |text| format!(" · {} with \"{text}\"", app.listed().len()));
    let note = if parked > 0 { format!(" · {parked} parked: no engine, R on one goes on") } else { String::new() };
    format!("runs · {} · {unfinished} unfinished{find}{note}", app.runs.len())
}

fn row(app: &App, workflow: &Workflow, here: bool, width: u16, now: Now) -> Line<'static> {
    let parked = workflow.parked && !workflow.state.is_finished();
    // Nobody runs it: it may not look as if.
    let (glyph, role) = if parked { ('◇', Role::Warn) } else { (glyph::workflow(workflow.shown()), Role::of_run(workflow)) };
    let state = phrase::workflow(workflow).to_lowercase();
    let waits = if workflow.questions.is_empty() { String::new() } else { format!("!{}", workflow.questions.len()) };
    let select = |style: ratatui::style::Style| if here { style.patch(app.style(Role::Selected)) } else { style };
    let mut spans = vec![
        Span::styled(if here { "▌ " } else { "  " }, app.style(Role::Accent)),
        Span::styled(format!("{glyph} "), app.style(role)),
        Span::styled(format!("{:<7}", text::safe(workflow.run.as_str())), select(app.style(Role::Text))),
        Span::styled(format!(" {} ", cell(&state, 19)), app.style(role)),
        Span::styled(format!("{waits:<3}"), app.style(Role::Bad)),
    ];
    if width >= NARROW {
        let progress = format!("{}/{}", workflow.counts.settled, workflow.steps.len());
        let who = if width >= ROOMY { format!(" {}", cell(&who(workflow), 8)) } else { String::new() };
        spans.push(Span::styled(format!("{progress:>7} {} {who} ", time(app, workflow, now)), app.style(Role::Muted)));
    }
    let taken: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    let title = text::clip(&text::safe(&workflow.title), usize::from(width).saturating_sub(taken));
    spans.push(Span::styled(title, app.style(Role::Text)));
    Line::from(spans)
}

/// The actor's number stands in Why.
fn who(workflow: &Workflow) -> String {
    match &workflow.intent.actor {
        Actor::Engine => "engine".to_owned(),
        Actor::Local { name, .. } => text::safe(name),
    }
}

/// When it began, and how long it took or has taken.
fn time(app: &App, workflow: &Workflow, now: Now) -> String {
    let began = workflow.started.unwrap_or(workflow.submitted);
    let since = phrase::since(began, now.wall, &app.settings.zone);
    let took = match (workflow.started, workflow.finished) {
        (Some(started), Some(finished)) => phrase::span(finished.since(started)),
        (Some(started), None) if !workflow.live.is_empty() => phrase::span(now.wall.since(started)),
        (Some(_) | None, _) => String::new(),
    };
    format!("{since:>11} {took:>7}")
}
