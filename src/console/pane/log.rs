//! The whole output of the selected step's last attempt: follows, is searched, and can be saved byte for byte.
//!
//! On the screen every character is safe; the file gets the bytes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text;

use super::Pane;
use crate::console::app::App;
use crate::console::output::Output;
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{put, title};
use crate::console::widget::log::{Look, Tint};

pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let rest = title(app, area, Some(Pane::Log), &heading(app), buffer);
    let Some(output) = &app.output else {
        let line = if app.selected_record().is_some() { "it has not been started" } else { "no step of a run is selected" };
        put(buffer, rest, Line::styled(format!("  {line}"), app.style(Role::Muted)));
        return;
    };
    if output.log.is_empty() && output.error.is_none() {
        let line = if output.unread() > 0 { "reading…" } else { "it has written nothing" };
        put(buffer, rest, Line::styled(format!("  {line}"), app.style(Role::Muted)));
        return;
    }
    lines(app, output, rest, app.step.back, buffer);
}

fn heading(app: &App) -> String {
    let Some(step) = app.selected_step() else { return "log".to_owned() };
    let step = text::safe(step.id.as_str());
    let Some(output) = &app.output else { return format!("{step} · log") };
    let read = match output.unread() {
        0 => String::new(),
        rest => format!(" · {} KiB to read", rest.div_ceil(1024)),
    };
    let lost = match output.log.lost() {
        0 => String::new(),
        lost => format!(" · {lost} bytes were not kept"),
    };
    let find = app.looked_for(Pane::Log).map_or_else(String::new, |text| format!(" · \"{text}\""));
    let attempt = if output.source.attempt.0 > 1 { format!(" try {}", output.source.attempt) } else { String::new() };
    format!("{step}{attempt} · {}{read}{lost}{find}", place(app, output))
}

fn place(app: &App, output: &Output) -> String {
    match app.step.back {
        None => format!("{} · {} · follows", phrase::count(output.log.len(), "line"), phrase::size(output.total)),
        Some(end) => format!("to line {end} of {}", output.log.len()),
    }
}

/// Lines that end above `end`, or at the end of what came.
pub fn lines(app: &App, output: &Output, area: Rect, end: Option<usize>, buffer: &mut Buffer) {
    if let Some(error) = &output.error {
        put(buffer, area, Line::styled(format!("  output cannot be read: {}", text::safe(error)), app.style(Role::Bad)));
        return;
    }
    let tint = if app.settings.theme == "mono" { Tint::None } else { Tint::AsWritten };
    let look = Look { tint, find: app.looked_for(Pane::Log) };
    let width = area.width.saturating_sub(2);
    let rows = output.log.rows(end.unwrap_or(output.log.len()), usize::from(width), usize::from(area.height), &look);
    for (at, (number, line)) in (0_u16..).zip(rows) {
        let row = Rect { y: area.y + at, height: 1, ..area };
        if app.step.found == Some(number) {
            put(buffer, row, Line::from(Span::styled("▌", app.style(Role::Accent))));
        }
        put(buffer, Rect { x: area.x + 2, width, ..row }, line);
    }
}
