//! A finished run's plan, looked at anew: nothing of the old run is touched, and the new one wants its own yes.

use crate::model::ids::RunId;
use crate::model::plan::Plan;
use crate::model::state::Workflow;
use crate::text;

use super::super::app::App;
use super::super::arming::Arming;
use super::super::pane::Pane;
use super::super::phrase;
use super::super::proposal::{Proposal, Sent};
use super::super::theme::Role;
use super::{Deed, feed};

/// The finished run at hand, with a plan that is known here.
fn over(app: &App) -> Option<&Workflow> {
    app.acted_on().filter(|workflow| workflow.state.is_finished() && workflow.graph().is_some())
}

pub(super) fn is_possible(app: &App) -> bool {
    over(app).is_some()
}

/// Why no key that changes a run works on this one, and which key goes on.
pub(super) fn finished(app: &App) -> Option<String> {
    let workflow = app.acted_on().filter(|workflow| workflow.state.is_finished())?;
    let way_on = if workflow.graph().is_some() { ": o opens its plan again, as a new run" } else { "" };
    Some(format!("{} is over ({}){way_on}", text::safe(workflow.run.as_str()), phrase::workflow(workflow).to_lowercase()))
}

/// The old list of what would be touched is no list of what is there now: it is made ready anew, then looked at.
pub(super) fn propose(app: &mut App, deeds: &mut Vec<Deed>) {
    let Some((run, plan)) = over(app).and_then(|one| Some((one.run.clone(), one.graph()?.plan.clone()))) else { return };
    if is_sent(app) {
        return app.say(Role::Warn, "a plan was just sent and has no answer yet: try again in a moment");
    }
    app.say(Role::Muted, format!("the plan of {} again: looking at what it would touch now…", text::safe(run.as_str())));
    if app.making_anew.as_ref() != Some(&run) {
        app.making_anew = Some(run.clone());
        deeds.push(Deed::Anew { run, plan });
    }
}

fn is_sent(app: &App) -> bool {
    app.proposal.as_ref().is_some_and(|proposal| proposal.sent == Sent::Yes)
}

/// As a proposal like any other: it arms, it is approved, and the engine looks at it again before anything runs. It takes
/// the screen from nobody who went on to something else, and the place of no plan that somebody asked for meanwhile.
pub(super) fn made(app: &mut App, run: RunId, answer: Result<Plan, String>) {
    if app.making_anew.take_if(|wanted| *wanted == run).is_none() {
        return;
    }
    let shown = text::safe(run.as_str());
    let plan = match answer {
        Ok(plan) => plan,
        Err(why) => return app.say(Role::Bad, format!("could not make the plan of {shown} ready: {}", text::safe(&why))),
    };
    let free = app.dialog.is_none() && app.help.is_none() && app.prompt.is_none() && app.palette.is_none() && app.pane != Pane::Intent;
    let watched = free && over(app).is_some_and(|workflow| workflow.run == run);
    if !watched || is_sent(app) {
        return app.say(Role::Accent, format!("the plan of {shown} was made ready, but you went on: o on it does it again"));
    }
    let intent = app.state.runs.get(&run).map_or_else(|| plan.intent.clone(), |workflow| workflow.intent.text.clone());
    let replaced = app.proposal.as_ref().is_some_and(|old| old.plan.digest != plan.digest);
    let fresh = Proposal::new(intent, plan, Arming::from_frame(app.frame));
    app.proposal = Some(Proposal { again: Some(run), ..fresh });
    feed::show_proposal(app);
    let instead = if replaced { ", in the place of the plan that was proposed" } else { "" };
    app.say(Role::Accent, format!("the plan of {shown} again{instead}: nothing runs yet"));
}
