//! History: how the plan, or else the operations it is made of, ended before.

use crate::decision::proposal::{Evidence, Proposal, Record};

use super::{Ballot, abstain, score};

pub fn vote(table: &[&Proposal], evidence: &Evidence) -> Vec<Ballot> {
    let known = |proposal: &&Proposal| {
        let of_steps =
            || proposal.plan.steps.iter().any(|step| evidence.history.get(&step.operation).is_some_and(|record| record.runs > 0));
        proposal.record.is_some_and(|record| record.runs > 0) || of_steps()
    };
    if !table.iter().any(known) {
        return abstain(table, "nothing like it ran before");
    }
    table.iter().map(|proposal| past(proposal, evidence)).collect()
}

fn past(proposal: &Proposal, evidence: &Evidence) -> Ballot {
    if let Some(record) = proposal.record.filter(|record| record.runs > 0) {
        return score(record.odds(), format!("it ended well {} of {} times", record.succeeded, record.runs));
    }
    // The weakest step decides, as it would in a run.
    let records = proposal.plan.steps.iter().map(|step| (step, evidence.history.get(&step.operation).copied().unwrap_or_default()));
    let Some((step, weakest)) = records.min_by_key(|(_, record): &(_, Record)| record.odds()) else { return score(0, "no steps") };
    score(weakest.odds(), format!("{} ended well {} of {} times", step.operation, weakest.succeeded, weakest.runs))
}
