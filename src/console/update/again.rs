//! A finished run's plan, looked at anew: nothing of the old run is touched, and the new one wants its own yes.

use crate::model::state::Workflow;
use crate::text;

use super::super::app::{App, Subject};
use super::super::arming::Arming;
use super::super::phrase;
use super::super::proposal::{Proposal, Sent};
use super::super::theme::Role;
use super::feed;

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

/// As a proposal like any other: it arms, it is approved, and the engine looks at it again before anything runs.
pub(super) fn propose(app: &mut App) {
    let Some((run, graph, intent)) = over(app).and_then(|one| Some((one.run.clone(), one.graph()?.clone(), one.intent.text.clone())))
    else {
        return;
    };
    if app.proposal.as_ref().is_some_and(|proposal| proposal.sent == Sent::Yes) {
        return app.say(Role::Warn, "a plan was just sent and has no answer yet: try again in a moment");
    }
    let replaced = app.proposal.as_ref().is_some_and(|old| old.plan.digest != graph.plan.digest);
    let fresh = Proposal::new(intent, (*graph.plan).clone(), Arming::from_frame(app.frame));
    app.proposal = Some(Proposal { again: Some(run.clone()), ..fresh });
    app.subject = Subject::Proposal;
    feed::show_proposal(app);
    let instead = if replaced { ", in the place of the plan that was proposed" } else { "" };
    app.say(Role::Accent, format!("the plan of {} again{instead}: nothing runs yet", text::safe(run.as_str())));
}
