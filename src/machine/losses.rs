//! What a run loses when a step is skipped: computed from the graph, never guessed.
//!
//! A person's skip satisfies `success` edges; what reads the missing output is skipped with it, and what depends on those
//! by `success` cannot be reached any more.

use std::collections::BTreeSet;

use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{Join, NeedKind, When};
use crate::model::state::Workflow;

/// Unsettled steps that would not run, in plan order.
pub fn losses(workflow: &Workflow, graph: &Graph, skipped: StepIx) -> Vec<StepIx> {
    let settled = |ix: StepIx| workflow.steps.get(ix.at()).is_none_or(|record| record.state.is_settled());
    let mut lost: BTreeSet<StepIx> = BTreeSet::new();
    let mut open = vec![skipped];
    while let Some(from) = open.pop() {
        for next in &graph.dependents[from.at()] {
            if !settled(*next) && !lost.contains(next) && is_lost(graph, *next, skipped, &lost) {
                lost.insert(*next);
                open.push(*next);
            }
        }
    }
    lost.into_iter().collect()
}

fn is_lost(graph: &Graph, ix: StepIx, skipped: StepIx, lost: &BTreeSet<StepIx>) -> bool {
    let needs = &graph.needs[ix.at()];
    let reads_missing = needs.iter().any(|edge| edge.kind == NeedKind::Data && (edge.from == skipped || lost.contains(&edge.from)));
    let never = |edge: &crate::model::graph::Edge| match edge.when {
        When::Success => lost.contains(&edge.from),
        When::Failure => edge.from == skipped || lost.contains(&edge.from),
        When::Always => false,
    };
    let unreachable = match graph.step(ix).join {
        Join::All => needs.iter().any(never),
        Join::Any => needs.iter().all(never),
    };
    reads_missing || unreachable
}
