//! The checker itself: a true journal passes, and each kind of lie in it is found.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::kill::Campaign;
use super::plans;
use super::program::Place;
use crate::checker::{Acked, chain, judge};

/// A finished chain of three steps.
fn finished() -> Campaign {
    let mut one = Campaign::new(Place::new());
    one.place.write_plan(&plans::chain(3, &one.place.ledger_path()));
    one.finish();
    assert!(!one.acked.is_empty());
    one
}

/// Writes another history in its place, with a chain that fits it.
fn rewrite(state: &Path, change: impl FnOnce(&mut Vec<Value>)) {
    let mut conn = Connection::open(state.join("journal.sqlite3")).expect("the journal");
    let id: String = conn.query_row("SELECT journal FROM meta", [], |row| row.get(0)).expect("an identity");
    let mut events: Vec<Value> = {
        let mut statement = conn.prepare("SELECT payload FROM events ORDER BY seq").expect("the events");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("the events");
        rows.map(|row| serde_json::from_str(&row.expect("a row")).expect("an event")).collect()
    };
    change(&mut events);
    let tx = conn.transaction().expect("a transaction");
    tx.execute("DELETE FROM events", []).expect("room");
    tx.execute("DELETE FROM snapshots", []).expect("room");
    let mut hash = chain::genesis(&id);
    for (seq, event) in (1_i64..).zip(&mut events) {
        event["seq"] = json!(seq);
        let payload = event.to_string();
        hash = chain::next(&hash, seq.unsigned_abs(), payload.as_bytes());
        let sql = "INSERT INTO events(seq, run, payload, hash) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, params![seq, event["run"].as_str(), payload, hash]).expect("a row");
    }
    tx.execute("UPDATE head SET seq = ?1, hash = ?2", params![i64::try_from(events.len()).expect("few"), hash]).expect("a head");
    tx.commit().expect("the change");
}

fn at(events: &[Value], kind: &str, step: &str) -> usize {
    let found = events.iter().position(|event| event["kind"] == kind && (step.is_empty() || event["step"] == step));
    found.unwrap_or_else(|| panic!("no {kind} {step}"))
}

fn found(one: &Campaign, acked: &[Acked], expected: &str) {
    let verdict = one.place.judge(acked);
    assert!(verdict.faults.iter().any(|fault| fault.contains(expected)), "{expected}: {:?}", verdict.faults);
}

/// What the checker says of it, and how it is told.
type Lie = (&'static str, fn(&mut Vec<Value>));

const LIES: [Lie; 11] = [
    ("nobody approved it", |events| drop(events.remove(at(events, "approved", "")))),
    ("it needs s0", |events| {
        let result = events.remove(at(events, "step_succeeded", "s0"));
        events.insert(at(events, "step_started", "s1") + 1, result);
    }),
    ("it is running already", |events| {
        let place = at(events, "step_started", "s1");
        events.insert(place + 1, events[place].clone());
    }),
    ("it may have happened before", |events| {
        let mut again = events[at(events, "step_started", "s0")].clone();
        again["attempt"] = json!(2);
        events.insert(at(events, "step_succeeded", "s0") + 1, again);
    }),
    ("a success that nobody saw", |events| {
        let place = at(events, "step_succeeded", "s1");
        events[place]["data"]["exit"]["code"] = json!(255);
    }),
    ("it ended without having been started", |events| drop(events.remove(at(events, "step_started", "s2")))),
    ("a known outcome was overwritten", |events| {
        let place = at(events, "step_succeeded", "s1");
        events.insert(place + 1, events[place].clone());
    }),
    ("it had ended before", |events| {
        let place = at(events, "workflow_finished", "");
        events.insert(place + 1, events[place].clone());
    }),
    ("time runs backwards", |events| {
        let place = at(events, "step_succeeded", "s1");
        events[place]["at"] = json!("2020-01-01T00:00:00.000Z");
    }),
    ("an engine started it that does not own", |events| {
        let place = at(events, "step_started", "s1");
        events[place]["data"]["epoch"] = json!(7);
    }),
    ("the effect of s2 happened before its intent", |events| {
        let place = at(events, "step_started", "s2");
        events.truncate(place);
    }),
];

#[test]
fn every_lie_in_a_journal_is_found() {
    for (expected, lie) in LIES {
        let one = finished();
        rewrite(one.place.state(), |_| {});
        assert!(one.judge().is_clean(), "the true history: {:?}", one.judge().faults);
        rewrite(one.place.state(), lie);
        found(&one, &[], expected);
    }
}

#[test]
fn damage_is_found() {
    for (expected, sql) in [
        ("the chain breaks at 7", "UPDATE events SET payload = replace(payload, 's', 'z') WHERE seq = 7"),
        ("seq 9 stands where 8 belongs", "DELETE FROM events WHERE seq = 8"),
        ("the head says", "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"),
        ("is filed under another digest", "UPDATE plans SET digest = zeroblob(32)"),
    ] {
        let one = finished();
        Connection::open(one.place.state().join("journal.sqlite3")).and_then(|conn| conn.execute(sql, [])).expect("the damage");
        found(&one, &[], expected);
    }
}

#[test]
fn a_snapshot_that_differs_from_the_events_is_found() {
    let one = finished();
    let conn = Connection::open(one.place.state().join("journal.sqlite3")).expect("the journal");
    let count = conn.execute("UPDATE snapshots SET body = replace(body, '\"succeeded\"', '\"failed\"')", []).expect("the lie");
    assert!(count > 0, "an engine that ends in order leaves a snapshot");
    drop(conn);
    found(&one, &[], "its snapshot says");
}

#[test]
fn what_was_acknowledged_and_what_happened_is_compared() {
    let one = finished();
    let line = one.acked.last().expect("a line").0.clone();
    let (mut gone, mut other) = (line.clone(), line);
    gone["seq"] = json!(1_000_000);
    found(&one, &[Acked(gone)], "acknowledged and lost");
    other["kind"] = json!("step_failed");
    found(&one, &[Acked(other)], "acknowledged as");
    fs::write(one.place.ledger_path(), "s0\ns1\ns1\n").expect("a ledger");
    found(&one, &[], "the effect of s1 happened 2 times");
    found(&one, &[], "s2 is succeeded and its effect is not there");
    assert!(judge(one.place.state(), None, &one.acked).is_clean());
}

/// It judges the program by other means than the program's.
#[test]
fn the_checker_shares_no_code_with_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checker");
    for file in fs::read_dir(folder).expect("the checker").flatten() {
        let text = fs::read_to_string(file.path()).expect("its text");
        assert!(!text.contains("use ouioe") && !text.contains("ouioe::"), "{}", file.path().display());
    }
}
