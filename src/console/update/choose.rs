//! Keys in a dialog: choosing, typing what a choice asks for, and acting once everything that locks it is gone.

use crate::model::command::Command;
use crate::model::ids::{RunId, StepIx};
use crate::text;

use super::super::app::{App, Now};
use super::super::dialog::{self, Choice, Does, Effort, Locked};
use super::super::input::{Code, Held, Key};
use super::super::keys::Act;
use super::super::pane::Pane;
use super::super::theme::Role;
use super::super::widget::editor::Editor;
use super::super::widget::scroll::Go;
use super::{Deed, act, input, other, revise, show_run};

pub(super) fn key_pressed(app: &mut App, key: Key, known: Option<Act>, now: Now, deeds: &mut Vec<Deed>) {
    let typing = app.dialog.as_ref().is_some_and(|dialog| dialog.field.is_some());
    // `^U` clears a typed word wherever one types; PageUp still scrolls.
    let edits = matches!((key.held, key.code), (Held::Nothing, Code::Char(_)) | (Held::Ctrl, Code::Char('u')));
    if typing && (known.is_none() || edits) {
        return type_in(app, key);
    }
    match known {
        Some(Act::Go(go)) => go_to(app, go),
        Some(act) => perform(app, act, now, deeds),
        None => {
            if let Code::Char(letter) = key.code {
                letter_pressed(app, letter, now, deeds);
            }
        }
    }
}

fn type_in(app: &mut App, key: Key) {
    let Some(dialog) = app.dialog.as_mut() else { return };
    let effort = dialog.choices[dialog.focus].effort.clone();
    if let Some(editor) = &mut dialog.field {
        input::edit_field(editor, key, &effort);
    }
}

pub(super) fn perform(app: &mut App, act: Act, now: Now, deeds: &mut Vec<Deed>) {
    match act {
        Act::Close => app.dialog = None,
        Act::Do => enter(app, now, deeds),
        Act::NextQuestion => next_question(app),
        _ => {}
    }
}

/// Lines choose, pages scroll.
fn go_to(app: &mut App, go: Go) {
    let Some(dialog) = app.dialog.as_mut() else { return };
    let (page, rows) = (dialog.visible(), dialog.rows.len());
    match go {
        Go::Up | Go::Down => focus(app, |at, len| go.from(at, 1, len)),
        Go::PageUp | Go::Top | Go::PageDown | Go::Bottom => dialog.scroll_to(go.from(dialog.top, page, rows)),
    }
}

fn focus(app: &mut App, place: impl Fn(usize, usize) -> usize) {
    let Some(dialog) = app.dialog.as_mut() else { return };
    dialog.focus = place(dialog.focus, dialog.choices.len());
    dialog.field = match dialog.choices[dialog.focus].effort {
        Effort::Word(_) | Effort::Sentence => Some(Editor::default()),
        Effort::Letter | Effort::Enter => None,
    };
}

/// The choice that asks how one knows: whoever pressed its key goes on typing.
pub(super) fn type_evidence(app: &mut App) {
    let done = |choice: &Choice| matches!(&choice.does, Does::Send(Command::Done { .. }));
    if let Some(at) = app.dialog.as_ref().and_then(|dialog| dialog.choices.iter().position(done)) {
        focus(app, |_, _| at);
    }
}

fn letter_pressed(app: &mut App, letter: char, now: Now, deeds: &mut Vec<Deed>) {
    let Some(at) = app.dialog.as_ref().and_then(|dialog| dialog.letter_at(letter)) else { return };
    if is_locked(app, at, now) {
        return;
    }
    focus(app, |_, _| at);
    if app.dialog.as_ref().is_some_and(|dialog| dialog.choices[at].effort == Effort::Letter) {
        choose(app, at, deeds);
    }
}

fn enter(app: &mut App, now: Now, deeds: &mut Vec<Deed>) {
    let Some((at, typed, effort)) = app.dialog.as_ref().map(|dialog| {
        let typed = dialog.field.as_ref().map(|field| field.text().trim().to_owned()).unwrap_or_default();
        (dialog.focus, typed, dialog.choices[dialog.focus].effort.clone())
    }) else {
        return;
    };
    if is_locked(app, at, now) {
        return;
    }
    match effort {
        Effort::Word(word) if typed != word => app.say(Role::Warn, format!("type {word} to do this; nothing was sent")),
        Effort::Sentence if typed.is_empty() => app.say(Role::Warn, "say how you know; nothing was sent"),
        Effort::Letter | Effort::Enter | Effort::Word(_) | Effort::Sentence => choose(app, at, deeds),
    }
}

fn is_locked(app: &mut App, at: usize, now: Now) -> bool {
    let wait = app.settings.arming;
    let locked = app.dialog.as_ref().and_then(|dialog| dialog.locked(&dialog.choices[at], now.mono, wait));
    match &locked {
        Some(Locked::Arming) => app.say(Role::Muted, "too soon after it was shown; nothing was sent"),
        Some(Locked::EndUnseen) => app.say(Role::Warn, "scroll to its end first (PgDn); nothing was sent"),
        Some(Locked::Stale) => app.say(Role::Warn, "it changed since you looked: close it and look again"),
        None => {}
    }
    locked.is_some()
}

fn choose(app: &mut App, at: usize, deeds: &mut Vec<Deed>) {
    let Some(dialog) = app.dialog.take() else { return };
    let typed = dialog.field.as_ref().map(|field| field.text().trim().to_owned()).unwrap_or_default();
    let Some(choice) = dialog.choices.into_iter().nth(at) else { return };
    let done = told(&choice);
    match choice.does {
        Does::Close => {}
        Does::Send(command) => act::send(app, with_evidence(command, typed), done, deeds),
        Does::SubmitProposal(digest) => {
            if app.proposal.as_ref().is_some_and(|proposal| proposal.plan.digest == digest) {
                act::submit(app, deeds);
            }
        }
        Does::Leave(exit) => deeds.push(Deed::Leave(exit)),
        Does::CancelAll => cancel_all(app, deeds),
        Does::Change => revise::open(app),
        Does::TakeOther => other::take(app),
        Does::DismissOther => other::dismiss(app),
    }
}

/// For the line that confirms it: `retry: web-1`.
fn told(choice: &Choice) -> String {
    let about = match &choice.does {
        Does::Send(Command::Approve { run, step, .. } | Command::Reject { run, step, .. }) => {
            step.as_ref().map_or(run.as_str(), |step| step.as_str())
        }
        Does::Send(Command::Retry { at, .. } | Command::Revise { at, .. } | Command::Skip { at, .. } | Command::Done { at, .. }) => {
            at.step.as_str()
        }
        Does::Send(Command::Cancel { run, .. } | Command::Rollback { run, .. }) => run.as_str(),
        _ => "",
    };
    format!("accepted: {} {}", choice.verb.name, text::safe(about))
}

fn with_evidence(command: Command, typed: String) -> Command {
    match command {
        Command::Done { at, .. } => Command::Done { at, evidence: typed },
        other => other,
    }
}

fn cancel_all(app: &mut App, deeds: &mut Vec<Deed>) {
    let runs: Vec<RunId> = app.unfinished().map(|workflow| workflow.run.clone()).collect();
    for run in runs {
        let done = format!("{run} is being cancelled");
        act::send(app, Command::Cancel { run, now: false, reason: "asked for when leaving".to_owned() }, done, deeds);
    }
}

/// Goes to the step or plan that the question is about and opens it.
pub(super) fn show_question(app: &mut App, run: RunId, step: Option<StepIx>) {
    show_run(app, run, Pane::Plan);
    if let (Some(ix), Some((_, rail))) = (step, &app.rail) {
        app.cursor = rail.place.get(ix.at()).map_or(0, |place| *place as usize);
    }
    act::open_dialog(app, move |app| {
        let Some(ix) = step else {
            let (workflow, open) = app.plan_question()?;
            return dialog::for_plan(app, workflow, open);
        };
        let (workflow, open) = app.selected_question()?;
        if open.digest.is_some() { dialog::for_gate(app, workflow, ix, open) } else { dialog::for_step(app, workflow, ix) }
    });
}

/// The one asked after the one that is open, round and round.
fn next_question(app: &mut App) {
    let mut all: Vec<_> = app
        .rung
        .keys()
        .filter_map(|run| app.state.runs.get(run))
        .flat_map(|workflow| workflow.questions.values().map(move |open| (open.asked, workflow.order, workflow.run.clone(), open.step)))
        .collect();
    all.sort_by_key(|(asked, order, _, step)| (*asked, *order, *step));
    let here = app.workflow().map(|workflow| workflow.run.clone());
    let current = all.iter().position(|(_, _, run, step)| Some(run) == here.as_ref() && *step == app.selected().filter(|_| step.is_some()));
    let next = current.map_or(0, |at| (at + 1) % all.len().max(1));
    if let Some((_, _, run, step)) = all.into_iter().nth(next) {
        show_question(app, run, step);
    }
}
