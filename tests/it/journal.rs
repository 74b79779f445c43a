//! The journal on a real disk: what is durable, who may write, and what damage is found.

mod damage;
mod faults;
mod ownership;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ouioe::journal::{Batch, Journal, OpenOptions};
use ouioe::model::actor::Actor;
use ouioe::model::digest::Digest;
use ouioe::model::event::{EVENT_VERSION, Event, Fact};
use ouioe::model::ids::{CmdId, Epoch, RunId, Seq, StepId};
use ouioe::model::plan::{Plan, PlanSource};
use ouioe::model::state::State;
use ouioe::model::time::Stamp;
use ouioe::policy::digest::seal;

/// A fold that keeps something of every event, so that a lost, doubled or altered one shows in the state.
pub fn fold(state: &mut State, event: &Event) {
    assert_eq!(event.seq, state.seq.next(), "the fold sees every event once, in order");
    state.seq = event.seq;
    state.now = event.at;
    if let Fact::EngineStarted { epoch, .. } = &event.fact {
        state.epoch = *epoch;
    }
    if let Fact::PlanProposed { digest, .. } = &event.fact {
        assert!(state.plans.contains_key(digest), "a plan is known before the event that names it");
        state.submitted += 1;
    }
    if let Fact::NoteAdded { text } = &event.fact {
        let name = event.run.as_ref().map_or("none", RunId::as_str).to_owned();
        state.frozen.insert(name, text.clone());
    }
    if let Some(cmd) = &event.cmd {
        state.commands.insert(cmd.clone(), (event.seq, event.at));
    }
}

pub fn options() -> OpenOptions {
    OpenOptions::new(fold)
}

pub fn open(dir: &Path) -> Journal {
    Journal::open(dir, options()).expect("a journal")
}

/// A state folder inside a temporary one, not made yet.
pub fn state_dir(temp: &tempfile::TempDir) -> PathBuf {
    temp.path().join("state")
}

pub fn event(seq: u64, run: Option<&str>, fact: Fact) -> Arc<Event> {
    let at = Stamp(1_767_323_045_678 + i64::try_from(seq).expect("few events"));
    let cmd = seq.is_multiple_of(5).then(|| CmdId::new(format!("cmd-{seq}")));
    let step = run.map(|_| StepId::new("s1"));
    Arc::new(Event { v: EVENT_VERSION, seq: Seq(seq), at, run: run.map(RunId::new), step, attempt: None, actor: Actor::Engine, cmd, fact })
}

pub fn note(seq: u64, text: &str) -> Arc<Event> {
    let run = format!("run{:03}", seq % 7);
    event(seq, Some(&run), Fact::NoteAdded { text: text.to_owned() })
}

pub fn started(seq: u64, epoch: Epoch) -> Arc<Event> {
    event(seq, None, Fact::EngineStarted { epoch, pid: 1, version: "0".to_owned() })
}

pub fn plan(title: &str) -> Arc<Plan> {
    let step = serde_json::json!({
        "id": "s1", "operation": "host.uptime", "params": {"host": title}, "effect": "read", "low_risk": true, "repeat": "pure",
        "needs": [], "critical": true, "approval": false, "timeout_ms": 1000, "action": {"kind": "unbound", "hint": ""}
    });
    let steps = vec![serde_json::from_value(step).expect("a step")];
    let (title, intent) = (title.to_owned(), "look".to_owned());
    let mut plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        title,
        intent,
        source: PlanSource::Intent,
        environment: None,
        approval_required: false,
        steps,
    };
    seal(&mut plan);
    Arc::new(plan)
}

pub fn proposal(plan: &Plan) -> Fact {
    Fact::PlanProposed {
        digest: plan.digest,
        revision: 1,
        steps: 1,
        title: plan.title.clone(),
        source: PlanSource::Intent,
        approval_required: false,
        attended: false,
    }
}

pub fn proposed(seq: u64, plan: &Plan) -> Arc<Event> {
    event(seq, Some("run001"), proposal(plan))
}

pub fn batch(events: Vec<Arc<Event>>) -> Batch {
    Batch { events, plans: Vec::new() }
}

/// Appends notes until the journal ends at `last`, in batches of `size`.
pub fn fill(journal: &mut Journal, last: u64, size: u64) {
    while journal.head().0.0 < last {
        let from = journal.head().0.0 + 1;
        let events = (from..=last.min(from + size - 1)).map(|seq| note(seq, &format!("note {seq} with ünïcode and \"quotes\""))).collect();
        journal.append(&batch(events)).expect("an append");
    }
}
