//! Ask a person, where one is there and nothing in the plan answers the failure.

use super::{Proposal, Situation, Way};
use crate::decision::Candidate;

/// Why nobody is asked: the plan says what is done then.
pub const BRANCH: &str = "the plan has a branch for its failure";

pub(super) fn propose(situation: &Situation<'_>) -> Proposal {
    let veto = if situation.has_failure_branch {
        Some(BRANCH.to_owned())
    } else if !situation.attended {
        Some("nobody attends this run".to_owned())
    } else if !situation.step.critical {
        Some("the step is non-critical".to_owned())
    } else {
        None
    };
    Proposal {
        way: Way::Escalate,
        candidate: Candidate {
            name: "escalate".to_owned(),
            reason: "critical, and no automatic way is left".to_owned(),
            helps: 400,
            costs: 300,
            veto,
        },
    }
}
