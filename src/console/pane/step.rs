//! One step: what it is, where it stands, and its output as it comes or its typed result.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::widgets::StatefulWidget as _;
use tui_tree_widget::{Tree, TreeState};

use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{Step, When};
use crate::model::state::{StepRecord, Workflow};
use crate::text;

use super::{Pane, log};
use crate::console::action;
use crate::console::app::{App, Now, StepPart};
use crate::console::facts::Page;
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{more_below, put, title};
use crate::console::widget::json_tree;

/// Output keeps at least this share of the pane.
const OUTPUT_SHARE: u16 = 2;

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let rest = title(app, area, Some(Pane::Step), &heading(app), buffer);
    let Some(ix) = app.selected().filter(|_| app.graph().is_some()) else {
        put(buffer, rest, Line::styled("  no step selected", app.style(Role::Muted)));
        return;
    };
    let facts = facts(app, ix, now, usize::from(rest.width));
    let room = facts_rows(app, rest, facts.len());
    let below = draw_facts(app, Rect { height: room, ..rest }, facts, buffer);
    let lower = Rect { y: rest.y + room, height: rest.height - room, ..rest };
    if app.selected_record().is_none() {
        return;
    }
    match app.step_part() {
        StepPart::Facts => {}
        StepPart::Output => draw_output(app, lower, below, buffer),
        StepPart::Result => draw_result(app, lower, below, buffer),
    }
}

/// Returns how many rows found no room; where they can be scrolled, they are named there.
fn draw_facts(app: &App, area: Rect, facts: Vec<Line<'static>>, buffer: &mut Buffer) -> usize {
    let all = facts.len();
    let top = if app.step_part() == StepPart::Facts { app.step.facts_top.min(all.saturating_sub(usize::from(area.height))) } else { 0 };
    for (at, line) in (0..area.height).zip(facts.into_iter().skip(top)) {
        put(buffer, Rect { y: area.y + at, height: 1, ..area }, line);
    }
    let below = all.saturating_sub(top + usize::from(area.height));
    if app.step_part() == StepPart::Facts {
        more_below(app, area, below, buffer);
    }
    below
}

/// Rows of facts, for scrolling.
pub fn facts_len(app: &App, now: Now, width: u16) -> usize {
    app.selected().map_or(0, |ix| facts(app, ix, now, usize::from(width)).len())
}

/// Facts give way to the output where both do not fit. Before a run there is no output.
fn facts_rows(app: &App, rest: Rect, facts: usize) -> u16 {
    let facts = u16::try_from(facts).unwrap_or(u16::MAX);
    let alone = app.selected_record().is_none() || app.step_part() == StepPart::Facts;
    let most = if alone { rest.height } else { rest.height - rest.height / OUTPUT_SHARE };
    facts.min(most)
}

/// Where the lines of the output go, for scrolling by pages.
pub fn output_area(app: &App, area: Rect) -> Option<Rect> {
    let ix = app.selected()?;
    app.selected_record()?;
    let rest = Rect { y: area.y + 1, height: area.height.checked_sub(1)?, ..area };
    let room = facts_rows(app, rest, facts(app, ix, Now::default(), usize::from(rest.width)).len());
    Some(Rect { y: rest.y + room + 1, height: rest.height.saturating_sub(room + 1), ..rest })
}

fn heading(app: &App) -> String {
    let Some(step) = app.selected_step() else { return "step".to_owned() };
    let id = text::safe(step.id.as_str());
    match app.selected_record() {
        Some((workflow, _, record)) if record.attempt.0 > 0 => {
            format!("{id} · try {} · {}", record.attempt, phrase::state_word(workflow, record))
        }
        Some((workflow, _, record)) => format!("{id} · {}", phrase::state_word(workflow, record)),
        None => format!("{id} · proposed"),
    }
}

fn facts(app: &App, ix: StepIx, now: Now, width: usize) -> Vec<Line<'static>> {
    let Some(graph) = app.graph() else { return Vec::new() };
    let step = graph.step(ix);
    let mut page = Page::new(app, width, 10);
    let operation = format!("{}   {}", text::safe(&step.operation), text::safe(step.target().unwrap_or("")));
    page.put("does", Role::Text, operation.trim_end());
    if let Some(each) = &step.for_each {
        page.put("for", Role::Text, &text::safe(&each.told(step.effect)));
    }
    let approval = if step.approval { "   needs approval" } else { "" };
    let undo = step.compensation.as_ref().map_or_else(String::new, |undo| format!("   undo: {}", text::safe(&undo.operation)));
    let effect = format!("{}   RISK {}{approval}{undo}", phrase::effect(step.effect), phrase::risk(step));
    page.put("effect", Role::of_effect(step.effect), &effect);
    if let Some((workflow, _, record)) = app.selected_record() {
        run_facts(&mut page, workflow, graph, ix, record, now);
    }
    page.put("limits", Role::Muted, &limits(step));
    if let Some(needs) = needs(app, graph, ix) {
        page.put("after", Role::Text, &needs);
    }
    page.exact("runs", &action::lines(step, &step.action));
    page.lines
}

fn run_facts(page: &mut Page<'_>, workflow: &Workflow, graph: &Graph, ix: StepIx, record: &StepRecord, now: Now) {
    let zone = &page.app.settings.zone;
    page.put("state", Role::of_record(record), &phrase::step(workflow, graph, ix, now.wall, zone));
    if let Some(last) = &record.last {
        let took = phrase::took(record, now.wall).map_or_else(String::new, |took| format!("   took {}", phrase::span(took)));
        let exit = last.exit.as_ref().and_then(phrase::exit).map_or_else(String::new, |exit| format!("   {exit}"));
        page.put("tried", Role::Text, &format!("started {}{took}{exit}", phrase::clock(last.started, zone)));
        if let Some(failure) = &last.failure {
            page.put("failure", Role::Bad, &format!("{} ({})", text::safe(&failure.detail), phrase::certainty(failure.certainty)));
        }
    }
    let failure = record.last.as_ref().and_then(|last| last.failure.as_ref()).map_or("", |failure| &failure.detail);
    if let Some(open) = workflow.questions.values().find(|open| open.step == Some(ix) && open.question.why != failure) {
        page.put("asks", Role::Bad, &text::safe(&open.question.why));
    }
}

fn limits(step: &Step) -> String {
    let retries = match step.retry.limit {
        0 => "no retries".to_owned(),
        1 => "up to 1 retry".to_owned(),
        limit => format!("up to {limit} retries"),
    };
    let mut parts = vec![format!("timeout {}", step.timeout_ms), retries];
    if !step.locks.is_empty() {
        parts.push(format!("locks {}", step.locks.iter().map(|lock| text::safe(lock)).collect::<Vec<_>>().join(", ")));
    }
    if !step.critical {
        parts.push("not critical".to_owned());
    }
    parts.extend(step.condition.as_ref().map(|condition| format!("if {}", text::safe(condition))));
    parts.join("   ")
}

fn needs(app: &App, graph: &Graph, ix: StepIx) -> Option<String> {
    let edges = &graph.needs[ix.at()];
    let one = |edge: &crate::model::graph::Edge| {
        let name = text::safe(graph.step(edge.from).id.as_str());
        let state =
            app.workflow().and_then(|workflow| workflow.steps.get(edge.from.at())).map(|record| crate::console::glyph::step(&record.state));
        let when = match edge.when {
            When::Success if phrase::decides(graph, edge) => " if it says yes",
            When::Failure if phrase::decides(graph, edge) => " if it says no",
            When::Success => "",
            When::Failure => " if it fails",
            When::Always => " in any case",
        };
        format!("{name}{}{when}", state.map_or_else(String::new, |state| format!(" {state}")))
    };
    (!edges.is_empty()).then(|| edges.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn draw_output(app: &App, area: Rect, facts_below: usize, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let rest = title(app, area, None, &format!("{}{}", above(facts_below), output_heading(app)), buffer);
    draw_log(app, rest, app.step.back, buffer);
}

/// Facts that found no room are said at the edge where they end.
fn above(facts_below: usize) -> String {
    if facts_below > 0 { format!("▲ {facts_below} more: gf · ") } else { String::new() }
}

fn output_heading(app: &App) -> String {
    let Some(output) = &app.output else { return "output · none yet".to_owned() };
    let follow = if app.step.back.is_some() { "stands still · f follows" } else { "follows" };
    // The lines before the ones that were read are not counted: only the size is known of both.
    let lines = phrase::count(output.log.len(), "line");
    match output.skipped {
        0 => format!("output · {lines} · {follow}"),
        _ => format!("output · the last {lines} of {} · {follow} · 3: all of it", phrase::size(output.total)),
    }
}

fn draw_log(app: &App, area: Rect, end: Option<usize>, buffer: &mut Buffer) {
    if let Some(output) = &app.output {
        log::lines(app, output, area, end, buffer);
    }
}

/// The last lines of the selected step's output below a plan.
pub fn draw_strip(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() || app.selected_record().is_none() {
        return;
    }
    let name = app.selected_step().map_or_else(String::new, |step| text::safe(step.id.as_str()));
    let rest = title(app, area, None, &format!("{name} · {}", output_heading(app)), buffer);
    draw_log(app, rest, None, buffer);
}

fn draw_result(app: &App, area: Rect, facts_below: usize, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let rest = title(app, area, None, &format!("{}result · Enter opens and closes · go: output", above(facts_below)), buffer);
    draw_tree(app, rest, &mut app.step.tree.borrow_mut(), buffer);
}

fn draw_tree(app: &App, rest: Rect, state: &mut TreeState<String>, buffer: &mut Buffer) {
    let Some(result) = app.selected_record().and_then(|(_, _, record)| record.result.as_ref()) else {
        put(buffer, rest, Line::styled("  no result", app.style(Role::Muted)));
        return;
    };
    let items = json_tree::items(result);
    // Ids among siblings are keys or places, so they cannot collide.
    let Ok(tree) = Tree::new(&items) else { return };
    let style = app.style(Role::Selected).add_modifier(Modifier::BOLD);
    let tree = tree.highlight_style(style).node_closed_symbol("▸ ").node_open_symbol("▼ ").node_no_children_symbol("  ");
    tree.render(Rect { x: rest.x + 2, width: rest.width.saturating_sub(2), ..rest }, buffer, state);
}
