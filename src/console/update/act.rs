//! What a key does outside dialogs, whether it can now, and why not.

use crate::model::command::{Command, StepRef};
use crate::model::step_state::{StepState, WorkflowState};
use crate::text;

use super::super::app::{App, Dirty, LinkState, Now, StepPart, Subject};
use super::super::dialog::{self, Dialog};
use super::super::keys::Act;
use super::super::pane::Pane;
use super::super::proposal::Sent;
use super::super::theme::Role;
use super::super::widget::log::Way;
use super::super::wiring::Exit;
use super::{Deed, Order, again, choose, find, go, rejoin, revise, show_run};
use crate::model::catalogue::EffectClass;
use crate::model::command::{Consent, Submit};
use crate::model::intent::Intent;

/// The footer shows it and the key does it. What only the engine can refuse counts as possible.
pub fn is_for_now(app: &App, act: Act) -> bool {
    let run_open = app.acted_on().is_some_and(|workflow| !workflow.state.is_finished());
    let step = || app.selected_record().map(|(_, _, record)| &record.state);
    match act {
        Act::RunPlan => is_runnable(app) && app.blocked().is_none(),
        Act::Approve => {
            let gate = app.selected_question().is_some_and(|(_, open)| open.digest.is_some());
            gate || app.plan_question().is_some()
                || app.subject == Subject::Proposal && !is_runnable(app) && unsent(app) && app.blocked().is_none()
        }
        Act::OtherPlan => app.other.found.is_some(),
        Act::ClearIntent => !app.intent.editor.is_empty(),
        Act::OldestQuestion => app.waiting() > 0,
        Act::Retry | Act::Change => run_open && step().is_some_and(can_retry),
        Act::HoldBack => {
            run_open && app.workflow().is_some_and(|one| one.started.is_some()) && step().is_some_and(|state| !state.is_settled())
        }
        Act::Skip => run_open && step().is_some_and(can_skip),
        Act::Done => run_open && step().is_some_and(|state| !state.is_settled() && !state.is_live()),
        Act::TakeBack => run_open && matches!(step(), Some(StepState::Held { .. })),
        Act::PauseOrResume => app.acted_on().is_some_and(|workflow| {
            !workflow.parked && matches!(workflow.state, WorkflowState::Running | WorkflowState::Paused | WorkflowState::Pausing)
        }),
        Act::ResumeParked => parked(app).is_some(),
        Act::RunAgain => again::is_possible(app),
        Act::Cancel => run_open,
        Act::Open => match app.pane {
            Pane::Plan => app.selected().is_some(),
            Pane::Runs => !app.listed().is_empty(),
            Pane::Inbox => app.inbox_cursor < app.inbox().len(),
            Pane::Services => !app.services.open && !app.operations().is_empty(),
            Pane::Step | Pane::Log | Pane::Why | Pane::Intent => false,
        },
        Act::Follow => app.step.back.is_some() && (app.pane == Pane::Log || app.step_part() == StepPart::Output),
        Act::Find => match app.pane {
            Pane::Plan => app.graph().is_some(),
            Pane::Log => app.output.is_some(),
            Pane::Runs | Pane::Inbox | Pane::Services => true,
            Pane::Step | Pane::Why | Pane::Intent => false,
        },
        Act::NextFound | Act::PreviousFound => app.looked_for(app.pane).is_some(),
        Act::Save => app.output.as_ref().is_some_and(|output| output.total > 0),
        Act::ShowResult => {
            app.step_part() != StepPart::Result && app.selected_record().is_some_and(|(_, _, record)| record.result.is_some())
        }
        Act::ShowOutput => app.step_part() != StepPart::Output && app.selected_record().is_some(),
        Act::ShowFacts => app.step_part() != StepPart::Facts && app.selected_record().is_some(),
        Act::Fold => app.step_part() == StepPart::Result,
        Act::NextQuestion => app.waiting() > 1,
        Act::Rejoin => !app.in_process && matches!(app.link_state, LinkState::Gone { .. }),
        Act::ThinkInFull => app.thoughts().is_some_and(|all| !all.is_empty()) || has_votes(app),
        Act::Go(_)
        | Act::Back
        | Act::Palette
        | Act::Accept
        | Act::Dismiss
        | Act::Show(_)
        | Act::NextPane
        | Act::PreviousPane
        | Act::EditIntent
        | Act::Ask
        | Act::NewLine
        | Act::Do
        | Act::Close
        | Act::Help
        | Act::Leave
        | Act::Interrupt
        | Act::Repaint
        | Act::Suspend => true,
    }
}

/// Roles voted on what Why shows.
fn has_votes(app: &App) -> bool {
    let weighed = app.other.weighed.as_ref().filter(|_| app.subject == Subject::Proposal).is_some_and(|one| one.decision.is_some());
    weighed || app.graph().is_some_and(|graph| graph.plan.why.decision.is_some())
}

fn unsent(app: &App) -> bool {
    app.proposal.as_ref().is_some_and(|proposal| proposal.sent == Sent::No)
}

/// A proposal that only reads, and was not sent yet.
fn is_runnable(app: &App) -> bool {
    app.subject == Subject::Proposal
        && unsent(app)
        && app.proposal.as_ref().is_some_and(|one| !one.plan.approval_required && one.worst != EffectClass::Destroy)
}

fn can_retry(state: &StepState) -> bool {
    matches!(state, StepState::AwaitingDecision { .. } | StepState::OutcomeUnknown | StepState::BackingOff { .. })
}

fn can_skip(state: &StepState) -> bool {
    !state.is_settled() && (!state.is_live() || *state == StepState::Running)
}

/// The run that `R` would go on with.
fn parked(app: &App) -> Option<&crate::model::state::Workflow> {
    app.acted_on().filter(|workflow| workflow.parked && !workflow.state.is_finished())
}

/// One sentence for a key that does nothing here.
pub(super) fn why_not(app: &App, act: Act) -> String {
    let state = app.selected_record().map(|(_, _, record)| record.state.word().replace('_', " "));
    let step = app.selected_step().map(|step| text::safe(step.id.as_str()));
    let of_step = |cannot: &str| match (&step, &state) {
        (Some(step), Some(state)) => format!("{step} is {state}; {cannot}"),
        _ => "select a step of a run first".to_owned(),
    };
    if let (Act::Retry | Act::Change | Act::Skip | Act::Done | Act::HoldBack | Act::PauseOrResume | Act::Cancel, Some(over)) =
        (act, again::finished(app))
    {
        return over;
    }
    match act {
        Act::RunPlan | Act::Approve if app.blocked().is_some() => {
            let (step, why) = app.blocked().unwrap_or_default();
            format!("{} cannot run: {}", text::safe(step), text::safe(why))
        }
        Act::Approve => "nothing here waits for an approval".to_owned(),
        Act::OtherPlan => "there is no other plan to look at".to_owned(),
        Act::OldestQuestion => "no question waits".to_owned(),
        Act::Retry => of_step("only a failed, unknown or backing-off step is done again"),
        Act::Change => of_step("only a failed, unknown or backing-off step is changed"),
        Act::HoldBack => of_step("only a step that is still to come can be held back"),
        Act::Skip => of_step("it cannot be skipped"),
        Act::Done => of_step("only a step that waits can be marked done by hand"),
        Act::TakeBack => of_step("only a held step can be taken back"),
        Act::PauseOrResume => "no running or paused run here".to_owned(),
        Act::ResumeParked => "no parked run here".to_owned(),
        Act::RunAgain => "no finished run here".to_owned(),
        Act::Cancel => "no unfinished run here".to_owned(),
        Act::ShowResult => of_step("it has no result"),
        Act::Open => "nothing to open here".to_owned(),
        Act::Follow => "it follows already".to_owned(),
        Act::Rejoin => "the engine is there".to_owned(),
        Act::Find => "nothing to look through here".to_owned(),
        Act::NextFound | Act::PreviousFound => "look for something first: /".to_owned(),
        Act::Save => "there is no output to save".to_owned(),
        Act::ThinkInFull => "nobody kept what was thought about this plan".to_owned(),
        _ => "not here".to_owned(),
    }
}

pub(super) fn perform(app: &mut App, act: Act, now: Now, deeds: &mut Vec<Deed>) {
    match act {
        Act::Go(go) => go::go_to(app, go, now),
        Act::Open => open(app),
        Act::Back => back(app),
        Act::Show(pane) if pane != app.pane => {
            app.pane = pane;
            point_at_run(app);
        }
        Act::NextPane => app.pane = app.pane.next(),
        Act::PreviousPane => app.pane = app.pane.previous(),
        Act::EditIntent => app.pane = Pane::Intent,
        Act::RunPlan => submit(app, deeds),
        Act::Approve => open_dialog(app, approval),
        Act::OtherPlan => open_dialog(app, dialog::for_other),
        Act::OldestQuestion => oldest(app),
        Act::Retry | Act::Skip | Act::Done => {
            open_dialog(app, |app| {
                let (workflow, ix, _) = app.selected_record()?;
                dialog::for_step(app, workflow, ix)
            });
            if act == Act::Done {
                choose::type_evidence(app);
            }
        }
        Act::Cancel => open_dialog(app, |app| dialog::for_cancel(app, app.acted_on()?)),
        Act::TakeBack => take_back(app, deeds),
        Act::Change => revise::open(app),
        Act::HoldBack => hold_back(app, deeds),
        Act::PauseOrResume => pause_or_resume(app, deeds),
        Act::ResumeParked => resume_parked(app, deeds),
        Act::RunAgain => again::propose(app, deeds),
        Act::Follow => app.step.back = None,
        Act::ShowOutput => app.step.chosen = Some(StepPart::Output),
        Act::ShowResult => show_result(app),
        Act::ShowFacts => app.step.chosen = Some(StepPart::Facts),
        Act::Fold => {
            app.step.tree.get_mut().toggle_selected();
        }
        Act::Find => find::open_find(app),
        Act::NextFound => find::next_found(app, Way::Forward),
        Act::PreviousFound => find::next_found(app, Way::Back),
        Act::Save => find::open_save(app),
        Act::ThinkInFull => app.thinking.in_full = !app.thinking.in_full,
        Act::Palette => find::open_palette(app),
        Act::Help => app.help = Some(0),
        Act::Close => app.help = None,
        Act::Leave => leave(app, deeds),
        Act::Interrupt => interrupt(app),
        Act::Repaint => deeds.push(Deed::Repaint),
        Act::Suspend => deeds.push(Deed::Suspend),
        Act::Rejoin => rejoin::again(app, deeds),
        Act::Do | Act::NextQuestion => choose::perform(app, act, now, deeds),
        Act::Show(_) | Act::Ask | Act::NewLine | Act::ClearIntent | Act::Accept | Act::Dismiss => {}
    }
}

fn open(app: &mut App) {
    match app.pane {
        Pane::Plan => app.pane = Pane::Step,
        Pane::Runs => {
            if let Some(run) = app.listed().get(app.runs_cursor).cloned() {
                show_run(app, run, Pane::Plan);
            }
        }
        Pane::Inbox => open_waiting(app),
        Pane::Services => (app.services.open, app.services.facts_top) = (true, 0),
        Pane::Step | Pane::Log | Pane::Why | Pane::Intent => {}
    }
}

/// A question opens its dialog; a parked run is shown, and its key goes on with it.
fn open_waiting(app: &mut App) {
    let items = app.inbox();
    let Some(item) = items.get(app.inbox_cursor) else { return };
    let (run, question) = (item.workflow.run.clone(), item.open.map(|open| open.step));
    match question {
        Some(step) => choose::show_question(app, run, step),
        None => show_run(app, run, Pane::Plan),
    }
}

/// First what is looked for goes.
fn back(app: &mut App) {
    if app.pane == Pane::Services && std::mem::take(&mut app.services.open) {
        app.services.facts_top = 0;
        return;
    }
    // In the editor Esc leaves it, whatever else it closes.
    if app.card.take().is_some() && app.pane != Pane::Intent || find::forget(app) {
        return;
    }
    app.pane = match app.pane {
        Pane::Plan | Pane::Inbox | Pane::Services => Pane::Runs,
        Pane::Intent => app.before_intent,
        Pane::Step | Pane::Log | Pane::Why | Pane::Runs => Pane::Plan,
    };
    point_at_run(app);
}

/// The list of runs opens on the one that was looked at: the next key acts on that.
fn point_at_run(app: &mut App) {
    let looked_at = match &app.subject {
        Subject::Run(run) => Some(run),
        Subject::Proposal => app.proposal.as_ref().and_then(|proposal| proposal.again.as_ref()),
        Subject::Nothing => None,
    };
    if let Some(at) = app.listed().iter().position(|one| Some(one) == looked_at).filter(|_| app.pane == Pane::Runs) {
        app.runs_cursor = at;
    }
}

fn show_result(app: &mut App) {
    app.step.chosen = Some(StepPart::Result);
    app.step.tree.get_mut().select_first();
}

pub(super) fn open_dialog(app: &mut App, make: impl Fn(&App) -> Option<Dialog>) {
    if let Some(why) = app.cannot_act() {
        return app.say(Role::Bad, why);
    }
    match make(app) {
        Some(dialog) => {
            app.dialog = Some(dialog);
            // Not every dialog is opened by a key.
            app.mark(Dirty::Soon);
        }
        None => app.say(Role::Muted, "there is nothing to decide here now"),
    }
}

fn approval(app: &App) -> Option<Dialog> {
    if app.subject == Subject::Proposal {
        return Some(dialog::for_proposal(app, app.proposal.as_ref()?));
    }
    if let Some((workflow, open)) = app.selected_question().filter(|(_, open)| open.digest.is_some()) {
        return dialog::for_gate(app, workflow, open.step?, open);
    }
    let (workflow, open) = app.plan_question()?;
    dialog::for_plan(app, workflow, open)
}

fn oldest(app: &mut App) {
    let Some((run, step)) = app.next_question().map(|(workflow, open)| (workflow.run.clone(), open.step)) else { return };
    choose::show_question(app, run, step);
}

pub(super) fn send(app: &mut App, command: Command, done: String, deeds: &mut Vec<Deed>) {
    if let Some(why) = app.cannot_act() {
        return app.say(Role::Bad, format!("not sent: {why}"));
    }
    deeds.push(Deed::Send { order: Order::Other { done }, command: Box::new(command) });
}

/// One deliberate yes to the plan that is on the screen.
pub(super) fn submit(app: &mut App, deeds: &mut Vec<Deed>) {
    let (actor, host) = (app.actor.clone(), app.host.clone());
    let live = app.link_state == LinkState::Live;
    let Some(proposal) = app.proposal.as_mut().filter(|proposal| proposal.sent == Sent::No && live) else {
        return app.say(Role::Bad, "not sent: there is no plan or no engine");
    };
    proposal.sent = Sent::Yes;
    let submit = Submit {
        intent: Intent { text: proposal.text.clone(), actor, host, session: "console".to_owned() },
        plan: Box::new((*proposal.plan).clone()),
        consent: Consent::Shown { digest: proposal.plan.digest },
        attended: true,
    };
    deeds.push(Deed::Send { order: Order::Submit, command: Box::new(Command::Submit(submit)) });
}

fn take_back(app: &mut App, deeds: &mut Vec<Deed>) {
    let Some((workflow, ix, record)) = app.selected_record() else { return };
    let Some(step) = workflow.graph().map(|graph| graph.step(ix).id.clone()) else { return };
    let done = format!("{step} is taken back and waits for approval again");
    let at = StepRef { run: workflow.run.clone(), step, expected_rev: Some(record.rev) };
    send(app, Command::TakeBack { at }, done, deeds);
}

/// The step and all that depends on it; what runs goes on to its end.
fn hold_back(app: &mut App, deeds: &mut Vec<Deed>) {
    let Some((workflow, ix, record)) = app.selected_record() else { return };
    let Some(step) = workflow.graph().map(|graph| graph.step(ix).id.clone()) else { return };
    let run = workflow.run.clone();
    if record.paused {
        let done = format!("{step} and what depends on it go on");
        send(app, Command::Resume { run: Some(run), step: Some(step) }, done, deeds);
    } else {
        let done = format!("{step} and what depends on it are held back");
        send(app, Command::Pause { run, step: Some(step) }, done, deeds);
    }
}

fn pause_or_resume(app: &mut App, deeds: &mut Vec<Deed>) {
    let Some(workflow) = app.acted_on() else { return };
    let run = workflow.run.clone();
    if workflow.state == WorkflowState::Running {
        let done = format!("{run} is paused: what runs goes on, nothing new starts");
        send(app, Command::Pause { run, step: None }, done, deeds);
    } else {
        let done = format!("{run} goes on");
        send(app, Command::Resume { run: Some(run), step: None }, done, deeds);
    }
}

fn resume_parked(app: &mut App, deeds: &mut Vec<Deed>) {
    let Some(run) = parked(app).map(|workflow| workflow.run.clone()) else { return };
    let done = format!("{run} goes on");
    send(app, Command::Resume { run: Some(run), step: None }, done, deeds);
}

fn leave(app: &mut App, deeds: &mut Vec<Deed>) {
    if !app.in_process {
        deeds.push(Deed::Leave(Exit::Detach));
    } else if app.unfinished().next().is_none() || matches!(app.link_state, LinkState::Gone { .. }) {
        deeds.push(Deed::Leave(Exit::Quit));
    } else {
        app.dialog = Some(dialog::for_leaving(app));
    }
}

/// First what is typed or open goes, then it offers to leave. A run is never touched.
fn interrupt(app: &mut App) {
    if app.help.take().is_some() || app.dialog.take().is_some() || app.palette.take().is_some() || app.prompt.take().is_some() {
        return;
    }
    if app.pane == Pane::Intent && (!app.intent.editor.is_empty() || app.intent.asking.is_some()) {
        app.intent.editor.clear();
        (app.intent.asking, app.intent.answer, app.intent.choice) = (None, None, None);
        return;
    }
    app.dialog = Some(dialog::for_leaving(app));
}
