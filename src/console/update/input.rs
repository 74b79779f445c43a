//! Keys and pastes -> acts, or text in an editor.
//!
//! Typed-ahead keys act on nothing: while a proposed plan or a dialog arms, letters are dropped and the wait starts again.

use crate::model::time::Millis;
use crate::text;

use super::super::app::{Answer, App, Dirty, Focus, Now, Subject};
use super::super::dialog::Effort;
use super::super::input::{Code, Held, Input, Key};
use super::super::keys::{self, Act, Place};
use super::super::meant::{self, Meant};
use super::super::pane::Pane;
use super::super::theme::Role;
use super::super::widget::editor::Editor;
use super::super::widget::scroll::Go;
use super::{Deed, act, choose, feed, find};

/// Keys that come this soon after a paste were part of it: a paste can hold its own end mark.
const PASTE_SHADOW: Millis = Millis(100);

pub(super) fn received(app: &mut App, input: Input, now: Now, deeds: &mut Vec<Deed>) {
    match input {
        Input::Key(key) => {
            app.key_heard(now);
            key_pressed(app, key, now, deeds);
        }
        Input::Paste { text, dropped } => {
            app.last_paste = Some(now.mono);
            pasted(app, &text, dropped);
            app.mark(Dirty::Now);
        }
        Input::FocusGained => {
            app.focus = Focus::Here;
            app.back_in_focus(now);
        }
        Input::FocusLost => {
            app.focus = Focus::Elsewhere;
            app.left = Some(now.wall);
        }
    }
}

fn pasted(app: &mut App, pasted: &str, dropped: usize) {
    if app.dialog.is_some() {
        app.say(Role::Warn, "a paste decides nothing: type it");
        return;
    }
    if app.help.is_none() && (app.palette.is_some() || app.prompt.is_some()) {
        return find::pasted(app, pasted);
    }
    if app.pane != Pane::Intent || app.help.is_some() {
        app.say(Role::Warn, "pasted text goes into the intent only: press i first");
        return;
    }
    if std::mem::take(&mut app.intent.selected) {
        set_aside(app);
    }
    let over = dropped + app.intent.editor.paste(pasted);
    app.intent.choice = None;
    if over > 0 {
        app.say(Role::Warn, format!("{over} bytes of the paste found no room"));
    }
}

fn key_pressed(app: &mut App, key: Key, now: Now, deeds: &mut Vec<Deed>) {
    let place = Place::of(app);
    let known = keys::act(place, app.prefix, key);
    // These never decide anything and always work.
    if let Some(act @ (Act::Interrupt | Act::Repaint | Act::Suspend)) = known {
        app.prefix = None;
        app.mark(Dirty::Now);
        return act::perform(app, act, now, deeds);
    }
    let after_paste = app.last_paste.is_some_and(|at| now.mono.0 < at.0 + PASTE_SHADOW.0);
    if after_paste || is_stray(app, place, key, known, now) {
        return;
    }
    app.mark(Dirty::Now);
    app.message = None;
    if app.prefix.is_none() && keys::begins_pair(place, key) && !types(app, place) {
        let Code::Char(letter) = key.code else { return };
        app.prefix = Some(letter);
        return app.say(Role::Muted, keys::pairs(place, letter));
    }
    if app.prefix.take().is_some() {
        match known {
            Some(act) => act::perform(app, act, now, deeds),
            None => app.say(Role::Muted, "no such pair of keys; ? lists them"),
        }
        return;
    }
    match place {
        Place::Dialog => choose::key_pressed(app, key, known, now, deeds),
        Place::Pane(Pane::Intent) => intent_key(app, key, known, now, deeds),
        Place::Prompt => find::typed(app, key, known, deeds),
        Place::Palette => find::palette_key(app, key, known, now, deeds),
        Place::Help | Place::Pane(_) => pane_key(app, place, key, now, deeds),
    }
}

/// Letters go into an editor.
fn types(app: &App, place: Place) -> bool {
    matches!(place, Place::Pane(Pane::Intent) | Place::Prompt | Place::Palette)
        || app.dialog.as_ref().is_some_and(|dialog| dialog.field.is_some())
}

/// Dropped because it may have been typed for what was on the screen before.
fn is_stray(app: &mut App, place: Place, key: Key, known: Option<Act>, now: Now) -> bool {
    let wait = app.settings.arming;
    let moves = matches!(known, Some(Act::Go(_) | Act::Close)) && !matches!(key.code, Code::Char(_)) || matches!(key.held, Held::Ctrl);
    if moves {
        return false;
    }
    // Only the key that runs it waits again for a plan that was looked at before: nothing else is typed ahead of it.
    let decides = matches!(key.code, Code::Enter | Code::Char('a'));
    let is_known = !matches!(place, Place::Dialog) && app.proposal.as_ref().is_some_and(|proposal| proposal.looked_at);
    if is_known && !decides {
        return false;
    }
    let arming = match place {
        Place::Dialog => app.dialog.as_mut().map(|dialog| &mut dialog.arming),
        Place::Pane(Pane::Plan | Pane::Step | Pane::Why) if app.subject == Subject::Proposal => {
            app.proposal.as_mut().map(|proposal| &mut proposal.arming)
        }
        Place::Pane(_) | Place::Help | Place::Prompt | Place::Palette => None,
    };
    let Some(arming) = arming.filter(|arming| !arming.is_armed(now.mono, wait)) else {
        if let Some(proposal) = app.proposal.as_mut().filter(|_| !matches!(place, Place::Dialog)) {
            proposal.looked_at = true;
        }
        return false;
    };
    arming.stray = Some(now.mono);
    app.mark(Dirty::Soon);
    true
}

fn pane_key(app: &mut App, place: Place, key: Key, now: Now, deeds: &mut Vec<Deed>) {
    let mut acts = keys::acts(place, key).peekable();
    if acts.peek().is_none() {
        app.dirty = app.dirty.max(Dirty::Soon);
        return;
    }
    let chosen = acts.find(|act| act::is_for_now(app, *act));
    if let Some(act) = chosen {
        act::perform(app, act, now, deeds);
    } else if let Some(act) = keys::acts(place, key).last() {
        let why = act::why_not(app, act);
        app.say(Role::Muted, why);
    }
}

fn intent_key(app: &mut App, key: Key, known: Option<Act>, now: Now, deeds: &mut Vec<Deed>) {
    let choices = match &app.intent.answer {
        Some(Answer::Clarify { choices, .. }) => choices.len(),
        Some(Answer::Refuse { .. }) | None => 0,
    };
    match known {
        Some(Act::Ask) => match meant::for_us(app.intent.editor.text()) {
            Some(to_us) => {
                app.intent.editor.clear();
                act::perform(app, if to_us == Meant::Help { Act::Help } else { Act::Leave }, now, deeds);
            }
            None => ask(app, deeds),
        },
        Some(Act::NewLine) => {
            app.intent.selected = false;
            app.intent.editor.insert('\n');
        }
        Some(Act::ClearIntent) => {
            set_aside(app);
            (app.intent.choice, app.intent.recalled, app.intent.answer) = (None, None, None);
        }
        Some(Act::Go(Go::Down)) if choices > 0 => {
            app.intent.choice = Some(app.intent.choice.map_or(0, |at| Go::Down.from(at, 1, choices)));
        }
        Some(Act::Go(_)) if choices > 0 => app.intent.choice = app.intent.choice.filter(|at| *at > 0).map(|at| at - 1),
        Some(Act::Go(go)) => recall(app, go),
        Some(act) => act::perform(app, act, now, deeds),
        None => {
            let writes = matches!((key.held, key.code), (Held::Nothing, Code::Char(_) | Code::Backspace | Code::Delete));
            if std::mem::take(&mut app.intent.selected) && writes {
                set_aside(app);
            }
            edit(&mut app.intent.editor, key);
            // An answer that was offered for other words is none for these, and what was recalled is a draft now.
            (app.intent.choice, app.intent.recalled) = (None, None);
        }
    }
}

/// Empties the editor; Up brings the text back.
fn set_aside(app: &mut App) {
    app.intent.selected = false;
    if !app.intent.editor.is_empty() {
        app.intent.replaced = Some(app.intent.editor.text().to_owned());
        app.intent.editor.clear();
    }
}

/// Through what was set aside and the intents that became runs, the newest first; below them is the draft.
fn recall(app: &mut App, go: Go) {
    let mut earlier = app.submitted_intents();
    if let Some(replaced) = &app.intent.replaced {
        earlier.retain(|text| text != replaced);
        earlier.insert(0, replaced.clone());
    }
    app.intent.selected = false;
    let next = match (go, app.intent.recalled) {
        (Go::Up, at) => Some(at.map_or(0, |at| at + 1)).filter(|at| *at < earlier.len()).or(at),
        (_, at) => at.and_then(|at| at.checked_sub(1)),
    };
    if next == app.intent.recalled {
        return;
    }
    if app.intent.recalled.is_none() {
        app.intent.draft = app.intent.editor.text().to_owned();
    }
    let text = next.map_or_else(|| std::mem::take(&mut app.intent.draft), |at| earlier[at].clone());
    app.intent.editor.set(&text);
    (app.intent.recalled, app.intent.answer) = (next, None);
}

/// A chosen answer goes behind the text, so that the whole intent is planned again.
fn ask(app: &mut App, deeds: &mut Vec<Deed>) {
    if let (Some(Answer::Clarify { choices, .. }), Some(at)) = (&app.intent.answer, app.intent.choice.take()) {
        let chosen = choices.get(at).map(|choice| format!(" {}", text::safe(choice))).unwrap_or_default();
        app.intent.editor.end_of_all();
        app.intent.editor.paste(&chosen);
    }
    let asked = app.intent.editor.text().to_owned();
    if asked.trim().is_empty() {
        return app.say(Role::Muted, "type what is to be done, such as: restart nginx on web-3 and verify");
    }
    if app.proposal.as_ref().is_some_and(|proposal| proposal.answers(&asked)) {
        return feed::show_proposal(app);
    }
    if app.intent.asking.as_ref().is_some_and(|(_, text)| *text == asked) {
        return;
    }
    app.intent.asked += 1;
    app.intent.answer = None;
    app.intent.asking = Some((app.intent.asked, asked.clone()));
    deeds.push(Deed::Plan { ask: app.intent.asked, text: asked });
}

/// One key in an editor of ours.
pub(super) fn edit(editor: &mut Editor, key: Key) {
    match (key.held, key.code) {
        (Held::Nothing, Code::Char(letter)) => editor.insert(letter),
        (Held::Nothing, Code::Backspace) => editor.backspace(),
        (Held::Nothing, Code::Delete) => editor.delete(),
        (_, Code::Left) => editor.left(),
        (_, Code::Right) => editor.right(),
        (_, Code::Home) => editor.home(),
        (_, Code::End) => editor.end(),
        (Held::Ctrl, Code::Char('u')) => editor.clear(),
        (Held::Ctrl, Code::Char('w')) | (Held::Alt, Code::Backspace) => editor.delete_word(),
        (Held::Ctrl | Held::Alt | Held::Nothing, _) => {}
    }
}

/// A dialog's field takes one line.
pub(super) fn edit_field(editor: &mut Editor, key: Key, effort: &Effort) {
    match effort {
        Effort::Word(_) | Effort::Sentence => edit(editor, key),
        Effort::Letter | Effort::Enter => {}
    }
}
