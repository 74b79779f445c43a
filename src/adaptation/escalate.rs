//! Ask a person, where one is there and nothing in the plan answers the failure.

use super::{Proposal, Situation, Way};
use crate::decision::Candidate;

pub(super) fn propose(situation: &Situation<'_>) -> Proposal {
    let veto = if !situation.attended {
        Some("nobody attends this run".to_owned())
    } else if situation.has_failure_branch {
        Some("the plan has a branch for its failure".to_owned())
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
