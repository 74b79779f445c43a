//! The plan as a rail: one row a step, lanes to the left, state and what it waits for beside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::model::catalogue::EffectClass;
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{Provenance, Step};
use crate::model::state::Workflow;
use crate::model::time::Stamp;
use crate::text;

use super::Pane;
use crate::console::app::{App, Now, Subject};
use crate::console::glyph;
use crate::console::phrase;
use crate::console::proposal::Sent;
use crate::console::theme::Role;
use crate::console::view::{cell, effect_word, more_below, put, title};
use crate::console::widget::rail::Row;

const NAME_LEAST: usize = 12;
const NAME_MOST: usize = 28;
/// What a result's row needs to say what counts, and a proposal's to name its host.
const SAID: usize = 40;
const TARGET: usize = 12;
/// The same where a list says what it would touch there.
const LISTED: usize = 34;

/// Columns right of the rail.
struct Columns {
    name: usize,
    service: usize,
    time: usize,
    detail: usize,
}

impl Columns {
    fn of(app: &App, graph: &Graph, rows: &[Row], width: usize) -> Self {
        let names = rows.iter().filter_map(|row| row.step).map(|(ix, _)| text::width(&text::safe(graph.step(ix).id.as_str())));
        let name = names.max().unwrap_or(0).clamp(NAME_LEAST, NAME_MOST);
        let proposed = app.subject == Subject::Proposal;
        let time = match (width, proposed) {
            (..=31, _) => 0,
            (_, true) => 9,
            (_, false) => 8,
        };
        let says = |(ix, _): (StepIx, u8)| {
            let step = graph.step(ix);
            text::width(&text::safe(if proposed { &step.operation } else { step.service() })) + 2
        };
        let service = rows.iter().filter_map(|row| row.step).map(says).max().unwrap_or(0);
        let named = |(ix, _): (StepIx, u8)| {
            let step = graph.step(ix);
            let listed = listed(step).filter(|_| proposed).map_or(0, |listed| text::width(&listed).min(LISTED - TARGET));
            text::width(step.target().unwrap_or("")).min(TARGET) + listed
        };
        let target = rows.iter().filter_map(|row| row.step).map(named).max().unwrap_or(0);
        // An operation is what a plan is read for, a result what a run is: the other column gives way.
        let left = width.saturating_sub(name + time + 2);
        let service = match (width, proposed) {
            (..=51, _) => 0,
            (_, true) => service.min(left.saturating_sub(target).max(width / 3)),
            (_, false) if left >= service + SAID => service,
            (_, false) => 0,
        };
        let name = name.min(width.saturating_sub(service + time));
        Self { name, service, time, detail: width.saturating_sub(name + service + time + 2) }
    }
}

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let rest = title(app, area, Some(Pane::Plan), &heading(app, now, usize::from(area.width)), buffer);
    let (Some((graph, rail)), true) = (&app.rail, app.graph().is_some()) else {
        let lines = match app.subject {
            Subject::Run(_) => ["the plan of this run has not reached this console", ""],
            Subject::Nothing | Subject::Proposal => ["no plan here yet", "i types an intent   5 lists the runs"],
        };
        for (at, line) in (0_u16..).zip(lines) {
            put(
                buffer,
                Rect { y: rest.y + 1 + at, height: u16::from(rest.height > at + 1), ..rest },
                Line::styled(format!("  {line}"), app.style(Role::Muted)),
            );
        }
        return;
    };
    let visible = &rail.rows[app.top.min(rail.rows.len())..(app.top + usize::from(rest.height)).min(rail.rows.len())];
    let lanes = rail.width.min(usize::from(rest.width) / 2);
    let columns = Columns::of(app, graph, visible, usize::from(rest.width).saturating_sub(lanes + 3));
    for (at, row) in (0_u16..).zip(visible) {
        let line = row_line(app, graph, row, lanes, &columns, now.wall);
        let at = Rect { y: rest.y + at, height: 1, ..rest };
        put(buffer, at, line);
    }
    more_below(app, rest, rail.rows.len().saturating_sub(app.top + usize::from(rest.height)), buffer);
}

fn heading(app: &App, now: Now, width: usize) -> String {
    match (&app.subject, app.graph()) {
        (_, None) => "plan".to_owned(),
        (Subject::Proposal, Some(graph)) => {
            let Some(proposal) = &app.proposal else { return "plan".to_owned() };
            if let Some(operation) = proposal.unbound_operation().filter(|_| armed(app, now) && proposal.sent == Sent::No) {
                return format!("CANNOT RUN: {} is not bound", text::safe(operation));
            }
            let (gates, sent) = (proposal.gates, proposal.sent == Sent::Yes);
            let next = match (sent, gates) {
                (true, _) => "sent, no answer yet".to_owned(),
                (false, _) if !armed(app, now) => format!("keys arm {}", arming_bar(app, now)),
                (false, 0) if proposal.worst == EffectClass::Read => "reads only · Enter runs it".to_owned(),
                (false, 0) => "CHANGES little · Enter runs it".to_owned(),
                (false, 1) => "1 needs approval · a opens it".to_owned(),
                (false, _) => format!("{gates} need approval · a opens it"),
            };
            // What the keys do counts most, then the digest.
            let (digest, steps) = (graph.plan.digest.short(), phrase::count(graph.len(), "step"));
            let ways = [format!("proposed plan {digest} · {steps} · {next}"), format!("proposed {digest} · {next}")];
            ways.into_iter().find(|way| text::width(way) + 4 <= width).unwrap_or_else(|| format!("proposed · {next}"))
        }
        (_, Some(graph)) => format!("plan {} · {}", graph.plan.digest.short(), phrase::count(graph.len(), "step")),
    }
}

fn armed(app: &App, now: Now) -> bool {
    app.proposal.as_ref().is_some_and(|proposal| proposal.arming.is_armed(now.mono, app.settings.arming))
}

fn arming_bar(app: &App, now: Now) -> String {
    let full = app.proposal.as_ref().map_or(0, |proposal| proposal.arming.quarters(now.mono, app.settings.arming));
    (0..4).map(|at| if at < full { '▮' } else { '▯' }).collect()
}

fn row_line(app: &App, graph: &Graph, row: &Row, lanes: usize, columns: &Columns, now: Stamp) -> Line<'static> {
    let here = row.step.is_some_and(|(ix, _)| app.selected() == Some(ix));
    let rail: String = row.tiles.iter().take(lanes).map(|tile| glyph::line(*tile)).collect();
    let lane = app.style(Role::Border);
    let mut spans = vec![Span::styled(if here { "▌ " } else { "  " }, app.style(Role::Accent))];
    let Some((ix, column)) = row.step else {
        spans.push(Span::styled(rail, lane));
        return Line::from(spans);
    };
    let column = usize::from(column).min(lanes.saturating_sub(1));
    let (head, tail): (String, String) = (rail.chars().take(column).collect(), rail.chars().skip(column + 1).collect());
    let (mark, role) = mark(app, ix);
    spans.push(Span::styled(head, lane));
    spans.push(Span::styled(mark.to_string(), app.style(role)));
    spans.push(Span::styled(format!("{tail} "), lane));
    let select = |style: Style| if here { style.patch(app.style(Role::Selected)) } else { style };
    let name = graph.step(ix).id.as_str();
    spans.push(Span::styled(cell(&text::safe(name), columns.name), select(app.style(Role::Text))));
    match (&app.subject, app.workflow()) {
        (Subject::Run(_), Some(workflow)) => run_columns(app, workflow, graph, ix, columns, now, &mut spans),
        _ => plan_columns(app, graph, ix, columns, &mut spans),
    }
    if row.undrawn > 0 {
        spans.push(Span::styled(format!("  +{} edges not drawn", row.undrawn), app.style(Role::Warn)));
    }
    Line::from(spans)
}

fn mark(app: &App, ix: StepIx) -> (char, Role) {
    match app.workflow().and_then(|workflow| workflow.steps.get(ix.at())) {
        Some(record) => (glyph::step(&record.state), Role::of_record(record)),
        None => ('○', Role::Muted),
    }
}

fn run_columns(app: &App, workflow: &Workflow, graph: &Graph, ix: StepIx, columns: &Columns, now: Stamp, spans: &mut Vec<Span<'static>>) {
    let Some(record) = workflow.steps.get(ix.at()) else { return };
    let role = Role::of_record(record);
    let time = phrase::took(record, now).map_or_else(String::new, phrase::span);
    spans.push(Span::styled(cell(&format!("  {}", text::safe(graph.step(ix).service())), columns.service), app.style(Role::Muted)));
    spans.push(Span::styled(format!("{:>width$}", time, width = columns.time), app.style(Role::Muted)));
    let detail = phrase::step(workflow, graph, ix, now, &app.settings.zone);
    spans.push(Span::styled(format!("  {}", text::clip(&detail, columns.detail)), app.style(role)));
}

fn plan_columns(app: &App, graph: &Graph, ix: StepIx, columns: &Columns, spans: &mut Vec<Span<'static>>) {
    let step = graph.step(ix);
    let operation = format!("  {}", text::safe(&step.operation));
    spans.push(Span::styled(cell(&operation, columns.service), app.style(Role::Muted)));
    let role = if step.effect == crate::model::catalogue::EffectClass::Destroy { Role::Bad } else { Role::of_effect(step.effect) };
    spans.push(Span::styled(format!("{:>width$}", effect_word(step.effect), width = columns.time), app.style(role)));
    let parts = [Some(text::safe(step.target().unwrap_or(""))), phrase::only_if(graph, ix)];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let mut detail = parts.join("  ") + &listed(step).unwrap_or_default();
    if step.suggested {
        detail.push_str("  (added by the planner)");
    }
    if matches!(step.action, crate::model::action::Action::Unbound { .. }) {
        detail.push_str("  CANNOT RUN: not bound");
    }
    spans.push(Span::raw(format!("  {}", text::clip(&detail, columns.detail))));
}

/// What a preview listed: `  7 files, 2.6 MiB in /var/tmp`. The figures first, as the row may end before the path does.
fn listed(step: &Step) -> Option<String> {
    if step.provenance.get("items") != Some(&Provenance::Preview) {
        return None;
    }
    let items = step.params.get("items")?.as_array()?;
    let all_have = |name: &str| items.iter().all(|item| item.get(name).is_some());
    let thing = if all_have("path") && (!items.is_empty() || step.params.contains_key("path")) { "file" } else { "item" };
    let sizes: Option<Vec<u64>> = items.iter().map(|item| item.get("size")?.as_u64()).collect();
    let size = sizes
        .filter(|sizes| !sizes.is_empty())
        .map_or_else(String::new, |sizes| format!(", {}", phrase::size(sizes.into_iter().fold(0, u64::saturating_add))));
    let below = step.params.get("path").and_then(serde_json::Value::as_str);
    let place = below.map_or_else(String::new, |path| format!(" in {}", text::safe(path)));
    Some(format!("  {}{size}{place}", phrase::count(items.len(), thing)))
}
