//! Operator's words -> the operations that a model may choose from, likeliest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue::Operation;
use crate::model::outcome::PlanOutcome;
use crate::planner::ask::{Ask, World};
use crate::planner::pipeline::prepared;
use crate::planner::score::Query;
use crate::planner::segment::segment;

/// More would make the prompt long and help no model choose.
pub const MOST: usize = 30;
/// Taken of each clause before the whole text is looked at.
const OF_CLAUSE: usize = 6;

/// Free shell text comes from an operator's quotes and never from a model.
const NEVER: &str = "host.run_command";

/// What the standing plan uses, then the best of each clause, then of the whole text, then of each service in turn.
/// `Err`: the text is one that nobody may plan from.
pub fn candidates(ask: &Ask, standing: &PlanOutcome, world: &World<'_>) -> Result<Vec<Arc<Operation>>, String> {
    let words = prepared(ask, world).map_err(|stop| match *stop {
        PlanOutcome::Refuse { reason, .. } => reason,
        PlanOutcome::Clarify { question, .. } => question,
        PlanOutcome::Plan { .. } => "the text is not planned from".to_owned(),
    })?;
    let standing: Vec<&str> = match standing {
        PlanOutcome::Plan { plan, .. } => plan.steps.iter().map(|step| step.operation.as_str()).collect(),
        PlanOutcome::Refuse { nearest, .. } => nearest.iter().map(String::as_str).collect(),
        PlanOutcome::Clarify { .. } => Vec::new(),
    };
    let index = &world.index;
    let mut order: Vec<usize> = Vec::new();
    let mut put = |at: usize| {
        if !order.contains(&at) && index.operations[at].name != NEVER {
            order.push(at);
        }
    };
    standing.into_iter().filter_map(|name| index.operations.iter().position(|one| one.name == name)).for_each(&mut put);
    for clause in segment(&words, index) {
        Query::of(&clause.tokens, index, None).rank(index).iter().take(OF_CLAUSE).for_each(|score| put(score.operation));
    }
    Query::of(&words, index, None).rank(index).iter().for_each(|score| put(score.operation));
    in_turn(&index.operations).into_iter().for_each(put);
    Ok(order.into_iter().take(MOST).map(|at| Arc::clone(&index.operations[at])).collect())
}

/// The first of each service, then the second of each: odd words may mean any of them.
fn in_turn(operations: &[Arc<Operation>]) -> Vec<usize> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(operations.len());
    for (at, operation) in operations.iter().enumerate() {
        let count = seen.entry(operation.service()).or_insert(0);
        places.push((*count, at));
        *count += 1;
    }
    places.sort_unstable();
    places.into_iter().map(|(_, at)| at).collect()
}
