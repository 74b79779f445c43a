//! The engine on a real journal, in this process, with steps that need no process of their own.

use std::path::Path;
use std::sync::Arc;

use ouioe::engine::handle::{FeedItem, Reply, request};
use ouioe::engine::{Engine, EngineEnd, EngineOptions, record_offline};
use ouioe::journal::{Reader, verify};
use ouioe::machine::apply;
use ouioe::model::actor::Actor;
use ouioe::model::command::{Command, Consent, Submit};
use ouioe::model::ids::{RunId, Seq};
use ouioe::model::intent::Intent;
use ouioe::model::settings::Settings;
use ouioe::model::state::State;
use ouioe::model::step_state::WorkflowState;
use ouioe::model::why::{Thinking, ThinkingKind, Thought};

use crate::machine::plans::{plan, step};

pub fn ana() -> Actor {
    Actor::Local { uid: 1000, name: "ana".to_owned() }
}

pub fn options(dir: &Path) -> EngineOptions {
    let exe = Some(env!("CARGO_BIN_EXE_ouioe").into());
    EngineOptions { state_dir: dir.to_owned(), settings: Settings::default(), runtime: tokio::runtime::Handle::current(), exe }
}

pub fn submit(lines: &[String], consent: fn(ouioe::model::digest::Digest) -> Consent) -> Command {
    let steps = lines.iter().map(|line| step(line).expect("a step")).collect();
    let plan = plan(steps, &Settings::default().policy);
    let intent = Intent { text: "a test".to_owned(), actor: ana(), host: "here".to_owned(), session: String::new() };
    Command::Submit(Submit { intent, consent: consent(plan.digest), plan: Box::new(plan), attended: false })
}

fn chain(len: usize) -> Vec<String> {
    (0..len).map(|at| if at == 0 { "s0".to_owned() } else { format!("s{at} needs=s{}", at - 1) }).collect()
}

async fn run_to_end(engine: &Engine, command: Command) -> (RunId, State) {
    let mut feed = engine.handle.follow().await.expect("the engine lives");
    let Reply::Accepted { run: Some(run), .. } = engine.handle.request(request(ana(), command)).await else { panic!("refused") };
    let mut state = Arc::unwrap_or_clone(feed.state);
    while state.runs.get(&run).is_none_or(|one| !one.state.is_finished()) {
        match feed.items.recv().await.expect("the engine lives") {
            FeedItem::Plan(graph) => state.know_plan(graph),
            FeedItem::Event(event) => apply(&mut state, &event),
            FeedItem::Thinking(_) => {}
            FeedItem::Resync(fresh) => state = Arc::unwrap_or_clone(fresh),
            FeedItem::Gone { reason } => panic!("{reason}"),
        }
    }
    (run, state)
}

#[tokio::test]
async fn a_chain_runs_and_is_found_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = Engine::start(options(dir.path())).expect("an engine");
    let (run, folded) = run_to_end(&engine, submit(&chain(50), |digest| Consent::Shown { digest })).await;
    assert_eq!(folded.runs[&run].state, WorkflowState::Succeeded);
    engine.handle.stop().await;
    let EngineEnd::Stopped { seq, head } = engine.end().await else { panic!("it did not stop in order") };
    assert!(seq > Seq(100));
    assert!(verify(dir.path(), Some(head)).expect("a journal").is_clean());
    let read = Reader::open(dir.path()).expect("a journal").state(apply).expect("its state");
    assert_eq!(read.runs[&run].steps, folded.runs[&run].steps);
}

/// What was approved while no engine ran is durable, and nothing was started.
#[tokio::test]
async fn a_command_without_an_engine_only_records() {
    let dir = tempfile::tempdir().expect("a folder");
    let waiting = submit(&chain(3), |_| Consent::None);
    let Reply::Accepted { run: Some(run), .. } = record_offline(&options(dir.path()), &request(ana(), waiting)).expect("a journal") else {
        panic!("refused")
    };
    let state = Reader::open(dir.path()).expect("a journal").state(apply).expect("its state");
    let digest = state.runs[&run].digest;
    let approve = Command::Approve { run: run.clone(), step: None, digest };
    assert!(matches!(record_offline(&options(dir.path()), &request(ana(), approve)).expect("a journal"), Reply::Accepted { .. }));

    let engine = Engine::start(options(dir.path())).expect("an engine");
    let mut feed = engine.handle.follow().await.expect("the engine lives");
    let mut state = Arc::unwrap_or_clone(feed.state);
    assert!(state.runs[&run].parked && state.runs[&run].live.is_empty());
    let resumed = engine.handle.request(request(ana(), Command::Resume { run: None, step: None })).await;
    assert!(matches!(resumed, Reply::Accepted { .. }), "{resumed:?}");
    while !state.runs[&run].state.is_finished() {
        if let FeedItem::Event(event) = feed.items.recv().await.expect("the engine lives") {
            apply(&mut state, &event);
        }
    }
    assert_eq!(state.runs[&run].state, WorkflowState::Succeeded);
    engine.handle.stop().await;
}

/// Thoughts have no place of their own among events: who does not read loses them, and nothing else.
#[tokio::test]
async fn thoughts_push_nobody_out_of_the_feed() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = Engine::start(options(dir.path())).expect("an engine");
    let mut slow = engine.handle.follow().await.expect("the engine lives");
    let thought = Thought { kind: ThinkingKind::Analysis, text: "1 clause".to_owned(), conclusion: true };
    for ask in 0..5_000 {
        engine.handle.think(Thinking {
            asker: "ana".to_owned(),
            console: "c".to_owned(),
            ask,
            intent: "x".to_owned(),
            thought: thought.clone(),
        });
    }
    let (run, folded) = run_to_end(&engine, submit(&chain(3), |digest| Consent::Shown { digest })).await;
    let mut state = Arc::unwrap_or_clone(slow.state);
    let mut thoughts = 0;
    while state.seq < folded.seq {
        match slow.items.recv().await.expect("the engine lives") {
            FeedItem::Plan(graph) => state.know_plan(graph),
            FeedItem::Event(event) => apply(&mut state, &event),
            FeedItem::Thinking(_) => thoughts += 1,
            FeedItem::Resync(_) => panic!("dropped for thoughts"),
            FeedItem::Gone { reason } => panic!("{reason}"),
        }
    }
    assert!(thoughts > 0 && thoughts <= ouioe::engine::handle::FEED_DEPTH / 2, "{thoughts}");
    assert_eq!(state.runs[&run].steps, folded.runs[&run].steps);
    engine.handle.stop().await;
}

/// A follower that does not read is dropped to resync and ends with the same state.
#[tokio::test]
async fn a_slow_follower_catches_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = Engine::start(options(dir.path())).expect("an engine");
    let mut slow = engine.handle.follow().await.expect("the engine lives");
    let (run, folded) = run_to_end(&engine, submit(&chain(1_200), |digest| Consent::Shown { digest })).await;
    let mut state = Arc::unwrap_or_clone(slow.state);
    let mut resyncs = 0;
    while state.seq < folded.seq {
        match slow.items.recv().await.expect("the engine lives") {
            FeedItem::Plan(graph) => state.know_plan(graph),
            FeedItem::Event(event) => apply(&mut state, &event),
            FeedItem::Thinking(_) => {}
            FeedItem::Resync(fresh) => {
                resyncs += 1;
                state = Arc::unwrap_or_clone(fresh);
            }
            FeedItem::Gone { reason } => panic!("{reason}"),
        }
    }
    assert!(resyncs >= 1, "it never lagged");
    assert_eq!(state.runs[&run].steps, folded.runs[&run].steps);
    engine.handle.stop().await;
}
