//! Constraint checks: a plan with a problem must not be chosen; what it looks like without is the validator's whole opinion.

use crate::decision::proposal::Proposal;

use super::{Ballot, score};

pub fn vote(table: &[&Proposal]) -> Vec<Ballot> {
    table
        .iter()
        .map(|proposal| match proposal.problems.as_slice() {
            [] if proposal.plan.steps.is_empty() => Ballot { veto: Some("it has no steps".to_owned()), ..score(0, "no steps") },
            [] => score(1_000, "every check of the validator holds"),
            [first, ..] => {
                let reason = format!("{} problems: {}", proposal.problems.len(), first.message);
                Ballot { veto: Some(reason.clone()), ..score(0, reason) }
            }
        })
        .collect()
}
