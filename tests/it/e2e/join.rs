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

/// The host of the engine dies: one of the others is the host from then on, and the rest join it.
#[test]
fn the_host_is_gone() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let plan = home.plan(&[sh("a", &[], &format!("cat {} > /dev/null", gate.display())), sh("b", &["a"], "echo done")]);
    let mut first = Tty::start(&home, &[]);
    first.shows("what is to be done?");
    let mut others = [Tty::start(&home, &[]), Tty::start(&home, &[])];
    let run = home.run(&["run", "--detach", "--json", "--yes", "--plan", &plan]).exits(0);
    let run = run.values()[0]["run"].as_str().expect("a run").to_owned();
    for other in &others {
        other.shows("what is to be done?");
        other.press("\x1b");
        other.shows("1 unfinished");
        other.press("\r");
        other.shows("RUNNING 0/2");
    }
    kill(first.pid(), rustix::process::Signal::KILL);
    first.end();
    // The same run stays open in both; what the dead engine left is parked until somebody goes on.
    for other in &others {
        other.shows("the engine had ended");
        other.shows("PARKED");
        other.shows("▸ test ▸");
    }
    let hosts = others.iter().filter(|tty| tty.text().contains("it runs in this console now")).count();
    assert_eq!(hosts, 1, "{}\n{}", others[0].text(), others[1].text());
    others[1].press("R");
    others[0].shows("RUNNING");
    std::fs::write(&gate, "go").expect("somebody reads");
    for other in &others {
        other.shows("SUCCEEDED 2/2");
        other.shows("q leave");
    }
    let kinds = home.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "step_started").count(), 2, "nothing ran twice: {kinds:?}");
    assert_eq!(step(&home.show(&run), "b")["state"], "succeeded");
    others.sort_by_key(|tty| tty.text().contains("in this console"));
    for other in &mut others {
        other.press("q");
        assert_eq!(other.end(), 0);
    }
}

/// The engine in the background settles its run and ends: the console that looks at it goes on with one of its own.
#[test]
fn the_engine_has_nothing_more_to_do() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let plan = home.plan(&[sh("a", &[], &format!("cat {} > /dev/null", gate.display()))]);
    home.run(&["run", "--detach", "--json", "--yes", "--plan", &plan]).exits(0);
    let mut tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("1 unfinished");
    tty.press("\r");
    tty.shows("RUNNING 0/1");
    std::fs::write(&gate, "go").expect("somebody reads");
    tty.shows("it runs in this console now");
    tty.shows("SUCCEEDED 1/1");
    assert!(!tty.text().contains("ENGINE GONE"), "{}", tty.text());
    // It is a host in full: others join it, and it plans and runs.
    assert!(home.run(&["runs"]).exits(0).out.contains("succeeded"));
    tty.press("i");
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("q leave");
    tty.press("q");
    assert_eq!(tty.end(), 0);
    assert_eq!(home.kinds().iter().filter(|kind| *kind == "engine_started").count(), 2);
    assert_eq!(home.kinds().last().map(String::as_str), Some("engine_stopped"));
}

/// Nobody holds the journal and it cannot be opened: the console says why and what to do, and a key tries again.
#[test]
fn there_is_no_engine_to_be_had() {
    let home = Home::new();
    let first = Tty::start(&home, &[]);
    first.shows("what is to be done?");
    let mut second = Tty::start(&home, &[]);
    second.shows("what is to be done?");
    second.press("\x1b");
    second.shows("no runs yet");
    let (journal, aside) = (home.state().join("journal.sqlite3"), home.path("aside"));
    std::fs::rename(&journal, &aside).expect("moved");
    std::fs::create_dir(&journal).expect("a folder in its place");
    kill(first.pid(), rustix::process::Signal::KILL);
    second.shows("ENGINE GONE");
    second.shows("could not");
    second.press("x");
    second.shows("J join again");
    std::fs::remove_dir(&journal).expect("empty");
    std::fs::rename(&aside, &journal).expect("moved back");
    second.press("J");
    second.shows("it runs in this console now");
    second.press("q");
    assert_eq!(second.end(), 0);
}

/// `q` with live runs: the shell comes back at once, the runs go on in a process of their own, and a console comes back.
#[test]
fn left_running_without_a_screen() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let plan = home.plan(&[sh("a", &[], &format!("cat {} > /dev/null", gate.display())), sh("b", &["a"], "echo done")]);
    let mut tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    let run = home.run(&["run", "--detach", "--json", "--yes", "--plan", &plan]).exits(0).values()[0]["run"].clone();
    tty.press("\x1b");
    tty.shows("1 unfinished");
    tty.press("q");
    tty.shows("acts on");
    tty.press("l");
    assert_eq!(tty.end(), 0);
    let text = tty.text();
    assert!(text.contains("1 run goes on without a screen in process") && text.contains("`ouioe` comes back"), "{text}");
    assert_eq!(step(&home.show(run.as_str().expect("a run")), "a")["state"], "running", "it was not touched");
    // A console comes back to it as a guest, and leaves it again.
    let mut guest = Tty::start(&home, &[]);
    guest.shows("what is to be done?");
    guest.press("\x1b");
    guest.shows("1 unfinished");
    assert!(!guest.text().contains("in process"), "{}", guest.text());
    guest.press("q");
    assert_eq!(guest.end(), 0);
    assert!(guest.text().contains("the engine goes on without this console"), "{}", guest.text());
    std::fs::write(&gate, "go").expect("somebody reads");
    until("the end of the engine", || (home.kinds().last()? == "engine_stopped").then_some(()));
    let show = home.show(run.as_str().expect("a run"));
    assert_eq!((&step(&show, "a")["state"], &step(&show, "b")["state"]), (&"succeeded".into(), &"succeeded".into()));
    assert_eq!(home.kinds().iter().filter(|kind| *kind == "step_started").count(), 2, "nothing ran twice");
    // Back again: what happened meanwhile.
    let mut back = Tty::start(&home, &[]);
    back.shows("since you looked");
    back.shows("ended well: ");
    back.press("\x1b");
    back.wait("list without the card", |seen| seen.text().contains("0 unfinished") && !seen.text().contains("since you looked"));
    back.press("q");
    assert_eq!(back.end(), 0);
}

/// The whole output, searched and saved byte for byte; what is there already is not written over.
#[test]
fn an_output_is_searched_and_saved() {
    let home = Home::new();
    let script = "i=0; while [ $i -lt 3000 ]; do echo \"line $i of many\"; i=$((i+1)); done; printf '\\033[31mred\\033[0m\\377\\n'";
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], script)])]).exits(0);
    let mut tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("0 unfinished");
    tty.press("\r");
    tty.shows("SUCCEEDED");
    tty.press("3");
    tty.shows("3001 lines");
    tty.shows("red<ff>");
    tty.press("/line 17 of\r");
    tty.shows("▌ line 17 of many");
    tty.press("f");
    tty.shows("red<ff>");
    let saved = home.path("saved.log");
    tty.press(&format!("S\x15{}\r", saved.display()));
    tty.shows("saved ");
    let bytes = std::fs::read(&saved).expect("a file");
    assert!(bytes.starts_with(b"line 0 of many\n") && bytes.ends_with(b"\x1b[31mred\x1b[0m\xff\n"));
    assert_eq!(String::from_utf8_lossy(&bytes).lines().count(), 3001);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&saved).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&saved, "mine").expect("a file");
    tty.press(&format!("S\x15{}\r", saved.display()));
    tty.shows("written over; name another");
    assert_eq!(std::fs::read(&saved).expect("a file"), b"mine");
    // Esc takes away what was looked for, and only then the log.
    tty.press("\x1b");
    tty.wait("log without a search", |seen| seen.text().contains("3001 lines") && !seen.text().contains("\"line 17 of\""));
    tty.press("q");
    assert_eq!(tty.end(), 0);
}
