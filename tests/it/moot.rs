//! Every intervention against the event that makes it moot, at moments around it: one outcome, and both sides are told.
//!
//! The engine is real, the steps wait a moment in its process, the orders come from another task. What the journal holds
//! afterwards decides: an accepted order has its event, a refused one says why and changed nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ouioe::engine::handle::{FeedItem, Reply, request};
use ouioe::engine::{Engine, EngineOptions};
use ouioe::journal::{Reader, verify};
use ouioe::machine::{apply, is_quiet};
use ouioe::model::action::Action;
use ouioe::model::command::{Command, Consent, StepRef, Submit};
use ouioe::model::event::Event;
use ouioe::model::ids::{RunId, Seq, StepId};
use ouioe::model::intent::Intent;
use ouioe::model::settings::Settings;
use ouioe::model::state::{State, StepRecord, Workflow};
use ouioe::model::time::Millis;
use serde_json::Value;

use crate::engine::{ana, options};
use crate::machine::plans::{plan, step};

/// Moments of each race, spread over the time that the step takes.
const MOMENTS: u64 = 16;
/// Rounds after which a race that no order won is void.
const MOST: u64 = 20 * MOMENTS;
const STEP_MS: u64 = 10;

struct Race {
    name: &'static str,
    /// Of the plan; `waits` steps take a moment.
    steps: &'static [&'static str],
    hold_ms: u64,
    consent: fn(ouioe::model::digest::Digest) -> Consent,
    order: fn(&RunId, &Workflow) -> Command,
    /// The event of an accepted order.
    leaves: &'static str,
    /// What must hold of the kinds of the run's events, given whether it was accepted.
    holds: fn(&Told) -> Result<(), String>,
}

/// The end of one round.
struct Told {
    accepted: bool,
    kinds: BTreeMap<String, usize>,
    run: Workflow,
}

impl Told {
    fn count(&self, kind: &str) -> usize {
        self.kinds.get(kind).copied().unwrap_or(0)
    }

    fn word(&self) -> &'static str {
        self.run.state.word()
    }
}

fn shown(digest: ouioe::model::digest::Digest) -> Consent {
    Consent::Shown { digest }
}

fn at(run: &RunId, step: &str) -> StepRef {
    StepRef { run: run.clone(), step: StepId::new(step), expected_rev: None }
}

fn because() -> String {
    "a race".to_owned()
}

const RACES: &[Race] = &[
    Race {
        name: "pause against the last step's end",
        steps: &["waits", "b needs=waits"],
        hold_ms: 0,
        consent: shown,
        order: |run, _| Command::Pause { run: run.clone(), step: None },
        leaves: "workflow_paused",
        holds: |told| match (told.accepted, told.word()) {
            (true, "paused") | (true | false, "succeeded") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "pause of a subtree against its start",
        steps: &["waits", "b needs=waits"],
        hold_ms: 0,
        consent: shown,
        order: |run, _| Command::Pause { run: run.clone(), step: Some(StepId::new("b")) },
        leaves: "workflow_paused",
        holds: |told| match (told.accepted, told.word(), told.run.steps[1].state.word()) {
            (true, "running", "waiting") | (_, "succeeded", "succeeded") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "cancel against the end",
        steps: &["waits"],
        hold_ms: 0,
        consent: shown,
        order: |run, _| Command::Cancel { run: run.clone(), now: false, reason: because() },
        leaves: "workflow_cancelling",
        holds: |told| match (told.accepted, told.word()) {
            (true, "cancelled") | (false, "succeeded") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "rollback against the end",
        steps: &["waits comp=idempotent effect=mutate"],
        hold_ms: 0,
        consent: shown,
        order: |run, _| Command::Rollback { run: run.clone(), reason: because() },
        leaves: "workflow_cancelling",
        holds: |told| match (told.accepted, told.word(), told.count("compensation_started"), told.count("step_succeeded")) {
            (true, "cancelled", undone, done) if undone == done => Ok(()),
            (false, "succeeded", 0, 1) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "skip against the step's own end",
        steps: &["waits", "b needs=waits"],
        hold_ms: 0,
        consent: shown,
        order: |run, _| Command::Skip { at: at(run, "waits"), reason: because() },
        leaves: "step_stopping",
        holds: |told| match (told.accepted, told.run.steps[0].state.word(), told.run.steps[1].state.word()) {
            (true, "skipped", "succeeded") | (_, "succeeded", "succeeded") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "take-back against the end of the hold",
        steps: &["waits effect=destroy"],
        hold_ms: STEP_MS,
        consent: shown,
        order: |run, _| Command::TakeBack { at: at(run, "waits") },
        leaves: "approval_requested",
        holds: |told| match (told.accepted, told.count("step_started"), told.run.steps[0].state.word()) {
            (true, 0, "awaiting_approval") | (false, 1, "succeeded") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "retry by hand against the backoff's end",
        steps: &["fails retry=1", "b needs=fails:always"],
        hold_ms: 0,
        consent: shown,
        order: |run, _| Command::Retry { at: at(run, "fails"), reason: because() },
        leaves: "step_requeued",
        // One retry was allowed: two attempts in all, whoever asked for the second.
        holds: |told| match (told.count("step_started"), told.count("step_requeued"), told.run.steps[0].state.word()) {
            (3, 1, "failed") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "freeze against the next start",
        steps: &["waits", "b needs=waits param=host:web-1"],
        hold_ms: 0,
        consent: shown,
        order: |_, _| Command::Freeze { target: "web-1".to_owned(), reason: because() },
        leaves: "target_frozen",
        holds: |told| match (told.accepted, told.run.steps[1].state.word()) {
            (true, "queued" | "succeeded") => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "rejection against the request's expiry",
        steps: &["waits effect=destroy"],
        hold_ms: 0,
        consent: |_| Consent::None,
        order: |run, _| Command::Reject { run: run.clone(), step: None, reason: because() },
        leaves: "rejected",
        holds: |told| match (told.word(), told.count("rejected"), told.count("step_started")) {
            ("cancelled", 1, 0) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
    Race {
        name: "approval against the request's expiry",
        steps: &["waits effect=destroy"],
        hold_ms: 0,
        consent: |_| Consent::None,
        order: |run, workflow| Command::Approve { run: run.clone(), step: None, digest: workflow.digest },
        leaves: "approved",
        holds: |told| match (told.accepted, told.word(), told.count("step_started")) {
            (true, "succeeded", 1) | (false, "cancelled", 0) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    },
];

fn submission(race: &Race, settings: &Settings) -> Command {
    let mut steps: Vec<_> = race.steps.iter().map(|line| step(line).expect("a step")).collect();
    for one in &mut steps {
        let (name, param, value) = match one.id.as_str() {
            "waits" => ("wait", "duration", format!("{STEP_MS}ms")),
            // Nobody listens there: a failure that may pass, each time.
            "fails" => ("http_get", "url", "http://127.0.0.1:1/".to_owned()),
            _ => continue,
        };
        (one.retry.base_ms, one.retry.cap_ms) = (Millis(STEP_MS), Millis(STEP_MS));
        let params = BTreeMap::from([(param.to_owned(), Value::from(value))]);
        one.action = Action::Builtin { name: name.to_owned(), params, owned: false };
    }
    let plan = plan(steps, &settings.policy);
    let intent = Intent { text: race.name.to_owned(), actor: ana(), host: "here".to_owned(), session: String::new() };
    Command::Submit(Submit { intent, consent: (race.consent)(plan.digest), plan: Box::new(plan), attended: false })
}

/// A state that follows the engine until nothing of the run moves any more.
async fn settled(engine: &Engine, run: &RunId, seq: Seq) -> State {
    let mut feed = engine.handle.follow().await.expect("the engine lives");
    let mut state = Arc::unwrap_or_clone(feed.state);
    let stands = |workflow: &Workflow| {
        let queued = |one: &StepRecord| one.state.word() == "queued";
        let frozen = workflow.steps.iter().any(queued) && workflow.steps.iter().all(|one| one.state.is_settled() || queued(one));
        is_quiet(workflow) || frozen
    };
    while state.seq < seq || !state.runs.get(run).is_some_and(stands) {
        match feed.items.recv().await.expect("the engine lives") {
            FeedItem::Plan(graph) => state.know_plan(graph),
            FeedItem::Event(event) => apply(&mut state, &event),
            FeedItem::Thinking(_) => {}
            FeedItem::Resync(fresh) => state = Arc::unwrap_or_clone(fresh),
            FeedItem::Gone { reason } => panic!("{reason}"),
        }
    }
    state
}

async fn round(engine: &Engine, race: &Race, settings: &Settings, nth: u64) -> (RunId, bool, Workflow, Seq) {
    let reply = engine.handle.request(request(ana(), submission(race, settings))).await;
    let Reply::Accepted { run: Some(run), .. } = reply else { panic!("{}: {reply:?}", race.name) };
    let first = engine.handle.follow().await.expect("the engine lives").state;
    tokio::time::sleep(Duration::from_micros(nth % MOMENTS * STEP_MS * 1_500 / MOMENTS)).await;
    let order = (race.order)(&run, &first.runs[&run]);
    let (accepted, seq) = match engine.handle.request(request(ana(), order)).await {
        Reply::Accepted { seq, .. } => (true, seq),
        Reply::Refused(refusal) => {
            assert!(!refusal.why.is_empty(), "{}: the other side is told why", race.name);
            (false, Seq(0))
        }
        other => panic!("{}: {other:?}", race.name),
    };
    let state = settled(engine, &run, seq).await;
    if accepted && race.leaves == "target_frozen" {
        let thaw = Command::Thaw { target: "web-1".to_owned() };
        assert!(matches!(engine.handle.request(request(ana(), thaw)).await, Reply::Accepted { .. }));
    }
    (run.clone(), accepted, state.runs[&run].clone(), seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_outcome_and_both_sides_are_told() {
    for race in RACES {
        let dir = tempfile::tempdir().expect("a folder");
        let mut settings = Settings::default();
        settings.policy.hold_ms = Millis(race.hold_ms);
        settings.policy.approval_expiry_ms = Millis(STEP_MS);
        let engine = Engine::start(EngineOptions { settings: settings.clone(), ..options(dir.path()) }).expect("an engine");
        let mut rounds = Vec::new();
        let (least, most) = if std::env::var_os("OUIOE_LONG").is_some() { (MOST, MOST) } else { (MOMENTS, MOST) };
        let was_won = |rounds: &[(RunId, bool, Workflow, Seq)]| rounds.iter().any(|one| one.1);
        for nth in 0..most {
            if nth >= least && was_won(&rounds) {
                break;
            }
            rounds.push(round(&engine, race, &settings, nth).await);
        }
        engine.handle.stop().await;
        drop(engine.end().await);
        assert!(verify(dir.path(), None).expect("a journal").is_clean());
        let reader = Reader::open(dir.path()).expect("a journal");
        let all = reader.events(Seq(0), None, usize::MAX).expect("its events");
        let (mut won, count) = (0, rounds.len());
        for (run, accepted, workflow, seq) in rounds {
            let told = Told { accepted, kinds: kinds(&all, &run), run: workflow };
            if accepted {
                won += 1;
                let left = all.iter().filter(|event| event.seq >= seq).find(|event| event.fact.kind() == race.leaves);
                assert!(left.is_some(), "{}: accepted as {seq}, and nothing says so", race.name);
            }
            if let Err(trouble) = (race.holds)(&told) {
                panic!("{}: {trouble}: {:?}", race.name, told.kinds);
            }
        }
        println!("{}: {count} rounds, {won} in time, {} too late", race.name, count - won);
        assert!(won > 0, "{}: void, no order came in time", race.name);
    }
}

fn kinds(all: &[Event], run: &RunId) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for event in all.iter().filter(|event| event.run.as_ref() == Some(run)) {
        *kinds.entry(event.fact.kind().to_owned()).or_default() += 1;
    }
    kinds
}
