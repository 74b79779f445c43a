//! A finished run is no lesson any more. What happened stays in the journal; only planning looks away.

use super::{workflow, wrong_run};
use crate::machine::turn::{Draft, Handled};
use crate::model::command::Refusal;
use crate::model::event::Fact;
use crate::model::ids::RunId;
use crate::model::state::State;

/// Said twice, it stands twice in the record and means the same.
pub fn handle(state: &State, run: &RunId, reason: &str) -> Result<Handled, Refusal> {
    let (found, _) = workflow(state, run)?;
    if !found.state.is_finished() {
        return Err(wrong_run(found, "nothing was learned from it yet; forget it when it is finished"));
    }
    Ok(Handled::of(vec![Draft::run(run, Fact::RunForgotten { reason: reason.to_owned() })]))
}
