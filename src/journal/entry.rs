//! Rows -> entries of the chain -> events. Every entry that is handed on has been checked against the one before it.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use serde::Deserialize;

use super::chain::{self, Link};
use super::database;
use super::error::JournalError;
use crate::model::digest::Digest;
use crate::model::event::{EVENT_VERSION, Event};
use crate::model::ids::{RunId, Seq};

/// One row, borrowed from the statement.
pub struct Entry<'r> {
    pub seq: Seq,
    pub run: Option<&'r [u8]>,
    pub hash: Digest,
    pub content: Content<'r>,
}

pub enum Content<'r> {
    Kept(&'r [u8]),
    /// The payload leaked something and was erased; its hash holds the chain, the stand-in holds the fold.
    Erased {
        payload_hash: Digest,
        stand_in: &'r [u8],
    },
}

impl<'r> Entry<'r> {
    fn read(path: &Path, row: &'r Row<'_>) -> Result<Self, JournalError> {
        let column = |at: usize| row.get_ref(at).map_err(|error| JournalError::database("read", path, error));
        let seq = match column(0)? {
            ValueRef::Integer(seq) => Seq(seq.cast_unsigned()),
            _ => return Err(JournalError::Damaged { path: path.to_owned(), detail: "an event without a number".to_owned() }),
        };
        let bad = |why: &str| JournalError::BadEntry { path: path.to_owned(), seq, why: why.to_owned() };
        let bytes = |at: usize| column(at)?.as_bytes_or_null().map_err(|_| bad("a column holds a number instead of text"));
        let hash = bytes(3)?.and_then(|it| it.try_into().ok()).map(Digest).ok_or_else(|| bad("its hash is damaged"))?;
        let content = match (bytes(2)?, bytes(4)?, bytes(5)?) {
            (Some(payload), None, None) => Content::Kept(payload),
            (None, Some(sealed), Some(stand_in)) => erased(sealed, stand_in).ok_or_else(|| bad("its stand-in was altered"))?,
            _ => return Err(bad("its payload is gone and nothing stands for it")),
        };
        Ok(Self { seq, run: bytes(1)?, hash, content })
    }

    pub fn bytes(&self) -> &'r [u8] {
        match self.content {
            Content::Kept(bytes) | Content::Erased { stand_in: bytes, .. } => bytes,
        }
    }

    pub fn is_erased(&self) -> bool {
        matches!(self.content, Content::Erased { .. })
    }

    /// Of what was first written, also where it was erased since.
    pub fn payload_hash(&self) -> Digest {
        match self.content {
            Content::Kept(payload) => chain::payload_hash(payload),
            Content::Erased { payload_hash, .. } => payload_hash,
        }
    }

    /// The next link, if this entry is what follows `before`.
    fn follow(&self, path: &Path, before: &Link) -> Result<Link, JournalError> {
        let expected = before.seq.next();
        let bad = |why: String| JournalError::BadEntry { path: path.to_owned(), seq: expected, why };
        if self.seq != expected {
            return Err(bad(format!("it is missing, {} comes next", self.seq)));
        }
        let link = before.next(&self.payload_hash());
        if link.hash == self.hash { Ok(link) } else { Err(bad("it or the one before it was altered".to_owned())) }
    }

    pub fn event(&self, path: &Path) -> Result<Event, JournalError> {
        decode(path, self.seq, self.bytes())
    }
}

/// Payload hash and stand-in's hash, as `erased` keeps them.
fn erased<'r>(sealed: &[u8], stand_in: &'r [u8]) -> Option<Content<'r>> {
    let (payload_hash, stand_in_hash) = sealed.split_at_checked(32)?;
    let payload_hash = Digest(payload_hash.try_into().ok()?);
    (chain::payload_hash(stand_in).0 == stand_in_hash).then_some(Content::Erased { payload_hash, stand_in })
}

pub fn seal_erased(payload_hash: &Digest, stand_in: &[u8]) -> Vec<u8> {
    [payload_hash.0, chain::payload_hash(stand_in).0].concat()
}

fn decode(path: &Path, seq: Seq, bytes: &[u8]) -> Result<Event, JournalError> {
    #[derive(Deserialize)]
    struct Version {
        v: u16,
    }
    let too_new = |found| JournalError::EventTooNew { path: path.to_owned(), seq, found, known: EVENT_VERSION };
    let undecodable = |why: String| JournalError::Undecodable { path: path.to_owned(), seq, why };
    match serde_json::from_slice::<Event>(bytes) {
        Ok(event) if event.v > EVENT_VERSION => Err(too_new(event.v)),
        Ok(event) if event.seq != seq => Err(undecodable(format!("it calls itself event {}", event.seq))),
        Ok(event) => Ok(event),
        Err(error) => match serde_json::from_slice::<Version>(bytes) {
            Ok(Version { v }) if v > EVENT_VERSION => Err(too_new(v)),
            Ok(_) | Err(_) => Err(undecodable(error.to_string())),
        },
    }
}

const COLUMNS: &str = "SELECT seq, run, payload, hash, erased, stand_in FROM events";

/// Every entry after `from`, each checked; at most `limit`. Comes back with the last link.
pub fn walk(
    conn: &Connection,
    path: &Path,
    from: Link,
    limit: u64,
    mut each: impl FnMut(&Entry<'_>, &Link) -> Result<(), JournalError>,
) -> Result<Link, JournalError> {
    let fail = |error| JournalError::database("read", path, error);
    let mut statement = conn.prepare_cached(&format!("{COLUMNS} WHERE seq > ?1 ORDER BY seq LIMIT ?2")).map_err(fail)?;
    let mut rows = statement.query(params![from.seq.0.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX)]).map_err(fail)?;
    let mut link = from;
    while let Some(row) = rows.next().map_err(fail)? {
        let entry = Entry::read(path, row)?;
        link = entry.follow(path, &link)?;
        each(&entry, &link)?;
    }
    Ok(link)
}

/// One run's events after `after`, each checked against the entry before it.
pub fn of_run(conn: &Connection, path: &Path, genesis: Link, run: &RunId, after: Seq, limit: u64) -> Result<Vec<Event>, JournalError> {
    let fail = |error| JournalError::database("read", path, error);
    let mut statement = conn.prepare_cached(&format!("{COLUMNS} WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")).map_err(fail)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![run.as_str(), after.0.cast_signed(), limit]).map_err(fail)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(fail)? {
        let entry = Entry::read(path, row)?;
        entry.follow(path, &link_at(conn, path, genesis, Seq(entry.seq.0.saturating_sub(1)))?)?;
        let event = entry.event(path)?;
        if event.run.as_ref() != Some(run) {
            let why = "it is filed under another run".to_owned();
            return Err(JournalError::BadEntry { path: path.to_owned(), seq: entry.seq, why });
        }
        events.push(event);
    }
    Ok(events)
}

/// The chain's place after event `seq`, as stored.
pub fn link_at(conn: &Connection, path: &Path, genesis: Link, seq: Seq) -> Result<Link, JournalError> {
    if seq == genesis.seq {
        return Ok(genesis);
    }
    let fail = |error| match error {
        rusqlite::Error::QueryReturnedNoRows => {
            JournalError::BadEntry { path: path.to_owned(), seq, why: "there is no such event".to_owned() }
        }
        other => JournalError::database("read", path, other),
    };
    let mut statement = conn.prepare_cached("SELECT hash FROM events WHERE seq = ?1").map_err(fail)?;
    let hash = statement.query_row([seq.0.cast_signed()], |row| database::digest(row, 0)).map_err(fail)?;
    Ok(Link { seq, hash })
}
