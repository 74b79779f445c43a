//! Up, down and by pages: what moves in each pane.

use super::super::app::{App, Now, StepPart};
use super::super::keys;
use super::super::pane::Pane;
use super::super::view;
use super::super::waiting::{Item, Waiting};
use super::super::widget::scroll::Go;

pub(super) fn go_to(app: &mut App, go: Go, now: Now) {
    let page = view::pane_rows(app);
    if let Some(top) = app.help {
        let rows = keys::help().len();
        let last = rows.saturating_sub(view::help_rows(app));
        app.help = Some(go.from(top, view::help_rows(app), rows).min(last));
        return;
    }
    match app.pane {
        Pane::Plan => {
            let len = app.rail.as_ref().map_or(0, |(_, rail)| rail.order.len());
            app.cursor = go.from(app.cursor, page, len);
        }
        Pane::Runs => app.runs_cursor = go.from(app.runs_cursor, page, app.listed().len()),
        Pane::Inbox => {
            let names: Vec<Waiting> = app.inbox().iter().map(Item::name).collect();
            app.inbox_cursor = go.from(app.inbox_cursor, page, names.len());
            app.inbox_chosen = names.into_iter().nth(app.inbox_cursor);
        }
        Pane::Why => {
            let len = view::why_len(app, now);
            app.why_top = scrolled(go, app.why_top, page, len);
        }
        Pane::Step if app.step_part() == StepPart::Result => go_in_tree(app, go, page),
        Pane::Step if app.step_part() == StepPart::Facts => {
            let len = view::facts_len(app, now);
            app.step.facts_top = scrolled(go, app.step.facts_top, page, len);
        }
        Pane::Step | Pane::Log => go_in_output(app, go),
        Pane::Services if app.services.open => {
            let len = view::operation_len(app);
            app.services.facts_top = scrolled(go, app.services.facts_top, page, len);
        }
        Pane::Services => app.services.cursor = go.from(app.services.cursor, page, app.operations().len()),
        Pane::Intent => {}
    }
}

fn go_in_tree(app: &mut App, go: Go, page: usize) {
    let tree = app.step.tree.get_mut();
    match go {
        Go::Up => tree.key_up(),
        Go::Down => tree.key_down(),
        Go::PageUp => tree.scroll_up(page),
        Go::PageDown => tree.scroll_down(page),
        Go::Top => tree.select_first(),
        Go::Bottom => tree.select_last(),
    };
}

/// The place is counted from the end, so that what is read stays still only while nothing new comes below it.
fn go_in_output(app: &mut App, go: Go) {
    let len = app.output.as_ref().map_or(0, |output| output.log.len());
    let page = view::output_rows(app);
    let end = app.step.back.unwrap_or(len).min(len);
    let least = page.min(len);
    let next = match go {
        Go::Up => end.saturating_sub(1),
        Go::Down => end + 1,
        Go::PageUp => end.saturating_sub(page.max(1)),
        Go::PageDown => end + page.max(1),
        Go::Top => 0,
        Go::Bottom => len,
    };
    app.step.back = (next < len).then_some(next.max(least));
}

/// The first visible row of text that is only read.
fn scrolled(go: Go, top: usize, page: usize, len: usize) -> usize {
    go.from(top, page, len).min(len.saturating_sub(page))
}
