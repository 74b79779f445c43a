//! What is typed above the footer: what to look for, where to save, which command.

use super::super::app::{App, Dirty, Now};
use super::super::input::{Code, Held, Key};
use super::super::keys::Act;
use super::super::palette::{Goal, Palette};
use super::super::pane::Pane;
use super::super::prompt::{Prompt, Wanted, file_name};
use super::super::theme::Role;
use super::super::view;
use super::super::widget::log::Way;
use super::{Deed, act, input, revise, show_run};

pub(super) fn open_find(app: &mut App) {
    let before = app.find.get(&app.pane).cloned().unwrap_or_default();
    app.prompt = Some(Prompt::new(Wanted::Find(app.pane), &before));
}

pub(super) fn open_save(app: &mut App) {
    let Some(output) = &app.output else { return };
    let source = output.source.clone();
    let name = file_name(&source);
    app.prompt = Some(Prompt::new(Wanted::Save(source), &name));
}

pub(super) fn open_palette(app: &mut App) {
    app.palette = Some(Palette::open(app));
}

/// A key in the prompt.
pub(super) fn typed(app: &mut App, key: Key, known: Option<Act>, deeds: &mut Vec<Deed>) {
    match known {
        Some(Act::Accept) => accept(app, deeds),
        Some(Act::Dismiss) => dismiss(app),
        Some(_) => {}
        None => {
            if let Some(prompt) = &mut app.prompt {
                input::edit(&mut prompt.editor, key);
            }
            look_while_typing(app);
        }
    }
}

/// One line: a pasted line end is a blank.
pub(super) fn pasted(app: &mut App, text: &str) {
    let line = text.replace(['\r', '\n'], " ");
    if let Some(palette) = &mut app.palette {
        palette.editor.paste(&line);
        palette.search();
    } else if let Some(prompt) = &mut app.prompt {
        prompt.editor.paste(&line);
        look_while_typing(app);
    }
}

/// Lists grow and shrink with each letter; elsewhere Enter goes there.
fn look_while_typing(app: &mut App) {
    let Some(Prompt { wanted: Wanted::Find(pane), editor }) = &app.prompt else { return };
    app.find.insert(*pane, editor.text().to_lowercase());
    list_anew(app);
}

fn dismiss(app: &mut App) {
    let Some(prompt) = app.prompt.take() else { return };
    if let Wanted::Find(pane) = prompt.wanted {
        app.find.remove(&pane);
        list_anew(app);
    }
}

/// What Esc takes away before it goes back; `false`: nothing was looked for.
pub(super) fn forget(app: &mut App) -> bool {
    let had = app.find.remove(&app.pane).is_some_and(|text| !text.is_empty());
    if had {
        app.step.found = None;
        list_anew(app);
    }
    had
}

fn list_anew(app: &mut App) {
    app.match_runs();
    app.mark(Dirty::Now);
}

fn accept(app: &mut App, deeds: &mut Vec<Deed>) {
    let Some(prompt) = app.prompt.take() else { return };
    let text = prompt.editor.text().trim().to_owned();
    match prompt.wanted {
        Wanted::Find(pane) => {
            app.find.insert(pane, text.to_lowercase());
            list_anew(app);
            if !text.is_empty() {
                first_found(app);
            }
        }
        Wanted::Change(form) => revise::typed(app, form, &text, deeds),
        Wanted::Save(_) if text.is_empty() => app.say(Role::Muted, "no name, nothing saved"),
        Wanted::Save(source) => deeds.push(Deed::Save { source, path: text }),
    }
}

/// From where one looks, onwards.
fn first_found(app: &mut App) {
    match app.pane {
        Pane::Log => {
            let len = app.output.as_ref().map_or(0, |output| output.log.len());
            let bottom = app.step.back.unwrap_or(len);
            app.step.found = None;
            find_line(app, bottom.saturating_sub(view::output_rows(app)), Way::Forward);
        }
        Pane::Plan => find_step(app, app.cursor, Way::Forward),
        Pane::Step | Pane::Why | Pane::Runs | Pane::Inbox | Pane::Intent | Pane::Services => {}
    }
}

pub(super) fn next_found(app: &mut App, way: Way) {
    match (app.pane, way) {
        (Pane::Log, Way::Forward) => find_line(app, app.step.found.map_or(0, |line| line + 1), way),
        (Pane::Log, Way::Back) => find_line(app, app.step.found.unwrap_or(usize::MAX), way),
        (Pane::Plan, Way::Forward) => find_step(app, app.cursor + 1, way),
        (Pane::Plan, Way::Back) => find_step(app, app.cursor, way),
        (Pane::Step | Pane::Why | Pane::Runs | Pane::Inbox | Pane::Intent | Pane::Services, _) => {}
    }
}

/// Round and round; the line found is put into the middle.
fn find_line(app: &mut App, from: usize, way: Way) {
    let Some(wanted) = app.looked_for(Pane::Log).map(str::to_owned) else { return };
    let Some(output) = &app.output else { return };
    let around = match way {
        Way::Forward => 0,
        Way::Back => output.log.len(),
    };
    let there = output.log.find(&wanted, from, way);
    let (found, turned) = match there {
        Some(line) => (Some(line), false),
        None => (output.log.find(&wanted, around, way), true),
    };
    let len = output.log.len();
    match found {
        Some(line) => {
            app.step.found = Some(line);
            app.step.back = Some((line + view::output_rows(app) / 2 + 1).min(len));
            if turned {
                app.say(Role::Muted, "it goes on from the other end");
            }
        }
        None => app.say(Role::Warn, format!("nothing here has \"{wanted}\"")),
    }
}

fn find_step(app: &mut App, from: usize, way: Way) {
    let Some(wanted) = app.looked_for(Pane::Plan).map(str::to_owned) else { return };
    let Some((graph, rail)) = &app.rail else { return };
    let len = rail.order.len();
    let has = |at: &usize| {
        let step = graph.step(rail.order[*at]);
        let state = app.workflow().and_then(|workflow| workflow.steps.get(rail.order[*at].at())).map_or("", |record| record.state.word());
        format!("{} {} {} {state}", step.id, step.operation, step.target().unwrap_or("")).to_lowercase().contains(&wanted)
    };
    let from = from.min(len);
    let found = match way {
        Way::Forward => (from..len).chain(0..from).find(has),
        Way::Back => (0..from).rev().chain((from..len).rev()).find(has),
    };
    match found {
        Some(at) => app.cursor = at,
        None => app.say(Role::Warn, format!("no step has \"{wanted}\"")),
    }
}

/// A key in the palette.
pub(super) fn palette_key(app: &mut App, key: Key, known: Option<Act>, now: Now, deeds: &mut Vec<Deed>) {
    let Some(palette) = &mut app.palette else { return };
    match known {
        Some(Act::Go(go)) => palette.cursor = go.from(palette.cursor, 1, palette.len()),
        Some(Act::Dismiss) => app.palette = None,
        Some(Act::Accept) => choose(app, now, deeds),
        None if key.held == Held::Nothing || !matches!(key.code, Code::Char(_)) => {
            input::edit(&mut palette.editor, key);
            palette.search();
        }
        Some(_) | None => {}
    }
}

/// As if its key had been pressed.
fn choose(app: &mut App, now: Now, deeds: &mut Vec<Deed>) {
    let Some(item) = app.palette.take().and_then(|palette| palette.chosen().cloned()) else { return };
    if let Some(pane) = item.elsewhere {
        return app.say(Role::Muted, format!("{} is a key of {}: {} goes there", item.keys, pane.title(), pane.key()));
    }
    match item.goal {
        Goal::Run(run) => show_run(app, run, Pane::Plan),
        Goal::Act(act) if act::is_for_now(app, act) => act::perform(app, act, now, deeds),
        Goal::Act(act) => {
            let why = act::why_not(app, act);
            app.say(Role::Muted, why);
        }
    }
}
