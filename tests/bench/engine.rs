//! What the engine costs: journal syncs and CPU a step, for a chain and for a fan of no-op effectful steps.
//!
//! `cargo bench --bench engine`; `BENCH_DIR` names the disk (default: the build folder's). Syncs are counted by strace on this
//! program itself. CPU a step is the difference between a long run and a run of one step, so that opening and closing the
//! journal are charged to nobody; many rounds, as the kernel counts in ticks. CPU outside `SQLite` is that less the same
//! difference for appending the same batches alone. With `BENCH_CHILD=FOLDER:chain:3000` it makes that one run, for `perf record`.

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]

#[path = "../it/machine/plans.rs"]
#[allow(dead_code, reason = "the scenarios use the rest")]
mod plans;

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::time::Instant;

use ouioe::engine::handle::{FeedItem, Reply, request};
use ouioe::engine::{Engine, EngineOptions};
use ouioe::journal::{Batch, Journal, OpenOptions, Reader};
use ouioe::machine::apply;
use ouioe::model::actor::Actor;
use ouioe::model::command::{Command, Consent, Submit};
use ouioe::model::event::{Event, Fact};
use ouioe::model::ids::Seq;
use ouioe::model::intent::Intent;
use ouioe::model::plan::Plan;
use ouioe::model::settings::Settings;

const CHAIN: u32 = 200;
const FAN: u32 = 500;
const ROUNDS: u32 = 15;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    if let Ok(job) = std::env::var("BENCH_CHILD") {
        let (rest, steps) = job.rsplit_once(':').expect("a number of steps");
        let (dir, shape) = rest.rsplit_once(':').expect("a folder and a shape");
        runtime.block_on(run(Path::new(dir), shape, steps.parse().expect("a number")));
        return;
    }
    let root = std::env::var_os("BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let temp = tempfile::tempdir_in(&root).expect("a folder");
    println!("disk: {}", disk(&root));
    for (shape, steps) in [("chain", CHAIN), ("fan", FAN)] {
        let (mut long, mut short) = (Cost::default(), Cost::default());
        for round in 0..ROUNDS {
            short += cost(&runtime, &temp.path().join(format!("{shape}-1-{round}")), shape, 1);
            long += cost(&runtime, &temp.path().join(format!("{shape}-{round}")), shape, steps);
        }
        let per = |long: f64, short: f64| (long - short) / f64::from(ROUNDS * (steps - 1));
        let wall = per(long.wall, short.wall);
        println!("{shape} of {steps} no-op steps: {wall:.0} µs wall a step, {:.0} steps/s", 1e6 / wall);
        let user = per(long.user, short.user);
        println!("  CPU a step: {user:.0} µs user, {:.0} µs in all", per(long.all, short.all));
        if shape == "chain" {
            println!("  outside SQLite: {:.0} µs user a step", user - per(long.alone, short.alone));
        }
        println!("  start and end of an engine with a run of one step: {:.1} ms user", short.user / f64::from(ROUNDS) / 1e3);
        syncs(&temp.path().join(format!("{shape}-traced")), shape, steps);
    }
}

/// Microseconds.
#[derive(Default)]
struct Cost {
    wall: f64,
    user: f64,
    /// User and system.
    all: f64,
    /// User, of appending the same batches without an engine.
    alone: f64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.wall += more.wall;
        self.user += more.user;
        self.all += more.all;
        self.alone += more.alone;
    }
}

fn cost(runtime: &tokio::runtime::Runtime, dir: &Path, shape: &str, steps: u32) -> Cost {
    let (before, begun) = (cpu(), Instant::now());
    runtime.block_on(run(dir, shape, steps));
    let (after, wall) = (cpu(), begun.elapsed().as_secs_f64() * 1e6);
    // One result a batch: of a chain the same batches can be made again from the events.
    let alone = if shape == "chain" { appended_alone(dir, &dir.with_extension("alone")) } else { 0.0 };
    Cost { wall, user: after.0 - before.0, all: after.1 - before.1, alone }
}

fn disk(root: &Path) -> String {
    let said = Process::new("df").args(["--output=source,fstype"]).arg(root).output().map(|done| done.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().last().unwrap_or("unknown").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Microseconds of this process: user, and user with system.
fn cpu() -> (f64, f64) {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).expect("usage");
    let micros = |time: nix::sys::time::TimeVal| {
        let seconds = u32::try_from(time.tv_sec()).unwrap_or_default();
        let rest = u32::try_from(time.tv_usec()).unwrap_or_default();
        f64::from(seconds) * 1e6 + f64::from(rest)
    };
    (micros(usage.user_time()), micros(usage.user_time()) + micros(usage.system_time()))
}

fn plan(shape: &str, count: u32) -> Plan {
    let line = |at: u32| match (shape, at) {
        ("chain", 1..) => format!("s{at} effect=mutate low_risk=yes needs=s{}", at - 1),
        _ => format!("s{at} effect=mutate low_risk=yes"),
    };
    plans::plan((0..count).map(|at| plans::step(&line(at)).expect("a step")).collect(), &Settings::default().policy)
}

async fn run(dir: &Path, shape: &str, steps: u32) {
    let mut settings = Settings::default();
    settings.engine.per_service = 16;
    let options = EngineOptions { state_dir: dir.to_owned(), settings, runtime: tokio::runtime::Handle::current(), exe: None };
    let engine = Engine::start(options).expect("an engine");
    let mut feed = engine.handle.follow().await.expect("it lives");
    let plan = plan(shape, steps);
    let actor = Actor::Local { uid: 0, name: "bench".to_owned() };
    let intent = Intent { text: "bench".to_owned(), actor: actor.clone(), host: "here".to_owned(), session: String::new() };
    let consent = Consent::Shown { digest: plan.digest };
    let submit = Submit { intent, plan: Box::new(plan), consent, attended: false };
    let reply = engine.handle.request(request(actor, Command::Submit(submit))).await;
    assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
    loop {
        match feed.items.recv().await.expect("it lives") {
            FeedItem::Event(event) if matches!(event.fact, Fact::WorkflowFinished { .. }) => break,
            FeedItem::Resync(state) if state.runs.values().all(|run| run.state.is_finished()) => break,
            _ => {}
        }
    }
    engine.handle.stop().await;
    drop(engine.end().await);
}

/// User CPU of appending what the run appended.
fn appended_alone(from: &Path, to: &Path) -> f64 {
    let reader = Reader::open(from).expect("a journal");
    let state = reader.state(apply).expect("its state");
    let events = reader.events(Seq(0), None, 1_000_000).expect("its events");
    let mut journal = Journal::open(to, OpenOptions::new(apply)).expect("a journal");
    let plans: Vec<Arc<Plan>> = state.runs.values().filter_map(|run| Some(run.graph()?.plan.clone())).collect();
    let batches: Vec<Batch> = batches(events).into_iter().map(|events| Batch { events, plans: Vec::new() }).collect();
    let before = cpu().0;
    for (at, mut batch) in batches.into_iter().enumerate() {
        if at == 0 {
            batch.plans.clone_from(&plans);
        }
        journal.append(&batch).expect("an append");
    }
    cpu().0 - before
}

/// A batch ends before each report: a result opens the next one.
fn batches(events: Vec<Event>) -> Vec<Vec<Arc<Event>>> {
    let mut all: Vec<Vec<Arc<Event>>> = vec![Vec::new()];
    for event in events {
        let opens = matches!(event.fact, Fact::StepSucceeded { .. } | Fact::IntentSubmitted { .. } | Fact::EngineStopped {});
        if opens && all.last().is_some_and(|last| !last.is_empty()) {
            all.push(Vec::new());
        }
        if let Some(last) = all.last_mut() {
            last.push(Arc::new(event));
        }
    }
    all
}

fn syncs(dir: &Path, shape: &str, steps: u32) {
    let log = dir.with_extension("strace");
    let traced = Process::new("strace")
        .args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().expect("this program"))
        .env("BENCH_CHILD", format!("{}:{shape}:{steps}", dir.display()))
        .output();
    if !traced.is_ok_and(|done| done.status.success()) {
        println!("  syncs: not counted, strace did not run");
        return;
    }
    let text = std::fs::read_to_string(&log).expect("a trace");
    let wal = text.lines().filter(|line| line.contains("-wal>")).count();
    let all = text.lines().filter(|line| line.contains("sync(")).count();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let per = |count: usize| count as f64 / f64::from(steps);
    println!(
        "  syncs a step: {:.2} of the journal's log, {:.2} in all ({all} for {steps} steps, start, checkpoints and end included)",
        per(wal),
        per(all)
    );
}
