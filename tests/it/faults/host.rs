//! The process that makes step runners is killed or stands still: steps go on, new ones start, nothing happens twice.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::kill::{Campaign, assert_clean, assert_exactly_once};
use super::plans;
use super::program::{Place, Running, kill, until};

/// Three steps, one after the other, each behind a gate of its own; each says what its parent is called.
fn gated() -> (Campaign, Running) {
    let one = Campaign::new(Place::new());
    let step = |id: &str, needs: &[&str]| {
        let needs: Vec<String> = needs.iter().map(|need| (*need).to_owned()).collect();
        let before = format!(
            "until [ -e {} ]; do sleep 0.01; done; cat /proc/$PPID/comm >> {};",
            one.place.path(&format!("go-{id}")).display(),
            one.place.path("parents").display()
        );
        plans::entry(id, &needs, &one.place.ledger_path(), &before, "")
    };
    one.place.write_plan(&plans::file(&[step("a", &[]), step("b", &["a"]), step("c", &["b"])]));
    let running = one.go_on();
    at_work(&one, "a");
    (one, running)
}

fn at_work(one: &Campaign, step: &str) {
    until("the step's process", || (!one.place.of_step(step).is_empty()).then_some(()));
}

fn open(one: &Campaign, step: &str) {
    fs::write(one.place.path(&format!("go-{step}")), "").expect("the word to go on");
}

fn host(one: &Campaign) -> i32 {
    let hosts = one.place.hosts();
    assert_eq!(hosts.len(), 1, "{hosts:?}");
    hosts[0]
}

/// Children of a process that ended and were not waited for.
fn zombies(parent: i32) -> Vec<String> {
    let pids = fs::read_dir("/proc").expect("proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let stats = pids.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats.filter(|stat| stat.contains(&format!(") Z {parent} "))).collect()
}

fn finish(mut one: Campaign, running: Running) {
    let ended = running.end();
    one.heard(&ended);
    assert_eq!(ended.code(), Some(0), "{}", ended.text());
    until("the host's end", || one.place.processes().is_empty().then_some(()));
    let verdict = one.judge();
    assert_clean(&verdict);
    assert_exactly_once(&one.place, &verdict);
    let parents = fs::read_to_string(one.place.path("parents")).expect("each step wrote its line");
    assert_eq!(parents, "ouioe-runner\n".repeat(3), "none was started directly");
    let lines: Vec<Value> = ended.acked().into_iter().map(|line| line.0).collect();
    assert!(lines.iter().all(|line| line["kind"] != "step_failed"), "{}", ended.text());
}

#[test]
fn a_killed_host_ends_no_step_and_the_next_one_has_a_new_host() {
    let (one, running) = gated();
    let first = host(&one);
    kill(first, Signal::KILL);
    until("the host to be reaped", || one.place.hosts().is_empty().then_some(()));
    until("no zombie", || zombies(running.pid()).is_empty().then_some(()));
    assert_eq!(one.place.runners().len(), 1, "the runner does not notice");
    open(&one, "a");
    at_work(&one, "b");
    let second = host(&one);
    assert_ne!(first, second);
    open(&one, "b");
    at_work(&one, "c");
    assert_eq!(host(&one), second, "one for all");
    assert_eq!(zombies(running.pid()), Vec::<String>::new(), "what ended was waited for");
    open(&one, "c");
    finish(one, running);
}

#[test]
fn a_host_that_stands_still_is_given_up() {
    let (one, running) = gated();
    let first = host(&one);
    kill(first, Signal::STOP);
    open(&one, "a");
    at_work(&one, "b");
    assert_ne!(host(&one), first, "the one that did not answer is gone");
    open(&one, "b");
    open(&one, "c");
    finish(one, running);
}

/// A host knows nothing of engines: it goes with its own, and the runners stay.
#[test]
fn a_killed_engine_leaves_its_runners_and_no_host() {
    let (mut one, running) = gated();
    let killed = running.kill();
    one.heard(&killed);
    until("the host's end", || one.place.hosts().is_empty().then_some(()));
    assert_eq!(one.place.runners().len(), 1);
    for step in ["a", "b", "c"] {
        open(&one, step);
    }
    let resumed = one.go_on();
    finish(one, resumed);
}

/// Asked for a runner by an engine that is dead by then: the runner comes too late and does not run.
#[test]
fn a_host_that_wakes_after_its_engine_runs_nothing_twice() {
    let (mut one, running) = gated();
    let late = host(&one);
    kill(late, Signal::STOP);
    open(&one, "a");
    assert!(running.wait_for(&["step_started", "\"step\":\"b\""]), "the intent is durable");
    let asked = one.place.state().join("runs");
    until("the request", || find(&asked, "request.json", "/b/").then_some(()));
    let killed = running.kill();
    one.heard(&killed);
    assert_eq!(one.judge().in_flight(), 1, "the fault did not fire");
    let resumed = one.go_on();
    at_work(&one, "b");
    kill(late, Signal::CONT);
    until("the late host's end", || (!one.place.hosts().contains(&late)).then_some(()));
    open(&one, "b");
    open(&one, "c");
    finish(one, resumed);
}

fn find(root: &std::path::Path, name: &str, part: &str) -> bool {
    let Ok(entries) = fs::read_dir(root) else {
        return false;
    };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        let found = path.ends_with(name) && path.to_str().is_some_and(|path| path.contains(part));
        found || (path.is_dir() && find(&path, name, part))
    })
}

/// Kills it if it still is a host. A runner has the host's name until it takes its own, and may begin its step between a look
/// and a blow; one that stands still does not, and what it is called then is what it is.
fn strike(pid: i32) -> bool {
    kill(pid, Signal::STOP);
    until("it to stand still", || matches!(state(pid), None | Some('T' | 'Z' | 'X')).then_some(()));
    let is_host = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "ouioe-host\n");
    kill(pid, if is_host { Signal::KILL } else { Signal::CONT });
    is_host
}

/// As `ps` shows it; `None` where there is no such process.
fn state(pid: i32) -> Option<char> {
    fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit_once(") ")?.1.chars().next()
}

/// Every host killed as soon as it is seen, in whatever it is doing.
#[test]
fn hosts_that_never_live_long_cost_nothing_but_time() {
    let mut one = Campaign::new(Place::new());
    one.place.write_plan(&plans::chain(40, &one.place.ledger_path()));
    let mut running = one.go_on();
    let (mut killed, began) = (0, Instant::now());
    while !running.has_ended() && began.elapsed() < Duration::from_secs(50) {
        killed += one.place.hosts().into_iter().filter(|host| strike(*host)).count();
    }
    let ended = running.end();
    one.heard(&ended);
    println!("{killed} blows at hosts during 40 steps");
    assert!(killed > 3, "none was hit");
    assert_eq!(ended.code(), Some(0), "{}", ended.text());
    let verdict = one.judge();
    assert_clean(&verdict);
    assert_exactly_once(&one.place, &verdict);
}
