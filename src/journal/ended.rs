//! The runs that ended lately, each folded by itself: what there is to learn from, at a bounded price however long the journal is.
//!
//! Goes back from the end until a bound is reached; what lies before it is not looked at. One read transaction.

use rusqlite::{Connection, params};

use super::chain::Link;
use super::database;
use super::entry;
use super::error::JournalError;
use super::reader::Reader;
use super::replay::{self, Fold};
use crate::model::event::Fact;
use crate::model::ids::{RunId, Seq};
use crate::model::state::{State, Workflow};

/// How much is read at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub runs: usize,
    /// Of events, both to find the runs and to fold them.
    pub bytes: u64,
}

/// A run that ended or was forgotten after the place that was asked for.
#[derive(Clone, Debug)]
pub struct Ended {
    pub workflow: Workflow,
    /// Its first event: older runs began before.
    pub began: Seq,
    pub forgotten: bool,
}

impl Reader {
    /// Newest first, with the place up to which was looked. A run whose plan or events are damaged is left out.
    pub fn ended(&self, after: Seq, bounds: Bounds, fold: Fold) -> Result<(Seq, Vec<Ended>), JournalError> {
        let tx = self.conn.unchecked_transaction().map_err(|error| JournalError::database("read", &self.path, error))?;
        let head = database::read_head(&tx, &self.path)?.link.seq;
        let mut left = bounds.bytes;
        let found = self.found(&tx, after, bounds)?;
        let mut all = Vec::with_capacity(found.len());
        for run in found {
            let Some(rest) = left.checked_sub(self.size(&tx, &run)?) else { break };
            left = rest;
            match self.folded(&tx, &run, fold) {
                Ok(ended) => all.extend(ended),
                Err(error) => tracing::warn!("nothing is learned from run {run}: could not {error}"),
            }
        }
        Ok((head, all))
    }

    fn found(&self, conn: &Connection, after: Seq, bounds: Bounds) -> Result<Vec<RunId>, JournalError> {
        let fail = |error| JournalError::database("read", &self.path, error);
        let sql = "SELECT run, octet_length(body), instr(body, '\"kind\":\"workflow_finished\"') + instr(body, '\"kind\":\"run_forgotten\"') \
                   FROM (SELECT seq, run, coalesce(payload, stand_in) AS body FROM events WHERE seq > ?1) ORDER BY seq DESC";
        let mut statement = conn.prepare_cached(sql).map_err(fail)?;
        let mut rows = statement.query(params![after.0.cast_signed()]).map_err(fail)?;
        let mut left = bounds.bytes;
        let mut runs: Vec<RunId> = Vec::new();
        while let Some(row) = rows.next().map_err(fail)? {
            let (run, size, ends): (Option<String>, Option<i64>, Option<i64>) =
                (row.get(0).map_err(fail)?, row.get(1).map_err(fail)?, row.get(2).map_err(fail)?);
            let Some(rest) = left.checked_sub(size.unwrap_or(0).unsigned_abs()) else { break };
            left = rest;
            if let Some(run) = run.filter(|_| ends.unwrap_or(0) > 0).map(RunId::new).filter(|run| !runs.contains(run)) {
                runs.push(run);
                if runs.len() == bounds.runs {
                    break;
                }
            }
        }
        Ok(runs)
    }

    fn size(&self, conn: &Connection, run: &RunId) -> Result<u64, JournalError> {
        let sql = "SELECT coalesce(sum(octet_length(coalesce(payload, stand_in))), 0) FROM events WHERE run = ?1";
        let size = conn.prepare_cached(sql).and_then(|mut it| it.query_row([run.as_str()], |row| row.get::<_, i64>(0)));
        size.map(i64::unsigned_abs).map_err(|error| JournalError::database("read", &self.path, error))
    }

    /// `None`: it is not at its end after all.
    fn folded(&self, conn: &Connection, run: &RunId, fold: Fold) -> Result<Option<Ended>, JournalError> {
        let events = entry::of_run(conn, &self.path, Link::genesis(&self.journal), run, Seq(0), u64::MAX)?;
        let mut state = State::new(self.journal.clone());
        for event in &events {
            if let Some(digest) = replay::names_plan(&event.fact) {
                replay::know_plan(conn, &self.path, &mut state, digest)?;
            }
            fold(&mut state, event);
        }
        let forgotten = events.iter().any(|event| matches!(event.fact, Fact::RunForgotten { .. }));
        let began = events.first().map_or(Seq(0), |event| event.seq);
        let workflow = state.runs.remove(run).filter(|workflow| workflow.state.is_finished());
        Ok(workflow.map(|workflow| Ended { workflow, began, forgotten }))
    }
}
