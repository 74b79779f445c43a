//! Snapshot + tail -> the state, with the plans that its runs follow.
//!
//! One read transaction, so it is a state that really was. Everything that is read is checked against the chain, and the end against the head.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::chain::{self, Link};
use super::database;
use super::entry;
use super::error::JournalError;
use super::snapshot;
use crate::model::digest::Digest;
use crate::model::event::{Event, Fact};
use crate::model::graph::Graph;
use crate::model::plan::Plan;
use crate::model::state::State;
use crate::policy::digest::plan_digest;

/// Takes one event into the state; `machine::apply`.
pub type Fold = fn(&mut State, &Event);

/// The state after the last event, and the chain's end.
pub fn load(conn: &Connection, path: &Path, fold: Fold) -> Result<(State, Link), JournalError> {
    let tx = conn.unchecked_transaction().map_err(|error| JournalError::database("read", path, error))?;
    let meta = database::read_meta(&tx, path)?;
    let head = database::read_head(&tx, path)?;
    let (mut state, from) = snapshot::newest(&tx, path, &meta.journal)?;
    attach_plans(&tx, path, &mut state)?;
    let link = entry::walk(&tx, path, from, u64::MAX, |entry, _| {
        let event = entry.event(path)?;
        if let Some(digest) = names_plan(&event.fact) {
            know_plan(&tx, path, &mut state, digest)?;
        }
        fold(&mut state, &event);
        Ok(())
    })?;
    if link != head.link {
        return Err(ends_elsewhere(path, &link, &head.link));
    }
    Ok((state, link))
}

pub fn ends_elsewhere(path: &Path, found: &Link, head: &Link) -> JournalError {
    let why = format!("the journal ends at {}, its head says {}", found.seq, head.seq);
    JournalError::BadEntry { path: path.to_owned(), seq: found.seq.min(head.seq).next(), why }
}

/// The plan whose body must be known before this fact is folded.
pub(super) fn names_plan(fact: &Fact) -> Option<&Digest> {
    if let Fact::PlanProposed { digest, .. } | Fact::PlanRevised { digest, .. } = fact { Some(digest) } else { None }
}

/// Gives the runs of a snapshot their plans.
fn attach_plans(conn: &Connection, path: &Path, state: &mut State) -> Result<(), JournalError> {
    let wanted: Vec<Digest> = state.runs.values().map(|run| run.digest).collect();
    for digest in &wanted {
        know_plan(conn, path, state, digest)?;
    }
    let State { runs, plans, .. } = state;
    for run in runs.values_mut() {
        if let Some(graph) = plans.get(&run.digest) {
            run.attach(graph);
        }
    }
    Ok(())
}

/// Straight into the index: `State::know_plan` looks at every run, which would make a start quadratic.
pub(super) fn know_plan(conn: &Connection, path: &Path, state: &mut State, digest: &Digest) -> Result<(), JournalError> {
    if !state.plans.contains_key(digest) {
        state.plans.insert(*digest, Arc::new(Graph::of(Arc::new(read_plan(conn, path, digest)?))));
    }
    Ok(())
}

/// Checked: these bytes were written, and the plan in them is the one that its digest names.
pub fn read_plan(conn: &Connection, path: &Path, digest: &Digest) -> Result<Plan, JournalError> {
    let fail = |error| JournalError::database("read", path, error);
    let bad = |why: &str| JournalError::BadPlan { path: path.to_owned(), digest: *digest, why: why.to_owned() };
    let mut statement = conn.prepare_cached("SELECT body, body_hash FROM plans WHERE digest = ?1").map_err(fail)?;
    let found = statement.query_row([digest.0], |row| Ok((row.get_ref(0)?.as_bytes()?.to_vec(), database::digest(row, 1)?)));
    let (body, hash) = found.optional().map_err(fail)?.ok_or_else(|| bad("its body is not there"))?;
    if chain::payload_hash(&body) != hash {
        return Err(bad("its body was altered"));
    }
    let plan: Plan = serde_json::from_slice(&body).map_err(|error| bad(&format!("this build does not understand it ({error})")))?;
    if plan.digest != *digest || plan_digest(&plan) != *digest {
        return Err(bad("its body is another plan"));
    }
    Ok(plan)
}
