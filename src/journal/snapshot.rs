//! A state as it was after one event: a shortcut for the next start, never a truth of its own.
//!
//! Bound to the chain by the hash of that event; one that does not fit is left aside and the journal is folded from further back.

use std::path::Path;

use rusqlite::{Connection, params};

use super::chain::Link;
use super::database;
use super::entry;
use super::error::JournalError;
use crate::model::digest::Digest;
use crate::model::ids::{JournalId, Seq};
use crate::model::state::{FOLD_VERSION, State};
use crate::policy::canonical::Canonical;

/// The newest may be damaged; the one before it saves the full refold.
const KEPT: i64 = 2;

fn seal(fold: u32, link: &Link, body: &[u8]) -> Digest {
    Canonical::new("ouioe.snapshot.1").number(u64::from(fold)).number(link.seq.0).digest(&link.hash).bytes(body).finish()
}

/// In the caller's transaction. Older ones than the last two are dropped, and so are those of another fold.
pub fn write(conn: &Connection, link: &Link, body: &str) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT OR REPLACE INTO snapshots(seq, fold, body, seal) VALUES (?1, ?2, ?3, ?4)",
        params![link.seq.0.cast_signed(), FOLD_VERSION, body, seal(FOLD_VERSION, link, body.as_bytes()).0],
    )?;
    conn.execute(
        "DELETE FROM snapshots WHERE fold <> ?1 OR seq NOT IN (SELECT seq FROM snapshots WHERE fold = ?1 ORDER BY seq DESC LIMIT ?2)",
        params![FOLD_VERSION, KEPT],
    )?;
    Ok(())
}

/// The newest that fits, or the beginning. Plans are not attached yet.
pub fn newest(conn: &Connection, path: &Path, journal: &JournalId) -> Result<(State, Link), JournalError> {
    for seq in places(conn, path)? {
        if let Some(found) = read(conn, path, journal, seq) {
            return Ok(found);
        }
    }
    Ok((State::new(journal.clone()), Link::genesis(journal)))
}

/// Sequence numbers of all snapshots, newest first.
pub fn places(conn: &Connection, path: &Path) -> Result<Vec<Seq>, JournalError> {
    let list = || -> rusqlite::Result<Vec<Seq>> {
        let mut statement = conn.prepare("SELECT seq FROM snapshots ORDER BY seq DESC")?;
        let rows = statement.query_map([], |row| row.get::<_, i64>(0).map(|seq| Seq(seq.cast_unsigned())))?;
        rows.collect()
    };
    list().map_err(|error| JournalError::database("read", path, error))
}

/// `None`: of another fold, damaged, or of another history.
fn read(conn: &Connection, path: &Path, journal: &JournalId, seq: Seq) -> Option<(State, Link)> {
    let link = entry::link_at(conn, path, Link::genesis(journal), seq).ok()?;
    let (fold, body, found) = columns(conn, seq).ok()?;
    if fold != FOLD_VERSION || found != seal(fold, &link, &body) {
        return None;
    }
    let state: State = serde_json::from_slice(&body).ok()?;
    (state.seq == seq && state.journal == *journal).then_some((state, link))
}

fn columns(conn: &Connection, seq: Seq) -> rusqlite::Result<(u32, Vec<u8>, Digest)> {
    conn.query_row("SELECT fold, body, seal FROM snapshots WHERE seq = ?1", [seq.0.cast_signed()], |row| {
        Ok((row.get(0)?, row.get_ref(1)?.as_bytes()?.to_vec(), database::digest(row, 2)?))
    })
}

/// Whether its bytes are those that were written, whatever fold they belong to.
pub fn is_intact(conn: &Connection, path: &Path, journal: &JournalId, seq: Seq) -> bool {
    let Ok(link) = entry::link_at(conn, path, Link::genesis(journal), seq) else { return false };
    columns(conn, seq).is_ok_and(|(fold, body, found)| found == seal(fold, &link, &body))
}
