//! One bit turned over anywhere in the file: it is found, or it was in bytes that nothing reads.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ouioe::journal::{Batch, Reader, verify};
use ouioe::model::event::Fact;
use ouioe::model::state::State;
use rusqlite::types::ValueRef;

use super::storage::sql;
use super::{batch, event, fill, fold, note, open, plan, proposed, state_dir};

/// Each is a look at every table and a whole verification; `OUIOE_LONG=1` asks for ten thousand.
fn flips() -> u32 {
    if std::env::var_os("OUIOE_LONG").is_some() { 10_000 } else { 600 }
}

/// Small and fast, with a printed seed (Steele et al., `SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Every value of every row of every table, read without our code.
fn content(dir: &Path) -> Option<Vec<u8>> {
    let conn = rusqlite::Connection::open_with_flags(dir.join("journal.sqlite3"), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    let mut all = Vec::new();
    for table in ["sqlite_schema", "meta", "head", "events", "plans", "snapshots"] {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} NOT INDEXED")).ok()?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            // Where the root pages lie is the file's own matter.
            for at in (0..columns).filter(|at| (table, *at) != ("sqlite_schema", 3)) {
                put(&mut all, row.get_ref(at).ok()?);
            }
        }
    }
    Some(all)
}

fn put(all: &mut Vec<u8>, value: ValueRef<'_>) {
    let (kind, bytes) = match value {
        ValueRef::Null => (0, &[][..]),
        ValueRef::Integer(number) => return all.extend([&[1][..], &number.to_be_bytes()].concat()),
        ValueRef::Real(number) => return all.extend([&[2][..], &number.to_be_bytes()].concat()),
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    all.push(kind);
    all.extend(bytes.len().to_be_bytes());
    all.extend(bytes);
}

fn state(dir: &Path) -> Option<State> {
    Reader::open(dir).ok()?.state(fold).ok()
}

/// A bit of everything, packed so that few bytes of the file are unused.
fn prepare(dir: &Path) -> State {
    let mut journal = open(dir);
    let plan = plan("web-1");
    journal.append(&Batch { events: vec![proposed(1, &plan)], plans: vec![plan] }).expect("an append");
    fill(&mut journal, 20, 4);
    journal.append(&batch(vec![note(21, &"long ".repeat(1_000)), event(22, None, Fact::EngineStopped {})])).expect("an append");
    journal.erase(&note(10, "[erased]")).expect("an erased event");
    let half = journal.load().expect("a state");
    fill(&mut journal, 100, 4);
    journal.snapshot(&half).expect("a snapshot");
    let whole = journal.load().expect("a state");
    drop(journal);
    sql(dir, "VACUUM");
    whole
}

#[derive(Default, Debug)]
struct Tally {
    found: u32,
    unused: u32,
    stateless: u32,
}

/// Judged so: `verify` has a finding or refuses, or else every value read back is what was written and the state is the same. A state
/// that is given out is right in every case, found or not.
#[test]
fn flipped_bits_are_found_or_read_by_nothing() {
    let count = flips();
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x6f75_696f_6500);
    let tallies = std::thread::scope(|scope| {
        let parts = [0, 1].map(|part| scope.spawn(move || flip(count / 2, seed + part)));
        parts.map(|part| part.join().expect("a part's end"))
    });
    let sum = |of: fn(&Tally) -> u32| tallies.iter().map(of).sum::<u32>();
    let (found, unused, stateless) = (sum(|it| it.found), sum(|it| it.unused), sum(|it| it.stateless));
    println!(
        "{count} flipped bits, seed {seed}: {found} found, {unused} in bytes that nothing reads; {stateless} gave no state, none a wrong one"
    );
    assert_eq!(found + unused, count);
    assert!(found > count / 2);
}

fn flip(count: u32, seed: u64) -> Tally {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = state_dir(&temp);
    let whole = prepare(&dir);
    let path = dir.join("journal.sqlite3");
    let original = fs::read(&path).expect("the file");
    let before = content(&dir).expect("its content");
    assert_eq!(verify(&dir, None).expect("a report").findings, []);
    let mut random = Random(seed);
    let mut tally = Tally::default();
    let payloads: Vec<u64> = (0_u64..).zip(original.windows(12)).filter(|(_, it)| it == br#"{"v":1,"seq""#).map(|(at, _)| at).collect();
    for turn in 0..count {
        // Half anywhere in the file, half in some event's payload.
        let at = match payloads.len() as u64 {
            many if turn % 2 == 0 => payloads[usize::try_from(random.below(many)).expect("few events")] + random.below(150),
            _ => random.below(original.len() as u64),
        };
        let mask = 1_u8 << random.below(8);
        let old = original[usize::try_from(at).expect("a small file")];
        write(&path, at, old ^ mask);
        let is_found = verify(&dir, None).map_or(true, |report| !report.is_clean());
        let given = state(&dir);
        assert!(given.as_ref().is_none_or(|given| same(given, &whole)), "a wrong state: byte {at} mask {mask:#x} seed {seed}");
        tally.stateless += u32::from(given.is_none());
        if is_found {
            tally.found += 1;
        } else {
            tally.unused += 1;
            assert!(given.is_some() && content(&dir).as_ref() == Some(&before), "unseen: byte {at} mask {mask:#x} seed {seed}");
        }
        write(&path, at, old);
    }
    assert_eq!(fs::read(&path).expect("the file"), original);
    tally
}

/// A snapshot may bring fewer plan bodies back than a full fold.
fn same(left: &State, right: &State) -> bool {
    let bare = |state: &State| State { plans: std::collections::BTreeMap::new(), ..state.clone() };
    bare(left) == bare(right)
}

fn write(path: &Path, at: u64, byte: u8) {
    let file = fs::OpenOptions::new().write(true).open(path).expect("the file");
    file.write_all_at(&[byte], at).expect("a write");
}
