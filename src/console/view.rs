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

use super::app::{App, LinkState, Now, StepPart, Subject};
use super::glyph::{self, Glyphs};
use super::keys::{self, Chord, Place};
use super::pane::{self, Pane};
use super::phrase;
use super::theme::Role;
use super::update::is_for_now;

/// From this width on a plan and its step stand side by side; from `WIDE` on, the runs beside them.
const SPLIT: u16 = 100;
const WIDE: u16 = 160;
const RUNS_COLUMNS: u16 = 46;
/// Cells that the name of the run is worth more than clock and link.
const CRUMBS: usize = 38;
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
    pub runs: Rect,
    pub intent: Rect,
    pub body: Rect,
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
        layout.message = take_bottom(&mut rest, u16::from(height >= 4 && app.message.is_some()));
        layout.banner = take_bottom(&mut rest, u16::from(height >= 4 && app.waiting() > 0));
        layout.tabs = take_top(&mut rest, u16::from(height >= 9));
        layout.body = rest;
        layout.panes(app);
        layout
    }

    fn panes(&mut self, app: &App) {
        let body = self.body;
        match app.pane {
            Pane::Intent => self.intent = body,
            Pane::Runs if body.width < WIDE => self.runs = body,
            Pane::Plan | Pane::Step | Pane::Runs if body.width >= SPLIT => {
                let runs = if body.width >= WIDE { RUNS_COLUMNS } else { 0 };
                let plan = (body.width - runs) / 2;
                self.runs = Rect { width: runs, ..body };
                self.plan = Rect { x: body.x + runs, width: plan, ..body };
                self.step = Rect { x: body.x + runs + plan, width: body.width - runs - plan, ..body };
                self.runs.width = self.runs.width.saturating_sub(1);
                self.plan.width -= 1;
            }
            Pane::Step => self.step = body,
            Pane::Plan | Pane::Runs => {
                let strip = if app.workflow().is_some() && body.height >= STRIP + 7 { STRIP } else { 0 };
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
        Pane::Runs => layout.runs,
    };
    usize::from(area.height.saturating_sub(1))
}

pub fn output_rows(app: &App) -> usize {
    pane::step::output_area(app, Layout::of(app).step).map_or(0, |area| usize::from(area.height))
}

pub fn help_rows(app: &App) -> usize {
    usize::from(Layout::of(app).body.height.saturating_sub(1))
}

/// Some attempt's output has a place on the screen.
pub fn shows_output(app: &App) -> bool {
    let layout = Layout::of(app);
    let in_step = !layout.step.is_empty() && app.step_part() == StepPart::Output && app.help.is_none();
    in_step || !layout.strip.is_empty() && app.help.is_none()
}

/// One line in one row, cut at the area.
pub fn put(buffer: &mut Buffer, area: Rect, line: Line<'_>) {
    line.render(area.intersection(buffer.area), buffer);
}

pub fn view(app: &App, now: Now) -> (Buffer, Option<Position>) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    buffer.set_style(buffer.area, app.style(Role::Text));
    let layout = Layout::of(app);
    put(&mut buffer, layout.header, header(app, now));
    put(&mut buffer, layout.tabs, tabs(app));
    let cursor = body(app, &layout, now, &mut buffer);
    put(&mut buffer, layout.banner, banner(app));
    put(&mut buffer, layout.message, message(app));
    put(&mut buffer, layout.footer, footer(app));
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
    pane::runs::draw(app, layout.runs, now, buffer);
    pane::intent::draw(app, layout.intent, buffer)
}

/// A line between panes that stand side by side.
fn divide(app: &App, layout: &Layout, buffer: &mut Buffer) {
    let beside = [(layout.runs, layout.plan), (layout.plan, layout.step)];
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

fn header(app: &App, now: Now) -> Line<'static> {
    let wide = usize::from(app.size.0);
    let (state_role, state) = state(app);
    let waits = match app.waiting() {
        0 => String::new(),
        count => format!("  !{count}"),
    };
    let time = elapsed(app, now);
    let link = match &app.link_state {
        LinkState::Live => format!("  ◆ {}", text::safe(&app.link)),
        LinkState::Rejoining { .. } => "  ◇ ENGINE ENDED, REJOINING".to_owned(),
        LinkState::Gone { .. } => "  ◇ ENGINE GONE".to_owned(),
    };
    let mut room = wide.saturating_sub(text::width(&state) + text::width(&waits) + 2);
    let mut keep = |part: String| {
        let fits = text::width(&part) + CRUMBS <= room;
        room -= if fits { text::width(&part) } else { 0 };
        if fits { part } else { String::new() }
    };
    let (link, time) = if app.link_state != LinkState::Live {
        (keep(link), keep(time))
    } else {
        let time = keep(time);
        (keep(link), time)
    };
    let name = crumbs(app, room.saturating_sub(2));
    let pad = room.saturating_sub(text::width(&name));
    Line::from(vec![
        Span::styled(name, app.style(Role::Title)),
        Span::raw(" ".repeat(pad.min(3))),
        Span::styled(state, app.style(state_role)),
        Span::styled(waits, app.style(Role::Bad)),
        Span::styled(time, app.style(Role::Muted)),
        Span::raw(" ".repeat(pad.saturating_sub(3))),
        Span::styled(link, app.style(Role::Muted)),
    ])
}

/// Where we are. The run's id stays longest, the title gives way first.
fn crumbs(app: &App, room: usize) -> String {
    let host = text::safe(&app.host);
    let (title, last) = match (&app.subject, app.workflow()) {
        (Subject::Nothing, _) => return text::clip(&format!(" ouioe  {host}"), room),
        (Subject::Proposal, _) => (app.proposal.as_ref().map_or("", |proposal| &proposal.plan.title), "proposed".to_owned()),
        (Subject::Run(run), workflow) => (workflow.map_or("", |workflow| &workflow.title), text::safe(run.as_str())),
    };
    let around = text::width(&format!(" ouioe  {host} ▸  ▸ {last}"));
    match room.checked_sub(around).filter(|left| *left >= 4) {
        Some(left) => format!(" ouioe  {host} ▸ {} ▸ {last}", text::clip(&text::safe(title), left)),
        None => text::clip(&format!(" {last}"), room),
    }
}

fn state(app: &App) -> (Role, String) {
    match (&app.subject, app.workflow()) {
        (Subject::Nothing, _) => (Role::Muted, "no run open".to_owned()),
        (Subject::Proposal, _) => (Role::Warn, "NOTHING RUNS YET".to_owned()),
        (Subject::Run(_), None) => (Role::Unknown, "NOT KNOWN HERE".to_owned()),
        (Subject::Run(_), Some(workflow)) => {
            let role = if workflow.waits_for_person() || workflow.parked { Role::Warn } else { Role::of_run(workflow) };
            (role, format!("{} {}/{}", phrase::workflow(workflow), workflow.counts.settled, workflow.steps.len()))
        }
    }
}

/// A clock that moves only while the run does; else when it began.
fn elapsed(app: &App, now: Now) -> String {
    let Some(workflow) = app.workflow() else { return String::new() };
    let Some(started) = workflow.started else { return String::new() };
    match workflow.finished {
        Some(finished) => format!("  took {}", phrase::span(finished.since(started))),
        None if app.is_ticking() => format!("  {}", phrase::span(now.wall.since(started))),
        None => format!("  since {}", phrase::clock(started, &app.settings.zone)),
    }
}

fn tabs(app: &App) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for pane in Pane::ALL {
        let count = match pane {
            Pane::Runs if !app.runs.is_empty() => format!("({})", app.runs.len()),
            Pane::Plan | Pane::Step | Pane::Runs | Pane::Intent => String::new(),
        };
        let here = pane == app.pane && app.help.is_none();
        let name = format!("{} {}{count}", pane.key(), pane.title());
        spans.push(if here {
            Span::styled(format!("[{name}]"), app.style(Role::Accent))
        } else {
            Span::styled(format!(" {name} "), app.style(Role::Muted))
        });
    }
    spans.push(Span::styled(format!("   {}", text::safe(&app.actor.to_string())), app.style(Role::Muted)));
    Line::from(spans)
}

fn banner(app: &App) -> Line<'static> {
    let Some((workflow, open)) = app.oldest_question() else { return Line::default() };
    let what = match open.step.and_then(|ix| workflow.graph().map(|graph| graph.step(ix).id.clone())) {
        Some(step) => format!("{}/{}", workflow.run, step),
        None => workflow.run.to_string(),
    };
    let count = match app.waiting() {
        1 => "1 decision WAITS".to_owned(),
        many => format!("{many} decisions WAIT"),
    };
    let asked = phrase::clock(open.asked, &app.settings.zone);
    let line = format!(" ! {count} on {} since {asked}   press A to open it ", text::safe(&what));
    let short = format!(" ! {count}  press A ");
    let line = if text::width(&line) > usize::from(app.size.0) { short } else { line };
    Line::styled(line, app.style(Role::Banner))
}

fn message(app: &App) -> Line<'static> {
    app.message.as_ref().map_or_else(Line::default, |message| {
        let room = usize::from(app.size.0).saturating_sub(1);
        Line::styled(format!(" {}", text::clip(&message.text, room)), app.style(message.role))
    })
}

fn footer(app: &App) -> Line<'static> {
    let place = if app.help.is_some() {
        Place::Help
    } else if app.dialog.is_some() {
        Place::Dialog
    } else {
        app.pane.into()
    };
    let mut spans = vec![Span::raw(" ")];
    let mut used: Vec<&Chord> = Vec::new();
    let (mut room, last) = (usize::from(app.size.0).saturating_sub(1), "? help");
    let with_help = !matches!(place, Place::Intent | Place::Dialog | Place::Help);
    room = room.saturating_sub(if with_help { last.len() + 1 } else { 0 });
    for row in keys::TABLE.iter().filter(|row| row.places.contains(&place) && !row.hint.is_empty() && row.hint != "help") {
        let Some(chord) = row.chords.iter().find(|chord| !used.contains(chord)).filter(|_| is_for_now(app, row.act)) else { continue };
        used.extend(row.chords);
        let (name, hint) = (keys::chord_name(chord), format!(" {}  ", row.hint));
        let wide = text::width(&name) + text::width(&hint);
        if wide > room {
            continue;
        }
        room -= wide;
        spans.push(Span::styled(name, app.style(Role::Key)));
        spans.push(Span::styled(hint, app.style(Role::Muted)));
    }
    if with_help {
        spans.push(Span::styled("?", app.style(Role::Key)));
        spans.push(Span::styled(" help", app.style(Role::Muted)));
    }
    Line::from(spans)
}

fn draw_help(app: &App, area: Rect, top: usize, buffer: &mut Buffer) {
    let rest = title(app, area, Some(app.pane), "help: every key that does something", buffer);
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
    let below = rows.len().saturating_sub(top + usize::from(rest.height));
    if below > 0 && rest.width > 20 {
        let at = Rect { x: rest.right() - 14, y: rest.bottom() - 1, width: 14, height: 1 };
        put(buffer, at, Line::styled(format!("{:>13} ", format!("▼ {below} more")), app.style(Role::Warn)));
    }
}

/// Effect of a proposal's step, for rows: nothing for a read, so that what changes stands out.
pub fn effect_word(effect: EffectClass) -> &'static str {
    match effect {
        EffectClass::Read => "read",
        EffectClass::Mutate => "CHANGES",
        EffectClass::Destroy => "DESTROYS",
    }
}
