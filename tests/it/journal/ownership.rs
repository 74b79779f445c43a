//! One writer; nobody else's folder; nothing planted is followed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ouioe::journal::{self, AppendError, Journal, JournalError, RefusedKind};
use ouioe::model::ids::Epoch;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::storage::sql;
use super::{batch, fill, note, open, options, state_dir};

const CHILD_DIR: &str = "OUIOE_TEST_JOURNAL";

/// Run by the tests below in a process of its own; by itself it has no folder and nothing to do.
#[test]
fn child_that_holds_the_journal() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    // The mask of files that this process makes is shared by its threads, so it is tried here.
    rustix::process::umask(rustix::fs::Mode::empty());
    let mut journal = open(Path::new(&dir));
    fill(&mut journal, 3, 1);
    println!("\nholding");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the parent's word");
}

/// The child and its output, which it must be able to write to until it ends.
fn hold(dir: &Path) -> (Child, impl Sized) {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "journal::ownership::child_that_holds_the_journal", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "holding"), "the child did not take the journal");
    (child, lines)
}

#[test]
fn the_second_engine_is_told_who_holds_it() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    assert!(matches!(journal::holder(&dir), Err(JournalError::Missing { .. })));
    let first = open(&dir);
    let Err(JournalError::Held { holder: Some(holder), .. }) = Journal::open(&dir, options()) else { panic!("two writers") };
    assert_eq!(holder.pid, std::process::id());
    assert_eq!(journal::holder(&dir).expect("an answer"), Some(holder));
    assert!(matches!(journal::take_over(&dir), Err(JournalError::TakeOver { .. })), "never this process itself");
    drop(first);
    assert_eq!(journal::holder(&dir).expect("an answer"), None);
    assert_eq!(journal::take_over(&dir).expect("nothing to do"), None);
    assert_eq!(open(&dir).epoch(), Epoch(2));
}

#[test]
fn an_engine_that_lost_its_epoch_cannot_write() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let mut old = open(&dir);
    fill(&mut old, 3, 1);
    let state = old.load().expect("a state");
    // As if the lock did not hold: another engine opens the same journal.
    fs::rename(dir.join("lock"), dir.join("lock.away")).expect("the lock out of the way");
    let mut new = open(&dir);
    for _ in 0..2 {
        let refused = old.append(&batch(vec![note(4, "from the past")])).expect_err("no longer the owner");
        assert!(matches!(refused, AppendError::Refused { kind: RefusedKind::LostEpoch, .. }), "{refused:?}");
    }
    assert!(old.snapshot(&state).is_err());
    fill(&mut new, 5, 1);
    assert!(old.append(&batch(vec![note(4, "from the past")])).is_err());
    drop(old);
    assert_eq!(journal::verify(&dir, Some(new.head().1)).expect("a report").findings, []);
}

#[test]
fn a_stopped_engine_is_taken_over() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let (mut child, _output) = hold(&dir);
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::STOP).expect("stopped");
    let status = waitpid(Some(pid), WaitOptions::UNTRACED).expect("its state").expect("a change").1;
    assert!(status.stopped());
    let Err(JournalError::Held { holder: Some(holder), .. }) = Journal::open(&dir, options()) else { panic!("two writers") };
    assert_eq!(holder.pid, child.id());

    assert_eq!(journal::take_over(&dir).expect("a take-over"), Some(holder));
    assert!(!child.wait().expect("its end").success());
    let mut journal = open(&dir);
    assert_eq!((journal.epoch(), journal.load().expect("a state").seq.0), (Epoch(2), 3));
    fill(&mut journal, 6, 1);
}

#[test]
fn a_take_over_never_kills_somebody_else() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let (mut child, _output) = hold(&dir);
    let lock = dir.join("lock");
    let said = fs::read_to_string(&lock).expect("the holder's line");
    let mut bystander = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().expect("a bystander");
    let facts = fs::read_to_string(format!("/proc/{}/stat", bystander.id())).expect("its state");
    let start: u64 = facts.rsplit_once(')').expect("fields").1.split_whitespace().nth(19).expect("field 22").parse().expect("a number");
    let holder: journal::Holder = serde_json::from_str(&said).expect("a holder");
    for lie in [
        journal::Holder { pid: bystander.id(), start_time: start, ..holder.clone() },
        journal::Holder { pid: bystander.id(), ..holder.clone() },
        journal::Holder { start_time: holder.start_time + 1, ..holder.clone() },
        journal::Holder { boot_id: "another boot".to_owned(), ..holder.clone() },
        journal::Holder { uid: holder.uid + 1, ..holder.clone() },
    ] {
        fs::write(&lock, serde_json::to_string(&lie).expect("text")).expect("a lie");
        journal::take_over(&dir).expect_err("a refusal");
        assert_eq!(child.try_wait().expect("a state"), None, "{lie:?}");
        assert_eq!(bystander.try_wait().expect("a state"), None, "{lie:?}");
    }
    fs::write(&lock, said).expect("the truth");
    journal::take_over(&dir).expect("a take-over");
    child.wait().expect("its end");
    bystander.kill().expect("its end");
    bystander.wait().expect("its end");
}

#[test]
fn everything_is_private_whatever_the_umask() {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let (mut child, _output) = hold(&dir);
    assert_eq!(fs::metadata(&dir).expect("the folder").mode() & 0o7777, 0o700);
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&dir).expect("the folder").flatten() {
        names.push(entry.file_name().to_string_lossy().into_owned());
        assert_eq!(entry.metadata().expect("facts").mode() & 0o7777, 0o600, "{names:?}");
    }
    names.sort();
    assert_eq!(names, ["journal.sqlite3", "journal.sqlite3-shm", "journal.sqlite3-wal", "lock", "reserve"]);
    drop(child.stdin.take());
    assert!(child.wait().expect("its end").success());
}

type Plant = fn(&Path);

#[test]
fn what_others_could_have_prepared_is_refused() {
    let plants: [(&str, Plant); 8] = [
        ("folder for everybody", |dir| chmod(dir, 0o777)),
        ("folder for the group", |dir| chmod(dir, 0o770)),
        ("parent for everybody", |dir| chmod(dir.parent().expect("a parent"), 0o777)),
        ("linked database", |dir| link_away(&dir.join("journal.sqlite3"))),
        ("linked lock", |dir| link_away(&dir.join("lock"))),
        ("linked log", |dir| link_away(&dir.join("journal.sqlite3-wal"))),
        ("second name", |dir| fs::hard_link(dir.join("journal.sqlite3"), dir.join("other")).expect("a link")),
        ("database for everybody", |dir| chmod(&dir.join("journal.sqlite3"), 0o666)),
    ];
    for (what, plant) in plants {
        let temp = tempfile::tempdir().expect("a folder");
        let parent = temp.path().join("parent");
        fs::create_dir(&parent).expect("a parent");
        let dir = parent.join("state");
        fill(&mut open(&dir), 2, 1);
        plant(&dir);
        for refused in
            [Journal::open(&dir, options()).map(|_| ()), journal::Reader::open(&dir).map(|_| ()), journal::verify(&dir, None).map(|_| ())]
        {
            assert!(matches!(refused, Err(JournalError::Unsafe { .. })), "{what}: {refused:?}");
        }
    }
    if rustix::process::geteuid().is_root() {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        fill(&mut open(&dir), 2, 1);
        std::os::unix::fs::chown(&dir, Some(65_534), None).expect("another owner");
        assert!(matches!(Journal::open(&dir, options()), Err(JournalError::Unsafe { .. })));
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn link_away(path: &Path) {
    let target = path.with_extension("elsewhere");
    if path.exists() {
        fs::rename(path, &target).expect("moved");
    } else {
        fs::write(&target, b"").expect("a target");
        chmod(&target, 0o600);
    }
    symlink(&target, path).expect("a link");
}

#[test]
fn newer_and_foreign_files_stay_as_they_are() {
    for (statement, is_newer) in [("PRAGMA user_version = 2", true), ("PRAGMA application_id = 7", false)] {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        fill(&mut open(&dir), 2, 1);
        sql_batch(&dir, statement);
        let before = listing(&dir);
        let refused = Journal::open(&dir, options()).expect_err("not for this build");
        match &refused {
            JournalError::NewerFormat { found: 2, known: 1, .. } => assert!(is_newer),
            JournalError::NotOurs { .. } => assert!(!is_newer),
            other => panic!("{other}"),
        }
        assert!(refused.to_string().contains("nothing was changed"), "{refused}");
        assert!(journal::Reader::open(&dir).is_err());
        assert!(listing(&dir) == before, "{statement}");
    }
    for content in [&b"SQLite format 3\0 but not really"[..], b"a letter", &[0; 5_000]] {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        fs::create_dir(&dir).expect("a folder");
        let path = dir.join("journal.sqlite3");
        fs::write(&path, content).expect("a file");
        chmod(&path, 0o600);
        Journal::open(&dir, options()).expect_err("not a journal");
        assert_eq!(fs::read(&path).expect("the file"), content);
    }
}

fn sql_batch(dir: &Path, statement: &str) {
    let conn = rusqlite::Connection::open(dir.join("journal.sqlite3")).expect("a database");
    conn.execute_batch(statement).expect(statement);
}

/// Every file but the lock, with its bytes.
fn listing(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .expect("the folder")
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("bytes")))
        .filter(|(name, _)| name != "lock")
        .collect();
    files.sort();
    files
}

#[test]
fn cut_off_and_reordered_events_are_found() {
    for (spoil, first_bad) in [
        ("DELETE FROM events WHERE seq = 5", 5),
        ("DELETE FROM events WHERE seq > 8", 9),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("UPDATE events SET payload = replace(payload, 'note 4 ', 'note 5 ') WHERE seq = 4", 4),
        ("UPDATE events SET run = 'run000' WHERE seq = 6", 6),
        ("UPDATE events SET payload = NULL WHERE seq = 3", 3),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 7", 7),
        ("UPDATE events SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)", 2),
        ("INSERT INTO events(seq, payload, hash) SELECT 11, payload, hash FROM events WHERE seq = 10", 11),
    ] {
        let temp = tempfile::tempdir().expect("a folder");
        let dir = state_dir(&temp);
        let mut journal = open(&dir);
        fill(&mut journal, 10, 5);
        let head = journal.head().1;
        drop(journal);
        sql(&dir, spoil);
        sql(&dir, "UPDATE events SET seq = -seq WHERE seq < 0");
        let report = journal::verify(&dir, Some(head)).expect("a report");
        let named: Vec<u64> = report.findings.iter().filter_map(|finding| finding.seq).map(|seq| seq.0).collect();
        assert_eq!(named, [first_bad], "{spoil}: {report:?}");
    }
}
