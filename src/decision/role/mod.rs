//! The eight roles, one file each: proposals + evidence -> a vote on every proposal.
//!
//! A role votes on all proposals or abstains on all, so that means are comparable; only a veto may stand alone.

mod advocate;
mod analyst;
mod critic;
mod ethicist;
mod pragmatist;
mod strategist;
mod synthesiser;
mod validator;

use crate::model::why::{Role, Vote};

use super::proposal::{Evidence, Proposal};

pub const ROLES: [Role; 8] =
    [Role::Analyst, Role::Advocate, Role::Critic, Role::Synthesiser, Role::Validator, Role::Strategist, Role::Ethicist, Role::Pragmatist];

/// What the operator said counts most, what could merely be faster least.
pub fn weight(role: Role) -> u32 {
    match role {
        Role::Analyst => 4,
        Role::Critic | Role::Validator | Role::Ethicist | Role::Pragmatist => 2,
        Role::Advocate | Role::Synthesiser | Role::Strategist => 1,
    }
}

/// One vote for each proposal of the table, in its order.
pub fn votes(role: Role, table: &[&Proposal], evidence: &Evidence) -> Vec<Vote> {
    let ballots = match role {
        Role::Analyst => analyst::vote(table, evidence),
        Role::Advocate => advocate::vote(table),
        Role::Critic => critic::vote(table, evidence),
        Role::Synthesiser => synthesiser::vote(table),
        Role::Validator => validator::vote(table),
        Role::Strategist => strategist::vote(table, evidence),
        Role::Ethicist => ethicist::vote(table, evidence),
        Role::Pragmatist => pragmatist::vote(table, evidence),
    };
    ballots
        .into_iter()
        .map(|one| Vote { role, score: one.score.map(|score| score.min(1_000)), veto: one.veto, reason: one.reason })
        .collect()
}

/// A vote before it has its role's name on it.
#[derive(Clone, Debug)]
struct Ballot {
    score: Option<u32>,
    veto: Option<String>,
    reason: String,
}

fn score(score: u32, reason: impl Into<String>) -> Ballot {
    Ballot { score: Some(score), veto: None, reason: reason.into() }
}

/// On every proposal.
fn abstain(table: &[&Proposal], reason: &str) -> Vec<Ballot> {
    table.iter().map(|_| Ballot { score: None, veto: None, reason: reason.to_owned() }).collect()
}

/// In thousandths; nothing of nothing is all of it.
fn share(part: usize, whole: usize) -> u32 {
    u32::try_from(part * 1_000).ok().zip(u32::try_from(whole).ok()).and_then(|(part, whole)| part.checked_div(whole)).unwrap_or(1_000)
}
