//! Events and planning's answers -> the folded state and what is shown of it.

use std::sync::Arc;

use crate::engine::handle::FeedItem;
use crate::model::event::{Event, Fact};
use crate::model::ids::RunId;
use crate::model::outcome::PlanOutcome;
use crate::model::state::{State, Workflow};
use crate::model::time::Stamp;

use super::super::app::{Answer, App, Dirty, Focus, LinkState, Subject};
use super::super::arming::Arming;
use super::super::dialog::{self, Basis};
use super::super::pane::Pane;
use super::super::proposal::Proposal;
use super::super::settings::Bell;
use super::super::theme::Role;
use super::{Deed, other, rejoin, settle};

pub(super) fn received(app: &mut App, item: FeedItem, deeds: &mut Vec<Deed>) {
    match item {
        FeedItem::Plan(graph) => app.state.know_plan(graph),
        FeedItem::Event(event) => event_received(app, &event, deeds),
        FeedItem::Thinking(thinking) => {
            app.elsewhere.hear(&thinking);
            if app.pane == Pane::Why {
                app.mark(Dirty::Soon);
            }
        }
        FeedItem::Resync(state) => replace(app, state),
        FeedItem::Gone { reason } => rejoin::engine_gone(app, &reason, deeds),
    }
}

/// Starts again from a state that holds everything.
pub(super) fn replace(app: &mut App, state: Arc<State>) {
    app.state = Arc::unwrap_or_clone(state);
    app.link_state = LinkState::Live;
    app.forget_asked();
    // Events may be missing from what the feed brought.
    app.history = None;
    list_runs(app);
    check_dialog(app);
    app.mark(Dirty::Soon);
}

fn event_received(app: &mut App, event: &Arc<Event>, deeds: &mut Vec<Deed>) {
    // A state that came in between has it already.
    if event.seq <= app.state.seq {
        return;
    }
    let parked = |app: &App| event.run.as_ref().and_then(|run| app.state.runs.get(run)).is_some_and(|workflow| workflow.parked);
    let was_parked = parked(app);
    (app.fold)(&mut app.state, event);
    if was_parked && !parked(app) {
        forget_parked(app, event);
    }
    if let Some(history) = &mut app.history {
        history.heard(event);
    }
    if matches!(event.fact, Fact::IntentSubmitted { .. }) {
        list_run(app, event);
    }
    let Some(run) = &event.run else {
        app.mark(Dirty::Soon);
        return;
    };
    tells_itself(app, run);
    let asked = ask_for_attention(app, run, deeds);
    let shown = matches!(&app.subject, Subject::Run(subject) if subject == run);
    if app.matching.is_some() {
        app.match_runs();
    }
    // Header, tabs and intent count runs, whatever is shown.
    let counted = matches!(event.fact, Fact::IntentSubmitted { .. } | Fact::WorkflowFinished { .. } | Fact::WorkflowResumed { .. });
    if shown || asked || counted || matches!(app.pane, Pane::Runs | Pane::Inbox) {
        app.mark(Dirty::Soon);
    }
    let about_run = app.dialog.as_ref().is_some_and(|dialog| matches!(&dialog.basis, Basis::Run { run: of } if of == run));
    if about_run {
        anew(app, run);
    }
    check_dialog(app);
}

/// A run on the screen that began, waits or ended says more than that it was submitted.
pub(super) fn tells_itself(app: &mut App, run: &RunId) {
    let tells = |workflow: &Workflow| workflow.started.is_some() || workflow.finished.is_some() || workflow.waits_for_person();
    let shown = matches!(&app.subject, Subject::Run(subject) if subject == run);
    if shown && app.state.runs.get(run).is_some_and(tells) && app.message.take_if(|it| it.until.as_ref() == Some(run)).is_some() {
        app.mark(Dirty::Soon);
    }
}

/// After a hand-over the next engine takes up what the last one left: what was said of it no longer holds.
fn forget_parked(app: &mut App, event: &Event) {
    let told = app.message.as_ref().is_some_and(|message| message.text.contains("parked"));
    if let Some(run) = event.run.as_ref().filter(|_| told) {
        let line = format!("{run} goes on");
        app.say(Role::Ok, line);
    }
}

/// A dialog about a whole run says what it would do now, with the same choice under the mark.
fn anew(app: &mut App, run: &RunId) {
    let Some(mut fresh) = app.state.runs.get(run).and_then(|workflow| dialog::for_cancel(app, workflow)) else { return };
    let Some(open) = app.dialog.take() else { return };
    // Other choices are another question: it waits to be read again.
    if fresh.choices.len() == open.choices.len() {
        (fresh.focus, fresh.field, fresh.arming, fresh.end) = (open.focus, open.field, open.arming, open.end);
        fresh.scroll_to(open.top);
    }
    app.dialog = Some(fresh);
    app.mark(Dirty::Soon);
}

fn list_runs(app: &mut App) {
    let chosen = app.listed().get(app.runs_cursor).cloned();
    let mut runs: Vec<(u64, RunId)> = app.state.runs.values().map(|workflow| (workflow.order, workflow.run.clone())).collect();
    runs.sort_by(|one, other| other.cmp(one));
    app.runs = runs.into_iter().map(|(_, run)| run).collect();
    app.match_runs();
    // The same run stays selected when a newer one comes above it.
    if let Some(at) = chosen.and_then(|chosen| app.listed().iter().position(|run| *run == chosen)) {
        app.runs_cursor = at;
    }
}

/// A new run is the newest; the selected one stays selected.
fn list_run(app: &mut App, event: &Event) {
    let Some(run) = &event.run else { return };
    app.runs_cursor += usize::from(!app.runs.is_empty() && app.matching.is_none());
    app.runs.insert(0, run.clone());
}

/// Counts the run's open questions; a new one rings once, and only where nobody looks.
fn ask_for_attention(app: &mut App, run: &RunId, deeds: &mut Vec<Deed>) -> bool {
    let open: Vec<_> = app.state.runs.get(run).map(|workflow| workflow.questions.keys().cloned().collect()).unwrap_or_default();
    let known = app.rung.get(run).map_or(&[][..], Vec::as_slice);
    if known == open {
        return false;
    }
    let fresh = open.iter().any(|request| !known.contains(request));
    if fresh && app.focus != Focus::Here && app.settings.bell == Bell::On {
        deeds.push(Deed::Bell);
    }
    if open.is_empty() {
        app.rung.remove(run);
    } else {
        app.rung.insert(run.clone(), open);
    }
    true
}

fn check_dialog(app: &mut App) {
    let proposal = app.proposal.as_ref().map(|proposal| proposal.plan.digest);
    if let Some(dialog) = &mut app.dialog {
        let before = dialog.stale.is_some();
        dialog.check(&app.state, proposal);
        if dialog.stale.is_some() != before {
            app.mark(Dirty::Soon);
        }
    }
}

/// An answer for an older question is dropped. The plan is shown only where its question still stands in the editor: it
/// takes the screen from nobody who went on to something else.
pub(super) fn planned(app: &mut App, ask: u64, outcome: PlanOutcome, deeds: &mut Vec<Deed>) {
    let Some((_, asked)) = app.intent.asking.take_if(|(current, _)| *current == ask) else { return };
    app.mark(Dirty::Soon);
    other::ask(app, ask, asked.clone(), outcome.clone(), deeds);
    match outcome {
        PlanOutcome::Plan { approval_required: _, plan } => {
            let writes = app.pane == Pane::Intent && app.dialog.is_none() && app.help.is_none();
            let same = app.intent.editor.text() == asked;
            app.proposal = Some(Proposal::new(asked, *plan, Arming::from_frame(app.frame)));
            check_dialog(app);
            if writes && same {
                show_proposal(app);
            } else if writes {
                app.subject = Subject::Proposal;
                app.say(Role::Accent, "the plan you asked for is ready: Esc leaves the editor, 1 shows it");
            } else {
                app.say(Role::Accent, "the plan you asked for is ready: i and Enter show it");
            }
        }
        PlanOutcome::Clarify { question, missing, choices } => {
            // The only one there is needs no looking for.
            app.intent.choice = (choices.len() == 1).then_some(0);
            app.intent.answer = Some(Answer::Clarify { question, missing, choices });
        }
        PlanOutcome::Refuse { reason, nearest } => app.intent.answer = Some(Answer::Refuse { reason, nearest }),
    }
}

/// Puts the proposal on the screen.
pub(super) fn show_proposal(app: &mut App) {
    app.subject = Subject::Proposal;
    app.pane = Pane::Plan;
    (app.cursor, app.top) = (0, 0);
    settle::lay_out(app);
    // What keeps it from running is what one came to read.
    let blocked = app.proposal.as_ref().and_then(|proposal| proposal.unbound);
    if let (Some(ix), Some((_, rail))) = (blocked, &app.rail) {
        app.cursor = rail.place.get(ix.at()).map_or(0, |place| *place as usize);
    }
    app.mark(Dirty::Soon);
}

/// At the start: the list of runs, and what happened since a console of this operator was left.
pub fn begin(app: &mut App, seen: Option<Stamp>) {
    list_runs(app);
    if let Some(seen) = seen {
        app.show_card(seen);
    }
}
