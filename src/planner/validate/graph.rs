//! Edges: known ends, no circle, nothing that can never run, and outputs read only from steps that come before.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::model::ids::StepId;
use crate::model::plan::{Join, Plan, Step, When};
use crate::model::problem::Problem;
use crate::planner::near;
use crate::planner::settle::references as references_of;

use super::Found;

pub type Steps = DiGraph<(), ()>;

pub fn check(plan: &Plan, places: &BTreeMap<&StepId, usize>, found: &mut Found) -> Steps {
    let mut graph = Steps::with_capacity(plan.steps.len(), plan.steps.len() * 2);
    for _ in &plan.steps {
        graph.add_node(());
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            if let Some(before) = places.get(&need.step) {
                graph.add_edge(NodeIndex::new(*before), NodeIndex::new(at), ());
            } else {
                let help = near::hint(need.step.as_str(), near_ids(plan));
                let field = format!(".needs.{}", need.step);
                found.field(at, &step.id, &field, "unknown_need", format!("needs unknown step `{}`", need.step), &help);
            }
        }
        never_runs(at, step, found);
    }
    if toposort(&graph, None).is_err() {
        let circle = circle(&graph, plan);
        let first = circle.first().and_then(|name| plan.steps.iter().position(|step| step.id.as_str() == name));
        let message = format!("the steps wait for each other: {}", circle.join(" -> "));
        let path = first.map_or_else(String::new, |at| format!("steps[{at}].needs"));
        found.put(first, Problem::new("plan", "cycle", message).help("remove one of these edges").inside(path));
    }
    graph
}

/// Ids for hints; a plan of 100,000 steps is not searched whole.
fn near_ids(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.steps.iter().take(2_000).map(|step| step.id.as_str())
}

/// Both the success and the failure of one step cannot come.
fn never_runs(at: usize, step: &Step, found: &mut Found) {
    if step.join == Join::Any || step.needs.len() < 2 {
        return;
    }
    let failures: Vec<&StepId> = step.needs.iter().filter(|need| need.when == When::Failure).map(|need| &need.step).collect();
    let both = step.needs.iter().find(|need| need.when == When::Success && failures.contains(&&need.step));
    if let Some(need) = both {
        let message = format!("waits for both the success and the failure of `{}`, so it can never run", need.step);
        found.step(at, &step.id, "unreachable", message, "use join = \"any\", or when = \"always\"");
    }
}

/// One shortest circle, its first step repeated at the end.
fn circle(graph: &Steps, plan: &Plan) -> Vec<String> {
    let name = |node: NodeIndex| plan.steps[node.index()].id.to_string();
    if let Some(edge) = graph.edge_indices().filter_map(|edge| graph.edge_endpoints(edge)).find(|(from, to)| from == to) {
        return vec![name(edge.0), name(edge.0)];
    }
    let Some(mut group) = tarjan_scc(graph).into_iter().filter(|group| group.len() > 1).min_by_key(|group| group.iter().min().copied())
    else {
        return Vec::new();
    };
    group.sort_unstable();
    let members: BTreeSet<NodeIndex> = group.iter().copied().collect();
    let start = group[0];
    let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = graph.neighbors(node).filter(|next| members.contains(next)).collect();
        next.sort_unstable();
        for to in next {
            if to == start {
                let mut path = vec![start, node];
                while let Some(before) = came_from.get(path.last().unwrap_or(&start)).copied() {
                    path.push(before);
                }
                if node == start {
                    path.truncate(1);
                    path.push(start);
                }
                path.reverse();
                path.push(start);
                path.dedup();
                return path.into_iter().take(20).map(name).collect();
            }
            if to != node && !came_from.contains_key(&to) {
                came_from.insert(to, node);
                queue.push_back(to);
            }
        }
    }
    Vec::new()
}

/// Every `${steps.ID.…}` reads a step that comes before, by an edge or a path of edges.
pub fn references(at: usize, step: &Step, plan: &Plan, places: &BTreeMap<&StepId, usize>, graph: &Steps, found: &mut Found) {
    let undo = step.compensation.iter().chain(step.probe.iter()).flat_map(|undo| undo.params.values());
    let list = step.for_each.iter().map(|each| &each.list);
    let read: BTreeSet<String> = step.params.values().chain(undo).chain(list).flat_map(references_of).collect();
    for name in read {
        let id = StepId::new(&name);
        let Some(before) = places.get(&id) else {
            found.field(
                at,
                &step.id,
                &format!(".reads.{name}"),
                "unknown_reference",
                format!("reads the output of unknown step `{name}`"),
                &near::hint(&name, near_ids(plan)),
            );
            continue;
        };
        let own = id == step.id && step.compensation.is_some();
        if !own && !precedes(graph, *before, at) {
            found.field(
                at,
                &step.id,
                &format!(".reads.{name}"),
                "late_reference",
                format!("reads the output of `{name}`, which does not come before it"),
                &format!("add `{name}` to its needs"),
            );
        }
    }
}

fn precedes(graph: &Steps, before: usize, at: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut todo = vec![NodeIndex::new(at)];
    while let Some(node) = todo.pop() {
        for up in graph.neighbors_directed(node, petgraph::Direction::Incoming) {
            if up.index() == before {
                return true;
            }
            if seen.insert(up) {
                todo.push(up);
            }
        }
    }
    false
}
