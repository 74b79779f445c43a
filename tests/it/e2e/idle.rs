//! A console with nothing to show neither writes nor wakes up.

use std::fs;
use std::time::Duration;

use super::home::{Home, field, sh};
use super::tty::Tty;

/// The window of the measurement. `OUIOE_IDLE_S` makes it longer.
fn window() -> Duration {
    let set = std::env::var("OUIOE_IDLE_S").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(set.unwrap_or(5))
}

/// How often any of its threads went to sleep, and bytes on the terminal.
fn signs(tty: &Tty) -> (u64, usize) {
    let tasks = fs::read_dir(format!("/proc/{}/task", tty.pid())).expect("it lives");
    let switches = tasks.flatten().filter_map(|task| field(task.path().join("status"), "voluntary_ctxt_switches")).sum();
    (switches, tty.bytes().len())
}

/// What was on its way has settled when two looks agree; then nothing happens for the whole window.
fn is_idle(what: &str, tty: &Tty) {
    let mut last = signs(tty);
    let settled = (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(500));
        let now = signs(tty);
        std::mem::replace(&mut last, now) == now
    });
    assert!(settled, "{what}: no half second of ten without a sign of life");
    std::thread::sleep(window());
    assert_eq!(signs(tty), last, "{what}");
}

#[test]
fn with_a_finished_run() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(0);
    let tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("succeeded");
    tty.press("\r");
    tty.shows("SUCCEEDED");
    is_idle("a finished run", &tty);
}

#[test]
fn with_a_run_finished_here() {
    let home = Home::new();
    let tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("check disk usage\r");
    tty.shows("runs it");
    tty.press("\r");
    tty.shows("SUCCEEDED");
    is_idle("a run finished here", &tty);
}

#[test]
fn with_a_paused_run() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("no runs yet");
    let wait = sh("a", &[], &format!("cat {} > /dev/null", gate.display()));
    home.run(&["run", "--detach", "--yes", "--plan", &home.plan(&[wait, sh("b", &["a"], "true")])]).exits(0);
    tty.shows("1 unfinished");
    tty.press("\r");
    tty.shows("RUNNING");
    home.run(&["pause", "last"]).exits(0);
    std::fs::write(&gate, "go").expect("somebody reads");
    tty.shows("PAUSED");
    is_idle("a paused run", &tty);
}
