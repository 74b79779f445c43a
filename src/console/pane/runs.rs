//! Every run that is known here, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::state::Workflow;
use crate::text;

use super::Pane;
use crate::console::app::{App, Now};
use crate::console::glyph;
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{put, title};

/// Below this width only the most needed columns are shown.
const NARROW: u16 = 70;

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let rest = title(app, area, Some(Pane::Runs), &heading(app), buffer);
    if app.runs.is_empty() {
        put(buffer, rest, Line::styled("  no runs yet   i types an intent", app.style(Role::Muted)));
        return;
    }
    let rows = app.runs.iter().enumerate().skip(app.runs_top).take(usize::from(rest.height));
    for (line, (at, run)) in (0_u16..).zip(rows) {
        if let Some(workflow) = app.state.runs.get(run) {
            put(buffer, Rect { y: rest.y + line, height: 1, ..rest }, row(app, workflow, at == app.runs_cursor, area.width, now));
        }
    }
}

fn heading(app: &App) -> String {
    let unfinished = app.unfinished().count();
    let parked = app.unfinished().filter(|workflow| workflow.parked).count();
    let note = if parked > 0 { format!(" · {parked} parked: no engine, R on one goes on") } else { String::new() };
    format!("runs · {} · {unfinished} unfinished{note}", app.runs.len())
}

fn row(app: &App, workflow: &Workflow, here: bool, width: u16, now: Now) -> Line<'static> {
    let parked = workflow.parked && !workflow.state.is_finished();
    // Nobody runs it: it may not look as if.
    let (glyph, role) = if parked { ('◇', Role::Warn) } else { (glyph::workflow(workflow.shown()), Role::of_run(workflow)) };
    let mark = if here { "▌ " } else { "  " };
    let state = phrase::workflow(workflow).to_lowercase();
    let waits = if workflow.questions.is_empty() { "  ".to_owned() } else { format!("!{}", workflow.questions.len()) };
    let progress = format!("{}/{}", workflow.counts.settled, workflow.steps.len());
    let select = |style: ratatui::style::Style| if here { style.patch(app.style(Role::Selected)) } else { style };
    let mut spans = vec![
        Span::styled(mark, app.style(Role::Accent)),
        Span::styled(format!("{glyph} "), app.style(role)),
        Span::styled(format!("{:<7}", text::safe(workflow.run.as_str())), select(app.style(Role::Text))),
    ];
    spans.push(Span::styled(format!(" {state:<19} "), app.style(role)));
    spans.push(Span::styled(format!("{waits} "), app.style(Role::Bad)));
    if width >= NARROW {
        let who = text::clip(&text::safe(&workflow.intent.actor.to_string()), 14);
        spans.push(Span::styled(format!("{progress:>7} {:>8}  {who:<14} ", time(app, workflow, now)), app.style(Role::Muted)));
    }
    spans.push(Span::styled(text::safe(&workflow.title), app.style(Role::Text)));
    Line::from(spans)
}

fn time(app: &App, workflow: &Workflow, now: Now) -> String {
    match (workflow.started, workflow.finished) {
        (Some(started), Some(finished)) => phrase::span(finished.since(started)),
        (Some(started), None) if !workflow.live.is_empty() => phrase::span(now.wall.since(started)),
        (Some(started), None) => phrase::clock(started, &app.settings.zone),
        (None, _) => phrase::clock(workflow.submitted, &app.settings.zone),
    }
}
