//! One message -> the changed model, and what the world is asked to do.
//!
//! No clock, no terminal, no link: time comes with the message, orders go out as `Deed`.

mod act;
mod again;
mod choose;
mod feed;
mod find;
mod go;
mod input;
mod other;
mod rejoin;
mod revise;
mod settle;

pub use act::is_for_now;
pub use feed::begin;
pub use rejoin::Rejoined;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::handle::{FeedItem, Reply};
use crate::engine::proposing::Improvement;
use crate::engine::telling::Told;
use crate::model::command::Command;
use crate::model::event::Event;
use crate::model::ids::{RunId, StepId, StepIx};
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::step_state::StepState;
use crate::model::time::Millis;
use crate::spool::OutputChunk;
use crate::text;

use super::app::{App, Dirty, Now, Subject};
use super::input::Input;
use super::output::{Output, Source};
use super::pane::Pane;
use super::proposal::Sent;
use super::revision::Target;
use super::save::Saved;
use super::theme::Role;
use super::wiring::Exit;

#[derive(Debug)]
pub enum Msg {
    Input(Input),
    Fed(FeedItem),
    Planned {
        ask: u64,
        outcome: PlanOutcome,
    },
    /// What is thought about this question, and how far a model is with it.
    Told {
        ask: u64,
        told: Told,
    },
    /// What became of `Deed::Improve`.
    Improved {
        ask: u64,
        found: Option<Box<Improvement>>,
    },
    Replied {
        order: Order,
        reply: Reply,
    },
    Output {
        source: Source,
        answer: Result<OutputChunk, String>,
    },
    /// The frame of this number is on the terminal.
    FrameWritten {
        frame: u64,
    },
    Resized {
        size: (u16, u16),
    },
    /// Back from the shell.
    Resumed,
    /// What became of `Deed::Save`.
    Saved(Result<Saved, String>),
    /// The journal's events of a run.
    Past {
        run: RunId,
        answer: Result<Vec<Event>, String>,
    },
    /// What became of `Deed::Revise`.
    Revised {
        target: Target,
        answer: Result<Plan, String>,
    },
    /// What became of `Deed::Anew`.
    Anew {
        run: RunId,
        answer: Result<Plan, String>,
    },
    /// What became of `Deed::Rejoin`.
    Rejoined(Result<Rejoined, String>),
    /// The time that `next_wake` named has come.
    Tick,
}

/// What was ordered, for the answer's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Submit,
    /// In the past tense: `approved web-1`.
    Other {
        done: String,
    },
}

#[derive(Debug, PartialEq)]
pub enum Deed {
    Plan {
        ask: u64,
        text: String,
    },
    /// Another plan of a model, beside what the words alone came to.
    Improve {
        ask: u64,
        text: String,
        standing: Box<PlanOutcome>,
    },
    StopImproving,
    Send {
        order: Order,
        command: Box<Command>,
    },
    Read {
        source: Source,
        offset: u64,
    },
    /// The whole output to a new file.
    Save {
        source: Source,
        path: String,
    },
    /// The journal's events of a run.
    Past {
        run: RunId,
    },
    /// The plan's next revision, in which this step has other parameters.
    Revise {
        plan: Arc<Plan>,
        step: StepId,
        set: BTreeMap<String, String>,
        target: Target,
    },
    /// The plan of a finished run for another one, with what it would touch now.
    Anew {
        run: RunId,
        plan: Arc<Plan>,
    },
    Bell,
    Repaint,
    Suspend,
    /// To the engine that holds the journal now, or to one of our own.
    Rejoin,
    Leave(Exit),
}

pub fn update(app: &mut App, msg: Msg, now: Now) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let pane = app.pane;
    match msg {
        Msg::Input(input) => input::received(app, input, now, &mut deeds),
        Msg::Fed(item) => feed::received(app, item, &mut deeds),
        Msg::Planned { ask, outcome } => feed::planned(app, ask, outcome, &mut deeds),
        Msg::Told { ask, told } => other::told(app, ask, told),
        Msg::Improved { ask, found } => other::found(app, ask, found.map(|found| *found)),
        Msg::Replied { order, reply } => replied(app, &order, reply, &mut deeds),
        Msg::Output { source, answer } => output(app, &source, answer, now),
        Msg::FrameWritten { frame } => frame_written(app, frame, now.mono),
        Msg::Resized { size } => resized(app, size, &mut deeds),
        Msg::Resumed => deeds.push(Deed::Repaint),
        Msg::Rejoined(answer) => rejoin::answered(app, answer),
        Msg::Saved(answer) => saved(app, answer),
        Msg::Revised { target, answer } => revise::made(app, target, answer),
        Msg::Anew { run, answer } => again::made(app, run, answer),
        Msg::Past { run, answer } => past(app, &run, answer),
        Msg::Tick => tick(app, now),
    }
    if app.pane == Pane::Intent && pane != Pane::Intent {
        app.before_intent = pane;
        let text = app.intent.editor.text();
        app.intent.selected = !text.is_empty() && app.proposal.as_ref().is_some_and(|proposal| proposal.answers(text));
    }
    other::settle(app, &mut deeds);
    settle::settle(app, now, &mut deeds);
    deeds
}

fn past(app: &mut App, run: &RunId, answer: Result<Vec<Event>, String>) {
    if let Some(history) = app.history.as_mut().filter(|history| history.run == *run) {
        history.read(answer);
        app.mark(Dirty::Soon);
    }
}

fn saved(app: &mut App, answer: Result<Saved, String>) {
    match answer {
        Ok(Saved { path, bytes, lost: 0 }) => app.say(Role::Ok, format!("saved {bytes} bytes to {path}")),
        Ok(Saved { path, bytes, lost }) => {
            app.say(Role::Warn, format!("saved {bytes} bytes to {path}; {lost} bytes in between had not been kept"));
        }
        Err(why) => app.say(Role::Bad, format!("could not {why}")),
    }
}

fn output(app: &mut App, source: &Source, answer: Result<OutputChunk, String>, now: Now) {
    let Some(output) = app.output.as_mut().filter(|output| output.source == *source) else { return };
    if output.answered(answer, now.mono) {
        app.mark(Dirty::Soon);
    }
}

fn frame_written(app: &mut App, frame: u64, now: Millis) {
    if let Some(proposal) = app.proposal.as_mut().filter(|proposal| proposal.in_view) {
        proposal.arming.frame_written(frame, now);
    }
    if let Some(dialog) = &mut app.dialog {
        let before = (dialog.end, dialog.arming.shown);
        dialog.frame_written(frame, now);
        if before != (dialog.end, dialog.arming.shown) {
            app.mark(Dirty::Soon);
        }
    }
}

fn resized(app: &mut App, size: (u16, u16), deeds: &mut Vec<Deed>) {
    app.size = size;
    if let Some(dialog) = &mut app.dialog {
        dialog.fit(size);
    }
    deeds.push(Deed::Repaint);
    app.mark(Dirty::Now);
}

/// A second of the clock, a quarter of the arming bar.
fn tick(app: &mut App, now: Now) {
    if app.is_ticking() && now.wall.0.div_euclid(1_000) != app.last_clock.0.div_euclid(1_000) {
        app.last_clock = now.wall;
        app.mark(Dirty::Soon);
    }
    let wait = app.settings.arming;
    let dialog = app.dialog.as_mut().is_some_and(|dialog| dialog.arming.moved(now.mono, wait));
    let proposal = app.proposal.as_mut().is_some_and(|proposal| proposal.in_view && proposal.arming.moved(now.mono, wait));
    if dialog || proposal {
        app.mark(Dirty::Soon);
    }
}

/// When the model must be told the time again; `None`: only when something happens.
pub fn next_wake(app: &App, now: Now) -> Option<Millis> {
    let wait = app.settings.arming;
    let dialog = app.dialog.as_ref().and_then(|dialog| dialog.arming.next_change(now.mono, wait));
    let proposal = app.proposal.as_ref().filter(|_| app.subject == Subject::Proposal);
    let proposal = proposal.and_then(|proposal| proposal.arming.next_change(now.mono, wait));
    let clock = app.is_ticking().then(|| Millis(now.mono.0 + 1_000 - now.wall.0.rem_euclid(1_000).unsigned_abs()));
    let output = app.output.as_ref().and_then(Output::due);
    [dialog, proposal, clock, output].into_iter().flatten().min()
}

fn replied(app: &mut App, order: &Order, reply: Reply, deeds: &mut Vec<Deed>) {
    match reply {
        Reply::Accepted { run, .. } => accepted(app, order, run),
        Reply::Refused(refusal) => {
            unsent(app);
            let by = refusal.by.map_or_else(String::new, |actor| format!(" (by {actor})"));
            app.say(Role::Bad, format!("refused: {}{by}", refusal.why));
        }
        Reply::Unknown { cmd_id } => {
            app.say(Role::Unknown, format!("not known whether it was recorded ({cmd_id}); look before you try again"));
        }
        Reply::Gone => {
            rejoin::engine_gone(app, "the engine ended", deeds);
            app.say(Role::Unknown, "the engine ended before it answered: look whether it was recorded before you try again");
        }
    }
}

/// Only an answer that says so means that nothing was submitted.
fn unsent(app: &mut App) {
    if let Some(proposal) = &mut app.proposal {
        proposal.sent = Sent::No;
    }
}

fn accepted(app: &mut App, order: &Order, run: Option<RunId>) {
    match (order, run) {
        (Order::Submit, Some(run)) => {
            if let Some(proposal) = app.proposal.take()
                && app.intent.editor.text() == proposal.text
            {
                app.intent.editor.clear();
            }
            app.intent.recalled = None;
            app.say(Role::Ok, format!("run {run} is submitted"));
            app.message.iter_mut().for_each(|message| message.until = Some(run.clone()));
            if app.subject == Subject::Proposal {
                show_run(app, run.clone(), Pane::Plan);
            }
            // Its first events may have come before the answer.
            feed::tells_itself(app, &run);
        }
        (Order::Submit, None) => app.proposal = None,
        (Order::Other { done }, _) => app.say(Role::Ok, text::safe(done)),
    }
}

/// Makes a run the subject, with the first step that matters selected.
pub(super) fn show_run(app: &mut App, run: RunId, pane: Pane) {
    app.subject = Subject::Run(run);
    app.pane = pane;
    (app.cursor, app.top) = (0, 0);
    settle::lay_out(app);
    let matters = app.workflow().and_then(|workflow| {
        let waits = workflow.questions.values().find_map(|open| open.step);
        let ended_badly =
            |ix: &StepIx| matches!(workflow.steps.get(ix.at()).map(|one| &one.state), Some(StepState::Failed | StepState::OutcomeUnknown));
        let failed = || workflow.graph()?.places().find(ended_badly);
        waits.or_else(|| workflow.live.first().copied()).or_else(failed)
    });
    if let (Some(ix), Some((_, rail))) = (matters, &app.rail) {
        app.cursor = rail.place.get(ix.at()).map_or(0, |place| *place as usize);
    }
    app.mark(Dirty::Soon);
}
