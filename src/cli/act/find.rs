//! What people type of a run, a step or a digest -> the one that they mean.

use std::path::Path;

use super::Trouble;
use crate::cli::exit::Exit;
use crate::journal::{JournalError, Reader, holder};
use crate::machine::apply;
use crate::model::digest::Digest;
use crate::model::ids::{RunId, StepId};
use crate::model::state::{State, Workflow};

/// The journal's state, read without its lock; an empty one where nothing was ever run.
pub fn state(dir: &Path) -> Result<State, Trouble> {
    match Reader::open(dir) {
        Ok(reader) => {
            let mut state = reader.state(apply)?;
            // An engine that was killed could not say so: what nobody carries on may not look as if it ran.
            if state.engine_live && matches!(holder(dir), Ok(None)) {
                state.runs.values_mut().filter(|run| !run.state.is_finished()).for_each(|run| run.parked = true);
            }
            Ok(state)
        }
        Err(JournalError::Missing { .. }) => Ok(State::new("none".into())),
        Err(error) => Err(error.into()),
    }
}

/// A whole id, an unambiguous beginning of one, or `last`.
pub fn run<'a>(state: &'a State, text: &str) -> Result<&'a Workflow, Trouble> {
    if text == "last"
        && let Some(newest) = state.runs.values().max_by_key(|run| run.order)
    {
        return Ok(newest);
    }
    if let Some(exact) = state.runs.get(&RunId::new(text)) {
        return Ok(exact);
    }
    let mut matching = state.runs.values().filter(|run| !text.is_empty() && run.run.as_str().starts_with(text));
    match (matching.next(), matching.next()) {
        (Some(run), None) => Ok(run),
        (Some(_), Some(_)) => Err(Trouble::new(Exit::Usage, format!("more than one run begins with `{text}`; say more of it"))),
        (None, _) => Err(Trouble::new(Exit::Usage, format!("there is no run `{text}`; `ouioe runs` lists them"))),
    }
}

/// A step of the run; the only open question's where none is named.
pub fn step(run: &Workflow, text: Option<&str>) -> Result<StepId, Trouble> {
    let graph = run.graph().ok_or_else(|| Trouble::new(Exit::JournalUnusable, format!("the plan of run {} is gone", run.run)))?;
    let Some(text) = text else {
        let mut asked = run.questions.values().filter_map(|open| open.step);
        return match (asked.next(), asked.next()) {
            (Some(ix), None) => Ok(graph.step(ix).id.clone()),
            _ => Err(Trouble::new(Exit::Usage, format!("say which step of run {}; `ouioe show {}` lists them", run.run, run.run))),
        };
    };
    let id = StepId::new(text);
    if graph.ix(&id).is_some() {
        return Ok(id);
    }
    Err(Trouble::new(Exit::Usage, format!("run {} has no step `{text}`; `ouioe show {}` lists them", run.run, run.run)))
}

/// At least eight digits of a digest that was shown.
pub fn digest(typed: &str, actual: &Digest) -> Result<Digest, Trouble> {
    let typed = typed.to_ascii_lowercase();
    if typed.len() < 8 || !typed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Trouble::new(Exit::Usage, format!("`{typed}` is no digest; give at least the eight digits that were shown")));
    }
    if actual.to_string().starts_with(&typed) {
        return Ok(*actual);
    }
    let what = format!("what waits is {}, not {typed}; look at it again with `ouioe show`", actual.short());
    Err(Trouble::new(Exit::Refused, what))
}
