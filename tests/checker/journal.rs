//! The journal's file -> entries, plans, snapshots. What is wrong with the file itself is found here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::chain::{self, hex};

#[derive(Debug)]
pub struct Entry {
    pub seq: u64,
    pub value: Value,
}

impl Entry {
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or("")
    }

    pub fn run(&self) -> &str {
        self.value["run"].as_str().unwrap_or("")
    }

    pub fn step(&self) -> &str {
        self.value["step"].as_str().unwrap_or("")
    }

    pub fn data(&self) -> &Value {
        &self.value["data"]
    }
}

#[derive(Debug, Default)]
pub struct Journal {
    pub entries: Vec<Entry>,
    /// Digest in hex -> body.
    pub plans: BTreeMap<String, Value>,
    pub snapshots: Vec<(u64, Value)>,
    /// What is wrong with the file.
    pub damage: Vec<String>,
}

impl Journal {
    /// `None`: there is no journal, or its making was interrupted before anything could be in it.
    pub fn read(state_dir: &Path) -> Option<Self> {
        let copy = tempfile::tempdir().expect("a folder for the copy");
        for name in ["journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-journal"] {
            if state_dir.join(name).exists() {
                fs::copy(state_dir.join(name), copy.path().join(name)).expect("a copy of the journal");
            }
        }
        let path = copy.path().join("journal.sqlite3");
        if !path.exists() {
            return None;
        }
        let conn = Connection::open(&path).expect("the copy opens");
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).expect("a database");
        (tables > 0).then(|| {
            let mut journal = Self::default();
            journal.read_events(&conn);
            journal.read_plans(&conn);
            journal.read_snapshots(&conn);
            journal
        })
    }

    fn read_events(&mut self, conn: &Connection) {
        let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
        if check != "ok" {
            self.damage.push(format!("integrity: {check}"));
        }
        let id: String = conn.query_row("SELECT journal FROM meta", [], |row| row.get(0)).expect("an identity");
        let mut statement = conn.prepare("SELECT seq, payload, hash FROM events ORDER BY seq").expect("the events");
        let mut rows = statement.query([]).expect("the events");
        let mut last = chain::genesis(&id);
        while let Some(row) = rows.next().expect("a row") {
            let (seq, payload, hash): (i64, String, Vec<u8>) =
                (row.get(0).expect("seq"), row.get(1).expect("payload"), row.get(2).expect("hash"));
            let seq = u64::try_from(seq).expect("a positive number");
            let expected = self.entries.len() as u64 + 1;
            if seq != expected {
                self.damage.push(format!("seq {seq} stands where {expected} belongs"));
            }
            last = chain::next(&last, seq, payload.as_bytes());
            if hash != last {
                self.damage.push(format!("the chain breaks at {seq}"));
            }
            let value: Value = serde_json::from_str(&payload).unwrap_or_default();
            if value["seq"].as_u64() != Some(seq) {
                self.damage.push(format!("event {seq} calls itself {}", value["seq"]));
            }
            self.entries.push(Entry { seq, value });
        }
        let (seq, hash): (i64, Vec<u8>) =
            conn.query_row("SELECT seq, hash FROM head", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a head");
        if u64::try_from(seq) != Ok(self.entries.len() as u64) || (seq > 0 && hash != last) {
            self.damage.push(format!("the head says {seq}, the events end at {}", self.entries.len()));
        }
    }

    fn read_plans(&mut self, conn: &Connection) {
        let mut statement = conn.prepare("SELECT digest, body FROM plans").expect("the plans");
        let plans = statement.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?))).expect("the plans");
        for (digest, body) in plans.map(|row| row.expect("a plan")) {
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            if body["digest"] != hex(&digest) {
                self.damage.push(format!("plan {} is filed under another digest", hex(&digest)));
            }
            self.plans.insert(hex(&digest), body);
        }
    }

    fn read_snapshots(&mut self, conn: &Connection) {
        let mut statement = conn.prepare("SELECT seq, body FROM snapshots ORDER BY seq").expect("the snapshots");
        let found = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).expect("the snapshots");
        for (seq, body) in found.map(|row| row.expect("a snapshot")) {
            self.snapshots.push((u64::try_from(seq).expect("a number"), serde_json::from_str(&body).unwrap_or_default()));
        }
    }
}
