//! ouioe as one of several workflow engines under comparison: commands on stdin, answers on the descriptor in `BENCH_FD`, all state in
//! `BENCH_SCRATCH`. Exactly as durable as `ouioe run`; what an earlier worker left unfinished goes on by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use ouioe::engine::handle::{Feed, FeedItem, Reply, request};
use ouioe::engine::{Engine, EngineOptions};
use ouioe::machine::{apply, is_quiet};
use ouioe::model::action::{Action, Operand};
use ouioe::model::actor::Actor;
use ouioe::model::catalogue::{EffectClass, OutputFormat, Repeat};
use ouioe::model::command::{Command, Consent, Submit};
use ouioe::model::digest::Digest;
use ouioe::model::ids::{RunId, StepId};
use ouioe::model::intent::Intent;
use ouioe::model::plan::{Join, Need, NeedKind, Plan, PlanSource, Retry, Step, StepKind, When};
use ouioe::model::settings::Settings;
use ouioe::model::state::{State, Workflow};
use ouioe::model::step_state::WorkflowState;
use ouioe::model::time::Millis;
use ouioe::policy::digest::seal;
use ouioe::service::programs;
use serde::Deserialize;
use serde_json::json;

type Trouble = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct Order {
    cmd: String,
    #[serde(default)]
    workload: PathBuf,
    #[serde(default)]
    log: PathBuf,
}

#[derive(Deserialize)]
struct Workload {
    name: String,
    workflows: Vec<Shape>,
}

#[derive(Deserialize)]
struct Shape {
    id: String,
    concurrency: u32,
    steps: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    id: String,
    needs: Vec<String>,
    op: String,
    #[serde(default)]
    argv: Vec<String>,
    #[serde(default)]
    sleep_ms: u32,
}

fn main() -> ExitCode {
    if let Some(code) = std::env::args_os().nth(1).and_then(|first| ouioe::service::runner::dispatch(&first)) {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    match runtime.block_on(serve()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench_worker: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Trouble> {
    let fd = std::env::var("BENCH_FD")?;
    let mut answers = File::options().write(true).open(format!("/dev/fd/{fd}"))?;
    let scratch = PathBuf::from(std::env::var_os("BENCH_SCRATCH").ok_or("BENCH_SCRATCH is not set")?);
    let mut worker = Worker::start(scratch.join("state"), 16).await?;
    writeln!(answers, "{}", json!({"ready": true}))?;
    for line in std::io::stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?)?;
        let answer = match order.cmd.as_str() {
            "run" => worker.run(&order).await,
            "resume" => worker.settle().await,
            other => Err(format!("no such command: {other}").into()),
        };
        let said = answer.map_or_else(|error| json!({"error": error.to_string()}), |wall| json!({"wall_s": wall}));
        writeln!(answers, "{said}")?;
    }
    worker.stop().await;
    Ok(())
}

struct Worker {
    engine: Engine,
    dir: PathBuf,
    slots: u32,
    state: State,
    items: tokio::sync::mpsc::Receiver<FeedItem>,
}

fn actor() -> Actor {
    Actor::Local { uid: rustix::process::getuid().as_raw(), name: "bench".to_owned() }
}

impl Worker {
    async fn start(dir: PathBuf, slots: u32) -> Result<Self, Trouble> {
        let mut settings = Settings::default();
        (settings.engine.slots, settings.engine.per_service) = (slots, slots);
        let options = EngineOptions { state_dir: dir.clone(), settings, runtime: tokio::runtime::Handle::current(), exe: None };
        let engine = Engine::start(options)?;
        let Feed { state, items, .. } = engine.handle.follow().await.ok_or("the engine ended")?;
        let mut worker = Self { engine, dir, slots, state: std::sync::Arc::unwrap_or_clone(state), items };
        worker.take_up().await;
        Ok(worker)
    }

    /// What an earlier worker left; there may be nothing.
    async fn take_up(&mut self) {
        let resume = Command::Resume { run: None, step: None };
        drop(self.engine.handle.request(request(actor(), resume)).await);
    }

    async fn stop(self) {
        self.engine.handle.stop().await;
        drop(self.engine.end().await);
    }

    /// All workflows of the file at once; seconds until the last of them ended.
    async fn run(&mut self, order: &Order) -> Result<f64, Trouble> {
        let workload: Workload = serde_json::from_reader(std::io::BufReader::new(File::open(&order.workload)?))?;
        let slots = workload.workflows.iter().map(|one| one.concurrency).sum();
        let plans: Vec<Plan> = workload.workflows.iter().map(|one| plan(&workload.name, one, &order.log)).collect::<Result<_, _>>()?;
        if slots != self.slots {
            let fresh = Self::start_again(self, slots).await?;
            *self = fresh;
        }
        let began = Instant::now();
        let mut runs: BTreeSet<RunId> = BTreeSet::new();
        for plan in plans {
            let consent = Consent::Shown { digest: plan.digest };
            let intent = Intent { text: plan.title.clone(), actor: actor(), host: String::new(), session: String::new() };
            let submit = Submit { intent, plan: Box::new(plan), consent, attended: false };
            match self.engine.handle.request(request(actor(), Command::Submit(submit))).await {
                Reply::Accepted { run: Some(run), .. } => runs.insert(run),
                other => return Err(format!("not accepted: {other:?}").into()),
            };
        }
        self.until(|state| runs.iter().all(|run| state.runs.get(run).is_some_and(|run| run.state.is_finished() || stuck(run)))).await?;
        let wall = began.elapsed().as_secs_f64();
        self.judge(&runs)?;
        Ok(wall)
    }

    /// Another limit needs another engine; it is no part of what is measured.
    async fn start_again(&self, slots: u32) -> Result<Self, Trouble> {
        self.engine.handle.stop().await;
        let started = Instant::now();
        loop {
            match Self::start(self.dir.clone(), slots).await {
                Ok(worker) => return Ok(worker),
                Err(error) if started.elapsed().as_secs() > 10 => return Err(error),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    }

    async fn settle(&mut self) -> Result<f64, Trouble> {
        let began = Instant::now();
        self.take_up().await;
        self.until(|state| state.runs.values().all(|run| run.state.is_finished() || stuck(run))).await?;
        let runs = self.state.runs.keys().cloned().collect();
        self.judge(&runs)?;
        Ok(began.elapsed().as_secs_f64())
    }

    async fn until(&mut self, holds: impl Fn(&State) -> bool) -> Result<(), Trouble> {
        while !holds(&self.state) {
            match self.items.recv().await.ok_or("the engine ended")? {
                FeedItem::Plan(graph) => self.state.know_plan(graph),
                FeedItem::Event(event) => apply(&mut self.state, &event),
                FeedItem::Thinking(_) => {}
                FeedItem::Resync(fresh) => self.state = std::sync::Arc::unwrap_or_clone(fresh),
                FeedItem::Gone { reason } => return Err(reason.into()),
            }
        }
        Ok(())
    }

    fn judge(&self, runs: &BTreeSet<RunId>) -> Result<(), Trouble> {
        let bad = runs.iter().filter_map(|run| self.state.runs.get(run)).find(|run| run.state != WorkflowState::Succeeded);
        bad.map_or(Ok(()), |run| Err(format!("run {} is {}", run.run, run.shown().word()).into()))
    }
}

/// It waits for a person, and there is none.
fn stuck(run: &Workflow) -> bool {
    !run.parked && is_quiet(run)
}

fn plan(name: &str, shape: &Shape, log: &Path) -> Result<Plan, Trouble> {
    let steps = shape.steps.iter().map(|piece| step(piece, log)).collect::<Result<_, _>>()?;
    let title = format!("{name} {}", shape.id);
    let source = PlanSource::File { path: name.to_owned() };
    let mut plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        intent: title.clone(),
        title,
        source,
        environment: None,
        approval_required: false,
        steps,
    };
    seal(&mut plan);
    Ok(plan)
}

fn step(piece: &Piece, log: &Path) -> Result<Step, Trouble> {
    let action = match piece.op.as_str() {
        "noop" => Action::Builtin { name: "noop".to_owned(), params: BTreeMap::new(), owned: false },
        "spawn" => command(&piece.argv)?,
        "append" => {
            let script = format!("sleep {}; echo \"$0\" >>\"$1\"", f64::from(piece.sleep_ms) / 1e3);
            let log = log.to_str().ok_or("a log path that is not UTF-8")?;
            command(&["/bin/sh".to_owned(), "-c".to_owned(), script, piece.id.clone(), log.to_owned()])?
        }
        other => return Err(format!("no such op: {other}").into()),
    };
    let needs = piece.needs.iter().map(|need| Need { step: StepId::new(need), when: When::Success, kind: NeedKind::Completion });
    Ok(Step {
        id: StepId::new(&piece.id),
        operation: format!("bench.{}", piece.op),
        params: BTreeMap::new(),
        effect: EffectClass::Mutate,
        low_risk: true,
        repeat: Repeat::AtMostOnce,
        needs: needs.collect(),
        join: Join::All,
        kind: StepKind::Action,
        condition: None,
        critical: true,
        approval: false,
        provenance: BTreeMap::new(),
        timeout_ms: Millis::seconds(60),
        silence_ms: Millis(0),
        retry: Retry::default(),
        locks: Vec::new(),
        compensation: None,
        probe: None,
        bounds: BTreeMap::new(),
        thresholds: Vec::new(),
        suggested: false,
        for_each: None,
        copy_of: None,
        action,
        digest: Digest::ZERO,
    })
}

fn command(argv: &[String]) -> Result<Action, Trouble> {
    let (program, rest) = argv.split_first().ok_or("an empty argv")?;
    Ok(Action::Command {
        program: programs::resolve(program)?,
        args: rest.iter().map(|arg| Operand(arg.clone())).collect(),
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        cwd: None,
        output: OutputFormat::None,
        script: None,
    })
}
