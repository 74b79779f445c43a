//! Every operation that is known: what carries it out, how much of its service is in use, and all that its manifest says.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::catalogue::{Binding, Operation};
use crate::text;

use super::Pane;
use crate::console::app::App;
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{cell, effect_word, more_below, put, title};
use crate::console::widget::wrap::Wrap;

/// From this width on the list and the selected operation stand side by side.
const SPLIT: u16 = 100;
const NAME_MOST: usize = 30;
/// Columns of the labels.
const LABEL: usize = 10;

impl App {
    /// In the order of their names, so by service; only those with the text that is looked for.
    pub fn operations(&self) -> Vec<&Arc<Operation>> {
        let wanted = self.looked_for(Pane::Services);
        let has = |one: &&Arc<Operation>| {
            wanted.is_none_or(|wanted| format!("{} {} {}", one.name, one.summary, bound_by(one)).to_lowercase().contains(wanted))
        };
        self.catalogue.iter().filter(has).collect()
    }
}

pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let operations = app.operations();
    let (list, facts) = divided(app, area);
    if !list.is_empty() {
        let rest = title(app, list, (!app.services.open).then_some(Pane::Services), &heading(app), buffer);
        draw_list(app, &operations, rest, buffer);
    }
    if !list.is_empty() && !facts.is_empty() {
        for row in facts.y..facts.bottom() {
            let line = if row == facts.y { "┬" } else { "│" };
            put(buffer, Rect::new(facts.x - 1, row, 1, 1), Line::styled(line, app.style(Role::Border)));
        }
    }
    if let Some(operation) = operations.get(app.services.cursor).filter(|_| !facts.is_empty()) {
        let keys = if app.services.open { "Esc goes back" } else { "Enter goes there" };
        let name = format!("{} · {keys}", text::safe(&operation.name));
        let rest = title(app, facts, app.services.open.then_some(Pane::Services), &name, buffer);
        let lines = lines(app, operation, usize::from(facts.width));
        for (row, line) in (0..rest.height).zip(lines.iter().skip(app.services.facts_top)) {
            put(buffer, Rect { y: rest.y + row, height: 1, ..rest }, line.clone());
        }
        more_below(app, rest, lines.len().saturating_sub(app.services.facts_top + usize::from(rest.height)), buffer);
    }
}

/// Side by side where there is room; else the one that has the keys.
fn divided(app: &App, area: Rect) -> (Rect, Rect) {
    if area.width < SPLIT {
        return if app.services.open { (Rect::default(), area) } else { (area, Rect::default()) };
    }
    let left = area.width * 3 / 5;
    (Rect { width: left - 1, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}

pub fn facts_len(app: &App, area: Rect) -> usize {
    let (_, facts) = divided(app, area);
    app.operations().get(app.services.cursor).map_or(0, |operation| lines(app, operation, usize::from(facts.width)).len())
}

fn heading(app: &App) -> String {
    let bound = app.catalogue.iter().filter(|one| one.binding.is_some()).count();
    let find = app.looked_for(Pane::Services).map_or_else(String::new, |text| format!(" · {} with \"{text}\"", app.operations().len()));
    let frozen = match app.state.frozen.len() {
        0 => String::new(),
        _ => format!(" · FROZEN: {}", text::safe(&app.state.frozen.keys().cloned().collect::<Vec<_>>().join(", "))),
    };
    format!("services · {bound} of {} bound · {} of {} slots{frozen}{find}", app.catalogue.len(), app.state.slots_taken, app.limits.slots)
}

fn draw_list(app: &App, operations: &[&Arc<Operation>], rest: Rect, buffer: &mut Buffer) {
    if operations.is_empty() {
        return put(buffer, rest, Line::styled("  no operation has this text   Esc lists them all", app.style(Role::Muted)));
    }
    let name = operations.iter().map(|one| text::width(&one.name)).max().unwrap_or(0).min(NAME_MOST);
    let rows = operations.iter().enumerate().skip(app.services.top).take(usize::from(rest.height));
    for (line, (at, operation)) in (0_u16..).zip(rows) {
        let line = Rect { y: rest.y + line, height: 1, ..rest };
        put(buffer, line, row(app, operation, at == app.services.cursor, name, usize::from(rest.width)));
    }
    more_below(app, rest, operations.len().saturating_sub(app.services.top + usize::from(rest.height)), buffer);
}

fn row(app: &App, operation: &Operation, here: bool, name: usize, width: usize) -> Line<'static> {
    let select = |style: ratatui::style::Style| if here { style.patch(app.style(Role::Selected)) } else { style };
    let taken = taken(app, operation);
    let used = if taken > 0 { format!(" {taken}/{}", app.limits.per_service) } else { String::new() };
    let summary = text::clip(&text::safe(&operation.summary), width.saturating_sub(name + 25 + used.len()));
    Line::from(vec![
        Span::styled(if here { "▌ " } else { "  " }, app.style(Role::Accent)),
        Span::styled(cell(&text::safe(&operation.name), name), select(app.style(Role::Text))),
        Span::styled(format!(" {:<8} ", effect_word(operation.effect)), app.style(Role::of_effect(operation.effect))),
        Span::styled(format!("{:<12}", bound_by(operation)), app.style(if operation.binding.is_some() { Role::Text } else { Role::Warn })),
        Span::styled(used, app.style(Role::Accent)),
        Span::styled(format!(" {summary}"), app.style(Role::Muted)),
    ])
}

fn taken(app: &App, operation: &Operation) -> u32 {
    app.state.service_taken.get(operation.service()).copied().unwrap_or(0)
}

fn bound_by(operation: &Operation) -> &'static str {
    match &operation.binding {
        Some(Binding::Builtin { .. }) => "built in",
        Some(Binding::Command { .. }) => "command",
        Some(Binding::Http { .. }) => "http",
        Some(Binding::Job { .. }) => "job",
        Some(Binding::Channel { .. }) => "channel",
        None => "NOT BOUND",
    }
}

/// By what, in full; an address or an argument list as the manifest has it.
fn binding(app: &App, operation: &Operation) -> String {
    let configured =
        |what: &str, name: &str, known: bool| format!("{what} `{name}`{}", if known { "" } else { ", which no configuration names" });
    match &operation.binding {
        Some(Binding::Builtin { name, .. }) => format!("built in: {name}"),
        Some(Binding::Command { argv, .. }) => format!("command: {}", argv.join(" ")),
        Some(Binding::Http { method, url, .. }) if url.is_empty() => format!("http: {method}, its address is a secret"),
        Some(Binding::Http { method, url, .. }) => format!("http: {method} {url}"),
        Some(Binding::Job { name }) => configured("job", name, name.contains('{') || app.catalogue.jobs.contains_key(name)),
        Some(Binding::Channel { name }) => configured("channel", name, name.contains('{') || app.catalogue.channels.contains_key(name)),
        None => format!("not bound: it can be planned, not run; `ouioe service show {}` has the lines that would bind it", operation.name),
    }
}

fn lines(app: &App, operation: &Operation, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |label: &str, role: Role, said: &str| {
        let mut label = label.to_owned();
        for piece in Wrap::Words.rows(&text::safe(said), width.saturating_sub(LABEL + 3).max(1)) {
            let head = Span::styled(format!("  {label:<LABEL$}"), app.style(Role::Muted));
            lines.push(Line::from(vec![head, Span::styled(piece, app.style(role))]));
            label.clear();
        }
    };
    say("does", Role::Text, &operation.summary);
    let risk = if operation.low_risk { ", of low risk" } else { "" };
    say("effect", Role::of_effect(operation.effect), &format!("{}{risk}", phrase::effect(operation.effect)));
    say("repeat", Role::Text, operation.repeat.told());
    say("bound", if operation.binding.is_some() { Role::Text } else { Role::Warn }, &binding(app, operation));
    if let Some(remote) = &operation.remote {
        say("elsewhere", Role::Text, &format!("over ssh: {}", remote.argv.join(" ")));
    }
    let in_use = format!("{} of {} slots of {} in use", taken(app, operation), app.limits.per_service, operation.service());
    let queued = app.state.queues.service.get(operation.service()).map_or(0, std::collections::BTreeSet::len);
    let queued = if queued > 0 { format!(", {} queued", phrase::count(queued, "step")) } else { String::new() };
    say("limits", Role::Text, &format!("{in_use}{queued}"));
    if let Some(timeout) = operation.timeout_ms {
        say("timeout", Role::Text, &phrase::span(timeout));
    }
    for (at, param) in operation.params.iter().enumerate() {
        let needed = if param.required { "required".to_owned() } else { "optional".to_owned() };
        let default = param.default.as_ref().map(|value| format!(", else {value}")).unwrap_or_default();
        let doc = if param.doc.is_empty() { String::new() } else { format!("  {}", param.doc) };
        say(if at == 0 { "takes" } else { "" }, Role::Text, &format!("{}: {}, {needed}{default}{doc}", param.name, param.kind));
    }
    if let Some(output) = &operation.output {
        say("gives", Role::Text, &format!("{}: {}", output.name, output.kind));
    }
    for (at, threshold) in operation.thresholds.iter().enumerate() {
        let bound = |name: &str, value: Option<f64>| value.map(|value| format!(", {name} from {value}")).unwrap_or_default();
        let said = format!("{}{}{}", threshold.field, bound("degraded", threshold.degraded), bound("failing", threshold.failing));
        say(if at == 0 { "judged by" } else { "" }, Role::Text, &said);
    }
    let words: Vec<&str> = operation.aliases.iter().chain(&operation.nouns).map(String::as_str).collect();
    say("words", Role::Text, &words.join(", "));
    say("from", Role::Muted, &operation.origin.to_string());
    for (target, reason) in &app.state.frozen {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        say("frozen", Role::Warn, &format!("{target}{reason}; `ouioe thaw {target}` ends it"));
    }
    lines
}
