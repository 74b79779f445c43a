//! What the journal costs: durable events a second, syncs a batch, bytes an event, and the time of a start.
//!
//! `cargo bench --bench journal`; `BENCH_DIR` names the disk (default: the build folder's), `BENCH_EVENTS` the long journal's length.
//! Files are warm in the page cache when a start is timed. Syncs are counted by strace on this program itself.

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use ouioe::journal::{Batch, Journal, OpenOptions};
use ouioe::machine::apply;
use ouioe::model::actor::Actor;
use ouioe::model::command::Consent;
use ouioe::model::digest::Digest;
use ouioe::model::effect::Role;
use ouioe::model::event::{EVENT_VERSION, Event, Fact};
use ouioe::model::failure::{ExitFacts, SpoolFacts};
use ouioe::model::ids::{AttemptNo, Epoch, Generation, RunId, Seq, StepId};
use ouioe::model::intent::Intent;
use ouioe::model::plan::{Plan, PlanSource};
use ouioe::model::step_state::{QueuedWhy, WorkflowState};
use ouioe::model::time::{Millis, Stamp};
use ouioe::policy::digest::seal;

const STEPS: u64 = 3;
/// Submitted, proposed, approved, started; three an ordinary step; finished.
const EVENTS_A_RUN: u64 = 5 + 3 * STEPS;
/// Runs that are under way at the same time.
const INTERLEAVED: u64 = 50;

fn main() {
    if let Ok(job) = std::env::var("BENCH_CHILD") {
        let (dir, batches) = job.rsplit_once(':').expect("a folder and a number");
        return append(&mut open(Path::new(dir)), batches.parse::<u64>().expect("a number"), 1);
    }
    let root = std::env::var_os("BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let temp = tempfile::tempdir_in(&root).expect("a folder");
    println!("disk: {}", disk(&root));
    for (events, group) in [(2_000, 1), (20_000, 10), (100_000, 100), (200_000, 1_000)] {
        groups(&temp.path().join(format!("groups-{group}")), events, group);
    }
    syncs(temp.path());
    start(&temp.path().join("short"), 100_000, true);
    let long = std::env::var("BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    start(&temp.path().join("long"), long, false);
}

fn disk(root: &Path) -> String {
    let said = Command::new("df").args(["--output=source,fstype"]).arg(root).output().map(|done| done.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().last().unwrap_or("unknown").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn open(dir: &Path) -> Journal {
    Journal::open(dir, OpenOptions::new(apply)).expect("a journal")
}

/// Appends in groups until `events` more are durable.
fn append(journal: &mut Journal, events: u64, group: u64) {
    let last = journal.head().0.0 + events;
    while journal.head().0.0 < last {
        let from = journal.head().0.0 + 1;
        let mut batch = Batch::default();
        for seq in from..=last.min(from + group - 1) {
            put(&mut batch, seq);
        }
        journal.append(&batch).expect("an append");
    }
}

fn groups(dir: &Path, events: u64, group: u64) {
    let mut journal = open(dir);
    let begun = Instant::now();
    append(&mut journal, events, group);
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let (rate, millis) = (events as f64 / seconds, seconds * 1_000.0 / (events / group) as f64);
    println!("durable, groups of {group}: {rate:.0} events/s, {millis:.2} ms a group");
}

/// One event a batch; what opening and closing costs is measured apart and taken off.
fn syncs(root: &Path) {
    let count = |batches: u64| -> Option<u64> {
        let dir = root.join(format!("syncs-{batches}"));
        let seen = root.join("strace.out");
        let child = Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o"])
            .arg(&seen)
            .arg(std::env::current_exe().ok()?)
            .env("BENCH_CHILD", format!("{}:{batches}", dir.display()))
            .status();
        child.is_ok_and(|status| status.success()).then(|| std::fs::read_to_string(seen).map(|text| text.lines().count() as u64).ok())?
    };
    let (Some(none), Some(few), Some(many)) = (count(0), count(300), count(10_000)) else {
        return println!("syncs: not counted (strace is not here)");
    };
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let a_batch = |total: u64, batches: u64| total.saturating_sub(none) as f64 / batches as f64;
    println!(
        "syncs a batch: {:.3} in 300 batches without a checkpoint, {:.4} in 10,000 with checkpoints",
        a_batch(few, 300),
        a_batch(many, 10_000)
    );
}

fn start(dir: &Path, events: u64, with_snapshot: bool) {
    let mut journal = open(dir);
    append(&mut journal, events, 1_000);
    let path = dir.join("journal.sqlite3");
    if with_snapshot {
        let state = journal.load().expect("a state");
        let begun = Instant::now();
        journal.snapshot(&state).expect("a snapshot");
        println!("snapshot of {} runs: {:.2} s", state.runs.len(), begun.elapsed().as_secs_f64());
    }
    drop(journal);
    let bytes = std::fs::metadata(&path).expect("the file").len();
    println!("{events} events: {} MiB on disk, {} bytes an event with plans, index and snapshot", bytes >> 20, bytes / events);
    let begun = Instant::now();
    let mut journal = open(dir);
    let opened = begun.elapsed().as_secs_f64();
    let state = journal.load().expect("a state");
    let how = if with_snapshot { "snapshot" } else { "full replay" };
    println!("start, {how} of {events} events, {} runs: {:.2} s (opening {opened:.2})", state.runs.len(), begun.elapsed().as_secs_f64());
}

/// Event `seq` of a journal in which runs go on side by side.
fn put(batch: &mut Batch, seq: u64) {
    let at = seq - 1;
    let wave = at / (INTERLEAVED * EVENTS_A_RUN);
    let within = at % (INTERLEAVED * EVENTS_A_RUN);
    let (run, place) = (wave * INTERLEAVED + within % INTERLEAVED, within / INTERLEAVED);
    let (step, fact) = match place {
        0 => (None, Fact::IntentSubmitted { intent: intent() }),
        1 => (None, propose(batch, run)),
        2 => (None, Fact::Approved { request: None, digest: Digest([7; 32]), consent: Consent::Shown { digest: Digest([7; 32]) } }),
        3 => (None, Fact::WorkflowStarted {}),
        last if last + 1 == EVENTS_A_RUN => {
            (None, Fact::WorkflowFinished { state: WorkflowState::Succeeded, verdict: None, lost: Vec::new(), unknown: Vec::new() })
        }
        middle => (Some((middle - 4) / 3), of_step((middle - 4) % 3)),
    };
    batch.events.push(Arc::new(Event {
        v: EVENT_VERSION,
        seq: Seq(seq),
        at: Stamp(1_767_323_045_678 + seq.cast_signed()),
        run: Some(RunId::new(format!("{run:06x}"))),
        step: step.map(|step| StepId::new(format!("s{step}"))),
        attempt: step.map(|_| AttemptNo(1)),
        actor: Actor::Engine,
        cmd: None,
        fact,
    }));
}

fn intent() -> Intent {
    Intent { text: "how long is it up".to_owned(), actor: Actor::Engine, host: "here".to_owned(), session: String::new() }
}

fn of_step(place: u64) -> Fact {
    match place {
        0 => Fact::StepQueued { queued: QueuedWhy::Ready },
        1 => Fact::StepStarted {
            role: Role::Main,
            generation: Generation(1),
            effect_key: Digest([9; 32]),
            digest: Digest([8; 32]),
            epoch: Epoch(1),
        },
        _ => Fact::StepSucceeded {
            result: serde_json::json!({"text": " 12:00:01 up 41 days,  3:12,  2 users,  load average: 0.20, 0.18, 0.11", "seconds": 3_553_921}),
            verdict: None,
            exit: Some(ExitFacts { code: Some(0), wall_ms: Millis(12), ..ExitFacts::default() }),
            spool: Some(SpoolFacts { len: 70, sha256: Digest([6; 32]) }),
        },
    }
}

fn propose(batch: &mut Batch, run: u64) -> Fact {
    let steps = (0..STEPS)
        .map(|step| {
            let value = serde_json::json!({
                "id": format!("s{step}"), "operation": "host.uptime", "params": {"host": format!("web-{run}")}, "effect": "read",
                "low_risk": true, "repeat": "pure", "needs": [], "critical": true, "approval": false, "timeout_ms": 60_000,
                "action": {"kind": "command", "program": {"path": "/usr/bin/uptime", "sha256": "0".repeat(64)}, "args": ["--", format!("web-{run}")],
                    "env": {}, "secrets": {}, "output": "text"}
            });
            serde_json::from_value(value).expect("a step")
        })
        .collect();
    let mut plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        title: format!("Look at web-{run}"),
        intent: "how long is it up".to_owned(),
        source: PlanSource::Intent,
        environment: None,
        approval_required: false,
        steps,
    };
    seal(&mut plan);
    let fact = Fact::PlanProposed {
        digest: plan.digest,
        revision: 1,
        steps: 3,
        title: plan.title.clone(),
        source: PlanSource::Intent,
        approval_required: false,
        attended: false,
    };
    batch.plans.push(Arc::new(plan));
    fact
}
