//! A step that prints as fast as it can: its spool stays within its cap, and other runs go on beside it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ouioe::engine::Engine;
use ouioe::engine::handle::{FeedItem, Reply, request};
use ouioe::machine::apply;
use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::OutputFormat;
use ouioe::model::command::{Command, Consent, Submit};
use ouioe::model::ids::RunId;
use ouioe::model::intent::Intent;
use ouioe::model::settings::Settings;
use ouioe::model::state::State;
use ouioe::service::programs;

use crate::engine::{ana, options, submit};
use crate::machine::plans::{plan, step};

/// Until it is told to end by its own clock.
fn flood(seconds: u64) -> Command {
    let mut one = step("flood").expect("a step");
    let args = ["-c".to_owned(), format!("timeout {seconds} cat /dev/zero; true")];
    one.action = Action::Command {
        program: programs::resolve("/bin/sh").expect("a shell"),
        args: args.map(Operand).to_vec(),
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        cwd: None,
        output: OutputFormat::None,
        script: None,
    };
    let plan = plan(vec![one], &Settings::default().policy);
    let intent = Intent { text: "flood".to_owned(), actor: ana(), host: "here".to_owned(), session: String::new() };
    Command::Submit(Submit { intent, consent: Consent::Shown { digest: plan.digest }, plan: Box::new(plan), attended: false })
}

struct Watch {
    state: State,
    items: tokio::sync::mpsc::Receiver<FeedItem>,
}

impl Watch {
    async fn until(&mut self, holds: impl Fn(&State) -> bool) {
        while !holds(&self.state) {
            match self.items.recv().await.expect("the engine lives") {
                FeedItem::Plan(graph) => self.state.know_plan(graph),
                FeedItem::Event(event) => apply(&mut self.state, &event),
                FeedItem::Thinking(_) => {}
                FeedItem::Resync(fresh) => self.state = Arc::unwrap_or_clone(fresh),
                FeedItem::Gone { reason } => panic!("{reason}"),
            }
        }
    }
}

async fn accepted(engine: &Engine, command: Command) -> RunId {
    let Reply::Accepted { run: Some(run), .. } = engine.handle.request(request(ana(), command)).await else { panic!("refused") };
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_step_that_prints_without_end_harms_nobody() {
    let seconds = if std::env::var_os("OUIOE_LONG").is_some() { 20 } else { 2 };
    let dir = tempfile::tempdir().expect("a folder");
    let engine = Engine::start(options(dir.path())).expect("an engine");
    let feed = engine.handle.follow().await.expect("it lives");
    let mut watch = Watch { state: Arc::unwrap_or_clone(feed.state), items: feed.items };
    let loud = accepted(&engine, flood(seconds)).await;
    let mut took: Vec<Duration> = Vec::new();
    // Other runs, one after the other, as long as it prints.
    while watch.state.runs.get(&loud).is_none_or(|run| !run.state.is_finished()) {
        let begun = Instant::now();
        let quiet = accepted(&engine, submit(&["s0".to_owned(), "s1 needs=s0".to_owned()], |digest| Consent::Shown { digest })).await;
        watch.until(|state| state.runs.get(&quiet).is_some_and(|run| run.state.is_finished())).await;
        took.push(begun.elapsed());
    }
    took.sort();
    let facts = watch.state.runs[&loud].steps[0].last.as_ref().and_then(|last| last.spool.clone()).expect("its output");
    let cap = Settings::default().engine.output_cap;
    let kept: u64 = std::fs::read_dir(dir.path().join("runs").join(loud.as_str()).join("flood").join("1"))
        .expect("its folder")
        .flatten()
        .map(|entry| entry.metadata().expect("its facts").len())
        .sum();
    let (count, p99) = (took.len(), took[took.len() * 99 / 100]);
    println!("{} MB in {seconds} s; {kept} bytes kept; {count} runs of two steps beside it, p99 {p99:?}", facts.len / 1_000_000);
    assert!(facts.len > cap, "it printed more than is kept");
    assert!(kept < cap + (1 << 20), "{kept} bytes on disk, the cap is {cap}");
    assert!(count > 10, "only {count} runs got through beside it");
    engine.handle.stop().await;
    drop(engine.end().await);
}
