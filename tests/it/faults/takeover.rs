//! An engine or a runner that stops between the durable intent and the start, while somebody else takes over.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::kill::{Campaign, assert_clean, assert_exactly_once};
use super::plans;
use super::program::{Place, Running, kill, program, until};

/// A worker makes the folders of run, step and attempt with more calls than the start of an engine needs.
const ATTEMPT_FOLDER: u32 = 5;

/// Starts the plan behind strace, which stops the thread that reaches this call so often first.
fn stopped_at(one: &Campaign, call: &str, when: u32, detach: bool) -> Running {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGSTOP:when={when}"));
    let log = one.place.path("strace").display().to_string();
    let mut before = vec!["strace", "-f", "-o", &log, "-e", &trace, "-e", &inject];
    if detach {
        before.extend(["-b", "execve"]);
    }
    let plan = one.place.path("plan.json").display().to_string();
    Running::of(one.place.wrapped(&before, &["run", "--plan", &plan, "--yes", "--json"]))
}

fn is_stopped(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && (line.contains("T (stopped)") || line.contains("t (tracing stop)")))
}

/// The process of the program itself, not strace's.
fn engine(place: &Place) -> i32 {
    let program = program().display().to_string();
    let is_engine = |words: &[String]| words.first() == Some(&program) && words.get(1).is_some_and(|it| it == "run");
    until("the engine", || place.processes().into_iter().find(|one| is_engine(&one.words)).map(|one| one.pid))
}

fn prepared() -> Campaign {
    let mut one = Campaign::new(Place::new());
    one.place.write_plan(&plans::file(&[plans::entry("first", &[], &one.place.ledger_path(), "", "")]));
    let first = one.go_on().end();
    assert_eq!(first.code(), Some(0), "{}", first.text());
    one.heard(&first);
    one.runs = 2;
    one.place.write_plan(&plans::chain(3, &one.place.ledger_path()));
    one
}

fn left_off_with_an_intent(one: &Campaign, step: &str) {
    until("a durable intent", || one.judge().steps_in("running").iter().any(|(_, id)| id == step).then_some(()));
    assert!(!one.place.ledger().has(step), "it ran already");
}

/// Stopped with the intent durable and nothing spawned: without force nobody passes, with force it is over for the first.
#[test]
fn a_stopped_engine_is_taken_over_and_never_runs_its_step() {
    let mut one = prepared();
    let stopped = stopped_at(&one, "mkdir", ATTEMPT_FOLDER, true);
    let pid = engine(&one.place);
    until("the engine to stop", || is_stopped(pid).then_some(()));
    left_off_with_an_intent(&one, "s0");

    let refused = one.place.run(&["resume", "--json"]);
    assert_eq!(refused.code(), Some(75), "{}", refused.text());
    assert!(refused.errors.contains("--force"), "it says what to do: {}", refused.errors);

    let forced = one.place.run(&["resume", "--force", "--json"]);
    assert_eq!(forced.code(), Some(0), "{}", forced.text());
    one.heard(&forced);
    kill(pid, Signal::CONT);
    let stopped = stopped.end();
    assert_eq!(stopped.signal(), Some(9), "{}", stopped.text());
    one.heard(&stopped);
    let verdict = one.finish();
    assert_exactly_once(&one.place, &verdict);
    assert_eq!(one.parks, 0);
    println!("taken over from a stopped engine: {} events, {} acknowledged lines", verdict.events, verdict.acked);
}

/// The runner stops before its claim, its engine dies, the next engine proves "not started" and runs it; then the first
/// runner wakes up.
#[test]
fn a_runner_that_wakes_up_late_never_runs_its_step() {
    let mut one = prepared();
    // Only a runner makes itself a session.
    let first = stopped_at(&one, "setsid", 1, false);
    let pid = engine(&one.place);
    let runner = until("a runner that stopped", || one.place.runners().into_iter().find(|pid| is_stopped(*pid)));
    left_off_with_an_intent(&one, "s0");
    kill(pid, Signal::KILL);
    let resumed = one.place.run(&["resume", "--json"]);
    assert_eq!(resumed.code(), Some(0), "{}", resumed.text());
    one.heard(&resumed);
    assert!(one.place.ledger().has("s0"));
    kill(runner, Signal::CONT);
    until("the late runner's end", || (!one.place.runners().contains(&runner)).then_some(()));
    one.heard(&first.end());
    let verdict = one.finish();
    assert_clean(&verdict);
    assert_exactly_once(&one.place, &verdict);
    assert_eq!(one.parks, 0);
    println!("a late runner lost against a new engine: {} events", verdict.events);
}

/// Nobody is traced by accident: without strace there is nothing to test here.
#[test]
fn strace_is_here() {
    let found = Command::new("strace").arg("--version").stdout(Stdio::null()).status();
    assert!(found.is_ok_and(|status| status.success()), "install strace: the fault campaigns inject with it");
}
