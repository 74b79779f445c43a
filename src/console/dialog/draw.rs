//! A dialog on the screen: frame, parts, choices, and the bar that shows when it may be answered.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};

use crate::text;

use super::super::app::App;
use super::super::theme::Role;
use super::super::view::put;
use super::super::widget::scroll::top_for;
use super::{Dialog, Effort, End, Locked};
use crate::model::time::Millis;

/// Widest dialog; a longer line is harder to read than to scroll.
const WIDTH: u16 = 100;
const LEAST_WIDTH: u16 = 24;
/// Rows of the parts that choices leave alone where both do not fit.
const LEAST_PARTS: u16 = 3;

/// Where the parts of the dialog are. All zero: it does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub area: Rect,
    pub inner_width: u16,
    pub part_rows: u16,
    /// Fewer than there are choices: those around the mark are shown.
    pub choice_rows: u16,
    /// Lines between the three parts and the line about digest and request are shown.
    pub roomy: bool,
}

impl Frame {
    pub fn of(size: (u16, u16), dialog: &Dialog) -> Self {
        let (width, height) = (size.0.min(WIDTH), size.1.saturating_sub(2));
        let choices = u16::try_from(dialog.choices.len()).unwrap_or(u16::MAX);
        let parts = u16::try_from(dialog.rows.len()).unwrap_or(u16::MAX).max(1);
        // What is typed, and: border, two rules, two status lines, border; without room only the borders and one status line.
        let roomy = height >= choices.saturating_add(1 + 6 + 4);
        let fixed = if roomy { 7 } else { 4 };
        let Some(room) = height.checked_sub(fixed).filter(|room| *room >= 2 && width >= LEAST_WIDTH) else { return Self::default() };
        let choice_rows = room.saturating_sub(parts.min(LEAST_PARTS)).max(room / 2).min(choices).max(1);
        let part_rows = (room - choice_rows).min(parts);
        let full = fixed + part_rows + choice_rows;
        let area = Rect::new((size.0 - width) / 2, 1 + (height - full) / 2, width, full);
        Self { area, inner_width: width.saturating_sub(4), part_rows, choice_rows, roomy }
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
    let shown = usize::from(dialog.frame.choice_rows);
    let first = top_for(0, dialog.focus, shown, dialog.choices.len());
    for at in (first..dialog.choices.len()).take(shown) {
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
    let place = dialog.basis.place(app).map_or_else(String::new, |(at, all)| format!("· {at} of {all} that wait "));
    let title = text::clip(&format!(" {} ", dialog.title), wide.saturating_sub(2 + text::width(&place))) + &place;
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

/// One row: the longer way to say it where that fits.
fn status(app: &App, dialog: &Dialog, now: Millis) -> Line<'static> {
    let (role, long, short) = said(app, dialog, now);
    let fits = text::width(&long) <= usize::from(dialog.frame.inner_width);
    Line::styled(if fits { long } else { short }, app.style(role))
}

fn said(app: &App, dialog: &Dialog, now: Millis) -> (Role, String, String) {
    if dialog.stale.is_some() {
        let long = "CHANGED since you looked: nothing was sent, Esc closes".to_owned();
        return (Role::Bad, long, "CHANGED: not sent, Esc closes".to_owned());
    }
    let deciding = dialog.choices.iter().find_map(|choice| dialog.locked(choice, now, app.settings.arming));
    match deciding {
        Some(Locked::EndUnseen) if dialog.arming.shown.is_some() || dialog.end == End::Unseen && dialog.below() > 0 => {
            let more = dialog.below();
            let long = format!("locked until you have seen it all: ▼ {more} more lines (PgDn)");
            (Role::Warn, long, format!("locked: PgDn, ▼ {more} more lines"))
        }
        Some(Locked::Arming | Locked::EndUnseen | Locked::Stale) => {
            let full = usize::try_from(dialog.arming.quarters(now, app.settings.arming)).unwrap_or(4).min(4);
            let bar = format!("keys arm in {}{}", "▮".repeat(full), "▯".repeat(4 - full));
            (Role::Warn, format!("{bar}   focus starts on close"), bar)
        }
        None => {
            let long = "Enter acts on ▸ only   Up/Down choose   Esc closes".to_owned();
            (Role::Muted, long, format!("Enter acts on ▸, Up: {} choices", dialog.choices.len()))
        }
    }
}
