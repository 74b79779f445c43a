//! Every exit code by one small run; results that parse; a reader that left.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use super::home::{Home, Said, kill, program, sh, step, until};
use super::tty::{How, Tty};

#[test]
fn done_and_failed() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(0);
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "exit 3")])]).exits(1);
    assert_eq!(home.show("last")["state"], "failed");
    let mut lost = sh("b", &[], "exit 3");
    lost["critical"] = false.into();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true"), lost])]).exits(1);
    assert_eq!(home.show("last")["state"], "partially_succeeded");
}

#[test]
fn wrong_usage_clarification_and_refusal() {
    let home = Home::new();
    home.run(&["run"]).exits(2);
    home.run(&["show", "nothing"]).exits(2);
    home.run(&["plan", "restart"]).exits(3);
    home.run(&["run", "--yes", "make me a sandwich out of moonlight"]).exits(4);
    // Planned, but nothing binds it on a bare machine.
    home.run(&["run", "--yes", "scale cart to 8 replicas"]).exits(4);
    home.run(&["run", "--yes", "--digest", "00000000", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(4);
    assert!(!home.state().exists(), "nothing of it reached a journal");
}

#[test]
fn rejected_and_cancelled() {
    let home = Home::new();
    let plan = home.plan(&[sh("a", &[], "true")]);
    let mut tty = Tty::start(&home, &["run", "--plan", &plan]);
    tty.shows("Type localhost to approve plan");
    tty.press("no\r");
    assert_eq!(tty.end(), 5);
    assert!(tty.text().contains("nothing runs: that was no yes to this plan"), "{}", tty.text());
    assert!(!home.state().join("journal.sqlite3").exists());

    home.run(&["run", "--plan", &plan]).exits(6);
    home.run(&["reject", "last", "--reason", "not today"]).exits(0);
    assert_eq!(home.run(&["resume", "last"]).code, 4, "it is finished");
    assert_eq!(home.show("last")["state"], "cancelled");

    let mark = home.path("begun");
    let running = home.spawn(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], &format!("touch {}; sleep 60", mark.display()))])]);
    until("the step", || mark.exists().then_some(()));
    home.run(&["cancel", "last", "--now", "--reason", "enough"]).exits(0);
    let output = running.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn waits_and_unknown() {
    let home = Home::new();
    let said = home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    assert!(said.err.contains("--yes --digest"), "{}", said.err);
    assert_eq!(home.show("last")["waits"], true);
    // The step ends its own runner: nobody can say what became of it.
    let said = home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "kill -9 $PPID")])]).exits(7);
    assert_eq!(step(&home.show("last"), "a")["state"], "outcome_unknown", "{said:?}");
}

/// `^C` leaves: it says which run goes on, and what to type to come back.
#[test]
fn left_by_interrupt() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let mark = home.path("begun");
    let wait = format!("touch {}; cat {} > /dev/null", mark.display(), gate.display());
    let running = home.spawn(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], &wait)])]);
    until("the step", || mark.exists().then_some(()));
    kill(i32::try_from(running.id()).expect("a pid"), Signal::INT);
    let said = Said::of(running.wait_with_output().expect("its end")).exits(130);
    let run = home.show("last")["run"].as_str().expect("an id").to_owned();
    for wanted in [format!("left run {run}: 1 step runs to its end"), format!("`ouioe resume {run}`"), format!("`ouioe cancel {run}`")] {
        assert!(said.err.contains(&wanted), "no {wanted:?} in {}", said.err);
    }
    fs::write(&gate, "go").expect("a reader");
    home.run(&["resume", &run]).exits(0);
    assert_eq!(home.show("last")["state"], "succeeded");
    // Each code that there is stands in the help.
    let help = home.run(&["--help"]).exits(0).out;
    assert!(help.contains("130 left by Ctrl-C") && help.contains("FAILING"), "{help}");
}

/// An earlier attempt by its number, and each line as one value for programs.
#[test]
fn log_by_attempt_and_as_json() {
    let home = Home::new();
    let mark = home.path("tried");
    let script = format!("if [ -e {0} ]; then printf 'second\\nend'; else touch {0}; echo first; exit 9; fi", mark.display());
    let manifest = format!(
        "[[operation]]\nname = \"own.flaky\"\nsummary = \"s\"\neffect = \"read\"\n\
         binding = {{ kind = \"command\", argv = [\"/bin/sh\", \"-c\", {script:?}] }}\n"
    );
    home.write("config/ouioe/services/own.toml", manifest);
    let flaky = json!({ "id": "a", "operation": "own.flaky", "retry": { "limit": 1, "base_ms": 1 } });
    home.run(&["run", "--yes", "--plan", &home.plan(&[flaky])]).exits(0);
    let log = |args: &[&str]| home.run(&[&["log", "last"], args].concat());
    assert_eq!(log(&["a", "--attempt", "1"]).exits(0).out, "first\n");
    assert_eq!(log(&["a"]).exits(0).out, "second\nend");
    let values = log(&["--json"]).exits(0).values();
    let texts: Vec<_> = values.iter().map(|one| (one["step"].as_str(), one["attempt"].as_u64(), one["text"].as_str())).collect();
    assert_eq!(texts, [(Some("a"), Some(2), Some("second")), (Some("a"), Some(2), Some("end"))]);
    let said = log(&["a", "--attempt", "9"]).exits(2);
    assert!(said.err.contains("was tried 2 times"), "{}", said.err);
    log(&["-f"]).exits(2);
}

/// Words said to the program lead to its help, not to the nearest operation.
#[test]
fn help_is_no_intent() {
    let home = Home::new();
    for word in ["help", "exit", "quit", "?"] {
        for verb in ["run", "plan"] {
            let said = home.run(&[verb, word]).exits(2);
            assert!(said.err.contains("ouioe --help") && !said.err.contains("host."), "{verb} {word}: {}", said.err);
        }
    }
}

/// What is frozen is seen wherever one looks for why nothing moves; what nobody knows is not taken without a word.
#[test]
fn freezes_are_listed() {
    let home = Home::new();
    home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    let said = home.run(&["freeze", "localhost", "--reason", "a disk"]).exits(0);
    assert!(!said.err.contains("no asset"), "{}", said.err);
    let said = home.run(&["freeze", "wbe-3"]).exits(0);
    assert!(said.err.contains("wbe-3 is no asset of the inventory"), "{}", said.err);
    let said = home.run(&["runs"]).exits(0);
    assert!(said.err.contains("localhost is frozen (a disk)") && said.err.contains("wbe-3 is frozen"), "{}", said.err);
    let said = home.run(&["show", "last"]).exits(0);
    assert!(said.out.contains("localhost is frozen") && !said.out.contains("wbe-3"), "{}", said.out);
    assert!(home.run(&["doctor"]).out.contains("ouioe thaw localhost"));
    home.run(&["thaw", "localhost"]).exits(0);
    home.run(&["thaw", "wbe-3"]).exits(0);
    assert!(!home.run(&["runs"]).exits(0).err.contains("frozen"));
}

/// As wide as the terminal where there is one, whole in a pipe.
#[test]
fn lists_fit_their_terminal() {
    let home = Home::new();
    for list in ["template", "service"] {
        let whole = home.run(&[list, "list"]).exits(0).out;
        assert!(whole.lines().any(|line| line.chars().count() > 80), "{whole}");
        let mut tty = Tty::start_as(&home, &[list, "list"], &How { size: (80, 100), ..How::default() });
        assert_eq!(tty.end(), 0);
        let written = String::from_utf8(tty.bytes()).expect("text");
        let widest = written.lines().map(ouioe::text::width).max();
        assert!(widest <= Some(80) && written.contains('…'), "{widest:?}: {written}");
        for line in whole.lines() {
            let name = line.split(' ').next().expect("a name");
            assert!(written.contains(name), "{name} is not in {written}");
        }
    }
}

#[test]
fn every_result_in_json_parses() {
    let home = Home::new();
    let plan = home.plan(&[sh("a", &[], "echo hello"), sh("b", &["a"], "exit 1")]);
    assert!(home.run(&["run", "--yes", "--json", "--plan", &plan]).exits(1).values().len() > 5);
    home.run(&["run", "--json", "--plan", &plan]).exits(6).values();
    assert_eq!(home.run(&["plan", "--json", "check disk usage"]).exits(0).values()[0]["outcome"], "plan");
    assert_eq!(home.run(&["plan", "--json", "restart"]).exits(3).values()[0]["outcome"], "clarify");
    assert_eq!(home.run(&["plan", "--json", "sandwiches from moonlight"]).exits(4).values()[0]["outcome"], "refuse");
    assert_eq!(home.run(&["run", "--dry-run", "--json", "--plan", &plan]).exits(0).values()[0]["outcome"], "plan");
    assert_eq!(home.run(&["runs", "--json"]).exits(0).values().len(), 2);
    assert_eq!(home.run(&["show", "last", "--json"]).exits(0).values()[0]["questions"].as_array().map(Vec::len), Some(1));
    assert!(home.run(&["check", "--json"]).exits(0).values().len() > 5);
    assert_eq!(home.run(&["audit", "verify", "--json"]).exits(0).values()[0]["findings"].as_array().map(Vec::len), Some(0));
    assert!(home.run(&["reject", "last", "--reason", "no", "--json"]).exits(0).values()[0]["accepted"].is_u64());
    assert!(home.run(&["pause", "last", "--json"]).exits(4).values().is_empty());
}

/// `| head -1`: the first line comes, nothing is said of the pipe, and it ends by itself.
#[test]
fn a_reader_that_left_is_no_trouble() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "seq 100000"), sh("b", &["a"], "true")])]).exits(0);
    for args in
        [&["events"][..], &["events", "--json"], &["log", "last"], &["show", "last"], &["runs"], &["check"], &["plan", "check disk usage"]]
    {
        let mut child = home.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panic") && !said.to_lowercase().contains("pipe"), "{args:?}: {said}");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
    }
    let script = format!("{} events | head -1", program().display());
    let output = Command::new("/bin/sh").args(["-c", &script]).env_clear().envs(home.env()).output().expect("a shell");
    assert_eq!((String::from_utf8_lossy(&output.stdout).lines().count(), output.stderr.len()), (1, 0), "{output:?}");

    // What runs goes on to its end without a reader.
    let mark = home.path("done");
    let plan = home.plan(&[sh("a", &[], "true"), sh("b", &["a"], &format!("touch {}", mark.display()))]);
    let mut child =
        home.command(&["run", "--yes", "--plan", &plan]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    assert!(mark.exists());
}

/// Something else where the journal should be is said, and left alone.
#[test]
fn a_journal_that_is_none() {
    let home = Home::new();
    home.write("state/journal.sqlite3", "this is a diary, not a journal");
    let said = home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(74);
    assert!(said.err.contains("journal.sqlite3"), "{}", said.err);
    assert_eq!(fs::read(home.state().join("journal.sqlite3")).expect("still there"), b"this is a diary, not a journal");
}
