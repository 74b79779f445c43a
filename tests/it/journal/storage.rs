//! What was appended comes back, whole and in order; what was refused left nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use ouioe::journal::{AppendError, Batch, Journal, JournalError, OpenOptions, Reader, RefusedKind, verify};
use ouioe::model::event::{EVENT_VERSION, Event, Fact};
use ouioe::model::ids::{Epoch, RunId, Seq};
use ouioe::model::state::State;
use proptest::prelude::*;

use super::{batch, event, fill, fold, note, open, options, plan, proposed, started, state_dir};

#[test]
fn what_was_appended_comes_back() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let plan = plan("web-1");
    let events = vec![started(1, Epoch(1)), proposed(2, &plan), note(3, "\u{1b}[31m\0 \u{202e}")];
    let (id, head) = {
        let mut journal = open(&dir);
        journal.append(&Batch { events: events.clone(), plans: vec![plan.clone()] }).expect("an append");
        (journal.id().clone(), journal.head())
    };
    let mut journal = open(&dir);
    assert_eq!((journal.id(), journal.head(), journal.epoch()), (&id, head, Epoch(2)));
    let state = journal.load().expect("a state");
    assert_eq!((state.seq, state.submitted, &state.journal), (Seq(3), 1, &id));
    assert_eq!(*state.plans[&plan.digest].plan, *plan);
    let reader = Reader::open(&dir).expect("a reader");
    let read = reader.events(Seq(0), None, 10).expect("events");
    assert!(read.iter().eq(events.iter().map(|it| &**it)), "{read:?}");
    assert_eq!(reader.state(fold).expect("a state"), state);
    assert_eq!(verify(&dir, Some(head.1)).expect("a report").findings, []);
}

/// A state that was folded live and one that was folded from disk may not differ in the last digit.
#[test]
fn numbers_come_back_to_the_last_bit() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let mut journal = open(&dir);
    let numbers: Vec<f64> = (1_u32..=2_000).map(|at| f64::from(at).sqrt() * 1e-3).collect();
    let fact = Fact::StepSucceeded { result: serde_json::json!(numbers), verdict: None, exit: None, spool: None };
    let written = event(1, Some("run001"), fact);
    journal.append(&batch(vec![written.clone()])).expect("an append");
    let read = Reader::open(&dir).expect("a reader").events(Seq(0), None, 1).expect("events");
    assert!(read[0] == *written);
}

#[test]
fn a_batch_must_follow_the_last_event_without_a_gap() {
    let temp = tempfile::tempdir().expect("a folder");
    let mut journal = open(&state_dir(&temp));
    fill(&mut journal, 3, 2);
    let before = journal.head();
    for seqs in [&[5_u64][..], &[3], &[4, 6], &[4, 4], &[0], &[4, 5, 7]] {
        let refused = journal.append(&batch(seqs.iter().map(|seq| note(*seq, "x")).collect())).expect_err("a gap");
        assert!(matches!(refused, AppendError::Refused { kind: RefusedKind::Invalid, .. }), "{refused:?}");
        assert_eq!(journal.head(), before, "{seqs:?}");
    }
    journal.append(&batch(vec![])).expect("nothing to do");
    fill(&mut journal, 6, 3);
    assert_eq!(journal.load().expect("a state").seq, Seq(6));
}

#[test]
fn a_plan_that_is_not_what_its_digest_says_is_refused() {
    let temp = tempfile::tempdir().expect("a folder");
    let mut journal = open(&state_dir(&temp));
    let mut forged = (*plan("web-1")).clone();
    forged.steps[0].operation = "host.shutdown".to_owned();
    let attempt = Batch { events: vec![proposed(1, &forged)], plans: vec![forged.into()] };
    assert!(matches!(journal.append(&attempt), Err(AppendError::Refused { kind: RefusedKind::Invalid, .. })));
    assert_eq!(journal.head().0, Seq(0));
}

#[test]
fn a_run_is_read_alone_and_in_order() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    fill(&mut open(&dir), 100, 10);
    let reader = Reader::open(&dir).expect("a reader");
    let run = RunId::new("run003");
    let seqs = |after, limit| -> Vec<u64> {
        reader.events(Seq(after), Some(&run), limit).expect("events").iter().map(|event| event.seq.0).collect()
    };
    assert_eq!(seqs(0, 1_000), (1..=100).filter(|seq| seq % 7 == 3).collect::<Vec<_>>());
    assert_eq!(seqs(17, 2), [24, 31]);
    assert_eq!(reader.events(Seq(98), None, 10).expect("events").len(), 2);
    assert_eq!(reader.events(Seq(100), None, 10).expect("events"), []);
}

/// Readers look again and again while the writer works; what they see only grows and never has a hole.
#[test]
fn a_reader_never_sees_a_gap() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let mut journal = open(&dir);
    fill(&mut journal, 1, 1);
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let look = || {
            let reader = Reader::open(&dir).expect("a reader");
            let (mut seen, mut looks) = (Seq(0), 0);
            loop {
                let last_look = done.load(Ordering::SeqCst);
                let head = reader.head().expect("a head").0;
                assert!(head >= seen, "{head} after {seen}");
                for event in reader.events(seen, None, usize::MAX).expect("events") {
                    assert_eq!(event.seq, seen.next());
                    seen = event.seq;
                }
                looks += 1;
                assert!(seen >= head);
                if last_look {
                    return (seen, looks);
                }
            }
        };
        let readers = [scope.spawn(look), scope.spawn(look)];
        fill(&mut journal, 3_000, 3);
        done.store(true, Ordering::SeqCst);
        readers.map(|reader| reader.join().expect("a reader's end"))
    });
    assert!(looks.iter().all(|(seen, looks)| *seen == Seq(3_000) && *looks > 1), "{looks:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Sizes of batches, and after each whether a snapshot is taken.
    #[test]
    fn a_snapshot_and_the_tail_are_the_full_replay(steps in prop::collection::vec((1_u64..20, any::<bool>(), any::<bool>(), "\\PC{0,12}"), 1..20)) {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        let mut journal = open(&dir);
        let mut live = State::new(journal.id().clone());
        for (at, (size, with_plan, snapshot, text)) in steps.iter().enumerate() {
            let first = journal.head().0.0 + 1;
            let mut next = Batch::default();
            for seq in first..first + size {
                next.events.push(note(seq, text));
            }
            if *with_plan {
                let plan = plan(&format!("host-{}", at % 3));
                next.events.push(proposed(first + size, &plan));
                live.know_plan(std::sync::Arc::new(ouioe::model::graph::Graph::of(plan.clone())));
                next.plans.push(plan);
            }
            journal.append(&next).expect("an append");
            next.events.iter().for_each(|event| fold(&mut live, event));
            if *snapshot {
                journal.snapshot(&live).expect("a snapshot");
            }
        }
        let mut quick = journal.load().expect("a state");
        drop(journal);
        sql(&dir, "DELETE FROM snapshots");
        let full = open(&dir).load().expect("a state");
        prop_assert_eq!(&full, &live);
        // Plans that no run of the snapshot follows are not brought back: nothing can ask for them.
        quick.plans.clone_from(&live.plans);
        prop_assert_eq!(&quick, &live);
    }
}

/// As another program would, without our rules.
pub fn sql(dir: &Path, statement: &str) -> usize {
    let conn = rusqlite::Connection::open(dir.join("journal.sqlite3")).expect("a database");
    conn.execute(statement, []).expect(statement)
}

#[test]
fn a_snapshot_that_does_not_fit_is_left_aside() {
    for spoil in [
        "UPDATE snapshots SET fold = fold + 1",
        "UPDATE snapshots SET body = replace(body, 'note 40', 'note 41')",
        "UPDATE snapshots SET seal = zeroblob(32)",
        "UPDATE snapshots SET seq = seq + 1",
        "UPDATE snapshots SET seq = 1000",
    ] {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        let mut journal = open(&dir);
        fill(&mut journal, 40, 10);
        let state = journal.load().expect("a state");
        journal.snapshot(&state).expect("a snapshot");
        fill(&mut journal, 50, 10);
        let expected = journal.load().expect("a state");
        drop(journal);
        assert_eq!(sql(&dir, spoil), 1, "{spoil}");
        let mut journal = open(&dir);
        let state = journal.load().expect("a state");
        assert_eq!(state, expected, "{spoil}");
        journal.snapshot(&state).expect("a new snapshot");
    }
}

#[test]
fn only_the_last_two_snapshots_of_this_fold_stay() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let mut journal = open(&dir);
    for last in [5, 10, 15, 20] {
        fill(&mut journal, last, 5);
        let state = journal.load().expect("a state");
        journal.snapshot(&state).expect("a snapshot");
        if last == 10 {
            sql(&dir, "UPDATE snapshots SET fold = 999 WHERE seq = 5");
        }
    }
    drop(journal);
    let conn = rusqlite::Connection::open(dir.join("journal.sqlite3")).expect("a database");
    let left: String = conn.query_row("SELECT group_concat(seq) FROM snapshots ORDER BY seq", [], |row| row.get(0)).expect("places");
    assert_eq!(left, "15,20");
}

#[test]
fn events_of_the_future_and_poison_are_named() {
    let future = r#"{"v":2,"seq":3,"at":"2026-01-02T03:04:05.678Z","actor":"engine","kind":"miracle","data":{}}"#;
    let poison = r#"{"v":1,"seq":3,"at":"2026-01-02T03:04:05.678Z","actor":"engine","kind":"note_added","data":{"text":7}}"#;
    for (payload, is_future) in [(future, true), (poison, false), ("{", false), ("", false)] {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        fill(&mut open(&dir), 2, 1);
        append_raw(&dir, payload);
        let mut journal = open(&dir);
        match journal.load().expect_err("nothing that can be folded") {
            JournalError::EventTooNew { seq, found, known, .. } => {
                assert_eq!((is_future, seq, found, known), (true, Seq(3), 2, EVENT_VERSION));
            }
            JournalError::Undecodable { seq, .. } => assert_eq!((is_future, seq), (false, Seq(3))),
            other => panic!("{other}"),
        }
        let report = verify(&dir, None).expect("a report");
        assert_eq!((report.good, report.findings.len()), (2, 1), "{report:?}");
        let before: Vec<Event> = Reader::open(&dir).expect("a reader").events(Seq(0), None, 2).expect("what is before it");
        assert_eq!(before.len(), 2);
    }
}

/// A well-chained entry of any content, as a newer build could have written it.
fn append_raw(dir: &Path, payload: &str) {
    use ouioe::journal::chain::{Link, payload_hash};
    use ouioe::policy::canonical::Canonical;
    let reader = Reader::open(dir).expect("a reader");
    let ((seq, hash), epoch) = (reader.head().expect("a head"), reader.epoch().expect("an epoch"));
    drop(reader);
    let link = Link { seq, hash }.next(&payload_hash(payload.as_bytes()));
    let seal = Canonical::new("ouioe.head.1").number(epoch.0).number(link.seq.0).digest(&link.hash).finish();
    let conn = rusqlite::Connection::open(dir.join("journal.sqlite3")).expect("a database");
    let seq = link.seq.0.cast_signed();
    conn.execute("INSERT INTO events(seq, payload, hash) VALUES (?1, ?2, ?3)", rusqlite::params![seq, payload, link.hash.0])
        .expect("an entry");
    conn.execute("UPDATE head SET seq = ?1, hash = ?2, seal = ?3", rusqlite::params![seq, link.hash.0, seal.0]).expect("a head");
}

#[test]
fn a_leaked_payload_can_be_erased() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let mut journal = open(&dir);
    journal.append(&batch(vec![note(1, "fine"), note(2, "password hunter2"), note(3, "fine")])).expect("an append");
    let state = journal.load().expect("a state");
    journal.snapshot(&state).expect("a snapshot");
    let head = journal.head();
    for wrong in
        [note(4, "[erased]"), event(2, Some("run002"), Fact::StepCancelled {}), event(2, None, Fact::NoteAdded { text: String::new() })]
    {
        assert!(matches!(journal.erase(&wrong), Err(JournalError::Erase { .. })), "{wrong:?}");
    }
    journal.erase(&note(2, "[erased]")).expect("an erased event");
    assert_eq!(journal.load().expect("a state").frozen["run002"], "[erased]");
    fill(&mut journal, 5, 1);
    drop(journal);
    let report = verify(&dir, Some(head.1)).expect("a report");
    assert_eq!((report.findings, report.erased, report.expected_at), (vec![], vec![Seq(2)], Some(Seq(3))));
    for entry in std::fs::read_dir(&dir).expect("the folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("bytes");
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    }
}

struct Unmount(PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// On a disk of its own that is too small. Needs the right to mount; without it there is nothing to look at.
#[test]
fn a_full_disk_refuses_and_then_still_takes_reports() {
    let temp = tempfile::tempdir().expect("a folder");
    let disk = temp.path().join("disk");
    std::fs::create_dir(&disk).expect("a mount point");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m,mode=755", "none"]).arg(&disk).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        println!("not looked at: a full disk (mounting a small one is not permitted here)");
        return;
    }
    let _unmount = Unmount(disk.clone());
    let dir = disk.join("state");
    let mut journal = Journal::open(&dir, OpenOptions { reserve_bytes: 256 << 10, ..options() }).expect("a journal");
    assert!(journal.has_reserve() && dir.join("reserve").exists());
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 5 << 20]).expect("something else on the disk");

    let text = "x".repeat(10_000);
    let refused = loop {
        let next = journal.head().0.next().0;
        if let Err(refused) = journal.append(&batch(vec![note(next, &text)])) {
            break refused;
        }
    };
    assert!(matches!(refused, AppendError::Refused { kind: RefusedKind::Full, .. }), "{refused:?}");
    let durable = journal.head().0;
    assert!(!dir.join("reserve").exists() && !journal.has_reserve());
    assert_eq!(journal.load().expect("a state").seq, durable);

    let last = durable.0 + 20;
    fill(&mut journal, last, 1);
    drop(journal);
    assert!(matches!(Journal::open(&dir, options()), Err(JournalError::Full { .. })), "no room to settle the log in");
    assert_eq!(Reader::open(&dir).expect("a reader").state(fold).expect("a state").seq, Seq(last));
    std::fs::remove_file(&ballast).expect("space again");
    let mut journal = open(&dir);
    assert!(journal.has_reserve() && dir.join("reserve").exists());
    fill(&mut journal, last + 1, 1);
    drop(journal);
    assert_eq!(verify(&dir, None).expect("a report").findings, []);
    assert_eq!(open(&dir).load().expect("a state").seq, Seq(last + 1));
}
