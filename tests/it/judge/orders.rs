//! Optimised plans keep every order that was written, and run about as fast as a schedule that knows the future.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Instant;

use ouioe::model::ids::StepId;
use ouioe::model::plan::{Join, Plan, When};
use ouioe::model::settings::PolicySettings;
use ouioe::model::time::Millis;
use ouioe::planner::optimise::{Hints, optimise};
use ouioe::planner::{self, Format, Limits, plan_file};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::traces::{Trace, traces};

/// As the engine serves its queue: of the steps that may start, the first in the plan.
fn makespan(plan: &Plan, exact: &BTreeMap<StepId, u64>, order: &[usize], slots: usize) -> u64 {
    let at: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
    let mut after = vec![Vec::new(); plan.steps.len()];
    let mut open: Vec<usize> = plan.steps.iter().map(|step| step.needs.len()).collect();
    for (own, step) in plan.steps.iter().enumerate() {
        step.needs.iter().for_each(|need| after[at[&need.step]].push(own));
    }
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(rank, own)| place[*own] = rank);
    let mut ready: BTreeSet<(usize, usize)> = (0..open.len()).filter(|own| open[*own] == 0).map(|own| (place[own], own)).collect();
    let (mut running, mut now): (BinaryHeap<Reverse<(u64, usize)>>, u64) = (BinaryHeap::new(), 0);
    loop {
        while running.len() < slots {
            let Some((_, own)) = ready.pop_first() else { break };
            running.push(Reverse((now + exact.get(&plan.steps[own].id).copied().unwrap_or(1), own)));
        }
        let Some(Reverse((end, own))) = running.pop() else { return now };
        now = end;
        for later in &after[own] {
            open[*later] -= 1;
            if open[*later] == 0 {
                ready.insert((place[*later], *later));
            }
        }
    }
}

/// Upward rank with the exact durations: what no planner can know.
fn oracle(plan: &Plan, exact: &BTreeMap<StepId, u64>) -> Vec<usize> {
    let at: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
    let mut after = vec![Vec::new(); plan.steps.len()];
    for (own, step) in plan.steps.iter().enumerate() {
        step.needs.iter().for_each(|need| after[at[&need.step]].push(own));
    }
    let mut rank: Vec<Option<u64>> = vec![None; plan.steps.len()];
    let mut todo: Vec<usize> = (0..plan.steps.len()).collect();
    while let Some(own) = todo.pop() {
        let open: Vec<usize> = after[own].iter().copied().filter(|later| rank[*later].is_none()).collect();
        if open.is_empty() {
            let rest = after[own].iter().filter_map(|later| rank[*later]).max().unwrap_or(0);
            rank[own] = Some(rest + exact.get(&plan.steps[own].id).copied().unwrap_or(1));
        } else {
            todo.push(own);
            todo.extend(open);
        }
    }
    let mut order: Vec<usize> = (0..plan.steps.len()).collect();
    order.sort_by_key(|own| (Reverse(rank[*own]), *own));
    order
}

/// For each step the steps whose success is certain when it may start.
fn certain(plan: &Plan, at: &BTreeMap<&StepId, usize>) -> Vec<Vec<u64>> {
    let words = plan.steps.len().div_ceil(64);
    let mut rows: Vec<Option<Vec<u64>>> = vec![None; plan.steps.len()];
    let mut todo: Vec<usize> = (0..plan.steps.len()).collect();
    while let Some(own) = todo.pop() {
        let step = &plan.steps[own];
        let proves = step.join == Join::All || step.needs.len() == 1;
        let before: Vec<usize> = step.needs.iter().filter(|need| proves && need.when == When::Success).map(|need| at[&need.step]).collect();
        let open: Vec<usize> = before.iter().copied().filter(|one| rows[*one].is_none()).collect();
        if !open.is_empty() {
            todo.push(own);
            todo.extend(open);
            continue;
        }
        let mut row = vec![0; words];
        for one in before {
            row.iter_mut().zip(rows[one].iter().flatten()).for_each(|(all, more)| *all |= more);
            row[one / 64] |= 1 << (one % 64);
        }
        rows[own] = Some(row);
    }
    rows.into_iter().flatten().collect()
}

/// An order holds where its edge still stands, or a chain of successes into the step proves it.
fn lost_orders(before: &Plan, after: &Plan) -> Vec<String> {
    let at: BTreeMap<&StepId, usize> = after.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
    let certain = certain(after, &at);
    let mut lost = Vec::new();
    for step in &before.steps {
        let Some(own) = at.get(&step.id).copied() else { continue };
        for need in &step.needs {
            let Some(from) = at.get(&need.step).copied() else { continue };
            let stands = after.steps[own].needs.iter().any(|kept| kept.step == need.step && kept.when == need.when);
            let proven = need.when != When::Failure && certain[own][from / 64] >> (from % 64) & 1 == 1;
            if !stands && !proven {
                lost.push(format!("{} -> {} {:?}", need.step, step.id, need.when));
            }
        }
    }
    lost
}

/// Where the plan ran before, its steps' durations are known; else only what its programs take on average. The first is
/// held to the schedule with foresight, the second can only be measured: nobody knows which of equal tasks is the slow one.
#[test]
fn real_graphs_keep_their_orders_and_run_as_fast_as_with_foresight() {
    println!(
        "against exact durations: {:27} {:>6} {:>7} {:>7}  known k=2/8/32       by program k=2/8/32",
        "graph", "steps", "edges", "after"
    );
    for trace in traces() {
        let steps: BTreeMap<StepId, Millis> = trace.exact.iter().map(|(id, ms)| (id.clone(), Millis(*ms))).collect();
        let best = oracle(&trace.plan, &trace.exact);
        let (known, edges) = ratios(&trace, &best, &Hints { steps, slots: 2, ..Hints::default() });
        let (mean, _) = ratios(&trace, &best, &Hints { expected: trace.expected.clone(), slots: 2, ..Hints::default() });
        let row = |all: [f64; 3]| all.map(|one| format!("{one:.3}")).join(" ");
        let before: usize = trace.plan.steps.iter().map(|step| step.needs.len()).sum();
        println!("{:52} {:>6} {before:>7} {edges:>7}  {}    {}", trace.name, trace.plan.steps.len(), row(known), row(mean));
        assert!(known.iter().all(|ratio| *ratio <= 1.02), "{}: {known:?}", trace.name);
    }
}

/// Makespans for 2, 8 and 32 slots, and the edges that are left.
fn ratios(trace: &Trace, best: &[usize], hints: &Hints) -> ([f64; 3], usize) {
    let mut plan = trace.plan.clone();
    optimise(&mut plan, hints);
    assert_eq!(lost_orders(&trace.plan, &plan), Vec::<String>::new(), "{}", trace.name);
    assert_eq!(plan.steps.len(), trace.plan.steps.len());
    let ours: Vec<usize> = (0..plan.steps.len()).collect();
    let ratio = |slots| makespan(&plan, &trace.exact, &ours, slots) as f64 / makespan(&trace.plan, &trace.exact, best, slots) as f64;
    ([2, 8, 32].map(ratio), plan.steps.iter().map(|step| step.needs.len()).sum())
}

#[test]
fn judging_the_largest_graph_is_quick() {
    for trace in traces().into_iter().filter(|trace| trace.plan.steps.len() > 4_000) {
        let (policy, mut times) = (PolicySettings::default(), Vec::new());
        for _ in 0..5 {
            let mut plan = trace.plan.clone();
            let begun = Instant::now();
            assert_eq!(planner::validate(&plan, &trace.catalogue, Limits::file(&policy)), []);
            optimise(&mut plan, &Hints { expected: trace.expected.clone(), slots: 16, ..Hints::default() });
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{}: {} steps validated and optimised in {:.1} ms (median of 5, this build)",
            trace.name,
            trace.plan.steps.len(),
            times[2]
        );
    }
}

/// `needs` of step n are among the steps before it; labels and joins are free.
fn some_plan() -> impl Strategy<Value = Plan> {
    let needs = prop::collection::vec((0_usize..12, 0_u8..6), 0..4);
    prop::collection::vec((needs, 0_u8..4, 0_u8..3), 1..12).prop_map(|rows| {
        let steps: Vec<Value> = rows
            .iter()
            .enumerate()
            .map(|(at, (needs, join, what))| {
                let chosen: BTreeMap<usize, &str> = needs
                    .iter()
                    .filter(|_| at > 0)
                    .map(|(to, when)| (to % at.max(1), match when { 0 => "failure", 1 => "always", _ => "success" }))
                    .collect();
                let needs: Vec<Value> = chosen.iter().map(|(to, when)| json!({"step": format!("s{to}"), "when": when})).collect();
                let params = json!({"of": format!("{}", if *what == 0 { 0 } else { at })});
                let operation = if *what == 2 { "task.change" } else { "task.look" };
                json!({"id": format!("s{at}"), "operation": operation, "params": params, "needs": needs,
                    "join": if *join == 0 { "any" } else { "all" }})
            })
            .collect();
        let text = "[[operation]]\nname = \"task.look\"\nsummary = \"look\"\neffect = \"read\"\nparams = [{name=\"of\",type=\"str\"}]\n\
                    [[operation]]\nname = \"task.change\"\nsummary = \"change\"\neffect = \"mutate\"\nparams = [{name=\"of\",type=\"str\"}]\n";
        let catalogue = planner::catalogue_file::parse("c.toml", text).expect("a catalogue");
        let body = json!({"title": "t", "steps": steps}).to_string();
        let policy = PolicySettings::default();
        plan_file::check("p.json", &body, Format::Json, &BTreeMap::new(), &catalogue, &policy).expect("a sound plan")
    })
}

proptest! {
    #[test]
    fn every_order_that_was_written_still_holds(plan in some_plan()) {
        let mut after = plan.clone();
        optimise(&mut after, &Hints { slots: 2, ..Hints::default() });
        prop_assert_eq!(lost_orders(&plan, &after), Vec::<String>::new());
        // What a step needs stands before it.
        for (at, step) in after.steps.iter().enumerate() {
            for need in &step.needs {
                prop_assert!(after.ix(&need.step).is_some_and(|before| before.at() < at));
            }
        }
        let mut again = after.clone();
        prop_assert_eq!(optimise(&mut again, &Hints { slots: 2, ..Hints::default() }), Vec::<String>::new(), "what is optimal stays");
    }
}
