//! System calls that fail, and kills between them, at every place in turn: what was acknowledged is there, what was refused is not.
//!
//! The calls are failed from outside by strace, so the program under test is the real one.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use ouioe::journal::{AppendError, Journal, OpenOptions, Reader, verify};
use ouioe::model::event::Fact;
use ouioe::model::ids::Seq;

use super::{batch, fold, note, open, options, state_dir};

const CHILD_DIR: &str = "OUIOE_TEST_FAULTS";
/// Some appends with a checkpoint among them, after every eight pages.
const TRIES: u32 = 5;

/// Run under strace by the test below; by itself it has no folder and nothing to do.
#[test]
fn child_that_appends() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    println!();
    let mut journal = match Journal::open(Path::new(&dir), OpenOptions { checkpoint_pages: 8, ..options() }) {
        Ok(journal) => journal,
        Err(error) => return println!("unopened {error}"),
    };
    for attempt in 0..TRIES {
        let next = journal.head().0.next().0;
        let said = match journal.append(&batch(vec![note(next, &format!("try {attempt}"))])) {
            Ok(()) => "ok".to_owned(),
            Err(AppendError::Refused { kind, detail }) => format!("refused {kind:?} {detail}"),
            Err(AppendError::Unknown { detail }) => format!("unknown {detail}"),
            Err(AppendError::Poisoned { .. }) => "poisoned".to_owned(),
        };
        println!("try {attempt} {said}");
    }
}

/// What the child said of each try, in order; shorter where it was killed. And how many calls strace saw.
fn run(dir: &Path, what: &str) -> (Vec<String>, usize) {
    let seen = dir.with_extension("strace");
    let child = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&seen)
        .args(["-e", what, "-e", "signal=none"])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "journal::faults::child_that_appends", "--nocapture", "--test-threads=1"])
        .env(CHILD_DIR, dir)
        .stdin(Stdio::null())
        .output()
        .expect("strace");
    let text = String::from_utf8_lossy(&child.stdout).into_owned();
    let said = text.lines().filter(|line| line.starts_with("try ") || line.starts_with("unopened ")).map(str::to_owned).collect();
    (said, std::fs::read_to_string(&seen).expect("what strace saw").lines().count())
}

/// Checks the journal against what the child said.
fn check(dir: &Path, said: &[String], place: &str) {
    let present: BTreeSet<String> = match Reader::open(dir) {
        Ok(_) => {
            let mut journal = open(dir);
            let state = journal.load().unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(state.seq, journal.head().0);
            let events = Reader::open(dir).expect("a reader").events(Seq(0), None, 100).expect("events");
            events.iter().filter_map(|event| if let Fact::NoteAdded { text } = &event.fact { Some(text.clone()) } else { None }).collect()
        }
        // It ended before there was a journal.
        Err(_) => open(dir).load().map_or_else(|error| panic!("{place}: {error}"), |_| BTreeSet::new()),
    };
    let mut in_doubt = false;
    for line in said.iter().filter(|line| line.starts_with("try ")) {
        let attempt: String = line.chars().take("try 0".len()).collect();
        let outcome = line.split(' ').nth(2).unwrap_or_default();
        let is_there = present.contains(&attempt);
        match outcome {
            "ok" => assert!(is_there && !in_doubt, "{place}: {line}, but it is not there: {said:?}"),
            "refused" => assert!(!is_there && !in_doubt, "{place}: {line}, but it is there: {said:?}"),
            "unknown" => in_doubt = true,
            // A checkpoint whose sync failed poisons too; the batch before it is durable.
            "poisoned" => {
                assert!(!is_there, "{place}: {line}: {said:?}");
                in_doubt = true;
            }
            other => panic!("{place}: {other}"),
        }
    }
    assert_eq!(verify(dir, None).expect("a report").findings, [], "{place}");
    Reader::open(dir).expect("a reader").state(fold).expect("a state");
}

/// Lets each of the child's calls fail in turn; says how many there are and what came of it.
fn every_place(call: &str, fault: &str, allowed: &[&str]) -> (usize, BTreeSet<String>) {
    let temp = tempfile::tempdir().expect("a folder");
    let (said, places) = run(&state_dir(&temp), &format!("trace={call}"));
    assert!(said.len() == TRIES as usize && said.iter().all(|line| line.ends_with(" ok")), "{said:?}");
    let mut outcomes = BTreeSet::new();
    for place in 1..=places {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        let (said, _) = run(&dir, &format!("inject={call}:{fault}:when={place}"));
        check(&dir, &said, &format!("{call} {fault} {place}"));
        for line in &said {
            let outcome = line.strip_prefix("try ").map_or("unopened", |line| &line[2..]);
            let word = outcome.split(' ').next().unwrap_or_default();
            assert!(["ok", "poisoned", "unopened"].contains(&word) || allowed.contains(&word), "{call} {fault} {place}: {line}");
            outcomes.insert(outcome.to_owned());
        }
    }
    (places, outcomes)
}

#[test]
fn calls_that_fail_at_every_place() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        println!("not looked at: failing system calls (strace is not installed)");
        return;
    }
    for (call, fault, allowed) in [
        ("fsync,fdatasync", "error=EIO", &["unknown"][..]),
        ("fsync,fdatasync", "error=ENOSPC", &["unknown"]),
        ("fsync,fdatasync", "signal=SIGKILL", &[]),
        ("pwrite64", "error=EIO", &["refused"]),
        ("pwrite64", "error=ENOSPC", &["refused"]),
        ("pwrite64", "error=EINTR", &[]),
        ("pwrite64", "signal=SIGKILL", &[]),
    ] {
        let (places, outcomes) = every_place(call, fault, allowed);
        println!("{call} {fault}: {places} places, outcomes {outcomes:?}");
        assert!(places > TRIES as usize, "the fault fell into every append");
        assert!(allowed.iter().all(|word| outcomes.iter().any(|outcome| outcome.starts_with(word))), "{outcomes:?}");
    }
}
