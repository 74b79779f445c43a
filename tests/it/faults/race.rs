//! Two people at one run: one says yes, the other calls it off, at the same moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use ouioe::engine::handle::{FeedItem, Reply};
use ouioe::engine::{Engine, EngineOptions};
use ouioe::link::Link;
use ouioe::link::socket::{Served, SocketClient, listen, serve};
use ouioe::model::command::{Command, Consent};
use ouioe::model::ids::RunId;
use ouioe::model::state::{State, Workflow};
use ouioe::model::step_state::WorkflowState;

use super::program::PATIENCE;
use super::rng::{Rng, seed};
use crate::checker::judge;
use crate::engine::{options, submit};

const ROUNDS: usize = 200;

/// Ends that are told and true: who came first, and what the other one heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Won {
    /// Cancelled; nothing ever started.
    Cancel,
    /// Ran to its end; the other was refused with the winner's name.
    Approve,
    /// Started, then called off: both were accepted, in this order.
    ApproveThenCancel,
}

async fn client(options: &EngineOptions) -> Link {
    Link::Socket(SocketClient::connect(&options.state_dir, None).await.expect("it talks").expect("an engine"))
}

async fn race(one: &Link, other: &Link, rng: &mut Rng) -> (Won, RunId) {
    let waiting = submit(&["a effect=mutate".to_owned(), "b effect=mutate needs=a".to_owned()], |_| Consent::None);
    let Command::Submit(content) = &waiting else { panic!("a submission") };
    let digest = content.plan.digest;
    let Reply::Accepted { run: Some(run), .. } = one.send(waiting).await else { panic!("refused") };
    let approve = Command::Approve { run: run.clone(), step: None, digest };
    let cancel = Command::Cancel { run: run.clone(), now: false, reason: "no".to_owned() };
    let (yes, no) = if rng.one_in(2) {
        tokio::join!(one.send(approve), other.send(cancel))
    } else {
        let (no, yes) = tokio::join!(one.send(cancel), other.send(approve));
        (yes, no)
    };
    let won = match (&yes, &no) {
        (Reply::Accepted { seq: yes, .. }, Reply::Accepted { seq: no, .. }) => {
            assert!(yes < no, "approved at {yes} after it was cancelled at {no}");
            Won::ApproveThenCancel
        }
        (Reply::Accepted { .. }, Reply::Refused(refusal)) => {
            assert!(refusal.by.is_some() && refusal.seq.is_some(), "not told who was faster: {refusal:?}");
            Won::Approve
        }
        (Reply::Refused(refusal), Reply::Accepted { .. }) => {
            assert!(refusal.by.is_some() && refusal.seq.is_some(), "not told who was faster: {refusal:?}");
            Won::Cancel
        }
        other => panic!("no winner: {other:?}"),
    };
    (won, run)
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_and_cancel_have_one_winner() {
    let seed = seed();
    let mut rng = Rng::new(seed);
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path());
    let engine = Engine::start(options.clone()).expect("an engine");
    let listener = listen(&engine.journal, dir.path(), None).expect("a socket");
    let server = tokio::spawn(serve(listener, engine.handle.clone(), Served::new(engine.journal.clone(), engine.epoch)));
    let (ana, ben) = (client(&options).await, client(&options).await);
    let mut tally: BTreeMap<Won, usize> = BTreeMap::new();
    let mut rounds: BTreeMap<RunId, Won> = BTreeMap::new();
    for round in 0..ROUNDS {
        let (one, other) = if round % 2 == 0 { (&ana, &ben) } else { (&ben, &ana) };
        let (won, run) = race(one, other, &mut rng).await;
        *tally.entry(won).or_default() += 1;
        rounds.insert(run, won);
    }
    check_ends(&engine, &rounds).await;
    engine.handle.stop().await;
    server.abort();
    let verdict = judge(dir.path(), None, &[]);
    assert!(verdict.is_clean(), "{}", verdict.faults.join("\n"));
    println!("approve against cancel: {ROUNDS} rounds, {tally:?}, {} events, seed {seed}", verdict.events);
    assert!(tally.get(&Won::Cancel).is_some_and(|count| *count > 0) && tally.len() > 1, "always the same one came first");
}

fn unfinished(state: &State) -> Vec<&Workflow> {
    state.runs.values().filter(|one| !one.state.is_finished()).collect()
}

/// What was told is how it ended.
async fn check_ends(engine: &Engine, rounds: &BTreeMap<RunId, Won>) {
    let mut feed = engine.handle.follow().await.expect("the engine lives");
    let mut state = Arc::unwrap_or_clone(feed.state);
    while !rounds.keys().all(|run| state.runs[run].state.is_finished()) {
        let item = tokio::time::timeout(PATIENCE, feed.items.recv()).await;
        let item = item.unwrap_or_else(|_| panic!("nothing more comes, and these go on: {:?}", unfinished(&state)));
        match item.expect("the engine lives") {
            FeedItem::Plan(graph) => state.know_plan(graph),
            FeedItem::Thinking(_) => {}
            FeedItem::Event(event) => ouioe::machine::apply(&mut state, &event),
            FeedItem::Resync(fresh) => state = Arc::unwrap_or_clone(fresh),
            FeedItem::Gone { reason } => panic!("{reason}"),
        }
    }
    for (run, won) in rounds {
        let one = &state.runs[run];
        let started = one.steps.iter().any(|step| step.attempt.0 > 0);
        match won {
            Won::Cancel => assert!(one.state == WorkflowState::Cancelled && !started, "{run}: {:?}", one.state),
            Won::Approve => assert_eq!(one.state, WorkflowState::Succeeded, "{run}"),
            Won::ApproveThenCancel => assert_eq!(one.state, WorkflowState::Cancelled, "{run}"),
        }
    }
}
