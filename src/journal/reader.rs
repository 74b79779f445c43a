//! Looks into a journal without its lock, while an engine writes it or after one ended. Changes nothing.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

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

/// A connection of its own; every call sees one moment of the journal.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: PathBuf,
    journal: JournalId,
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

    /// The state after the last durable event.
    pub fn state(&self, fold: Fold) -> Result<State, JournalError> {
        replay::load(&self.conn, &self.path, fold).map(|(state, _)| state)
    }
}
