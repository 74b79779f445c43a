//! Everything that waits for a person, over all runs: the oldest question on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text;

use super::Pane;
use crate::console::app::{App, Now};
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{cell, more_below, put, title};
use crate::console::waiting::{Item, Kind};
use crate::console::widget::wrap::Wrap;

/// Below this width the reason gives way, then the run.
const NARROW: u16 = 70;
/// Rows of the selected one in full, with its rule, and of the list that is left above it.
const DETAIL: u16 = 5;
const LEAST_LIST: u16 = 5;

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let items = app.inbox();
    let rest = title(app, area, Some(Pane::Inbox), &heading(app, &items), buffer);
    if items.is_empty() {
        let nothing = if app.looked_for(Pane::Inbox).is_some() { "nothing that waits has this text" } else { "nothing waits for you" };
        put(buffer, rest, Line::styled(format!("  {nothing}"), app.style(Role::Muted)));
        return;
    }
    let rest = detail(app, &items, rest, buffer);
    let rows = items.iter().enumerate().skip(app.inbox_top).take(usize::from(rest.height));
    for (line, (at, item)) in (0_u16..).zip(rows) {
        put(buffer, Rect { y: rest.y + line, height: 1, ..rest }, row(app, item, at == app.inbox_cursor, area.width, now));
    }
    more_below(app, rest, items.len().saturating_sub(app.inbox_top + usize::from(rest.height)), buffer);
}

/// Rows of the list in this area.
pub fn list_rows(area: Rect) -> usize {
    let rest = area.height.saturating_sub(1);
    usize::from(if rest >= LEAST_LIST + DETAIL { rest - DETAIL } else { rest })
}

/// The selected one in full below the list; returns what is left for the list.
fn detail(app: &App, items: &[Item<'_>], rest: Rect, buffer: &mut Buffer) -> Rect {
    let Some(item) = items.get(app.inbox_cursor).filter(|_| rest.height >= LEAST_LIST + DETAIL) else { return rest };
    let list = Rect { height: rest.height - DETAIL, ..rest };
    let what = format!("{}/{} · {}", text::safe(item.workflow.run.as_str()), item.about(), text::safe(&item.workflow.title));
    let below = title(app, Rect { y: list.bottom(), height: DETAIL, ..rest }, None, &what, buffer);
    let why = Wrap::Words.rows(&item.why(), usize::from(rest.width.saturating_sub(3)).max(1));
    for (at, line) in (0_u16..below.height).zip(why) {
        put(buffer, Rect { y: below.y + at, height: 1, ..below }, Line::styled(format!("  {line}"), app.style(Role::Text)));
    }
    list
}

fn heading(app: &App, items: &[Item<'_>]) -> String {
    let parked = items.iter().filter(|item| item.kind == Kind::Parked).count();
    let parked = if parked > 0 { format!(" · {} parked", phrase::count(parked, "run")) } else { String::new() };
    let find = app.looked_for(Pane::Inbox).map_or_else(String::new, |text| format!(" · with \"{text}\""));
    format!("inbox · {} · oldest first{parked}{find}", phrase::count(items.len(), "thing"))
}

fn row(app: &App, item: &Item<'_>, here: bool, width: u16, now: Now) -> Line<'static> {
    let select = |style: ratatui::style::Style| if here { style.patch(app.style(Role::Selected)) } else { style };
    let role = match item.kind {
        Kind::Approve | Kind::Decide => Role::Bad,
        Kind::Unknown => Role::Unknown,
        Kind::Parked => Role::Warn,
    };
    let since = item.open.map_or(item.workflow.submitted, |open| open.asked);
    let risk = item.step().map_or("", |(_, step)| phrase::risk(step));
    let mut spans = vec![
        Span::styled(if here { "▌ " } else { "  " }, app.style(Role::Accent)),
        Span::styled(format!("{} {:<8}", item.kind.glyph(), item.kind.word()), app.style(role)),
        Span::styled(format!("{:<12}", phrase::since(since, now.wall, &app.settings.zone)), app.style(Role::Muted)),
    ];
    if width >= NARROW {
        spans.push(Span::styled(format!("{:<7} ", text::safe(item.workflow.run.as_str())), app.style(Role::Muted)));
    }
    spans.push(Span::styled(cell(&item.about(), 16), select(app.style(Role::Text))));
    spans.push(Span::styled(format!("  {risk:<6}  "), app.style(if risk == "HIGH" { Role::Bad } else { Role::Muted })));
    let taken: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    spans.push(Span::styled(text::clip(&item.why(), usize::from(width).saturating_sub(taken)), app.style(Role::Text)));
    Line::from(spans)
}
