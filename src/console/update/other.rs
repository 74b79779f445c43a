//! A model's plan beside the one that stands: asked for when that is shown, told when it comes, taken or dismissed by a key.

use super::super::app::{App, Dirty};
use super::super::arming::Arming;
use super::super::other::{Found, Standing, Weighed};
use super::super::proposal::Proposal;
use super::super::theme::Role;
use super::{Deed, feed};
use crate::engine::proposing::Improvement;
use crate::engine::telling::Told;
use crate::model::outcome::PlanOutcome;
use crate::text;

/// What the words alone came to is known and shown: the model is asked for another.
pub(super) fn ask(app: &mut App, ask: u64, text: String, outcome: PlanOutcome, deeds: &mut Vec<Deed>) {
    app.other.weighed = None;
    let Some(model) = &app.other.model else { return };
    let line = format!("{}; nothing waits for it", head(model));
    app.say(Role::Muted, line);
    deeds.push(Deed::Improve { ask, text: text.clone(), standing: Box::new(outcome.clone()) });
    (app.other.standing, app.other.found, app.other.live) = (Some(Standing { ask, text, outcome }), None, None);
}

/// In the order in which it was thought; of an older question nothing is shown any more.
pub(super) fn told(app: &mut App, ask: u64, told: Told) {
    if ask != app.intent.asked {
        return;
    }
    if app.thinking.ask != ask {
        (app.thinking.ask, app.thinking.thoughts) = (ask, Vec::new());
    }
    match told {
        Told::Thought(thought) => {
            app.thinking.thoughts.push(thought);
            app.mark(Dirty::Soon);
        }
        Told::Model(live) => {
            if app.other.standing.as_ref().is_none_or(|standing| standing.ask != ask) {
                return;
            }
            // A line that says something else is not taken away.
            if app.message.as_ref().is_none_or(|message| message.text.starts_with(&head(&live.model))) {
                let line = format!("{}: {}", head(&live.model), live.line());
                app.say(Role::Muted, line);
            }
            app.other.live = Some(live);
            app.mark(Dirty::Soon);
        }
    }
}

fn head(model: &str) -> String {
    format!("the model {} is asked too", text::safe(model))
}

/// One line, whatever it is; a better plan waits until it is looked at.
pub(super) fn found(app: &mut App, ask: u64, improvement: Option<Improvement>) {
    let is_asked = app.other.standing.as_ref().is_some_and(|standing| standing.ask == ask);
    if is_asked {
        app.other.live = None;
        let weighed = |found: &Improvement| Weighed { line: found.line(), decision: found.decision.clone() };
        app.other.weighed = improvement.as_ref().map(weighed);
    }
    let Some(improvement) = improvement.filter(|_| is_asked && app.other_matters()) else { return };
    if let Some(plan) = improvement.plan.clone().filter(|_| improvement.is_better) {
        app.say(
            Role::Accent,
            format!("^Y shows another plan, of the model {}: {} ({})", improvement.model, improvement.why, improvement.spent()),
        );
        app.other.found = Some(Found { improvement, plan });
    } else {
        app.other.standing = None;
        app.say(Role::Muted, improvement.line());
    }
}

/// What is no longer asked for is not waited for.
pub(super) fn settle(app: &mut App, deeds: &mut Vec<Deed>) {
    if app.other.standing.is_some() && !app.other_matters() {
        (app.other.standing, app.other.found, app.other.live) = (None, None, None);
        deeds.push(Deed::StopImproving);
    }
}

/// In the place of the plan that stood, with nothing agreed to: keys arm anew, and a yes names its digest.
pub(super) fn take(app: &mut App) {
    let (Some(standing), Some(found)) = (app.other.standing.take(), app.other.found.take()) else { return };
    app.intent.answer = None;
    app.proposal = Some(Proposal::new(standing.text, (*found.plan).clone(), Arming::from_frame(app.frame)));
    feed::show_proposal(app);
}

pub(super) fn dismiss(app: &mut App) {
    (app.other.standing, app.other.found) = (None, None);
    app.say(Role::Muted, "the other plan is dismissed");
    app.mark(Dirty::Soon);
}
