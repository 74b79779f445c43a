//! The engine dies while a step is at work: what it left is taken up, to the byte; its limits hold meanwhile.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::kill::{Campaign, assert_clean};
use super::plans;
use super::program::{Place, until};
use crate::checker::judge;

fn submitted(plan: &Value) -> (Campaign, super::program::Running) {
    let one = Campaign::new(Place::new());
    one.place.configure("[engine]\ngrace = \"500ms\"\n");
    one.place.write_plan(plan);
    let running = one.go_on();
    (one, running)
}

/// What the step says, line by line over three seconds, and how it ends.
fn talker(place: &str, code: u8) -> String {
    format!(
        "touch {place}; i=0; while [ $i -lt 150 ]; do printf 'line %04d \\001\\377 of %s\\n' $i {code}; i=$((i+1)); sleep 0.02; done; exit {code}"
    )
}

fn said(code: u8) -> Vec<u8> {
    (0..150).flat_map(|at| [format!("line {at:04} ").as_bytes(), b"\x01\xff", format!(" of {code}\n").as_bytes()].concat()).collect()
}

fn event<'a>(lines: &'a [Value], kind: &str, step: &str) -> &'a Value {
    lines.iter().find(|line| line["kind"] == kind && line["step"] == step).unwrap_or_else(|| panic!("no {kind} of {step}"))
}

#[test]
fn a_step_outlives_its_engine_with_exit_code_and_output() {
    let dir = tempfile::tempdir().expect("a folder");
    let mark = |name: &str| dir.path().join(name).display().to_string();
    let plan = plans::file(&[plans::step("good", &[], &talker(&mark("good"), 0)), plans::step("bad", &[], &talker(&mark("bad"), 37))]);
    let (mut one, running) = submitted(&plan);
    until("both steps to talk", || (dir.path().join("good").exists() && dir.path().join("bad").exists()).then_some(()));
    let killed = running.kill();
    one.heard(&killed);
    assert_eq!(judge(one.place.state(), None, &one.acked).in_flight(), 2, "the fault did not fire");
    let resumed = one.place.run(&["resume", "--json"]);
    assert_eq!(resumed.code(), Some(1), "{}", resumed.text());
    one.heard(&resumed);
    let lines: Vec<Value> = resumed.acked().into_iter().map(|line| line.0).collect();
    assert_eq!(event(&lines, "step_succeeded", "good")["data"]["exit"]["code"], 0);
    assert_eq!(event(&lines, "step_failed", "bad")["data"]["exit"]["code"], 37);
    for (step, code) in [("good", 0), ("bad", 37)] {
        let log = one.place.command(&["log", "last", step, "--raw"]).stderr(Stdio::null()).output().expect("it starts");
        assert!(log.stdout == said(code), "{} bytes of {step} instead of {}", log.stdout.len(), said(code).len());
    }
    let verdict = judge(one.place.state(), None, &one.acked);
    assert_clean(&verdict);
    assert!(verdict.runs.values().all(|run| run.steps.values().all(|step| step.starts == 1)));
    println!("adopted: exit codes 0 and 37, {} bytes each byte for byte", said(37).len());
}

/// How long the run took from the first sign of the step to its end, with nothing left running.
fn limited(step: Value, engine_dies: bool) -> (Duration, Value) {
    let dir = tempfile::tempdir().expect("a folder");
    let sign = dir.path().join("sign");
    let mut step = step;
    let command = step["params"]["command"].as_str().expect("a command").replace("SIGN", &sign.display().to_string());
    step["params"]["command"] = Value::String(command);
    let (mut one, running) = submitted(&plans::file(&[step]));
    until("the step", || sign.exists().then_some(()));
    let began = Instant::now();
    let ended = if engine_dies {
        one.heard(&running.kill());
        until("the step's end", || one.place.processes().is_empty().then_some(()));
        let took = began.elapsed();
        let resumed = one.place.run(&["resume", "--json"]);
        one.heard(&resumed);
        (took, resumed)
    } else {
        let ended = running.end();
        one.heard(&ended);
        (began.elapsed(), ended)
    };
    // The host of runners ends when it hears that its engine has.
    until("the end of all its processes", || one.place.processes().is_empty().then_some(()));
    assert_eq!(ended.1.code(), Some(1), "{}", ended.1.text());
    assert_clean(&judge(one.place.state(), None, &one.acked));
    let lines: Vec<Value> = ended.1.acked().into_iter().map(|line| line.0).collect();
    (ended.0, event(&lines, "step_failed", "s")["data"].clone())
}

fn with_timeout(command: &str) -> Value {
    let mut step = plans::step("s", &[], command);
    step["timeout"] = json!("1s");
    step
}

/// Seconds from the step's first sign, the timeout of 1 s included; grace is 0.5 s.
#[test]
fn a_timeout_ends_all_of_a_step() {
    let ignores = "trap '' TERM HUP INT; touch SIGN; sleep 600; sleep 600";
    let hides = "setsid sh -c 'trap \"\" TERM; (sleep 600 &) ; exec sleep 600' </dev/null >/dev/null 2>&1 & touch SIGN; wait; sleep 600";
    for (name, command, most) in
        [("sleep 600", "touch SIGN; exec sleep 600", 3.0), ("ignores TERM", ignores, 2.5), ("forks and hides", hides, 3.0)]
    {
        for engine_dies in [false, true] {
            let (took, data) = limited(with_timeout(command), engine_dies);
            assert_eq!(data["exit"]["cut"], "timeout", "{data}");
            println!("timeout of 1 s, {name}, engine {}: {took:?}", if engine_dies { "dead" } else { "alive" });
            assert!(took < Duration::from_secs_f64(most), "{name} took {took:?}");
        }
    }
}

/// The terminal goes away: the run goes on in the same process to its end.
#[test]
fn a_hang_up_ends_no_run() {
    let one = Campaign::new(Place::new());
    let go = one.place.path("go");
    let waits = format!("until [ -e {} ]; do sleep 0.02; done;", go.display());
    one.place.write_plan(&plans::file(&[plans::entry("s", &[], &one.place.ledger_path(), &waits, "")]));
    let plan = one.place.path("plan.json").display().to_string();
    let mut command = one.place.command(&["run", "--plan", &plan, "--yes", "--json"]);
    command.process_group(0);
    let running = super::program::Running::of(command);
    assert!(running.wait_for(&["step_started"]));
    running.signal(rustix::process::Signal::HUP);
    fs::write(go, "").expect("the word to go on");
    let ended = running.end();
    assert_eq!(ended.code(), Some(0), "{}", ended.text());
    assert!(one.place.ledger().has("s"));
}
