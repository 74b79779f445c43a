//! No new step against a target until it is thawed; what runs goes on.

use super::super::turn::{Draft, Handled};
use crate::model::command::{Refusal, RefusalCode};
use crate::model::event::Fact;
use crate::model::state::State;

pub(super) fn freeze(state: &State, target: &str, reason: &str) -> Result<Handled, Refusal> {
    if state.frozen.contains_key(target) {
        return Err(Refusal::new(RefusalCode::WrongState, format!("{target} is frozen already")));
    }
    Ok(Handled::of(vec![Draft::engine(Fact::TargetFrozen { target: target.to_owned(), reason: reason.to_owned() })]))
}

pub(super) fn thaw(state: &State, target: &str) -> Result<Handled, Refusal> {
    if !state.frozen.contains_key(target) {
        return Err(Refusal::new(RefusalCode::WrongState, format!("{target} is not frozen")));
    }
    Ok(Handled::of(vec![Draft::engine(Fact::TargetThawed { target: target.to_owned() })]))
}
