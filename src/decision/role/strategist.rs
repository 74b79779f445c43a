//! Critical path: how long the longest chain takes against the quickest proposal of the same work.
//!
//! A plan that leaves something out is not a quicker one: where the operations differ there is nothing to compare.

use std::collections::BTreeMap;

use crate::decision::proposal::{Evidence, Proposal};
use crate::model::plan::Plan;

use super::{Ballot, abstain, score};

pub fn vote(table: &[&Proposal], evidence: &Evidence) -> Vec<Ballot> {
    if table.len() < 2 {
        return abstain(table, "there is nothing to compare with");
    }
    let work = |proposal: &&Proposal| {
        let mut operations: Vec<String> = proposal.plan.steps.iter().map(|step| step.operation.clone()).collect();
        operations.sort_unstable();
        operations
    };
    if table.iter().any(|one| work(one) != work(&table[0])) {
        return abstain(table, "they do different work");
    }
    let times: Option<Vec<u64>> = table.iter().map(|proposal| critical_path(&proposal.plan, evidence)).collect();
    let Some(times) = times else { return abstain(table, "it is not known how long every step takes") };
    let quickest = times.iter().min().copied().unwrap_or(0).max(1);
    let vote = |ms: u64| score(u32::try_from(quickest * 1_000 / ms.max(1)).unwrap_or(1_000), format!("its longest chain takes {ms} ms"));
    times.into_iter().map(vote).collect()
}

/// `None` where a duration is not known, or the steps go in a circle.
fn critical_path(plan: &Plan, evidence: &Evidence) -> Option<u64> {
    let at: BTreeMap<&str, usize> = plan.steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let mut ends: Vec<Option<u64>> = vec![None; plan.steps.len()];
    for _ in 0..plan.steps.len() {
        let mut changed = false;
        for (own, step) in plan.steps.iter().enumerate().filter(|(own, _)| ends[*own].is_none()).collect::<Vec<_>>() {
            let before: Option<Vec<u64>> = step.needs.iter().map(|need| ends[*at.get(need.step.as_str())?]).collect();
            if let Some(before) = before {
                ends[own] = Some(before.into_iter().max().unwrap_or(0) + evidence.expected.get(&step.operation)?.0);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    ends.into_iter().collect::<Option<Vec<u64>>>()?.into_iter().max()
}
