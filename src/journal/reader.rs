//! Looks into a journal without its lock, while an engine writes it or after one ended. Changes nothing.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::chain::Link;
use super::database;
use super::entry;
use super::error::JournalError;
use super::folder;
use super::replay::{self, Fold};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::ids::{Epoch, JournalId, RunId, Seq};
use crate::model::state::State;

/// Events read at a time, so that an export holds little.
const EXPORT_LOT: u64 = 1_000;

/// A connection of its own; every call sees one moment of the journal.
#[derive(Debug)]
pub struct Reader {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    pub(super) journal: JournalId,
}

impl Reader {
    /// Makes nothing: `Missing` where no engine has ever started.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let path = folder::inspect(dir)?.join(folder::DATABASE);
        let conn = database::open_reader(&path)?;
        let journal = database::read_meta(&conn, &path)?.journal;
        Ok(Self { conn, path, journal })
    }

    pub fn id(&self) -> &JournalId {
        &self.journal
    }

    /// The last durable event and the chain's hash there.
    pub fn head(&self) -> Result<(Seq, Digest), JournalError> {
        let Link { seq, hash } = database::read_head(&self.conn, &self.path)?.link;
        Ok((seq, hash))
    }

    pub fn epoch(&self) -> Result<Epoch, JournalError> {
        Ok(database::read_head(&self.conn, &self.path)?.epoch)
    }

    /// Events after `after` in order, at most `limit`; without `run` dense from `after` on.
    pub fn events(&self, after: Seq, run: Option<&RunId>, limit: usize) -> Result<Vec<Event>, JournalError> {
        let genesis = Link::genesis(&self.journal);
        let limit = limit as u64;
        let tx = self.conn.unchecked_transaction().map_err(|error| JournalError::database("read", &self.path, error))?;
        if let Some(run) = run {
            return entry::of_run(&tx, &self.path, genesis, run, after, limit);
        }
        if after >= database::read_head(&tx, &self.path)?.link.seq {
            return Ok(Vec::new());
        }
        let from = entry::link_at(&tx, &self.path, genesis, after)?;
        let mut events = Vec::new();
        entry::walk(&tx, &self.path, from, limit, |entry, _| {
            events.push(entry.event(&self.path)?);
            Ok(())
        })?;
        Ok(events)
    }

    /// Every event after `after` with its place in the chain, checked on the way; `each` says whether to go on. The hash at the end.
    pub fn export(&self, after: Seq, mut each: impl FnMut(Value) -> bool) -> Result<Digest, JournalError> {
        let genesis = Link::genesis(&self.journal);
        let tx = self.conn.unchecked_transaction().map_err(|error| JournalError::database("read", &self.path, error))?;
        let mut link = entry::link_at(&tx, &self.path, genesis, after.min(database::read_head(&tx, &self.path)?.link.seq))?;
        let mut goes_on = true;
        while goes_on {
            let from = link.seq;
            link = entry::walk(&tx, &self.path, link, EXPORT_LOT, |entry, link| {
                let event: Value = serde_json::from_slice(entry.bytes()).unwrap_or(Value::Null);
                let payload_hash = entry.payload_hash();
                let erased = entry.is_erased();
                let exported = json!({"seq": entry.seq, "journal": self.journal, "payload_hash": payload_hash, "hash": link.hash, "erased": erased, "event": event});
                goes_on = goes_on && each(exported);
                Ok(())
            })?;
            goes_on = goes_on && link.seq != from;
        }
        Ok(link.hash)
    }

    /// The state after the last durable event.
    pub fn state(&self, fold: Fold) -> Result<State, JournalError> {
        replay::load(&self.conn, &self.path, fold).map(|(state, _)| state)
    }
}
