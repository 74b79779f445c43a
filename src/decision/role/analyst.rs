//! Coverage: which share of the content words the plan explains, by its operations or its values.

use crate::decision::proposal::{Evidence, Proposal, Word};

use super::{Ballot, abstain, score, share};

pub fn vote(table: &[&Proposal], evidence: &Evidence) -> Vec<Ballot> {
    if evidence.words.is_empty() {
        return abstain(table, "there are no words to explain");
    }
    table.iter().map(|proposal| covers(proposal, evidence)).collect()
}

fn covers(proposal: &Proposal, evidence: &Evidence) -> Ballot {
    let lost: Vec<&str> = evidence.words.iter().filter(|word| !explains(proposal, word)).map(|word| word.text.as_str()).collect();
    let (all, known) = (evidence.words.len(), evidence.words.len() - lost.len());
    let rest = if lost.is_empty() { String::new() } else { format!("; unexplained: {}", lost.join(", ")) };
    score(share(known, all), format!("explains {known} of {all} words{rest}"))
}

fn explains(proposal: &Proposal, word: &Word) -> bool {
    let valued = |text: &str| text.to_lowercase().contains(&word.text.to_lowercase());
    proposal.plan.steps.iter().any(|step| {
        word.operations.contains(&step.operation)
            || step.params.values().any(|value| value.as_str().map_or_else(|| valued(&value.to_string()), valued))
    })
}
