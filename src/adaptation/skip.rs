//! Go on without a step that the plan calls non-critical.

use super::{Proposal, Situation, Way};
use crate::decision::Candidate;

pub(super) fn propose(situation: &Situation<'_>) -> Proposal {
    let veto = if situation.step.critical {
        Some("the step is critical".to_owned())
    } else if situation.has_failure_branch {
        Some("the plan has a branch for its failure".to_owned())
    } else {
        None
    };
    Proposal {
        way: Way::Skip,
        candidate: Candidate {
            name: "skip".to_owned(),
            reason: format!("non-critical; {} dependents go on without it", situation.dependents),
            helps: 500,
            costs: 250,
            veto,
        },
    }
}
