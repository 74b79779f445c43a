//! Stepping in by hand from a shell: other parameters, a held-back subtree, costs shown first, and words that come too late.

use std::fs;

use super::home::{Home, sh, step, until};
use super::tty::Tty;

/// A run whose first step failed and waits for a person.
fn waiting(home: &Home) {
    let steps = [sh("a", &[], "cat nothing-here"), sh("b", &["a"], "echo went on")];
    let mut tty = Tty::start(home, &["run", "--plan", &home.plan(&steps)]);
    tty.shows("Type localhost to approve plan");
    tty.press("localhost\r");
    tty.shows("leave it waiting");
    tty.press("\r");
    assert_eq!(tty.end(), 6, "{}", tty.text());
}

#[test]
fn a_retry_with_other_parameters_is_shown_first() {
    let home = Home::new();
    waiting(&home);
    let said = home.run(&["retry", "last", "a", "--set", "command=echo better"]).exits(2);
    let digest = said.err.split("--digest ").nth(1).and_then(|rest| rest.get(..8)).expect("the digest to repeat").to_owned();
    assert!(said.err.contains("nothing-here") && said.err.contains("echo better"), "before and after: {}", said.err);
    assert_eq!(home.show("last")["revision"], 1, "looking changes nothing");
    home.run(&["retry", "last", "a", "--set", "command=echo worse", "--digest", &digest]).exits(4);
    let said = home.run(&["retry", "last", "a", "--set", "comand=x"]).exits(2);
    assert!(said.err.contains("command"), "{}", said.err);
    home.run(&["retry", "last", "a", "--set", "command=echo better", "--digest", &digest]).exits(0);
    home.run(&["resume"]).exits(0);
    let run = home.show("last");
    assert_eq!((run["state"].as_str(), run["revision"].as_u64()), (Some("succeeded"), Some(2)));
    assert_eq!(step(&run, "a")["result"]["text"], "better\n");
    assert!(home.kinds().iter().any(|kind| kind == "plan_revised"));
    home.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_yes_at_the_terminal_runs_the_changed_step() {
    let home = Home::new();
    waiting(&home);
    let mut tty = Tty::start(&home, &["retry", "last", "a", "--set", "command=echo better"]);
    tty.shows("Type localhost to run step a so");
    tty.press("\r");
    assert_eq!(tty.end(), 6, "Enter leaves it");
    let mut tty = Tty::start(&home, &["retry", "last", "a", "--set", "command=echo better"]);
    tty.shows("Type localhost to run step a so");
    tty.press("localhost\r");
    assert_eq!(tty.end(), 0);
    home.run(&["resume"]).exits(0);
}

/// The same by the console's key: typed, shown as a difference, allowed by the name of what it runs on.
#[test]
fn a_retry_with_other_parameters_by_the_key_m() {
    let home = Home::new();
    waiting(&home);
    let mut tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("parked");
    tty.press("\r");
    tty.shows("needs a decision");
    tty.press("m");
    tty.shows("command (1 of 2): cat nothing-here");
    tty.press("\x15echo better\r");
    tty.shows("host (2 of 2): localhost");
    tty.press("\r");
    tty.shows("-> \"echo better\"");
    tty.shows("acts on");
    assert_eq!(home.show("last")["revision"], 1, "looking changes nothing");
    tty.press("mlocalhost\r");
    tty.shows("accepted: change a");
    tty.press("R");
    tty.shows("SUCCEEDED 2/2");
    tty.press("q");
    assert_eq!(tty.end(), 0);
    let run = home.show("last");
    assert_eq!((run["state"].as_str(), run["revision"].as_u64()), (Some("succeeded"), Some(2)));
    assert_eq!(step(&run, "a")["result"]["text"], "better\n");
}

#[test]
fn a_paused_subtree_waits_and_the_rest_goes_on() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let mark = home.path("begun");
    let first = format!("touch {}; cat {}", mark.display(), gate.display());
    let steps = [sh("a", &[], &first), sh("b", &["a"], "echo b"), sh("other", &["a"], "echo other")];
    let running = home.spawn(&["run", "--yes", "--plan", &home.plan(&steps)]);
    until("the first step", || mark.exists().then_some(()));
    home.run(&["pause", "last", "b"]).exits(0);
    home.run(&["pause", "last", "b"]).exits(4);
    fs::write(&gate, "go").expect("a reader");
    let output = running.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("ouioe resume") && said.contains(" b "), "{said}");
    let run = home.show("last");
    assert_eq!((step(&run, "b")["state"].as_str(), step(&run, "other")["state"].as_str()), (Some("waiting"), Some("succeeded")));
    // Taking up what an engine left is not the word of the one who paused it.
    home.run(&["resume"]).exits(6);
    home.run(&["resume", "last", "b"]).exits(0);
    assert_eq!(home.show("last")["state"], "succeeded");
}

#[test]
fn what_a_word_costs_is_shown_before_it_counts() {
    let home = Home::new();
    waiting(&home);
    let mut tty = Tty::start(&home, &["cancel", "last"]);
    tty.shows("Type yes to go on");
    assert!(tty.text().contains("never start:"), "{}", tty.text());
    tty.press("\r");
    assert_eq!(tty.end(), 6);
    assert_eq!(step(&home.show("last"), "a")["state"], "awaiting_decision");
    let said = home.run(&["cancel", "last"]).exits(0);
    assert!(said.err.contains("never start:") && said.err.contains('b'), "{}", said.err);
    home.run(&["resume"]).exits(0);
    assert_eq!(home.show("last")["state"], "cancelled");
}

#[test]
fn a_frozen_target_holds_every_run_back() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(0);
    home.run(&["freeze", "localhost", "--reason", "disk"]).exits(0);
    let running = home.spawn(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "echo late")])]);
    until("the queue", || home.kinds().iter().any(|kind| kind == "step_queued").then_some(()));
    home.run(&["note", "last", "waits for the disk"]).exits(0);
    home.run(&["thaw", "localhost"]).exits(0);
    assert_eq!(running.wait_with_output().expect("its end").status.code(), Some(0));
}

/// One sentence and the right code, whatever the run is not.
#[test]
fn words_that_come_too_late() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(0);
    let verbs: [&[&str]; 12] = [
        &["approve", "RUN", "a", "--digest", "00000000"],
        &["reject", "RUN"],
        &["reject", "RUN", "a"],
        &["retry", "RUN", "a"],
        &["retry", "RUN", "a", "--set", "command=true", "--digest", "00000000"],
        &["skip", "RUN", "a"],
        &["done", "RUN", "a", "--evidence", "seen"],
        &["take-back", "RUN", "a"],
        &["pause", "RUN"],
        &["pause", "RUN", "a"],
        &["cancel", "RUN"],
        &["rollback", "RUN"],
    ];
    for verb in verbs {
        for (run, step, code) in [("zzzzzz", "a", 2), ("last", "a", 4), ("last", "nosuch", 2)] {
            if step == "nosuch" && !verb.contains(&"a") {
                continue;
            }
            let words: Vec<&str> = verb
                .iter()
                .map(|word| match *word {
                    "RUN" => run,
                    "a" => step,
                    other => other,
                })
                .collect();
            let said = home.run(&words);
            assert_eq!((said.code, said.err.trim_end().lines().count()), (code, 1), "{words:?}: {}", said.err);
        }
    }
    assert_eq!(home.show("last")["state"], "succeeded");
}
