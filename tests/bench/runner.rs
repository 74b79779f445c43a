//! What one spawned step costs: the runner's processor time and private memory, and the whole against a bare fork and exec.
//!
//! `cargo bench --bench runner`. Figures to reach: ≤ 2 ms, ≤ 2 MiB, ≤ 2 times. On a file system without a journal (`mount`,
//! `tune2fs -l`) making files slows down with the number of those deleted within the last minute: try `TMPDIR=/dev/shm` too.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a benchmark prints its figures")]

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::OutputFormat;
use ouioe::model::command::Report;
use ouioe::model::digest::Digest;
use ouioe::model::effect::{AttemptRef, Role, Start};
use ouioe::model::ids::{AttemptNo, Epoch, RunId, StepId, StepIx};
use ouioe::model::plan::StepKind;
use ouioe::model::time::Millis;
use ouioe::policy::digest::action_digest;
use ouioe::service::attempt::{self, Spawned};
use ouioe::service::host::RunnerHost;
use ouioe::service::runner::claim::Claim;
use ouioe::service::{ServiceOptions, Services, programs};
use ouioe::spool::Spools;

const ROUNDS: u32 = 400;
const SLOTS: u32 = 16;

fn step(number: u32, program: &str, args: &[&str]) -> Start {
    let action = Action::Command {
        program: programs::resolve(program).expect("a program of every system"),
        args: args.iter().map(|arg| Operand((*arg).to_owned())).collect(),
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        cwd: None,
        output: OutputFormat::None,
        script: None,
    };
    Start {
        at: AttemptRef { run: RunId::new("bench"), ix: StepIx(0), step: StepId::new(number.to_string()), attempt: AttemptNo(1) },
        role: Role::Main,
        operation: "bench.step".to_owned(),
        digest: action_digest(&action),
        action,
        effect_key: Digest::ZERO,
        timeout_ms: Millis::seconds(60),
        silence_ms: Millis(0),
        grace_ms: Millis::seconds(1),
        output_cap: 16 << 20,
        result_cap: 64 << 10,
        thresholds: Vec::new(),
        kind: StepKind::Action,
    }
}

fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let of = |time: nix::sys::time::TimeVal| {
        Duration::from_micros(u64::try_from(nix::sys::time::TimeValLike::num_microseconds(&time)).unwrap_or(0))
    };
    of(usage.user_time()) + of(usage.system_time())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn start_bare() -> Child {
    Command::new("/bin/true").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("true runs")
}

fn bare() -> Duration {
    let began = Instant::now();
    start_bare().wait().expect("it ends");
    began.elapsed()
}

/// As many at once as an engine has slots, each waited for in turn.
fn bare_at_once() -> Duration {
    let began = Instant::now();
    let mut running: VecDeque<Child> = VecDeque::new();
    for _ in 0..ROUNDS {
        running.push_back(start_bare());
        if running.len() > SLOTS as usize {
            running.pop_front().map(|mut child| child.wait());
        }
    }
    for child in &mut running {
        child.wait().expect("it ends");
    }
    began.elapsed() / ROUNDS
}

fn spawned(services: &Services, reports: &Receiver<Report>, number: u32) -> Duration {
    let step = step(number, "/bin/true", &[]);
    let began = Instant::now();
    services.start(step);
    reports.recv().expect("it is reported");
    began.elapsed()
}

/// Runners alone, without an engine, one after the other: processor time of runner and step less that of the step.
fn cpu_of_runner(options: &ServiceOptions, first: u32, spawn: impl Fn(&Path) -> Spawned) -> (Duration, Duration) {
    let before = children_cpu();
    (0..ROUNDS).for_each(|_| _ = bare());
    let of_step = children_cpu().saturating_sub(before) / ROUNDS;
    let before = children_cpu();
    for number in 0..ROUNDS {
        let step = step(first + number, "/bin/true", &[]);
        let dir = options.spools.attempt_dir(&step.at.run, &step.at.step, step.at.attempt);
        attempt::request(options, &step, &dir, programs::stamp_of(&step_program(&step))).expect("a folder");
        spawn(&dir).reap();
    }
    ((children_cpu().saturating_sub(before) / ROUNDS).saturating_sub(of_step), of_step)
}

/// Of the one host that this process has.
fn cpu_of_host() -> Duration {
    let pids = std::fs::read_dir("/proc").expect("proc").flatten().map(|entry| entry.path());
    let ours = |path: &Path| {
        let parent = format!("PPid:\t{}\n", std::process::id());
        let status = std::fs::read_to_string(path.join("status")).unwrap_or_default();
        status.starts_with("Name:\touioe-host\n") && status.contains(&parent) && !status.contains("State:\tZ")
    };
    let host = pids.into_iter().find(|path| ours(path)).expect("it runs");
    let text = std::fs::read_to_string(host.join("schedstat")).expect("the kernel counts");
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds"))
}

fn step_program(step: &Start) -> ouioe::model::action::Program {
    match &step.action {
        Action::Command { program, .. } => program.clone(),
        Action::Builtin { .. } | Action::Ssh { .. } | Action::Unbound { .. } => unreachable!("made above as a command"),
    }
}

/// Of a runner in the middle of a step: what it alone keeps in memory.
fn memory_of_runner(options: &ServiceOptions, number: u32, spawn: impl Fn(&Path) -> Spawned) -> Vec<String> {
    let step = step(number, "/bin/sh", &["-c", "echo up; read line < /dev/null; sleep 60"]);
    let dir = options.spools.attempt_dir(&step.at.run, &step.at.step, step.at.attempt);
    attempt::request(options, &step, &dir, None).expect("a folder");
    let spawned = spawn(&dir);
    while std::fs::read(dir.join("out")).unwrap_or_default().is_empty() {
        std::thread::yield_now();
    }
    let claim = Claim::read(&dir).expect("readable").expect("claimed");
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", claim.pid)).expect("the kernel tells");
    let lines = text
        .lines()
        .filter(|line| line.starts_with("Private") || line.starts_with("Rss") || line.starts_with("Pss:"))
        .map(str::to_owned)
        .collect();
    if std::env::var_os("SMAPS").is_some() {
        println!("{}", std::fs::read_to_string(format!("/proc/{}/smaps", claim.pid)).expect("the kernel tells"));
    }
    let stopped = spawned.runner.as_ref().expect("it is there").stop(&dir, ouioe::model::step_state::StopWhy::CancelNow, Millis(0));
    stopped.expect("it can be stopped");
    spawned.reap();
    lines
}

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut options = ServiceOptions::new(Spools::new(dir.path().join("runs")), Epoch(1)).expect("a boot id");
    // Copied, as an installed program is: the kernel keeps what a linker has just written in many small pieces.
    options.exe = dir.path().join("ouioe");
    std::fs::copy(env!("CARGO_BIN_EXE_ouioe"), &options.exe).expect("the program");
    // Else the kernel counts what is not on disk yet as memory of whoever maps it.
    std::fs::File::open(&options.exe).and_then(|copy| copy.sync_all()).expect("the program");
    let (sender, reports) = channel();
    let report = Arc::new(move |report| _ = sender.send(report));
    let services = Services::new(options.clone(), runtime.handle().clone(), report);

    (0..20).for_each(|number| _ = spawned(&services, &reports, 2_000_000 + number));
    let (mut plain, mut whole) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        plain.push(bare());
        whole.push(spawned(&services, &reports, number));
    }
    let (plain, whole) = (median(plain), median(whole));
    println!(
        "median of {ROUNDS}: bare fork+exec {plain:?}, spawned step {whole:?}, ratio {:.2}",
        whole.as_secs_f64() / plain.as_secs_f64()
    );

    let plain = bare_at_once();
    let began = Instant::now();
    for number in 0..ROUNDS {
        services.start(step(3_000_000 + number, "/bin/true", &[]));
        if number >= SLOTS {
            reports.recv().expect("it is reported");
        }
    }
    (0..SLOTS).for_each(|_| _ = reports.recv());
    let at_once = began.elapsed() / ROUNDS;
    println!("{SLOTS} at once: bare {plain:?}, spawned step {at_once:?}, ratio {:.2}", at_once.as_secs_f64() / plain.as_secs_f64());

    drop(services);
    let direct = |dir: &Path| attempt::spawn(&options.exe, dir).expect("the runner starts");
    let (runner, step) = cpu_of_runner(&options, 4_000_000, direct);
    println!("processor time, started directly: runner {runner:?}; the step's own {step:?}");
    let host = RunnerHost::new(options.exe.clone());
    let forked = |dir: &Path| runtime.block_on(host.spawn(dir)).expect("the runner starts");
    forked(&dir.path().join("none")).reap();
    let before = cpu_of_host();
    let (runner, step) = cpu_of_runner(&options, 5_000_000, forked);
    let share = cpu_of_host().saturating_sub(before) / ROUNDS;
    println!("processor time, by the host: runner and host {:?}, of it the host {share:?}; the step's own {step:?}", runner + share);
    for line in memory_of_runner(&options, 9_000_000, forked) {
        println!("memory: {line}");
    }
}
