//! One command, start to quiet: handle, apply, then advance until nothing follows.
//!
//! The state changes as the events are made; the caller appends them before anybody hears of it, and refolds if it cannot.

use std::sync::Arc;

use super::worklist::{Worklist, follow_ups};
use super::{advance, apply, handle};
use crate::model::actor::Actor;
use crate::model::command::{Refusal, Request};
use crate::model::event::{EVENT_VERSION, Event, Fact};
use crate::model::graph::Graph;
use crate::model::ids::{AttemptNo, CmdId, RunId, Seq, StepIx};
use crate::model::settings::Settings;
use crate::model::state::State;
use crate::model::time::Stamp;

/// All that the fold may know of the outside.
#[derive(Clone, Debug)]
pub struct Ctx<'a> {
    /// Engine time of this turn; never earlier than the last event.
    pub now: Stamp,
    /// H(engine seed, seq): the only randomness.
    pub seed: [u8; 32],
    pub settings: &'a Settings,
    /// False where no engine runs and a command only records.
    pub may_start: bool,
}

/// A fact before it has a place and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub run: Option<RunId>,
    pub step: Option<StepIx>,
    pub attempt: Option<AttemptNo>,
    pub fact: Fact,
}

impl Draft {
    pub fn engine(fact: Fact) -> Self {
        Self { run: None, step: None, attempt: None, fact }
    }

    pub fn run(run: &RunId, fact: Fact) -> Self {
        Self { run: Some(run.clone()), step: None, attempt: None, fact }
    }

    pub fn step(run: &RunId, ix: StepIx, fact: Fact) -> Self {
        Self { run: Some(run.clone()), step: Some(ix), attempt: None, fact }
    }

    pub fn attempt(run: &RunId, ix: StepIx, attempt: AttemptNo, fact: Fact) -> Self {
        Self { run: Some(run.clone()), step: Some(ix), attempt: Some(attempt), fact }
    }
}

/// What one command alone comes to.
#[derive(Debug, Default)]
pub struct Handled {
    pub drafts: Vec<Draft>,
    /// A plan body that the events name by digest.
    pub plan: Option<Arc<Graph>>,
    /// The run that was made or addressed.
    pub run: Option<RunId>,
}

impl Handled {
    pub fn of(drafts: Vec<Draft>) -> Self {
        Self { drafts, ..Self::default() }
    }
}

/// The events of one command and all that followed from it.
#[derive(Debug, Default)]
pub struct Turn {
    pub events: Vec<Arc<Event>>,
    pub plan: Option<Arc<Graph>>,
    pub run: Option<RunId>,
    /// First event; for a command seen before, the one that it caused then.
    pub first: Seq,
}

/// A refusal changes nothing. A command id seen within 24 h answers as it did then and does nothing.
pub fn turn(state: &mut State, request: &Request, ctx: &Ctx<'_>) -> Result<Turn, Refusal> {
    // Reports are fenced by attempt and timer ids; only people's commands are remembered.
    let remembered = request.actor != Actor::Engine;
    if let Some((first, _)) = state.commands.get(&request.cmd_id).filter(|_| remembered) {
        let run = state.runs.values().find(|workflow| workflow.cmd == request.cmd_id).map(|workflow| workflow.run.clone());
        return Ok(Turn { first: *first, run, ..Turn::default() });
    }
    let handled = handle(state, request, ctx)?;
    let mut out = Turn { plan: handled.plan.clone(), run: handled.run, first: state.seq.next(), ..Turn::default() };
    if let Some(graph) = handled.plan {
        state.know_plan(graph);
    }
    let mut work = Worklist::default();
    let mut cmd = remembered.then(|| request.cmd_id.clone());
    for draft in handled.drafts {
        // The command stands in its first event alone: that is the one a repeated command is answered with.
        commit(state, draft, &request.actor, cmd.take(), ctx, &mut work, &mut out.events);
    }
    while let Some(item) = work.pop() {
        for draft in advance(state, &item, ctx, &mut work) {
            commit(state, draft, &Actor::Engine, None, ctx, &mut work, &mut out.events);
        }
    }
    Ok(out)
}

/// Looks again at everything that waits, without a command: after a time in which nothing could be recorded.
pub fn wake(state: &mut State, ctx: &Ctx<'_>) -> Vec<Arc<Event>> {
    let (mut work, mut events) = (Worklist::default(), Vec::new());
    work.push_waiting(state);
    while let Some(item) = work.pop() {
        for draft in advance(state, &item, ctx, &mut work) {
            commit(state, draft, &Actor::Engine, None, ctx, &mut work, &mut events);
        }
    }
    events
}

fn commit(
    state: &mut State,
    draft: Draft,
    actor: &Actor,
    cmd: Option<CmdId>,
    ctx: &Ctx<'_>,
    work: &mut Worklist,
    events: &mut Vec<Arc<Event>>,
) {
    let step = draft.run.as_ref().zip(draft.step).and_then(|(run, ix)| {
        let graph = state.runs.get(run)?.graph()?;
        Some(graph.step(ix).id.clone())
    });
    let event = Event {
        v: EVENT_VERSION,
        seq: state.seq.next(),
        // Never back in time, whatever the clock says: deadlines are compared with what is recorded here.
        at: ctx.now.max(state.now),
        run: draft.run,
        step,
        attempt: draft.attempt,
        actor: actor.clone(),
        cmd,
        fact: draft.fact,
    };
    apply(state, &event);
    follow_ups(state, &event, work);
    events.push(Arc::new(event));
}
