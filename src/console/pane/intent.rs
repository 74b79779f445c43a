//! Where the operator types what is to be done, and what planning answered.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::text;

use super::Pane;
use crate::console::app::{Answer, App};
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{put, title};
use crate::console::widget::wrap::Wrap;

/// Rows of the editor; longer text scrolls in it.
const EDITOR_ROWS: usize = 8;

/// Returns where the cursor is.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let rest = title(app, area, Some(Pane::Intent), "intent · what is to be done?", buffer);
    let width = usize::from(rest.width.saturating_sub(4));
    let (lines, (row, column)) = app.intent.editor.wrapped(width);
    let height = lines.len().min(EDITOR_ROWS).min(usize::from(rest.height).saturating_sub(1).max(1));
    let top = (row + 1).saturating_sub(height);
    let input = app.style(Role::Input);
    let style = if app.intent.selected { input.patch(app.style(Role::Selected)) } else { input };
    for (at, line) in lines.iter().skip(top).take(height).enumerate() {
        let mark = if at + top == 0 { " > " } else { "   " };
        let spans = vec![Span::styled(mark, app.style(Role::Accent)), Span::styled(line.clone(), style)];
        put(buffer, row_of(rest, at), Line::from(spans));
    }
    for (at, line) in (height..).zip(below(app, usize::from(rest.width))) {
        put(buffer, row_of(rest, at), line);
    }
    let (x, y) = (u16::try_from(column + 3).ok()?, u16::try_from(row - top).ok()?);
    (y < rest.height).then(|| Position::new(rest.x + x, rest.y + y))
}

fn row_of(rest: Rect, at: usize) -> Rect {
    let at = u16::try_from(at).unwrap_or(u16::MAX).min(rest.height);
    Rect { y: rest.y + at, height: u16::from(at < rest.height), ..rest }
}

fn below(app: &App, width: usize) -> Vec<Line<'static>> {
    let muted = |line: &str| prose(app, Role::Muted, line, width);
    if app.intent.asking.is_some() {
        return muted("planning…");
    }
    match &app.intent.answer {
        None if app.intent.editor.is_empty() => {
            let help = [
                "for example: restart nginx on web-3 and verify",
                "",
                "Enter plans it. Nothing runs before you have seen the plan, and what changes something waits for your approval.",
            ];
            help.into_iter().flat_map(muted).chain(elsewhere(app, width)).collect()
        }
        None if app.intent.selected => muted("Enter shows its plan; what you type takes its place, and Up brings it back"),
        None => muted("Enter plans it; nothing runs before you have seen the plan"),
        Some(Answer::Clarify { question, missing, choices }) => clarify(app, width, question, missing, choices),
        Some(Answer::Refuse { reason, nearest }) => refuse(app, width, reason, nearest),
    }
}

/// Whoever comes back looks for the runs, not for an editor.
fn elsewhere(app: &App, width: usize) -> Vec<Line<'static>> {
    let unfinished = app.unfinished().count();
    if unfinished == 0 {
        return Vec::new();
    }
    let waits = match app.waiting() {
        0 => String::new(),
        1 => ", 1 thing waits for you: 6".to_owned(),
        many => format!(", {many} things wait for you: 6"),
    };
    let line = format!("{} not finished: Esc, then 5{waits}", phrase::count(unfinished, "run"));
    std::iter::once(Line::default()).chain(prose(app, Role::Warn, &line, width)).collect()
}

fn prose(app: &App, role: Role, line: &str, width: usize) -> Vec<Line<'static>> {
    let rows = Wrap::Words.rows(line, width.saturating_sub(4).max(1));
    rows.into_iter().map(|row| Line::styled(format!("   {row}"), app.style(role))).collect()
}

fn clarify(app: &App, width: usize, question: &str, missing: &[String], choices: &[String]) -> Vec<Line<'static>> {
    let mut lines = whole(app, Role::Warn, &format!(" ? {}", text::safe(question)), width);
    if !missing.is_empty() {
        let names = missing.iter().map(|name| text::safe(name)).collect::<Vec<_>>().join(", ");
        lines.push(Line::styled(format!("   missing: {names}"), app.style(Role::Muted)));
    }
    for (at, choice) in choices.iter().enumerate() {
        let mark = if app.intent.choice == Some(at) { " ▸ " } else { "   " };
        lines.push(Line::from(vec![Span::styled(mark, app.style(Role::Accent)), Span::raw(text::safe(choice))]));
    }
    let how = if choices.is_empty() {
        "   say it in the intent, then Enter"
    } else {
        "   ↓ chooses, Enter plans again; or say it in the intent"
    };
    lines.push(Line::styled(how, app.style(Role::Muted)));
    lines
}

fn refuse(app: &App, width: usize, reason: &str, nearest: &[String]) -> Vec<Line<'static>> {
    let mut lines = whole(app, Role::Bad, &format!(" ✖ refused: {}", text::safe(reason)), width);
    if !nearest.is_empty() {
        lines.push(Line::styled("   nearest to what you asked:", app.style(Role::Muted)));
    }
    lines.extend(nearest.iter().map(|name| Line::raw(format!("     {}", text::safe(name)))));
    lines
}

/// Below an empty row, on as many rows as it takes: the end of an answer says what to do.
fn whole(app: &App, role: Role, answer: &str, width: usize) -> Vec<Line<'static>> {
    let rows = Wrap::Words.rows(answer, width.max(1)).into_iter().map(|piece| Line::styled(piece, app.style(role)));
    std::iter::once(Line::default()).chain(rows).collect()
}
