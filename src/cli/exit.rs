//! What the process says of itself at its end.

use crate::model::command::{Refusal, RefusalCode};
use crate::model::state::Workflow;
use crate::model::step_state::{StepState, WorkflowState};
use crate::model::verdict::Health;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// The run failed, only partially succeeded, or found something FAILING.
    Failed = 1,
    /// Wrong usage or an invalid file.
    Usage = 2,
    Clarify = 3,
    Refused = 4,
    /// Rejected or cancelled.
    Cancelled = 5,
    /// Waits for a decision and nobody is there.
    Waits = 6,
    OutcomeUnknown = 7,
    JournalUnusable = 74,
    Unreachable = 75,
    /// Left by Ctrl-C; nothing was cancelled.
    Interrupted = 130,
}

impl Exit {
    pub fn of_run(run: &Workflow) -> Self {
        if run.steps.iter().any(|record| record.state == StepState::OutcomeUnknown) {
            return Self::OutcomeUnknown;
        }
        match run.state {
            // Every step was done, and what was looked at is not well: a script must see it.
            WorkflowState::Succeeded if run.verdict == Some(Health::Failing) => Self::Failed,
            WorkflowState::Succeeded => Self::Done,
            WorkflowState::PartiallySucceeded | WorkflowState::Failed => Self::Failed,
            WorkflowState::Cancelled => Self::Cancelled,
            WorkflowState::Draft
            | WorkflowState::AwaitingApproval
            | WorkflowState::Running
            | WorkflowState::Pausing
            | WorkflowState::Paused
            | WorkflowState::Adapting
            | WorkflowState::Cancelling => Self::Waits,
        }
    }

    pub fn of_refusal(refusal: &Refusal) -> Self {
        match refusal.code {
            RefusalCode::NotFound | RefusalCode::Invalid => Self::Usage,
            RefusalCode::WrongState | RefusalCode::Stale | RefusalCode::Denied => Self::Refused,
            RefusalCode::Unavailable => Self::JournalUnusable,
        }
    }

    /// The one to report where several runs ended differently.
    pub fn worse(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Done => 0,
            Self::Cancelled => 1,
            Self::Failed => 2,
            Self::Waits => 3,
            Self::OutcomeUnknown => 4,
            Self::Usage | Self::Clarify | Self::Refused | Self::Interrupted => 5,
            Self::Unreachable => 6,
            Self::JournalUnusable => 7,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let all = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::Clarify, 3),
            (Exit::Refused, 4),
            (Exit::Cancelled, 5),
            (Exit::Waits, 6),
            (Exit::OutcomeUnknown, 7),
            (Exit::JournalUnusable, 74),
            (Exit::Unreachable, 75),
            (Exit::Interrupted, 130),
        ];
        for (exit, number) in all {
            assert_eq!(exit as u8, number);
        }
    }

    #[test]
    fn the_worst_end_is_told() {
        for (one, other, told) in [
            (Exit::Done, Exit::Failed, Exit::Failed),
            (Exit::OutcomeUnknown, Exit::Failed, Exit::OutcomeUnknown),
            (Exit::Waits, Exit::JournalUnusable, Exit::JournalUnusable),
        ] {
            assert_eq!((one.worse(other), other.worse(one)), (told, told));
        }
    }
}
