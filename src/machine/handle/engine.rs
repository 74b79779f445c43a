//! An engine took the journal.

use super::super::turn::{Draft, Handled};
use crate::model::command::{Refusal, RefusalCode};
use crate::model::event::Fact;
use crate::model::ids::Epoch;
use crate::model::state::State;

pub(super) fn started(state: &State, epoch: Epoch, pid: u32, version: &str) -> Result<Handled, Refusal> {
    if epoch <= state.epoch {
        let why = format!("epoch {epoch} is over: the journal is at {}", state.epoch);
        return Err(Refusal::new(RefusalCode::Stale, why));
    }
    Ok(Handled::of(vec![Draft::engine(Fact::EngineStarted { epoch, pid, version: version.to_owned() })]))
}
