//! Risk: what every change could cost, more where it cannot be repeated and most where no word asks for it.

use crate::decision::proposal::{Evidence, Proposal};
use crate::model::catalogue::{EffectClass, Repeat};
use crate::model::plan::Step;

use super::{Ballot, abstain, score};

/// Nobody asked for this change.
const UNASKED: u32 = 300;

pub fn vote(table: &[&Proposal], evidence: &Evidence) -> Vec<Ballot> {
    if table.iter().all(|proposal| proposal.plan.worst_effect() == EffectClass::Read) {
        return abstain(table, "nothing is changed by any of them");
    }
    table
        .iter()
        .map(|proposal| {
            let steps = &proposal.plan.steps;
            let points: u32 = steps.iter().map(|step| points(step, evidence)).sum();
            let unasked: Vec<&str> = steps.iter().filter(|step| is_unasked(step, evidence)).map(|step| step.id.as_str()).collect();
            let rest = if unasked.is_empty() { String::new() } else { format!("; no word asks for {}", unasked.join(", ")) };
            score(1_000_u32.saturating_sub(points), format!("risk {points} of 1000{rest}"))
        })
        .collect()
}

fn points(step: &Step, evidence: &Evidence) -> u32 {
    let base = match step.effect {
        EffectClass::Read => return 0,
        EffectClass::Mutate => 30,
        EffectClass::Destroy => 120,
    };
    let once = if step.repeat == Repeat::AtMostOnce { base } else { 0 };
    let undone = if step.compensation.is_some() { base / 2 } else { 0 };
    base + once - undone + if is_unasked(step, evidence) { UNASKED } else { 0 }
}

fn is_unasked(step: &Step, evidence: &Evidence) -> bool {
    let asked = || evidence.words.iter().any(|word| word.operations.contains(&step.operation));
    step.effect != EffectClass::Read && !evidence.words.is_empty() && !asked()
}
