//! Safety: a change of something that nobody named is vetoed; else the share of changes that a person sees, or that are undone.

use crate::decision::proposal::{Evidence, Origin, Proposal};
use crate::model::catalogue::EffectClass;
use crate::model::plan::Step;

use super::{Ballot, abstain, score, share};

pub fn vote(table: &[&Proposal], evidence: &Evidence) -> Vec<Ballot> {
    let changes = |proposal: &&Proposal| proposal.plan.worst_effect() != EffectClass::Read;
    let ballots =
        if table.iter().any(changes) { table.iter().map(|one| shown(one)).collect() } else { abstain(table, "nothing is changed") };
    ballots.into_iter().zip(table).map(|(ballot, one)| Ballot { veto: unnamed(one, evidence), ..ballot }).collect()
}

fn shown(proposal: &Proposal) -> Ballot {
    let changing: Vec<&Step> = proposal.plan.steps.iter().filter(|step| step.effect != EffectClass::Read).collect();
    let held = changing.iter().filter(|step| step.approval || step.low_risk || step.compensation.is_some()).count();
    score(share(held, changing.len()), format!("{held} of {} changes are asked about first, of low risk, or can be undone", changing.len()))
}

/// Our own planner takes targets from the operator's words only; others are held to them here.
fn unnamed(proposal: &Proposal, evidence: &Evidence) -> Option<String> {
    if proposal.origin == Origin::Embedded {
        return None;
    }
    let changing = proposal.plan.steps.iter().filter(|step| step.effect != EffectClass::Read);
    changing
        .filter_map(|step| Some((step, step.target()?)))
        .find(|(_, target)| target.contains("${") || !evidence.said.contains(&target.to_lowercase()))
        .map(|(step, target)| format!("{} would change `{target}`, which nobody named", step.operation))
}
