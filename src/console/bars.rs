//! The single rows around the panes: header, tabs, what waits, the message or what is typed, the keys.

use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::text;

use super::app::{App, LinkState, Now, Subject};
use super::keys::{self, Act, Chord, Place};
use super::pane::Pane;
use super::phrase;
use super::theme::Role;
use super::update::is_for_now;
use super::widget::wrap::Wrap;
use crate::model::step_state::WorkflowState;

/// Below this width verbs need the room.
const NARROW: u16 = 60;
/// Rows that a message may take.
const MESSAGE: usize = 3;
/// Cells that the name of the run is worth more than clock and link.
const CRUMBS: usize = 38;
/// The engine is in another process.
const JOINED: &str = "  ◆ joined";

pub fn header(app: &App, now: Now) -> Line<'static> {
    let wide = usize::from(app.size.0);
    let (state_role, state) = state(app);
    let waits = match app.waiting() {
        0 => String::new(),
        count => format!("  !{count}"),
    };
    let frozen = match app.state.frozen.len() {
        0 => String::new(),
        many => format!("  {many} FROZEN"),
    };
    let waits = waits + &frozen;
    let time = elapsed(app, now);
    let link = match &app.link_state {
        LinkState::Live if app.in_process => format!("  ◆ {}", text::safe(&app.link)),
        LinkState::Live => format!(" {}", text::safe(&app.link)),
        LinkState::Rejoining { .. } => "  ◇ ENGINE ENDED, REJOINING".to_owned(),
        LinkState::Gone { .. } => "  ◇ ENGINE GONE".to_owned(),
    };
    let mut room = wide.saturating_sub(text::width(&state) + text::width(&waits) + 2);
    // That the engine is another process counts more than the clock, and than its name.
    let joined = if !app.in_process && app.link_state == LinkState::Live && wide >= usize::from(NARROW) { JOINED } else { "" };
    room = room.saturating_sub(text::width(joined));
    let mut keep = |part: String| {
        let fits = text::width(&part) + CRUMBS <= room;
        room -= if fits { text::width(&part) } else { 0 };
        if fits { part } else { String::new() }
    };
    let (link, time) = if app.link_state == LinkState::Live {
        let time = keep(time);
        (keep(link), time)
    } else {
        (keep(link), keep(time))
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
        Span::styled(joined, app.style(Role::Muted)),
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
    if let Some(asked) = workflow.questions.values().map(|open| open.asked).min().filter(|_| workflow.waits_for_person()) {
        return format!("  since {}", phrase::clock(asked, &app.settings.zone));
    }
    match workflow.finished {
        Some(finished) => format!("  took {}", phrase::span(finished.since(started))),
        None if app.is_ticking() => format!("  {}", phrase::span(now.wall.since(started))),
        None => format!("  since {}", phrase::clock(started, &app.settings.zone)),
    }
}

/// With little room only the open one has its name.
pub fn tabs(app: &App) -> Line<'static> {
    let width = usize::from(app.size.0);
    let names: Vec<String> = Pane::ALL.into_iter().map(|pane| tab(app, pane)).collect();
    let taken = names.iter().map(|name| text::width(name) + 2).sum::<usize>() + 1;
    let roomy = taken <= width;
    let mut spans = vec![Span::raw(" ")];
    for (pane, name) in Pane::ALL.into_iter().zip(names) {
        spans.push(match (pane == app.pane && app.help.is_none(), roomy) {
            (true, _) => Span::styled(format!("[{name}]"), app.style(Role::Accent)),
            (false, true) => Span::styled(format!(" {name} "), app.style(Role::Muted)),
            (false, false) => Span::styled(format!(" {} ", key(app, pane)), app.style(Role::Muted)),
        });
    }
    let who = format!("   {}", text::safe(&app.actor.to_string()));
    if roomy && taken + text::width(&who) <= width {
        spans.push(Span::styled(who, app.style(Role::Muted)));
    }
    Line::from(spans)
}

fn tab(app: &App, pane: Pane) -> String {
    let count = match pane {
        Pane::Runs => app.runs.len(),
        Pane::Inbox => app.waiting(),
        Pane::Plan | Pane::Step | Pane::Log | Pane::Why | Pane::Intent | Pane::Services => 0,
    };
    let count = if count > 0 { format!("({count})") } else { String::new() };
    format!("{} {}{count}", key(app, pane), pane.title())
}

/// Where digits are text they are no keys: Esc comes first.
fn key(app: &App, pane: Pane) -> char {
    if app.pane == Pane::Intent && pane != Pane::Intent { ' ' } else { pane.key() }
}

pub fn banner(app: &App) -> Line<'static> {
    let Some((workflow, open)) = app.next_question() else { return Line::default() };
    let what = match open.step.and_then(|ix| workflow.graph().map(|graph| graph.step(ix).id.clone())) {
        Some(step) => format!("{}/{}", workflow.run, step),
        None => workflow.run.to_string(),
    };
    let (what, asked) = (text::safe(&what), phrase::clock(open.asked, &app.settings.zone));
    let ways = match (app.waiting(), app.rung.len()) {
        (1, _) => {
            let count = "1 decision WAITS";
            [
                format!(" ! {count} on {what} since {asked}   press A to open it "),
                format!(" ! {count} on {what}  press A "),
                format!(" ! {count}  press A "),
            ]
        }
        (many, runs) => {
            let count = if runs > 1 { format!("{many} decisions WAIT in {runs} runs") } else { format!("{many} decisions WAIT") };
            let first = format!(" ! {count}, A opens {what}");
            [format!("{first}, asked {asked} "), format!("{first} "), format!(" ! {count}  press A ")]
        }
    };
    let fits = ways.iter().find(|way| text::width(way) <= usize::from(app.size.0));
    Line::styled(fits.unwrap_or(&ways[2]).clone(), app.style(Role::Banner))
}

/// What is typed above the footer, and the column of its cursor.
pub fn prompt(app: &App) -> (Line<'static>, Option<u16>) {
    let room = usize::from(app.size.0).saturating_sub(1);
    if let Some(prompt) = &app.prompt {
        let label = text::clip(&prompt.label(), room / 2);
        let (rows, (_, column)) = prompt.editor.wrapped(usize::MAX);
        let room = room.saturating_sub(text::width(&label)).max(1);
        let (typed, column) = around(&rows.concat(), column, room);
        let at = u16::try_from(text::width(&label) + column).ok();
        return (Line::from(vec![Span::styled(label, app.style(Role::Accent)), Span::styled(typed, app.style(Role::Input))]), at);
    }
    (Line::default(), None)
}

/// The part of a line in which the cursor is, and its column there.
fn around(line: &str, cursor: usize, room: usize) -> (String, usize) {
    let mut hidden = 0;
    let mut shown = line;
    while cursor - hidden >= room {
        let Some(first) = shown.graphemes(true).next() else { break };
        hidden += text::width(first).max(1);
        shown = &shown[first.len()..];
    }
    (text::clip(shown, room), cursor.saturating_sub(hidden))
}

/// On as many rows as it takes, up to `MESSAGE`: its end often says what to do.
pub fn message_rows(app: &App) -> Vec<Line<'static>> {
    let Some(message) = app.message.as_ref().filter(|_| app.prompt.is_none()) else { return Vec::new() };
    let rows = Wrap::Words.rows(&message.text, usize::from(app.size.0).saturating_sub(2).max(1));
    rows.into_iter().take(MESSAGE).map(|row| Line::styled(format!(" {row}"), app.style(message.role))).collect()
}

/// What can be done now on the left; what always can on the right, in one place, so that a moved cursor paints little.
pub fn footer(app: &App) -> Line<'static> {
    let place = Place::of(app);
    let narrow = app.size.0 < NARROW;
    let shown = rows(place).into_iter().filter(|row| !narrow || row.act != Act::Palette);
    let (always, now): (Vec<&keys::Row>, Vec<&keys::Row>) = shown.partition(|row| is_always(row.act));
    let always: Vec<(String, String)> =
        always.into_iter().filter_map(|row| Some((keys::chord_name(row.chords.first()?), row.hint.to_owned()))).collect();
    let right: usize = always.iter().map(|(name, hint)| text::width(name) + text::width(hint) + 3).sum();
    let room = usize::from(app.size.0).saturating_sub(right + 1);
    let mut spans = vec![Span::raw(" ")];
    let mut used: Vec<&Chord> = Vec::new();
    let mut taken = 0;
    for row in now {
        let Some(chord) = row.chords.iter().find(|chord| !used.contains(chord)).filter(|_| is_for_now(app, row.act)) else { continue };
        used.extend(row.chords);
        let (name, hint) = (keys::chord_name(chord), format!(" {}  ", hint(app, row)));
        let wide = text::width(&name) + text::width(&hint);
        if taken + wide > room {
            continue;
        }
        taken += wide;
        spans.push(Span::styled(name, app.style(Role::Key)));
        spans.push(Span::styled(hint, app.style(Role::Muted)));
    }
    if !always.is_empty() {
        spans.push(Span::raw(" ".repeat(room.saturating_sub(taken))));
    }
    for (name, hint) in always {
        spans.push(Span::styled(name, app.style(Role::Key)));
        spans.push(Span::styled(format!(" {hint}  "), app.style(Role::Muted)));
    }
    Line::from(spans)
}

/// What the key would do now. The step that keeps a proposal from running is opened for its reason.
fn hint(app: &App, row: &keys::Row) -> &'static str {
    let unbound = app.proposal.as_ref().filter(|_| app.blocked().is_some()).and_then(|proposal| proposal.unbound);
    match row.act {
        Act::Open if unbound.is_some() && unbound == app.selected() => "says why it cannot run",
        Act::Ask if app.intent.selected => "show its plan",
        Act::PauseOrResume if app.acted_on().is_some_and(|one| one.state != WorkflowState::Running) => "resume",
        Act::HoldBack if app.selected_record().is_some_and(|(_, _, record)| record.paused) => "let go on",
        _ => row.hint,
    }
}

fn is_always(act: Act) -> bool {
    matches!(act, Act::Palette | Act::Help)
}

/// What acts on the world first; in the log, what the log itself is for.
fn rows(place: Place) -> Vec<&'static keys::Row> {
    let here = keys::TABLE.iter().filter(|row| row.places.has(place) && !row.hint.is_empty());
    let mut rows: Vec<&keys::Row> = here.collect();
    if place == Place::Pane(Pane::Log) {
        rows.sort_by_key(|row| if row.act == Act::Find { 0 } else { row.places.count() });
    }
    rows
}
