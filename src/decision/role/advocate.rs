//! Alternatives: which share of the steps has a way on when it fails.

use crate::decision::proposal::Proposal;
use crate::model::catalogue::Repeat;
use crate::model::plan::{Plan, Step, When};

use super::{Ballot, abstain, score, share};

pub fn vote(table: &[&Proposal]) -> Vec<Ballot> {
    if table.iter().all(|proposal| proposal.plan.steps.is_empty()) {
        return abstain(table, "no steps");
    }
    table
        .iter()
        .map(|proposal| {
            let plan = &*proposal.plan;
            let able = plan.steps.iter().filter(|step| has_way_on(plan, step)).count();
            score(share(able, plan.steps.len()), format!("{able} of {} steps can be repeated, undone or went around", plan.steps.len()))
        })
        .collect()
}

fn has_way_on(plan: &Plan, step: &Step) -> bool {
    let repeats = step.retry.limit > 0 && step.repeat != Repeat::AtMostOnce;
    let branch = || plan.steps.iter().flat_map(|other| &other.needs).any(|need| need.step == step.id && need.when != When::Success);
    repeats || step.compensation.is_some() || !step.critical || branch()
}
