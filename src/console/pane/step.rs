//! One step: what it is, where it stands, and its output as it comes or its typed result.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::StatefulWidget as _;
use tui_tree_widget::{Tree, TreeState};

use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{Step, When};
use crate::model::state::{StepRecord, Workflow};
use crate::text;

use super::Pane;
use crate::console::app::{App, Now, StepPart};
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{put, title};
use crate::console::widget::json_tree;
use crate::console::widget::log::Tint;

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
    let facts = facts(app, ix, now);
    let room = facts_rows(app, rest, facts.len());
    for (at, line) in (0..room).zip(facts) {
        put(buffer, Rect { y: rest.y + at, height: 1, ..rest }, line);
    }
    let lower = Rect { y: rest.y + room, height: rest.height - room, ..rest };
    if app.selected_record().is_none() {
        return;
    }
    match app.step_part() {
        StepPart::Output => draw_output(app, lower, buffer),
        StepPart::Result => draw_result(app, lower, buffer),
    }
}

/// Facts give way to the output where both do not fit. Before a run there is no output.
fn facts_rows(app: &App, rest: Rect, facts: usize) -> u16 {
    let facts = u16::try_from(facts).unwrap_or(u16::MAX);
    let most = if app.selected_record().is_none() { rest.height } else { rest.height - rest.height / OUTPUT_SHARE };
    facts.min(most)
}

/// Where the lines of the output go, for scrolling by pages.
pub fn output_area(app: &App, area: Rect) -> Option<Rect> {
    let ix = app.selected()?;
    app.selected_record()?;
    let rest = Rect { y: area.y + 1, height: area.height.checked_sub(1)?, ..area };
    let room = facts_rows(app, rest, facts(app, ix, Now::default()).len());
    Some(Rect { y: rest.y + room + 1, height: rest.height.saturating_sub(room + 1), ..rest })
}

fn heading(app: &App) -> String {
    let Some(step) = app.selected_step() else { return "step".to_owned() };
    let id = text::safe(step.id.as_str());
    match app.selected_record() {
        Some((_, _, record)) if record.attempt.0 > 0 => {
            format!("{id} · try {} · {}", record.attempt, record.state.word().replace('_', " "))
        }
        Some((_, _, record)) => format!("{id} · {}", record.state.word().replace('_', " ")),
        None => format!("{id} · proposed"),
    }
}

fn facts(app: &App, ix: StepIx, now: Now) -> Vec<Line<'static>> {
    let Some(graph) = app.graph() else { return Vec::new() };
    let step = graph.step(ix);
    let mut lines = Vec::new();
    let operation = format!("{}   {}", text::safe(&step.operation), text::safe(step.target().unwrap_or("")));
    lines.push(fact(app, "does", operation.trim_end(), Role::Text));
    let approval = if step.approval { "   needs approval" } else { "" };
    let undo = step.compensation.as_ref().map_or_else(String::new, |undo| format!("   undo: {}", text::safe(&undo.operation)));
    lines.push(fact(
        app,
        "effect",
        &format!("{}   RISK {}{approval}{undo}", phrase::effect(step.effect), phrase::risk(step)),
        Role::of_effect(step.effect),
    ));
    if let Some((workflow, _, record)) = app.selected_record() {
        lines.extend(run_facts(app, workflow, graph, ix, record, now));
    }
    lines.push(fact(app, "limits", &limits(step), Role::Muted));
    if let Some(needs) = needs(app, graph, ix) {
        lines.push(fact(app, "after", &needs, Role::Text));
    }
    for (at, line) in phrase::action(&step.action).into_iter().enumerate() {
        lines.push(fact(app, if at == 0 { "runs" } else { "" }, &line, Role::Text));
    }
    lines
}

fn run_facts(app: &App, workflow: &Workflow, graph: &Graph, ix: StepIx, record: &StepRecord, now: Now) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let detail = phrase::step(workflow, graph, ix, now.wall, &app.settings.zone);
    lines.push(fact(app, "state", &detail, Role::of_record(record)));
    if let Some(last) = &record.last {
        let took = phrase::took(record, now.wall).map_or_else(String::new, |took| format!("   took {}", phrase::span(took)));
        let exit = last.exit.as_ref().and_then(phrase::exit).map_or_else(String::new, |exit| format!("   {exit}"));
        lines.push(fact(app, "tried", &format!("started {}{took}{exit}", phrase::clock(last.started, &app.settings.zone)), Role::Text));
        if let Some(failure) = &last.failure {
            lines.push(fact(
                app,
                "failure",
                &format!("{} ({})", text::safe(&failure.detail), phrase::certainty(failure.certainty)),
                Role::Bad,
            ));
        }
    }
    let failure = record.last.as_ref().and_then(|last| last.failure.as_ref()).map_or("", |failure| &failure.detail);
    if let Some(open) = workflow.questions.values().find(|open| open.step == Some(ix) && open.question.why != failure) {
        lines.push(fact(app, "asks", &text::safe(&open.question.why), Role::Bad));
    }
    lines
}

fn limits(step: &Step) -> String {
    let mut parts = vec![format!("timeout {}", step.timeout_ms), format!("retries {}", step.retry.limit)];
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
            When::Success => "",
            When::Failure => " if it fails",
            When::Always => " in any case",
        };
        format!("{name}{}{when}", state.map_or_else(String::new, |state| format!(" {state}")))
    };
    (!edges.is_empty()).then(|| edges.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn fact(app: &App, label: &str, what: &str, role: Role) -> Line<'static> {
    Line::from(vec![Span::styled(format!("  {label:<8}"), app.style(Role::Muted)), Span::styled(what.to_owned(), app.style(role))])
}

fn draw_output(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let rest = title(app, area, None, &output_heading(app), buffer);
    draw_log(app, rest, app.step.back, buffer);
}

fn output_heading(app: &App) -> String {
    let Some(output) = &app.output else { return "output · none yet".to_owned() };
    let follow = if app.step.back.is_some() { "stands still · f follows" } else { "follows" };
    let before = if output.skipped > 0 || output.log.dropped() > 0 { " · its start: ouioe log" } else { "" };
    format!("output · {} lines · {follow}{before}", output.log.len())
}

fn draw_log(app: &App, area: Rect, end: Option<usize>, buffer: &mut Buffer) {
    let Some(output) = &app.output else { return };
    if let Some(error) = &output.error {
        put(buffer, area, Line::styled(format!("  output cannot be read: {}", text::safe(error)), app.style(Role::Bad)));
        return;
    }
    let tint = if app.settings.theme == "mono" { Tint::None } else { Tint::AsWritten };
    let width = usize::from(area.width.saturating_sub(2));
    let rows = output.log.rows(end.unwrap_or(output.log.len()), width, usize::from(area.height), tint);
    for (at, line) in (0_u16..).zip(rows) {
        put(buffer, Rect { x: area.x + 2, y: area.y + at, width: area.width.saturating_sub(2), height: 1 }, line);
    }
}

/// The last lines of the selected step's output below a plan.
pub fn draw_strip(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() || app.selected_record().is_none() {
        return;
    }
    let name = app.selected_step().map_or_else(String::new, |step| text::safe(step.id.as_str()));
    if app.natural_part() == StepPart::Result {
        // Not the result itself: a cursor that passes by would paint it for every step (bytes over the line).
        title(app, area, None, &format!("{name} · wrote nothing · Enter shows its result"), buffer);
        return;
    }
    let rest = title(app, area, None, &format!("{name} · {}", output_heading(app)), buffer);
    draw_log(app, rest, None, buffer);
}

fn draw_result(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let rest = title(app, area, None, "result · Enter opens and closes · go: output", buffer);
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
