//! The whole journal -> what in it is not as it was written.
//!
//! Finds edits, deletions and reordering inside. Entries cut off the end together with a forged head it finds only by a head that was
//! noted elsewhere (`ouioe audit verify --head`). Changes nothing.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::chain::Link;
use super::database;
use super::entry::{self, Entry};
use super::error::JournalError;
use super::folder;
use super::replay;
use super::snapshot;
use crate::model::digest::Digest;
use crate::model::ids::{JournalId, Seq};

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The first event that cannot be trusted; `None`: not about one event.
    pub seq: Option<Seq>,
    pub what: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    pub path: PathBuf,
    pub journal: JournalId,
    /// Events that are good, counted from the first without a gap.
    pub good: u64,
    /// Hash after the last good one.
    pub head: Digest,
    /// Events whose payload was erased on purpose; the chain holds over them.
    pub erased: Vec<Seq>,
    /// Where in the chain the expected head stands: later events may have come since it was noted.
    pub expected_at: Option<Seq>,
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Recomputes everything. `Err` only where the file cannot be read as a journal at all.
pub fn verify(dir: &Path, expected_head: Option<Digest>) -> Result<VerifyReport, JournalError> {
    let path = folder::inspect(dir)?.join(folder::DATABASE);
    let conn = database::open_reader(&path)?;
    let tx = conn.unchecked_transaction().map_err(|error| JournalError::database("read", &path, error))?;
    let journal = database::read_meta(&tx, &path)?.journal;
    let genesis = Link::genesis(&journal);
    let mut report = VerifyReport {
        path,
        journal,
        good: 0,
        head: genesis.hash,
        erased: Vec::new(),
        expected_at: (expected_head == Some(genesis.hash)).then_some(genesis.seq),
        findings: Vec::new(),
    };
    report.check_file(&tx);
    report.check_chain(&tx, genesis, expected_head);
    report.check_plans(&tx);
    report.check_snapshots(&tx);
    if let (Some(expected), None) = (expected_head, report.expected_at) {
        report.find(None, format!("the expected head {expected} stands nowhere in it: events were cut off, or all was rewritten"));
    }
    Ok(report)
}

impl VerifyReport {
    fn find(&mut self, seq: Option<Seq>, what: String) {
        self.findings.push(Finding { seq, what });
    }

    fn find_error(&mut self, seq: Option<Seq>, error: &JournalError) {
        if let JournalError::BadEntry { seq, why, .. } | JournalError::Undecodable { seq, why, .. } = error {
            self.find(Some(*seq), why.clone());
        } else {
            self.find(seq, error.to_string());
        }
    }

    /// The database's own structure: pages, indexes against tables, and the definitions.
    fn check_file(&mut self, conn: &Connection) {
        match conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)) {
            Ok(said) if said == "ok" => {}
            Ok(said) => self.find(None, format!("the database file is damaged: {said}")),
            Err(error) => self.find(None, format!("the database file is damaged: {error}")),
        }
        if !definitions(conn).is_ok_and(|found| found == expected_definitions()) {
            self.find(None, "the tables are not defined as this format defines them".to_owned());
        }
    }

    fn check_chain(&mut self, conn: &Connection, genesis: Link, expected: Option<Digest>) {
        let path = self.path.clone();
        let mut last = genesis;
        let walked = entry::walk(conn, &path, genesis, u64::MAX, |entry, link| {
            check_entry(&path, entry)?;
            if entry.is_erased() {
                self.erased.push(entry.seq);
            }
            if expected == Some(link.hash) {
                self.expected_at = Some(link.seq);
            }
            last = *link;
            Ok(())
        });
        (self.good, self.head) = (last.seq.0, last.hash);
        if let Err(error) = walked {
            return self.find_error(Some(last.seq.next()), &error);
        }
        match database::read_head(conn, &path) {
            Ok(head) if head.link == last => {}
            Ok(head) => self.find_error(None, &replay::ends_elsewhere(&path, &last, &head.link)),
            Err(error) => self.find_error(None, &error),
        }
    }

    fn check_plans(&mut self, conn: &Connection) {
        let digests = || -> rusqlite::Result<Vec<Digest>> {
            let mut statement = conn.prepare("SELECT digest FROM plans NOT INDEXED")?;
            statement.query_map([], |row| database::digest(row, 0))?.collect()
        };
        let path = self.path.clone();
        match digests() {
            Ok(digests) => {
                for error in digests.iter().filter_map(|digest| replay::read_plan(conn, &path, digest).err()) {
                    self.find_error(None, &error);
                }
            }
            Err(error) => self.find_error(None, &JournalError::database("read", &path, error)),
        }
    }

    fn check_snapshots(&mut self, conn: &Connection) {
        let path = self.path.clone();
        match snapshot::places(conn, &path) {
            Ok(places) => {
                for seq in places {
                    if !snapshot::is_intact(conn, &path, &self.journal, seq) {
                        self.find(
                            None,
                            format!("the snapshot at event {seq} does not fit; a start leaves it aside and folds from further back"),
                        );
                    }
                }
            }
            Err(error) => self.find_error(None, &error),
        }
    }
}

type Definition = (String, String, String, Option<String>);

fn definitions(conn: &Connection) -> rusqlite::Result<Vec<Definition>> {
    let mut statement = conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
}

fn expected_definitions() -> Vec<Definition> {
    let ours = database::SCHEMA.map(|(name, sql)| {
        let (kind, table) = if sql.starts_with("CREATE INDEX") { ("index", "events") } else { ("table", name) };
        (kind.to_owned(), name.to_owned(), table.to_owned(), Some(sql.to_owned()))
    });
    let implied = ("index".to_owned(), "sqlite_autoindex_plans_1".to_owned(), "plans".to_owned(), None);
    let mut all: Vec<Definition> = ours.into_iter().chain([implied]).collect();
    all.sort_by(|one, other| one.1.cmp(&other.1));
    all
}

/// What the chain does not cover: that the event can be read, and that it is filed under its own run.
fn check_entry(path: &Path, entry: &Entry<'_>) -> Result<(), JournalError> {
    let event = entry.event(path)?;
    if event.run.as_ref().map(|run| run.as_str().as_bytes()) == entry.run {
        return Ok(());
    }
    Err(JournalError::BadEntry { path: path.to_owned(), seq: entry.seq, why: "it is filed under another run".to_owned() })
}
