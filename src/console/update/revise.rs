//! Other parameters for a step: typed, made into the plan's next revision, looked at, sent.

use crate::model::plan::Plan;
use crate::text;

use super::super::app::App;
use super::super::dialog;
use super::super::pane::Pane;
use super::super::prompt::{Prompt, Wanted};
use super::super::revision::{Form, Revision, Target};
use super::super::theme::Role;
use super::{Deed, act};

/// What was made ready is shown; else the parameters are typed.
pub(super) fn open(app: &mut App) {
    let Some((workflow, ix, record)) = app.selected_record() else { return };
    let target = Target { run: workflow.run.clone(), ix, rev: record.rev };
    if app.revision.as_ref().is_some_and(|revision| revision.target == target) {
        return show(app);
    }
    let Some(form) = workflow.graph().and_then(|graph| Form::of(target, graph.step(ix))) else {
        return app.say(Role::Muted, "it has no parameters that can be typed here");
    };
    let before = app.last_change.as_ref().filter(|before| before.target == form.target).cloned();
    ask(app, Form { at: 0, ..before.unwrap_or(form) });
}

fn ask(app: &mut App, form: Form) {
    let value = form.value().to_owned();
    app.prompt = Some(Prompt::new(Wanted::Change(form), &value));
}

/// The next one, or off with them.
pub(super) fn typed(app: &mut App, mut form: Form, value: &str, deeds: &mut Vec<Deed>) {
    if form.take(value) {
        return ask(app, form);
    }
    let target = form.target.clone();
    let Some(graph) = app.state.runs.get(&target.run).and_then(|workflow| workflow.graph().cloned()) else { return };
    let step = graph.step(target.ix);
    let set = form.changed(step);
    app.last_change = Some(form);
    if set.is_empty() {
        return app.say(Role::Muted, "nothing was changed; r does it again as it is");
    }
    app.say(Role::Muted, "making the plan's next revision…");
    deeds.push(Deed::Revise { plan: graph.plan.clone(), step: step.id.clone(), set, target });
}

/// Opens only where its step is still looked at: it takes the screen from nobody who went on to something else.
pub(super) fn made(app: &mut App, target: Target, answer: Result<Plan, String>) {
    let plan = match answer {
        Ok(plan) => plan,
        Err(why) => return app.say(Role::Bad, format!("could not change it: {}; m opens it again", text::safe(&why))),
    };
    let here =
        app.selected_record().is_some_and(|(workflow, ix, record)| (&workflow.run, ix, record.rev) == (&target.run, target.ix, target.rev));
    let free = app.dialog.is_none() && app.help.is_none() && app.prompt.is_none() && app.palette.is_none();
    let watched = here && free && matches!(app.pane, Pane::Plan | Pane::Step | Pane::Log | Pane::Why);
    app.revision = Some(Revision { target, plan: plan.into() });
    app.message = None;
    if watched {
        show(app);
    } else {
        app.say(Role::Accent, "the changed step is ready: m on it shows it");
    }
}

fn show(app: &mut App) {
    let Some(revision) = app.revision.take() else { return };
    act::open_dialog(app, |app| dialog::for_revision(app, app.workflow()?, &revision));
}
