//! The model -> one frame. Changes nothing, and draws only what is visible.
//!
//! Header, tabs, body, then what waits, the message and the keys. Small windows lose the least important first; none
//! is too small to say so.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;

use crate::model::catalogue::EffectClass;
use crate::text;

use super::app::{App, Now, StepPart};
use super::bars;
use super::glyph::{self, Glyphs};
use super::keys;
use super::pane::{self, Pane};
use super::theme::Role;

/// From this width on a plan and its step stand side by side; from `WIDE` on, the runs beside them.
const SPLIT: u16 = 100;
const WIDE: u16 = 160;
const RUNS_COLUMNS: u16 = 46;
/// Rows of output below a plan that has the whole width.
const STRIP: u16 = 6;

/// Where everything is. Empty areas are not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub header: Rect,
    pub tabs: Rect,
    pub plan: Rect,
    pub step: Rect,
    pub strip: Rect,
    pub log: Rect,
    pub why: Rect,
    pub runs: Rect,
    pub inbox: Rect,
    pub intent: Rect,
    pub services: Rect,
    pub body: Rect,
    pub card: Rect,
    pub banner: Rect,
    pub message: Rect,
    pub footer: Rect,
}

impl Layout {
    pub fn of(app: &App) -> Self {
        let (width, height) = app.size;
        let mut rest = Rect::new(0, 0, width, height);
        let mut layout = Self { header: take_top(&mut rest, 1), ..Self::default() };
        layout.footer = take_bottom(&mut rest, u16::from(height >= 3));
        let message = if height < 12 { bars::message_rows(app).len().min(1) } else { bars::message_rows(app).len() };
        let message = u16::try_from(message.max(usize::from(app.prompt.is_some()))).unwrap_or(1);
        layout.message = take_bottom(&mut rest, if height >= 4 { message } else { 0 });
        layout.banner = take_bottom(&mut rest, u16::from(height >= 4 && app.waiting() > 0));
        layout.tabs = take_top(&mut rest, u16::from(height >= 9));
        let card = app.card_rows(rest.height);
        layout.card = take_bottom(&mut rest, card);
        layout.body = rest;
        layout.panes(app);
        layout
    }

    fn panes(&mut self, app: &App) {
        let body = self.body;
        match app.pane {
            Pane::Intent => self.intent = body,
            Pane::Services => self.services = body,
            Pane::Log => self.log = body,
            Pane::Inbox => self.inbox = body,
            Pane::Why if body.width < SPLIT => self.why = body,
            Pane::Runs if body.width < WIDE => self.runs = body,
            Pane::Plan | Pane::Step | Pane::Why | Pane::Runs if body.width >= SPLIT => {
                let runs = if body.width >= WIDE { RUNS_COLUMNS } else { 0 };
                let plan = (body.width - runs) / 2;
                self.runs = Rect { width: runs, ..body };
                self.plan = Rect { x: body.x + runs, width: plan, ..body };
                let right = Rect { x: body.x + runs + plan, width: body.width - runs - plan, ..body };
                (self.step, self.why) = if app.pane == Pane::Why { (Rect::default(), right) } else { (right, Rect::default()) };
                self.runs.width = self.runs.width.saturating_sub(1);
                self.plan.width -= 1;
            }
            Pane::Step => self.step = body,
            Pane::Plan | Pane::Why | Pane::Runs => {
                // A step that wrote nothing leaves its rows to the plan.
                let wrote = app.natural_part() == StepPart::Output;
                let strip = if app.workflow().is_some() && wrote && body.height >= STRIP + 7 { STRIP } else { 0 };
                self.plan = Rect { height: body.height - strip, ..body };
                self.strip = Rect { y: body.y + self.plan.height, height: strip, ..body };
            }
        }
    }
}

fn take_top(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let taken = Rect { height: rows, ..*rest };
    rest.y += rows;
    rest.height -= rows;
    taken
}

fn take_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    rest.height -= rows;
    Rect { y: rest.y + rest.height, height: rows, ..*rest }
}

/// Rows of the list that has the keys.
pub fn pane_rows(app: &App) -> usize {
    let layout = Layout::of(app);
    let area = match app.pane {
        Pane::Plan | Pane::Intent => layout.plan,
        Pane::Step => layout.step,
        Pane::Log => layout.log,
        Pane::Why => layout.why,
        Pane::Runs => layout.runs,
        Pane::Services => layout.services,
        Pane::Inbox => return pane::inbox::list_rows(layout.inbox),
    };
    usize::from(area.height.saturating_sub(1))
}

pub fn output_rows(app: &App) -> usize {
    if app.pane == Pane::Log {
        return pane_rows(app);
    }
    pane::step::output_area(app, Layout::of(app).step).map_or(0, |area| usize::from(area.height))
}

pub fn why_len(app: &App, now: Now) -> usize {
    pane::why::lines(app, now, Layout::of(app).why.width).len()
}

pub fn operation_len(app: &App) -> usize {
    pane::services::facts_len(app, Layout::of(app).services)
}

pub fn facts_len(app: &App, now: Now) -> usize {
    pane::step::facts_len(app, now, Layout::of(app).step.width)
}

pub fn help_rows(app: &App) -> usize {
    usize::from(Layout::of(app).body.height.saturating_sub(1))
}

/// Some attempt's output has a place on the screen.
pub fn shows_output(app: &App) -> bool {
    let layout = Layout::of(app);
    let in_step = !layout.step.is_empty() && app.step_part() == StepPart::Output && app.help.is_none();
    in_step || (!layout.strip.is_empty() || !layout.log.is_empty()) && app.help.is_none()
}

/// One line in one row, cut at the area.
pub fn put(buffer: &mut Buffer, area: Rect, line: Line<'_>) {
    line.render(area.intersection(buffer.area), buffer);
}

pub fn view(app: &App, now: Now) -> (Buffer, Option<Position>) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    buffer.set_style(buffer.area, app.style(Role::Text));
    let layout = Layout::of(app);
    put(&mut buffer, layout.header, bars::header(app, now));
    put(&mut buffer, layout.tabs, bars::tabs(app));
    let cursor = body(app, &layout, now, &mut buffer);
    put(&mut buffer, layout.banner, bars::banner(app));
    super::card::draw(app, layout.card, now, &mut buffer);
    let (line, typed_at) = bars::prompt(app);
    put(&mut buffer, layout.message, line);
    for (row, line) in (0..layout.message.height).zip(bars::message_rows(app)) {
        put(&mut buffer, Rect { y: layout.message.y + row, height: 1, ..layout.message }, line);
    }
    let cursor = typed_at.map_or(cursor, |column| Some(Position::new(layout.message.x + column, layout.message.y)));
    put(&mut buffer, layout.footer, bars::footer(app));
    let cursor = super::palette::draw(app, &layout, &mut buffer).or(cursor);
    let cursor = match &app.dialog {
        Some(dialog) if app.help.is_none() => super::dialog::draw(app, dialog, now.mono, &mut buffer),
        Some(_) | None => cursor,
    };
    if app.settings.glyphs == Glyphs::Ascii {
        glyph::to_ascii(&mut buffer);
    }
    let inside = |at: &Position| at.x < app.size.0 && at.y < app.size.1;
    (buffer, cursor.filter(inside))
}

fn body(app: &App, layout: &Layout, now: Now, buffer: &mut Buffer) -> Option<Position> {
    if let Some(top) = app.help {
        draw_help(app, layout.body, top, buffer);
        return None;
    }
    if layout.body.height < 2 || layout.body.width < 10 {
        put(buffer, layout.body, Line::raw("enlarge the window"));
        return None;
    }
    divide(app, layout, buffer);
    pane::plan::draw(app, layout.plan, now, buffer);
    pane::step::draw(app, layout.step, now, buffer);
    pane::step::draw_strip(app, layout.strip, buffer);
    pane::log::draw(app, layout.log, buffer);
    pane::why::draw(app, layout.why, now, buffer);
    pane::inbox::draw(app, layout.inbox, now, buffer);
    pane::runs::draw(app, layout.runs, now, buffer);
    pane::services::draw(app, layout.services, buffer);
    pane::intent::draw(app, layout.intent, buffer)
}

/// A line between panes that stand side by side.
fn divide(app: &App, layout: &Layout, buffer: &mut Buffer) {
    let beside = [(layout.runs, layout.plan), (layout.plan, layout.step), (layout.plan, layout.why)];
    for (left, _) in beside.into_iter().filter(|(left, right)| !left.is_empty() && !right.is_empty()) {
        for row in left.y..left.bottom() {
            let line = if row == left.y { "┬" } else { "│" };
            put(buffer, Rect::new(left.right(), row, 1, 1), Line::styled(line, app.style(Role::Border)));
        }
    }
}

/// A pane's title row: a rule with the name in it, marked where the keys go.
pub fn title(app: &App, area: Rect, pane: Option<Pane>, name: &str, buffer: &mut Buffer) -> Rect {
    let has_keys = pane == Some(app.pane);
    let role = if has_keys { Role::Title } else { Role::Muted };
    let wide = usize::from(area.width);
    let name = text::clip(name, wide.saturating_sub(4));
    let rest = wide.saturating_sub(text::width(&name) + 3);
    let lead = if has_keys { "▸ " } else { "─ " };
    let spans = vec![
        Span::styled(lead, app.style(if has_keys { Role::Accent } else { Role::Border })),
        Span::styled(name, app.style(role)),
        Span::styled(format!(" {}", "─".repeat(rest)), app.style(Role::Border)),
    ];
    put(buffer, Rect { height: area.height.min(1), ..area }, Line::from(spans));
    Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area }
}

/// `▼ 7 more` at the end of the title above the rows, so that it covers none of them.
pub fn more_below(app: &App, rows: Rect, below: usize, buffer: &mut Buffer) {
    let rule = Rect { y: rows.y.saturating_sub(1), height: rows.height.min(1), ..rows };
    more_on(app, rule, below, buffer);
}

/// The same on a rule of its own. Where a name leaves little of the rule it gets shorter.
pub fn more_on(app: &App, rule: Rect, below: usize, buffer: &mut Buffer) {
    if below == 0 || rule.is_empty() {
        return;
    }
    let free = (rule.x..rule.right()).rev().take_while(|x| matches!(buffer[(*x, rule.y)].symbol(), "─" | " ")).count();
    let notes = [format!(" ▼ {below} more "), format!(" ▼ {below} "), format!(" ▼{below}"), " ▼".to_owned()];
    let Some(note) = notes.into_iter().find(|note| text::width(note) <= free) else { return };
    let wide = u16::try_from(text::width(&note)).unwrap_or(0);
    let edge = u16::from(usize::from(wide) < free);
    let at = Rect { x: rule.right().saturating_sub(wide + edge), width: wide, ..rule };
    put(buffer, at, Line::styled(note, app.style(Role::Warn)));
}

fn draw_help(app: &App, area: Rect, top: usize, buffer: &mut Buffer) {
    let rest = title(app, area, Some(app.pane), "help: every key that does something · Space pages", buffer);
    let rows = keys::help();
    for (at, (names, meaning)) in rows.iter().skip(top).take(usize::from(rest.height)).enumerate() {
        let row = Rect { y: rest.y + u16::try_from(at).unwrap_or(0), height: 1, ..rest };
        let line = if names.is_empty() {
            Line::styled(format!(" {meaning}"), app.style(Role::Accent))
        } else {
            Line::from(vec![
                Span::styled(format!("   {names:<16}"), app.style(Role::Key)),
                Span::styled(meaning.clone(), app.style(Role::Text)),
            ])
        };
        put(buffer, row, line);
    }
    more_below(app, rest, rows.len().saturating_sub(top + usize::from(rest.height)), buffer);
}

/// Exactly so many cells.
pub fn cell(text: &str, cells: usize) -> String {
    let cut = text::clip(text, cells);
    let pad = cells.saturating_sub(text::width(&cut));
    format!("{cut}{}", " ".repeat(pad))
}

/// Effect of a proposal's step, for rows: nothing for a read, so that what changes stands out.
pub fn effect_word(effect: EffectClass) -> &'static str {
    match effect {
        EffectClass::Read => "read",
        EffectClass::Mutate => "CHANGES",
        EffectClass::Destroy => "DESTROYS",
    }
}
