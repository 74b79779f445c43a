//! Plan -> the same work in fewer edges and a better order: every order that was written still holds.
//!
//! Equal reads become one, an edge that others imply goes, and where there are more steps than slots the steps stand in the
//! order in which a run should take them: the engine serves a queue in plan order.
//!
//! Upward rank: HEFT (Topcuoglu et al., 2002). An edge is implied only through steps whose success proves it, and edges
//! into a step that changes something stay: a person may skip what stands between.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::catalogue::EffectClass;
use crate::model::ids::StepId;
use crate::model::plan::{Join, Need, NeedKind, Plan, Step, When};
use crate::model::time::Millis;

/// More steps than this keep their implied edges: the proof needs a bit for every pair.
const MOST_REDUCED: usize = 10_000;

/// What the past says; empty where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// By operation: how long it takes.
    pub expected: BTreeMap<String, Millis>,
    /// By step, where this very plan ran before; counts before what its operation takes elsewhere.
    pub steps: BTreeMap<StepId, Millis>,
    /// By operation: a timeout that 99 of 100 successes kept well; only ever shortens a plan's own.
    pub timeouts: BTreeMap<String, Millis>,
    /// Steps that run at once.
    pub slots: usize,
}

/// Each line says what was done. A plan that does not validate stays as it is.
pub fn optimise(plan: &mut Plan, hints: &Hints) -> Vec<String> {
    let mut done = merge_reads(plan);
    let graph = loop {
        let Some(mut graph) = Graph::of(plan) else { return done };
        done.extend(reduce(plan, &mut graph));
        // An edge that went may have made two reads equal; where it has not, no edge is left that others imply.
        let merged = merge_reads(plan);
        if merged.is_empty() {
            break graph;
        }
        done.extend(merged);
    };
    done.extend(shorten(plan, hints));
    if plan.steps.len() > hints.slots {
        done.extend(reorder(plan, &graph, hints));
    }
    done
}

/// Places instead of names, and an order in which every step comes after what it needs.
struct Graph {
    before: Vec<Vec<usize>>,
    order: Vec<usize>,
}

impl Graph {
    /// `None`: unknown names, equal names or a circle.
    fn of(plan: &Plan) -> Option<Self> {
        let at: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
        if at.len() != plan.steps.len() {
            return None;
        }
        let places = |step: &Step| step.needs.iter().map(|need| at.get(&need.step).copied()).collect::<Option<Vec<usize>>>();
        let before = plan.steps.iter().map(places).collect::<Option<Vec<_>>>()?;
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
        let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
        before.iter().enumerate().for_each(|(own, all)| all.iter().for_each(|one| after[*one].push(own)));
        let mut order: Vec<usize> = (0..before.len()).filter(|one| open[*one] == 0).collect();
        let mut next = 0;
        while let Some(one) = order.get(next).copied() {
            next += 1;
            for later in &after[one] {
                open[*later] -= 1;
                if open[*later] == 0 {
                    order.push(*later);
                }
            }
        }
        (order.len() == before.len()).then_some(Self { before, order })
    }
}

/// Reads that ask the same thing at the same point of the run are asked once.
fn merge_reads(plan: &mut Plan) -> Vec<String> {
    let mut done = Vec::new();
    // Two that become one may make their followers equal.
    while let merged @ [_, ..] = merge_equal(plan).as_slice() {
        done.extend_from_slice(merged);
    }
    done
}

fn merge_equal(plan: &mut Plan) -> Vec<String> {
    let mut alike: BTreeMap<(&str, String), Vec<&Step>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.effect == EffectClass::Read) {
        let params = serde_json::to_string(&step.params).unwrap_or_default();
        alike.entry((&step.operation, params)).or_default().push(step);
    }
    let mut gone: BTreeMap<StepId, StepId> = BTreeMap::new();
    // A question is long where many steps come before, so it is put only where there may be a second one.
    for steps in alike.into_values().filter(|steps| steps.len() > 1) {
        let mut first: BTreeMap<String, &StepId> = BTreeMap::new();
        for step in steps {
            match first.entry(question(step)) {
                Entry::Vacant(entry) => drop(entry.insert(&step.id)),
                Entry::Occupied(entry) => drop(gone.insert(step.id.clone(), (*entry.get()).clone())),
            }
        }
    }
    gone.retain(|id, _| !is_spoken_of(plan, id));
    if gone.is_empty() {
        return Vec::new();
    }
    plan.steps.retain(|step| !gone.contains_key(&step.id));
    for step in &mut plan.steps {
        let mut kept: Vec<Need> = Vec::with_capacity(step.needs.len());
        for need in step.needs.drain(..) {
            let need = Need { step: gone.get(&need.step).unwrap_or(&need.step).clone(), ..need };
            if !kept.contains(&need) {
                kept.push(need);
            }
        }
        step.needs = kept;
    }
    gone.into_iter().map(|(id, kept)| format!("{id} asks what {kept} asks: one read")).collect()
}

/// All but the name, the operation and its parameters: two such reads with the same question are one.
fn question(step: &Step) -> String {
    let mut needs: Vec<String> = step.needs.iter().map(|need| format!("{} {:?}", need.step, need.when)).collect();
    needs.sort();
    format!("{needs:?}\n{:?} {:?} {} {:?} {:?}", step.join, step.kind, step.critical, step.condition, step.locks)
}

/// Another step reads its output or its state by name.
fn is_spoken_of(plan: &Plan, id: &StepId) -> bool {
    let named = |text: &str| text.contains(&format!("steps.{id}")) || text.contains(&format!("\"{id}\""));
    plan.steps.iter().any(|step| {
        step.condition.as_deref().is_some_and(named)
            || step.params.values().any(|value| value.as_str().map_or_else(|| named(&value.to_string()), named))
            || step.compensation.iter().chain(&step.probe).any(|undo| undo.params.values().any(|value| named(&value.to_string())))
    })
}

/// Edges that another one implies.
fn reduce(plan: &mut Plan, graph: &mut Graph) -> Option<String> {
    if plan.steps.len() > MOST_REDUCED || plan.steps.iter().all(|step| step.needs.len() < 2) {
        return None;
    }
    let words = plan.steps.len().div_ceil(64);
    let proven = proven(plan, graph, words);
    let mut gone = 0;
    for (at, step) in plan.steps.iter_mut().enumerate() {
        if step.effect != EffectClass::Read || step.join == Join::Any || step.needs.len() < 2 {
            continue;
        }
        let before = &graph.before[at];
        let mut implied = vec![0_u64; words];
        for (_, one) in step.needs.iter().zip(before).filter(|(need, _)| need.when == When::Success) {
            // No step is among those that come before it, so what one edge says is always implied by another.
            implied.iter_mut().zip(&proven[one * words..][..words]).for_each(|(all, more)| *all |= more);
        }
        let implied = |own: usize| {
            let (need, bit) = (&step.needs[own], before[own]);
            need.kind == NeedKind::Completion
                && need.when != When::Failure
                && !is_read_by(step.condition.as_deref(), &need.step)
                && implied[bit / 64] >> (bit % 64) & 1 == 1
        };
        let keep: Vec<bool> = (0..step.needs.len()).map(|own| !implied(own)).collect();
        gone += keep.iter().filter(|keep| !**keep).count();
        let mut left = keep.iter();
        step.needs.retain(|_| *left.next().unwrap_or(&true));
        let mut left = keep.iter();
        graph.before[at].retain(|_| *left.next().unwrap_or(&true));
    }
    (gone > 0).then(|| format!("{gone} edges say what others imply"))
}

/// A condition reads only what is needed: such an edge says more than the order.
fn is_read_by(condition: Option<&str>, id: &StepId) -> bool {
    condition.is_some_and(|text| text.contains(&format!("steps.{id}.")) || text.contains(&format!("\"{id}\"")))
}

/// A row of bits for each step: the steps that certainly succeeded when it did.
fn proven(plan: &Plan, graph: &Graph, words: usize) -> Vec<u64> {
    let mut rows = vec![0_u64; plan.steps.len() * words];
    for at in &graph.order {
        let step = &plan.steps[*at];
        if step.join == Join::Any && step.needs.len() > 1 {
            continue;
        }
        for (need, before) in step.needs.iter().zip(&graph.before[*at]).filter(|(need, _)| need.when == When::Success) {
            debug_assert_eq!(need.step, plan.steps[*before].id);
            for word in 0..words {
                rows[at * words + word] |= rows[before * words + word];
            }
            rows[at * words + before / 64] |= 1 << (before % 64);
        }
    }
    rows
}

fn shorten(plan: &mut Plan, hints: &Hints) -> Vec<String> {
    let mut done = Vec::new();
    for step in &mut plan.steps {
        if let Some(timeout) = hints.timeouts.get(&step.operation).filter(|timeout| **timeout < step.timeout_ms) {
            step.timeout_ms = *timeout;
            done.push(format!("{} may take {timeout}, as its past says", step.id));
        }
    }
    done
}

/// Most remaining work first, which never puts a step before what it needs.
fn reorder(plan: &mut Plan, graph: &Graph, hints: &Hints) -> Option<String> {
    let unknown = mean(hints.expected.values().map(|one| one.0));
    let own = |step: &Step| hints.steps.get(&step.id).or_else(|| hints.expected.get(&step.operation)).map_or(unknown, |one| one.0).max(1);
    let mut rank: Vec<u64> = plan.steps.iter().map(own).collect();
    for at in graph.order.iter().rev() {
        for before in &graph.before[*at] {
            rank[*before] = rank[*before].max(rank[*at] + own(&plan.steps[*before]));
        }
    }
    let mut order: Vec<usize> = (0..plan.steps.len()).collect();
    order.sort_by_key(|at| (u64::MAX - rank[*at], *at));
    if order.is_sorted() {
        return None;
    }
    let mut steps: Vec<Option<Step>> = std::mem::take(&mut plan.steps).into_iter().map(Some).collect();
    plan.steps = order.into_iter().filter_map(|at| steps[at].take()).collect();
    Some("the steps stand by how much work waits behind them".to_owned())
}

fn mean(all: impl Iterator<Item = u64>) -> u64 {
    let (count, sum) = all.fold((0, 0), |(count, sum): (u64, u64), one| (count + 1, sum + one));
    sum.checked_div(count).unwrap_or(1_000)
}
