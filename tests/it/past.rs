//! What runs teach the next plan: on the command line, in a console that was open before they ended, until they are forgotten.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use ouioe::engine::past::Past;
use ouioe::journal::{Batch, Journal, OpenOptions};
use ouioe::machine::apply;
use ouioe::model::actor::Actor;
use ouioe::model::event::{EVENT_VERSION, Event, Fact};
use ouioe::model::ids::{RunId, Seq};
use ouioe::model::intent::Intent;
use ouioe::model::plan::Plan;
use ouioe::model::step_state::WorkflowState;
use ouioe::model::time::Stamp;
use serde_json::Value;

use crate::e2e::home::{Home, sh};
use crate::e2e::tty::Tty;
use crate::journal::proposal;

const WORDS: &str = "is localhost brimming";

/// An operation of the user's own, found by this word.
fn gauge(home: &Home, word: &str) {
    home.manifest(&format!(
        r#"[[operation]]
name = "own.gauge"
summary = "Looks at it"
effect = "read"
params = [{{ name = "host", type = "host", required = true }}]
aliases = ["{word}"]
binding = {{ kind = "command", argv = ["/bin/true"] }}
"#
    ));
}

/// A run for words that mean nothing to the planner any more: from here on only the past knows them.
fn taught() -> Home {
    let home = Home::new();
    gauge(&home, "brimming");
    home.run(&["run", "--yes", WORDS]).exits(0);
    gauge(&home, "quaffing");
    home
}

fn plan(home: &Home) -> Value {
    home.run(&["plan", "--json", "--explain", WORDS]).values().remove(0)
}

fn last(home: &Home) -> String {
    home.show("last")["run"].as_str().expect("an id").to_owned()
}

#[test]
fn a_run_is_remembered_listed_and_forgotten_for_good() {
    let home = taught();
    let run = last(&home);
    let before = plan(&home);
    assert_eq!((&before["outcome"], &before["plan"]["steps"][0]["operation"]), (&"plan".into(), &"own.gauge".into()), "{before}");
    assert!(before["why"].to_string().contains(&format!("{run} did this before")), "{before}");
    assert_eq!(before["why"]["forecast"]["steps"][0]["seen"], 1);

    let listed = home.run(&["memory"]).exits(0).out;
    assert!(listed.starts_with(&run) && listed.contains("plan") && listed.contains(WORDS), "{listed}");
    let value = home.run(&["memory", "--json"]).exits(0).values().remove(0);
    assert_eq!((&value["run"], &value["remembers_plan"], &value["steps"][0]["ok"]), (&run.as_str().into(), &true.into(), &true.into()));

    let said = home.run(&["forget", &run[..4], "--reason", "a rehearsal"]).exits(0);
    assert!(said.err.contains("plans learn nothing from it any more"), "{}", said.err);
    let after = plan(&home);
    assert_eq!(after["outcome"], "refuse", "{after}");
    assert!(!after.to_string().contains(&run), "{after}");
    let listed = home.run(&["memory"]).exits(0);
    assert!(listed.out.is_empty() && listed.err.contains("nothing is remembered"), "{listed:?}");

    // The record is whole: the run, its plan, and who let it be forgotten and why.
    assert_eq!(home.show(&run)["state"], "succeeded");
    let events = home.events();
    let forgotten = events.iter().find(|event| event["kind"] == "run_forgotten").expect("it is in the journal");
    assert_eq!((&forgotten["run"], &forgotten["data"]["reason"]), (&run.as_str().into(), &"a rehearsal".into()));
    home.run(&["audit", "verify"]).exits(0);
    // Forgetting it again changes nothing; doing it again is remembered anew.
    home.run(&["forget", &run, "--json"]).exits(0).values();
    assert_eq!(plan(&home)["outcome"], "refuse");
    gauge(&home, "brimming");
    home.run(&["run", "--yes", WORDS]).exits(0);
    gauge(&home, "quaffing");
    assert_eq!(plan(&home)["outcome"], "plan");
}

#[test]
fn what_cannot_be_forgotten_says_why() {
    let home = Home::new();
    let said = home.run(&["forget", "nothing"]).exits(2);
    assert!(said.err.contains("there is no run `nothing`; `ouioe runs` lists them"), "{}", said.err);
    home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    let said = home.run(&["forget", "last"]).exits(4);
    assert!(said.err.contains("is awaiting approval; nothing was learned from it yet"), "{}", said.err);
    let help = home.run(&["forget", "--help"]).exits(0).out;
    assert!(help.contains("ouioe forget k3f9qa") && help.contains("--reason"), "{help}");
    assert!(home.run(&["memory", "--help"]).exits(0).out.contains("ouioe forget RUN"));
}

#[test]
fn a_shell_completes_the_runs_that_can_be_forgotten() {
    let home = taught();
    let mut command = home.command(&["--", "ouioe", "forget", ""]);
    command.env("OUIOE_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
    let said = command.stdin(Stdio::null()).output().expect("it starts");
    let offered = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(offered.lines().any(|line| line.starts_with(&last(&home))), "{offered}");
}

#[test]
fn an_open_console_learns_of_a_run_that_another_process_made_and_of_its_end() {
    let home = Home::new();
    gauge(&home, "quaffing");
    let tty = Tty::start(&home, &[]);
    let ask = |tty: &Tty| {
        tty.press_until("i", &["what is to be done?"]);
        tty.press(&format!("\x15{WORDS}\r"));
    };
    tty.shows("what is to be done?");
    tty.press(&format!("{WORDS}\r"));
    tty.shows("refused: no known operation");
    // Joins the engine of that console; with another manifest, so that the words mean something there.
    gauge(&home, "brimming");
    home.run(&["run", "--yes", WORDS]).exits(0);
    ask(&tty);
    tty.shows("own.gauge");
    tty.shows("proposed");
    let run = last(&home);
    home.run(&["forget", &run]).exits(0);
    // The same words in another order: what stands is not shown again.
    tty.press_until("i", &["what is to be done?"]);
    tty.press("\x15brimming is localhost\r");
    tty.shows("refused: no known operation");
}

#[test]
fn only_what_ended_teaches_and_what_was_broken_off_teaches_times_alone() {
    let home = Home::new();
    gauge(&home, "brimming");
    // Of a plan file: its steps' durations count, its words do not.
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true"), sh("b", &["a"], "false")])]).exits(1);
    home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    let lessons = home.run(&["memory", "--json"]).exits(0).values();
    assert_eq!(lessons.len(), 1, "{lessons:?}");
    assert_eq!((&lessons[0]["remembers_plan"], &lessons[0]["state"]), (&false.into(), &"failed".into()));
    let ok: Vec<&Value> = lessons[0]["steps"].as_array().expect("steps").iter().map(|step| &step["ok"]).collect();
    assert_eq!(ok, [&Value::from(true), &Value::from(false)]);
    home.run(&["run", "--yes", WORDS]).exits(0);
    assert_eq!(home.run(&["memory", "--json"]).exits(0).values().len(), 2);
}

/// One run that ended well, with a remark of so many bytes on it.
fn run_of(journal: &mut Journal, number: usize, plan: &Arc<Plan>, bytes: usize) {
    let intent = Intent { text: plan.intent.clone(), actor: Actor::Engine, host: "here".to_owned(), session: String::new() };
    let finished = Fact::WorkflowFinished { state: WorkflowState::Succeeded, verdict: None, lost: Vec::new(), unknown: Vec::new() };
    let facts = [Fact::IntentSubmitted { intent }, proposal(plan), Fact::NoteAdded { text: "x".repeat(bytes) }, finished];
    let head = journal.head().0.0;
    let event = |(at, fact)| {
        let run = Some(RunId::new(format!("r{number:05}")));
        Arc::new(Event {
            v: EVENT_VERSION,
            seq: Seq(head + 1 + at),
            at: Stamp(1),
            run,
            step: None,
            attempt: None,
            actor: Actor::Engine,
            cmd: None,
            fact,
        })
    };
    let events = (0..).zip(facts).map(event).collect();
    journal.append(&Batch { events, plans: vec![Arc::clone(plan)] }).expect("an append");
}

/// Runs, bytes of each, and how many are read of them at least and at most.
#[test]
fn a_long_journal_is_read_from_its_end_and_within_its_bounds() {
    for (runs, bytes, least, most) in [(520, 100, 500, 500), (24, 4 << 20, 14, 16)] {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(dir.path(), OpenOptions::new(apply)).expect("a journal");
        let plan = crate::journal::plan("web-1");
        (0..runs).for_each(|number| run_of(&mut journal, number, &plan, bytes));
        let past = Past::at(dir.path());
        let begun = Instant::now();
        let lessons = past.lessons();
        println!("{runs} runs of {bytes} bytes: {} read in {:?} (this build)", lessons.len(), begun.elapsed());
        assert!((least..=most).contains(&lessons.len()), "{}", lessons.len());
        assert_eq!(lessons.last().map(|lesson| lesson.run.to_string()), Some(format!("r{:05}", runs - 1)));
        assert!(lessons.iter().all(|lesson| lesson.remembers_plan));
        // What came since is all that is read then, and the oldest goes for it.
        run_of(&mut journal, runs, &plan, bytes);
        let begun = Instant::now();
        let next = past.lessons();
        println!("one more: {:?}", begun.elapsed());
        assert_eq!(next.last().map(|lesson| lesson.run.to_string()), Some(format!("r{runs:05}")));
        assert!(next.len() <= 500, "{}", next.len());
    }
}

#[test]
fn where_there_is_no_journal_nothing_is_learned_and_nothing_is_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let past = Past::at(&dir.path().join("none"));
    assert!(past.lessons().is_empty() && past.experience().memory.is_empty());
    assert!(!dir.path().join("none").exists());
}
