//! What happened while nobody looked: what waits, what failed, what is done.
//!
//! Read from the state alone, so that it is the same after an hour away and after a new start. Takes no key but Esc.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::model::state::Workflow;
use crate::model::time::{Millis, Stamp};
use crate::text;

use super::app::{App, Now};
use super::glyph;
use super::phrase;
use super::theme::Role;
use super::view::{put, title};

/// Runs of one kind that are named; more are counted.
const NAMED: usize = 4;
/// Away for less is not away.
const AWAY: Millis = Millis(60_000);
/// Without a key for so long, where the terminal does not tell of its focus.
const IDLE: Millis = Millis(600_000);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub since: Stamp,
    pub lines: Vec<(Role, String)>,
}

impl Card {
    /// `None`: nothing happened.
    pub fn since(app: &App, since: Stamp) -> Option<Self> {
        let mut lines = waits(app, since);
        let ended = |workflow: &&Workflow| workflow.finished.is_some_and(|at| at > since);
        let ended: Vec<&Workflow> = app.runs.iter().filter_map(|run| app.state.runs.get(run)).filter(ended).collect();
        let (good, bad): (Vec<&Workflow>, Vec<&Workflow>) = ended.into_iter().partition(|workflow| Role::of_run(workflow) == Role::Ok);
        lines.extend(runs("ended badly", &bad));
        lines.extend(runs("ended well", &good));
        let begun = app.unfinished().filter(|workflow| workflow.submitted > since && workflow.questions.is_empty());
        let begun: Vec<&Workflow> = begun.collect();
        lines.extend(runs("begun", &begun));
        (!lines.is_empty()).then_some(Self { since, lines })
    }
}

fn waits(app: &App, since: Stamp) -> Vec<(Role, String)> {
    let open = app.questions();
    let fresh: Vec<_> = open.iter().filter(|(_, open)| open.asked > since).collect();
    let mut lines: Vec<(Role, String)> = fresh
        .iter()
        .take(NAMED)
        .map(|(workflow, open)| {
            let step = open.step.and_then(|ix| Some(format!("/{}", workflow.graph()?.step(ix).id))).unwrap_or_default();
            (Role::Bad, format!("! waits for you: {}: {}", text::safe(&format!("{}{step}", workflow.run)), text::safe(&open.question.why)))
        })
        .collect();
    if fresh.len() > NAMED {
        lines.push((Role::Bad, format!("! and {} more wait for you: 6 lists them", fresh.len() - NAMED)));
    }
    lines
}

fn runs(word: &str, all: &[&Workflow]) -> Vec<(Role, String)> {
    let one = |workflow: &&Workflow| {
        let state = phrase::workflow(workflow).to_lowercase();
        let line = format!(
            "{} {word}: {}  {}  {state}",
            glyph::workflow(workflow.shown()),
            text::safe(workflow.run.as_str()),
            text::safe(&workflow.title)
        );
        (Role::of_run(workflow), line)
    };
    let mut lines: Vec<(Role, String)> = all.iter().take(NAMED).map(one).collect();
    if all.len() > NAMED {
        lines.push((Role::Muted, format!("  and {} more {word}: 5 lists them", all.len() - NAMED)));
    }
    lines
}

impl App {
    /// The terminal says that somebody looks again.
    pub fn back_in_focus(&mut self, now: Now) {
        if let Some(left) = self.left.take().filter(|left| now.wall.since(*left) >= AWAY) {
            self.show_card(left);
        }
    }

    /// Somebody pressed a key: the first one in a long time?
    pub fn key_heard(&mut self, now: Now) {
        let before = self.last_key.replace(now.wall);
        if let Some(before) = before.filter(|before| now.wall.since(*before) >= IDLE && self.card.is_none()) {
            self.show_card(before);
        }
    }

    pub fn show_card(&mut self, since: Stamp) {
        self.card = Card::since(self, since).or(self.card.take());
        self.mark(super::app::Dirty::Soon);
    }

    /// Rows that it takes from the panes.
    pub fn card_rows(&self, body: u16) -> u16 {
        let lines = self.card.as_ref().map_or(0, |card| u16::try_from(card.lines.len()).unwrap_or(u16::MAX).saturating_add(1));
        if body < 6 { 0 } else { lines.min(body / 2) }
    }
}

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    let Some(card) = app.card.as_ref().filter(|_| !area.is_empty()) else { return };
    let since = phrase::since(card.since, now.wall, &app.settings.zone);
    let rest = title(app, area, None, &format!("since you looked at {since} · Esc closes this"), buffer);
    let cut = card.lines.len().saturating_sub(usize::from(rest.height));
    let shown = card.lines.len() - if cut > 0 { cut + 1 } else { 0 };
    for (at, (role, line)) in (0_u16..rest.height).zip(card.lines.iter().take(shown)) {
        let row = Rect { y: rest.y + at, height: 1, ..rest };
        put(buffer, row, Line::styled(format!("  {}", text::clip(line, usize::from(rest.width).saturating_sub(3))), app.style(*role)));
    }
    if cut > 0 && rest.height > 0 {
        let row = Rect { y: rest.bottom() - 1, height: 1, ..rest };
        put(buffer, row, Line::styled(format!("  and {} more", cut + 1), app.style(Role::Muted)));
    }
}
