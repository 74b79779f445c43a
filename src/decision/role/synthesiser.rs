//! Agreement: how much a plan has in common with the other proposals, by its operations and its labelled edges.

use std::collections::BTreeMap;

use crate::decision::proposal::Proposal;
use crate::model::plan::{Plan, When};

use super::{Ballot, abstain, score};

pub fn vote(table: &[&Proposal]) -> Vec<Ballot> {
    if table.len() < 2 {
        return abstain(table, "there is nothing to agree with");
    }
    let parts: Vec<Parts<'_>> = table.iter().map(|proposal| Parts::of(&proposal.plan)).collect();
    let others = u32::try_from(table.len() - 1).unwrap_or(u32::MAX);
    parts
        .iter()
        .enumerate()
        .map(|(at, own)| {
            let total: u32 = parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| own.likeness(other)).sum();
            score(total / others, format!("shares {} of 1000 with {others} other proposals on average", total / others))
        })
        .collect()
}

type Bag<T> = BTreeMap<T, u32>;

struct Parts<'a> {
    nodes: Bag<&'a str>,
    edges: Bag<(&'a str, &'a str, When)>,
}

impl<'a> Parts<'a> {
    fn of(plan: &'a Plan) -> Self {
        let names: BTreeMap<&str, &str> = plan.steps.iter().map(|step| (step.id.as_str(), step.operation.as_str())).collect();
        let (mut nodes, mut edges) = (Bag::new(), Bag::new());
        for step in &plan.steps {
            *nodes.entry(step.operation.as_str()).or_insert(0) += 1;
            for need in &step.needs {
                let from = names.get(need.step.as_str()).copied().unwrap_or_default();
                *edges.entry((from, step.operation.as_str(), need.when)).or_insert(0) += 1;
            }
        }
        Self { nodes, edges }
    }

    /// Mean of node-F1 and edge-F1, in thousandths.
    fn likeness(&self, other: &Self) -> u32 {
        u32::midpoint(f1(&self.nodes, &other.nodes), f1(&self.edges, &other.edges))
    }
}

fn f1<T: Ord>(one: &Bag<T>, other: &Bag<T>) -> u32 {
    let both: u32 = one.iter().map(|(key, count)| other.get(key).map_or(0, |also| *count.min(also))).sum();
    let all: u32 = one.values().sum::<u32>() + other.values().sum::<u32>();
    (2_000 * both).checked_div(all).unwrap_or(1_000)
}
