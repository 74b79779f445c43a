//! Every command that works here and every run, found by a few letters of its name.
//!
//! What is chosen does what its key does, no more: what acts on the world still opens its dialog. The list stands still
//! while it is open, so that Enter means what was read.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};

use crate::model::ids::RunId;
use crate::text;

use super::app::App;
use super::keys::{self, Act, Place};
use super::pane::Pane;
use super::phrase;
use super::theme::Role;
use super::update::is_for_now;
use super::view::{Layout, cell, more_on, put};
use super::widget::editor::Editor;
use super::widget::scroll::top_for;

/// Runs that are offered; older ones are found in Runs.
const RUNS: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    Act(Act),
    Run(RunId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub goal: Goal,
    pub keys: String,
    pub name: String,
    /// It would do something at this moment.
    pub works: bool,
    /// It is a key of another pane.
    pub elsewhere: Option<Pane>,
}

#[derive(Debug)]
pub struct Palette {
    pub editor: Editor,
    pub cursor: usize,
    items: Vec<Item>,
    /// Places among the items, best first.
    found: Vec<usize>,
}

impl Palette {
    pub fn open(app: &App) -> Self {
        let mut palette = Self { editor: Editor::default(), cursor: 0, items: items(app), found: Vec::new() };
        palette.search();
        palette
    }

    pub fn search(&mut self) {
        let wanted = self.editor.text().trim().to_lowercase();
        let scored =
            self.items.iter().enumerate().filter_map(|(at, item)| Some((score(&wanted, &item.name.to_lowercase())?, !item.works, at)));
        let mut scored: Vec<_> = scored.collect();
        scored.sort_unstable();
        self.found = scored.into_iter().map(|(_, _, at)| at).collect();
        self.cursor = 0;
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn chosen(&self) -> Option<&Item> {
        self.items.get(*self.found.get(self.cursor)?)
    }
}

fn items(app: &App) -> Vec<Item> {
    let place = Place::Pane(app.pane);
    let rows = keys::TABLE.iter().filter(|row| row.places.has(place) && is_named(row.act));
    let acts = rows.map(|row| Item {
        goal: Goal::Act(row.act),
        keys: row.chords.iter().map(keys::chord_name).collect::<Vec<_>>().join(" "),
        name: name(row),
        works: is_for_now(app, row.act),
        elsewhere: None,
    });
    let is_here = |act: Act| keys::TABLE.iter().any(|row| row.act == act && row.places.has(place));
    let others = keys::TABLE.iter().filter(|row| is_named(row.act) && !is_here(row.act));
    let others = others.filter_map(|row| {
        let pane = keys::home(row.act)?;
        let keys = row.chords.iter().map(keys::chord_name).collect::<Vec<_>>().join(" ");
        Some(Item { goal: Goal::Act(row.act), keys, name: name(row), works: false, elsewhere: Some(pane) })
    });
    let runs = app.runs.iter().take(RUNS).filter_map(|run| app.state.runs.get(run)).map(|workflow| Item {
        goal: Goal::Run(workflow.run.clone()),
        keys: "run".to_owned(),
        name: format!(
            "{}  {}  {}",
            text::safe(workflow.run.as_str()),
            phrase::workflow(workflow).to_lowercase(),
            text::safe(&workflow.title)
        ),
        works: true,
        elsewhere: None,
    });
    acts.chain(runs).chain(others).collect()
}

fn name(row: &keys::Row) -> String {
    if row.hint.is_empty() || row.help.contains(row.hint) { row.help.to_owned() } else { format!("{}: {}", row.hint, row.help) }
}

/// Moving about and typing have no name; a plan is run by its own deliberate key alone.
fn is_named(act: Act) -> bool {
    match act {
        Act::Go(_)
        | Act::Back
        | Act::Open
        | Act::Ask
        | Act::NewLine
        | Act::ClearIntent
        | Act::RunPlan
        | Act::Do
        | Act::Close
        | Act::Fold
        | Act::NextQuestion
        | Act::Accept
        | Act::Dismiss
        | Act::Palette
        | Act::Interrupt => false,
        Act::Show(_)
        | Act::NextPane
        | Act::PreviousPane
        | Act::EditIntent
        | Act::Approve
        | Act::OtherPlan
        | Act::OldestQuestion
        | Act::Retry
        | Act::Change
        | Act::HoldBack
        | Act::Skip
        | Act::Done
        | Act::PauseOrResume
        | Act::Cancel
        | Act::TakeBack
        | Act::ResumeParked
        | Act::RunAgain
        | Act::Rejoin
        | Act::Follow
        | Act::ShowOutput
        | Act::ShowResult
        | Act::ShowFacts
        | Act::Find
        | Act::NextFound
        | Act::PreviousFound
        | Act::Save
        | Act::ThinkInFull
        | Act::Help
        | Act::Leave
        | Act::Repaint
        | Act::Suspend => true,
    }
}

/// The letters stand in the name in this order; fewer letters between them, and a word's beginning, are better (smaller).
fn score(wanted: &str, name: &str) -> Option<usize> {
    let mut rest = name;
    let mut cost = 0;
    for letter in wanted.chars().filter(|letter| *letter != ' ') {
        let at = rest.find(letter)?;
        cost += at.min(9) + usize::from(rest[..at].chars().last().is_some_and(char::is_alphanumeric));
        rest = &rest[at + letter.len_utf8()..];
    }
    Some(cost)
}

/// Returns where the cursor is.
pub fn draw(app: &App, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let palette = app.palette.as_ref()?;
    let body = layout.body;
    let width = body.width;
    let height = body.height.min(18);
    if width < 20 || height < 4 {
        return None;
    }
    let area = Rect { height, ..body };
    Clear.render(area, buffer);
    buffer.set_style(area, app.style(Role::Text));
    let (rows, (row, column)) = palette.editor.wrapped(usize::from(width).saturating_sub(4));
    let typed = rows.get(row).cloned().unwrap_or_default();
    put(
        buffer,
        Rect { height: 1, ..area },
        Line::from(vec![Span::styled(" : ", app.style(Role::Accent)), Span::styled(typed, app.style(Role::Input))]),
    );
    let line = "─".repeat(usize::from(width));
    put(buffer, Rect { y: area.y + 1, height: 1, ..area }, Line::styled(line, app.style(Role::Border)));
    let list = Rect { y: area.y + 2, height: height - 3, ..area };
    draw_list(app, palette, list, buffer);
    let end = Rect { y: list.bottom(), height: 1, ..area };
    put(buffer, end, Line::styled("─".repeat(usize::from(width)), app.style(Role::Border)));
    let last = top_for(0, palette.cursor, usize::from(list.height), palette.len()) + usize::from(list.height);
    more_on(app, end, palette.len().saturating_sub(last), buffer);
    Some(Position::new(area.x + 3 + u16::try_from(column).ok()?, area.y))
}

fn draw_list(app: &App, palette: &Palette, area: Rect, buffer: &mut Buffer) {
    if palette.is_empty() {
        return put(buffer, area, Line::styled("   nothing has these letters", app.style(Role::Muted)));
    }
    let top = top_for(0, palette.cursor, usize::from(area.height), palette.len());
    let shown = palette.found.iter().enumerate().skip(top).take(usize::from(area.height));
    for (row, (at, item)) in (0_u16..).zip(shown) {
        let Some(item) = palette.items.get(*item) else { continue };
        let here = at == palette.cursor;
        let role = if item.works { Role::Text } else { Role::Muted };
        let style = if here { app.style(role).patch(app.style(Role::Selected)) } else { app.style(role) };
        let place = item.elsewhere.map_or_else(String::new, |pane| format!("  (in {}: {})", pane.title(), pane.key()));
        let name = text::clip(&item.name, usize::from(area.width).saturating_sub(14 + text::width(&place))) + &place;
        let spans = vec![
            Span::styled(if here { "▌ " } else { "  " }, app.style(Role::Accent)),
            Span::styled(cell(&item.keys, 10), app.style(if item.works { Role::Key } else { Role::Muted })),
            Span::styled(name, style),
        ];
        put(buffer, Rect { y: area.y + row, height: 1, ..area }, Line::from(spans));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_letters_at_the_start_of_words_are_best() {
        let names = ["skip: go on without the step", "resume: go on with a run", "pane Step", "intent: type an intent"];
        for (wanted, best) in [("sk", 0), ("ps", 2), ("step", 2), ("res", 1), ("goon", 0), ("", 0)] {
            let mut found: Vec<(usize, usize)> =
                (0..names.len()).filter_map(|at| Some((score(wanted, &names[at].to_lowercase())?, at))).collect();
            found.sort_unstable();
            assert_eq!(found.first().map(|(_, at)| *at), Some(best), "{wanted} {found:?}");
        }
        assert_eq!(score("xyz", names[0]), None);
    }
}
