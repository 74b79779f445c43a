//! A dialog on the screen: frame, parts, choices, and the bar that shows when it may be answered.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};

use crate::text;

use super::super::app::App;
use super::super::theme::Role;
use super::super::view::put;
use super::{Dialog, Effort, End, Locked};
use crate::model::time::Millis;

/// Widest dialog; a longer line is harder to read than to scroll.
const WIDTH: u16 = 100;
const LEAST_WIDTH: u16 = 24;

/// Where the parts of the dialog are. All zero: it does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub area: Rect,
    pub inner_width: u16,
    pub part_rows: u16,
    /// Lines between the three parts and the line about digest and request are shown.
    pub roomy: bool,
}

impl Frame {
    pub fn of(size: (u16, u16), dialog: &Dialog) -> Self {
        let (width, height) = (size.0.min(WIDTH), size.1.saturating_sub(2));
        let choices = u16::try_from(dialog.choices.len()).unwrap_or(u16::MAX).saturating_add(1);
        let parts = u16::try_from(dialog.rows.len()).unwrap_or(u16::MAX).max(1);
        // Border, two rules, two status lines, border; without room only the borders and one status line.
        let (fixed, roomy) = if height >= choices.saturating_add(6 + 4) { (choices + 6, true) } else { (choices.saturating_add(3), false) };
        let Some(room) = height.checked_sub(fixed).filter(|room| *room > 0 && width >= LEAST_WIDTH) else { return Self::default() };
        let part_rows = room.min(parts);
        let full = fixed + part_rows;
        let area = Rect::new((size.0 - width) / 2, 1 + (height - full) / 2, width, full);
        Self { area, inner_width: width.saturating_sub(4), part_rows, roomy }
    }
}

/// Returns where the cursor is, if something is typed.
pub fn draw(app: &App, dialog: &Dialog, now: Millis, buffer: &mut Buffer) -> Option<Position> {
    let area = dialog.frame.area;
    if area.is_empty() {
        let line = Line::styled("too small to decide: enlarge, or Esc", app.style(Role::Banner));
        put(buffer, Rect::new(0, 1, app.size.0, 1), line);
        return None;
    }
    Clear.render(area, buffer);
    buffer.set_style(area, app.style(Role::Text));
    border(app, dialog, area, buffer);
    let mut row = area.y + 1;
    for (role, line) in dialog.rows.iter().skip(dialog.top).take(dialog.visible()) {
        let (label, rest) = line.split_at(line.char_indices().nth(8).map_or(line.len(), |(at, _)| at));
        let spans = vec![Span::styled(label.to_owned(), app.style(Role::Accent)), Span::styled(rest.to_owned(), app.style(*role))];
        put(buffer, inner(area, row), Line::from(spans));
        row += 1;
    }
    if dialog.frame.roomy {
        rule(app, area, row, below(dialog), buffer);
        row += 1;
    }
    for at in 0..dialog.choices.len() {
        put(buffer, inner(area, row), choice_line(app, dialog, at, now));
        row += 1;
    }
    let cursor = field_line(app, dialog, area, row, buffer);
    row += 1;
    if dialog.frame.roomy {
        rule(app, area, row, String::new(), buffer);
        put(buffer, inner(area, row + 1), Line::styled(dialog.about.clone(), app.style(Role::Muted)));
        row += 2;
    }
    put(buffer, inner(area, row), status(app, dialog, now));
    cursor
}

fn inner(area: Rect, row: u16) -> Rect {
    Rect::new(area.x + 2, row, area.width.saturating_sub(4), 1)
}

fn border(app: &App, dialog: &Dialog, area: Rect, buffer: &mut Buffer) {
    let style = app.style(Role::Border);
    let wide = usize::from(area.width.saturating_sub(2));
    let title = text::clip(&format!(" {} ", dialog.title), wide.saturating_sub(2));
    let rest = wide.saturating_sub(text::width(&title) + 1);
    let top =
        vec![Span::styled("┌─", style), Span::styled(title, app.style(Role::Title)), Span::styled(format!("{}┐", "─".repeat(rest)), style)];
    put(buffer, Rect { height: 1, ..area }, Line::from(top));
    for row in area.y + 1..area.bottom() - 1 {
        put(buffer, Rect::new(area.x, row, 1, 1), Line::styled("│", style));
        put(buffer, Rect::new(area.right() - 1, row, 1, 1), Line::styled("│", style));
    }
    put(buffer, Rect { y: area.bottom() - 1, height: 1, ..area }, Line::styled(format!("└{}┘", "─".repeat(wide)), style));
}

fn rule(app: &App, area: Rect, row: u16, note: String, buffer: &mut Buffer) {
    let wide = usize::from(area.width.saturating_sub(2));
    let rest = wide.saturating_sub(text::width(&note));
    let spans = vec![
        Span::styled("├", app.style(Role::Border)),
        Span::styled(note, app.style(Role::Warn)),
        Span::styled(format!("{}┤", "─".repeat(rest)), app.style(Role::Border)),
    ];
    put(buffer, Rect { y: row, height: 1, ..area }, Line::from(spans));
}

fn below(dialog: &Dialog) -> String {
    match dialog.below() {
        0 => String::new(),
        more => format!("─ ▼ {more} more lines ─ PgDn "),
    }
}

fn choice_line(app: &App, dialog: &Dialog, at: usize, now: Millis) -> Line<'static> {
    let choice = &dialog.choices[at];
    let locked = dialog.locked(choice, now, app.settings.arming).is_some();
    let style = if locked { app.style(Role::Muted) } else { app.style(Role::Text) };
    let mark = if at == dialog.focus { "▸ " } else { "  " };
    let key = if locked { app.style(Role::Muted) } else { app.style(Role::Key) };
    let room = usize::from(dialog.frame.inner_width);
    let what = text::clip(&choice.what, room.saturating_sub(5));
    let pad = room.saturating_sub(5 + text::width(&what) + text::width(&choice.note));
    let mut spans = vec![
        Span::styled(mark, app.style(Role::Accent)),
        Span::styled(choice.verb.letter.to_string(), key),
        Span::styled(format!("  {what}"), style),
    ];
    if pad > 1 && !choice.note.is_empty() {
        spans.push(Span::styled(format!("{}{}", " ".repeat(pad), choice.note), app.style(Role::Muted)));
    }
    Line::from(spans)
}

fn field_line(app: &App, dialog: &Dialog, area: Rect, row: u16, buffer: &mut Buffer) -> Option<Position> {
    let (editor, choice) = (dialog.field.as_ref()?, &dialog.choices[dialog.focus]);
    let ask = match &choice.effort {
        Effort::Word(word) => format!("     type {} to {}: ", super::super::phrase::exact(word), choice.verb.name),
        Effort::Sentence => "     how do you know? ".to_owned(),
        Effort::Letter | Effort::Enter => return None,
    };
    let room = usize::from(dialog.frame.inner_width).saturating_sub(text::width(&ask) + 1);
    let (lines, (line, column)) = editor.wrapped(room);
    let typed = lines.get(line).cloned().unwrap_or_default();
    let at = inner(area, row);
    let x = at.x + u16::try_from(text::width(&ask) + column).unwrap_or(0);
    put(buffer, at, Line::from(vec![Span::styled(ask, app.style(Role::Warn)), Span::styled(typed, app.style(Role::Input))]));
    Some(Position::new(x.min(area.right().saturating_sub(2)), row))
}

fn status(app: &App, dialog: &Dialog, now: Millis) -> Line<'static> {
    if let Some(why) = &dialog.stale {
        return Line::styled(format!("CHANGED: {why}"), app.style(Role::Bad));
    }
    let deciding = dialog.choices.iter().find_map(|choice| dialog.locked(choice, now, app.settings.arming));
    match deciding {
        Some(Locked::EndUnseen) if dialog.arming.shown.is_some() || dialog.end == End::Unseen && dialog.below() > 0 => {
            Line::styled(format!("locked until you have seen it all: ▼ {} more lines (PgDn)", dialog.below()), app.style(Role::Warn))
        }
        Some(Locked::Arming | Locked::EndUnseen | Locked::Stale) => {
            let full = usize::try_from(dialog.arming.quarters(now, app.settings.arming)).unwrap_or(4).min(4);
            let bar = format!("{}{}", "▮".repeat(full), "▯".repeat(4 - full));
            Line::styled(format!("keys arm in {bar}   focus starts on close"), app.style(Role::Muted))
        }
        None => Line::styled("Enter acts on ▸ only   ↑↓ choose   Esc close", app.style(Role::Muted)),
    }
}
