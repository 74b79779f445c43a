//! A deadline passed. Judged by its id: one that was called off in the meantime does nothing.

use super::super::turn::{Draft, Handled};
use crate::model::command::{Refusal, RefusalCode};
use crate::model::effect::Role;
use crate::model::event::Fact;
use crate::model::ids::TimerId;
use crate::model::state::{State, TimerKind};
use crate::model::step_state::WorkflowState;

pub(super) fn handle(state: &State, timer: &TimerId) -> Result<Handled, Refusal> {
    let Some(found) = state.timers.get(timer) else {
        return Err(Refusal::new(RefusalCode::NotFound, format!("timer {timer} was called off")));
    };
    let requeue = |why: &str| {
        let fact = Fact::StepRequeued { why: why.to_owned(), role: Role::Main, raised: false };
        found.step.map(|ix| vec![Draft::step(&found.run, ix, fact)]).unwrap_or_default()
    };
    Ok(Handled::of(match &found.kind {
        TimerKind::Backoff => requeue("the backoff is over"),
        TimerKind::Hold => requeue("the hold is over"),
        TimerKind::ApprovalExpiry(request) => {
            let rejected = Fact::Rejected { request: Some(request.clone()), reason: "the request expired".to_owned() };
            let state = WorkflowState::Cancelled;
            let finished = Fact::WorkflowFinished { state, verdict: None, lost: Vec::new(), unknown: Vec::new() };
            vec![Draft::run(&found.run, rejected), Draft::run(&found.run, finished)]
        }
    }))
}
