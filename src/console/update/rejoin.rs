//! An engine that ended -> the next one, with the same view.
//!
//! A guest looks for whoever holds the journal now, or becomes the host. Whose own engine ended does not start a second
//! one beside it: that end had a reason.

use std::sync::Arc;

use crate::model::state::State;
use crate::text;

use super::super::app::{App, LinkState, Subject};
use super::super::pane::Pane;
use super::super::proposal::Sent;
use super::super::theme::Role;
use super::{Deed, feed, show_run};

/// The engine that the console speaks to from now on.
#[derive(Debug)]
pub struct Rejoined {
    pub link: Arc<str>,
    pub in_process: bool,
    pub state: Arc<State>,
}

pub(super) fn engine_gone(app: &mut App, reason: &str, deeds: &mut Vec<Deed>) {
    let reason = text::safe(reason);
    match (&app.link_state, app.in_process) {
        (LinkState::Live, false) => {
            app.say(Role::Warn, format!("the engine ended ({reason}): looking for the next one"));
            app.link_state = LinkState::Rejoining { reason };
            deeds.push(Deed::Rejoin);
        }
        (LinkState::Live, true) => {
            app.say(Role::Bad, format!("the engine ended ({reason}): q, then `ouioe` goes on; this is the last that is known"));
            app.link_state = LinkState::Gone { reason };
        }
        (LinkState::Rejoining { .. } | LinkState::Gone { .. }, _) => {}
    }
}

/// The operator's key, after it was not possible.
pub(super) fn again(app: &mut App, deeds: &mut Vec<Deed>) {
    if let LinkState::Gone { reason } = &app.link_state {
        app.link_state = LinkState::Rejoining { reason: reason.clone() };
        deeds.push(Deed::Rejoin);
    }
}

pub(super) fn answered(app: &mut App, answer: Result<Rejoined, String>) {
    match answer {
        Ok(joined) => joined_again(app, joined),
        Err(why) => {
            let reason = text::safe(&why);
            app.say(Role::Bad, format!("no engine: could not {reason}; J tries again, q leaves, `ouioe doctor` looks for the cause"));
            app.link_state = LinkState::Gone { reason };
        }
    }
}

fn joined_again(app: &mut App, joined: Rejoined) {
    (app.link, app.in_process) = (joined.link, joined.in_process);
    let submitted = submitted_since(app, &joined.state);
    feed::replace(app, joined.state);
    let parked = app.unfinished().filter(|workflow| workflow.parked).count();
    let host = if app.in_process { "it runs in this console now" } else { "another one runs and is joined" };
    let left = match parked {
        0 => String::new(),
        1 => "; it left a run parked: R goes on with it".to_owned(),
        many => format!("; it left {many} runs parked: R on one goes on"),
    };
    app.say(Role::Warn, format!("the engine had ended; {host}{left}"));
    match submitted {
        Some(run) => {
            app.proposal = None;
            show_run(app, run, Pane::Plan);
        }
        None => app.proposal.iter_mut().for_each(|proposal| proposal.sent = Sent::No),
    }
}

/// The proposal that was sent and not answered, if it became a run after all.
fn submitted_since(app: &App, state: &State) -> Option<crate::model::ids::RunId> {
    let proposal = app.proposal.as_ref().filter(|proposal| proposal.sent == Sent::Yes && app.subject == Subject::Proposal)?;
    let fresh = state.runs.values().filter(|workflow| !app.state.runs.contains_key(&workflow.run));
    fresh
        .filter(|workflow| workflow.digest == proposal.plan.digest)
        .max_by_key(|workflow| workflow.order)
        .map(|workflow| workflow.run.clone())
}
