//! What came of it -> the exit code that scripts rely on. The one place with these numbers.

use std::process::ExitCode;

use crate::engine::handle::Reply;
use crate::model::command::RefusalCode;
use crate::model::outcome::PlanOutcome;
use crate::model::state::Workflow;
use crate::model::step_state::{StepState, WorkflowState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// The run failed or only partially succeeded.
    RunFailed = 1,
    /// Wrong usage or an invalid file.
    Invalid = 2,
    /// The intent needs an answer first.
    Clarify = 3,
    Refused = 4,
    /// Rejected or cancelled.
    Cancelled = 5,
    /// A person must decide, and nobody is there to.
    Waits = 6,
    OutcomeUnknown = 7,
    /// The journal cannot be used (`EX_IOERR`).
    Journal = 74,
    /// No engine can be reached (`EX_TEMPFAIL`).
    Unreachable = 75,
}

impl Exit {
    pub fn of_reply(reply: &Reply) -> Self {
        match reply {
            Reply::Accepted { .. } => Self::Done,
            Reply::Refused(refusal) => match refusal.code {
                RefusalCode::Unavailable => Self::Journal,
                RefusalCode::NotFound | RefusalCode::WrongState | RefusalCode::Stale | RefusalCode::Denied | RefusalCode::Invalid => {
                    Self::Refused
                }
            },
            // It may be on disk or not: the journal is in doubt.
            Reply::Unknown { .. } => Self::Journal,
            Reply::Gone => Self::Unreachable,
        }
    }

    pub fn of_outcome(outcome: &PlanOutcome) -> Self {
        match outcome {
            PlanOutcome::Plan { .. } => Self::Done,
            PlanOutcome::Clarify { .. } => Self::Clarify,
            PlanOutcome::Refuse { .. } => Self::Refused,
        }
    }

    /// `None`: the run still moves by itself.
    pub fn of_run(run: &Workflow) -> Option<Self> {
        if !run.state.is_finished() && !run.waits_for_person() {
            return None;
        }
        if run.steps.iter().any(|record| record.state == StepState::OutcomeUnknown) {
            return Some(Self::OutcomeUnknown);
        }
        Some(match run.state {
            WorkflowState::Succeeded => Self::Done,
            WorkflowState::PartiallySucceeded | WorkflowState::Failed => Self::RunFailed,
            WorkflowState::Cancelled => Self::Cancelled,
            WorkflowState::Draft
            | WorkflowState::AwaitingApproval
            | WorkflowState::Running
            | WorkflowState::Pausing
            | WorkflowState::Paused
            | WorkflowState::Adapting
            | WorkflowState::Cancelling => Self::Waits,
        })
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Refusal;

    #[test]
    fn numbers_never_change() {
        let all = [
            (Exit::Done, 0),
            (Exit::RunFailed, 1),
            (Exit::Invalid, 2),
            (Exit::Clarify, 3),
            (Exit::Refused, 4),
            (Exit::Cancelled, 5),
            (Exit::Waits, 6),
            (Exit::OutcomeUnknown, 7),
            (Exit::Journal, 74),
            (Exit::Unreachable, 75),
        ];
        for (exit, number) in all {
            assert_eq!(exit as u8, number);
        }
    }

    #[test]
    fn replies_have_their_codes() {
        for (reply, exit) in [
            (Reply::Refused(Refusal::new(RefusalCode::Stale, "late")), Exit::Refused),
            (Reply::Refused(Refusal::new(RefusalCode::Unavailable, "disk full")), Exit::Journal),
            (Reply::Unknown { cmd_id: "c".into() }, Exit::Journal),
            (Reply::Gone, Exit::Unreachable),
        ] {
            assert_eq!(Exit::of_reply(&reply), exit);
        }
    }
}
