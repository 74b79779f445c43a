//! Several consoles and commands of one user meet at one engine.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use super::home::{Home, kill, sh, step, until};
use super::tty::Tty;

fn engine(home: &Home) -> Option<u64> {
    let events = home.run(&["events", "--json"]).values();
    events.iter().rev().find(|event| event["kind"] == "engine_started").and_then(|event| event["seq"].as_u64())
}

#[test]
fn commands_at_a_detached_engine() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let plan = home.plan(&[sh("a", &[], &format!("cat {} > /dev/null", gate.display())), sh("b", &["a"], "echo done")]);
    let run =
        home.run(&["run", "--detach", "--json", "--yes", "--plan", &plan]).exits(0).values()[0]["run"].as_str().expect("a run").to_owned();
    let mut follower = home.command(&["events", "-f", "--json", &run]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(follower.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut next = |kind: &str| -> Value {
        let values = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
        values.into_iter().find(|event| event["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
    };
    assert_eq!(next("step_started")["step"], "a");
    assert_eq!(step(&home.show(&run), "a")["state"], "running");
    let first = engine(&home);
    home.run(&["pause", &run]).exits(0);
    next("workflow_paused");
    let resume = home.spawn(&["resume", &run]);
    next("workflow_resumed");
    std::fs::write(&gate, "go").expect("somebody reads");
    assert_eq!(next("step_succeeded")["step"], "a");
    assert_eq!(resume.wait_with_output().expect("its end").status.code(), Some(0));
    assert_eq!(next("workflow_finished")["data"]["state"], "succeeded");
    assert_eq!(engine(&home), first, "one engine did it all");
    until("the end of the engine", || (home.kinds().last()? == "engine_stopped").then_some(()));
    until("the end of the follower", || follower.try_wait().expect("its state"));
}

#[test]
fn what_one_console_approves_the_other_sees() {
    let home = Home::new();
    home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    let mut first = Tty::start(&home, &[]);
    first.shows("in process");
    let mut second = Tty::start(&home, &[]);
    second.shows("what is to be done?");
    assert!(!second.text().contains("in process"), "{}", second.text());
    for tty in [&first, &second] {
        tty.shows("1 decision WAITS");
        tty.press("\x1b");
        tty.shows("1 unfinished");
        tty.press("\r");
        tty.shows("press A to open it");
    }
    // Both have it open; the first says yes, the second's dialog closes for good.
    for tty in [&first, &second] {
        tty.press("A");
        tty.shows("acts on");
    }
    first.press("a");
    first.shows("type localhost to approve");
    first.press("localhost\r");
    second.shows("this question is no longer open");
    second.press("\x1b");
    for tty in [&mut first, &mut second] {
        tty.shows("SUCCEEDED");
        tty.shows("q leave");
    }
    assert_eq!(home.kinds().iter().filter(|kind| *kind == "approved").count(), 1);
    // The guest leaves first: the host ends only its own engine.
    second.press("q");
    assert_eq!(second.end(), 0);
    first.press("q");
    assert_eq!(first.end(), 0);
}

#[test]
fn a_command_approves_and_the_console_sees_it() {
    let home = Home::new();
    let mut tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("no runs yet");
    home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    tty.shows("1 decision WAITS");
    let digest = home.show("last")["digest"].as_str().expect("a digest").to_owned();
    home.run(&["approve", "last", "--digest", &digest]).exits(0);
    tty.shows("succeeded");
    tty.press("q");
    assert_eq!(tty.end(), 0);
    assert_eq!(home.kinds().iter().filter(|kind| *kind == "engine_started").count(), 1);
}

/// The host of the engine dies: the others say so, and one of them can go on.
#[test]
fn the_host_is_gone() {
    let home = Home::new();
    let first = Tty::start(&home, &[]);
    first.shows("what is to be done?");
    let mut second = Tty::start(&home, &[]);
    second.shows("what is to be done?");
    kill(first.pid(), rustix::process::Signal::KILL);
    second.shows("ENGINE GONE");
    second.shows("the engine ended");
    second.press("\x1b");
    second.shows("q leave");
    second.press("q");
    assert_eq!(second.end(), 0);
}
