//! Old journals replay for ever: what each run and step came to stands beside its events.
//!
//! `NAME.events.jsonl` and `NAME.plans.jsonl` are as the version of their day wrote them and are never changed. `UPDATE=1`
//! writes `NAME.ends.txt` anew, for a journal that was just added.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ouioe::machine::apply;
use ouioe::model::event::Event;
use ouioe::model::graph::Graph;
use ouioe::model::plan::Plan;
use ouioe::model::state::State;
use ouioe::policy::digest::plan_digest;

#[test]
fn old_journals_come_to_the_same_ends() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("tests/journals")
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".events.jsonl")?.to_owned()))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no old journal");
    for name in names {
        let read = |part: &str| fs::read_to_string(folder.join(format!("{name}.{part}"))).unwrap_or_default();
        let ends = ends(&replayed(&read("events.jsonl"), &read("plans.jsonl")));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(folder.join(format!("{name}.ends.txt")), &ends).expect("the ends are written");
        }
        assert_eq!(ends, read("ends.txt"), "{name}");
    }
}

fn replayed(events: &str, plans: &str) -> State {
    let mut state = State::new("old".into());
    for line in plans.lines() {
        let plan: Plan = serde_json::from_str(line).expect("a plan of its day");
        assert_eq!(plan_digest(&plan), plan.digest, "the digest of {} means something else now", plan.title);
        state.know_plan(Arc::new(Graph::of(Arc::new(plan))));
    }
    for line in events.lines() {
        let event: Event = serde_json::from_str(line).expect("an event of its day");
        assert_eq!(serde_json::to_string(&event).expect("JSON"), line, "it would be written differently now");
        apply(&mut state, &event);
    }
    state
}

fn ends(state: &State) -> String {
    let mut out = format!("{} events\n", state.seq);
    for run in state.runs.values() {
        let _ = writeln!(out, "{} {} verdict {:?}", run.run, run.shown().word(), run.verdict);
        let graph = run.graph().expect("its plan is known");
        for ix in graph.places() {
            let record = run.step(ix);
            let _ = writeln!(out, "  {} {} attempt {} rev {}", graph.step(ix).id, record.state.word(), record.attempt, record.rev);
        }
    }
    out
}
