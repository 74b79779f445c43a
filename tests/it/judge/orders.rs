//! Optimised plans keep every order that was written, and run about as fast as a schedule that knows the future.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fs;
use std::path::Path;
use std::time::Instant;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::ids::StepId;
use ouioe::model::plan::{Join, Plan, When};
use ouioe::model::settings::PolicySettings;
use ouioe::model::time::Millis;
use ouioe::planner::optimise::{Hints, optimise};
use ouioe::planner::{self, Format, Limits, plan_file};
use proptest::prelude::*;
use serde_json::{Value, json};

const DAGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/dags");
const DAGS_BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/dags");

struct Trace {
    name: String,
    plan: Plan,
    catalogue: Catalogue,
    /// Measured, by step.
    exact: BTreeMap<StepId, u64>,
    /// What history would know: the mean of each kind of task.
    expected: BTreeMap<String, Millis>,
}

/// The program that a task runs: what stands before the first `_` of its id.
fn kind_of(task: &str) -> String {
    let program = task.split('_').next().unwrap_or(task);
    format!("task.{}", program.replace(|c: char| !c.is_ascii_alphanumeric(), "").to_ascii_lowercase())
}

fn trace(path: &Path) -> Trace {
    let file: Value = serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    let tasks = file["workflow"]["specification"]["tasks"].as_array().expect("tasks");
    let places: BTreeMap<&str, usize> = tasks.iter().enumerate().map(|(at, task)| (task["id"].as_str().expect("an id"), at)).collect();
    let id = |value: &Value| format!("t{}", places[value.as_str().expect("an id")]);
    let mut exact = BTreeMap::new();
    for task in file["workflow"]["execution"]["tasks"].as_array().expect("tasks") {
        let ms = (task["runtimeInSeconds"].as_f64().unwrap_or(0.0) * 1e3).round().max(1.0) as u64;
        exact.insert(StepId::new(id(&task["id"])), ms);
    }
    let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut steps = Vec::new();
    for task in tasks {
        let (own, kind) = (id(&task["id"]), kind_of(task["id"].as_str().expect("an id")));
        let known = seen.entry(kind.clone()).or_default();
        *known = (known.0 + exact.get(&StepId::new(&own)).copied().unwrap_or(1), known.1 + 1);
        let needs: Vec<Value> = task["parents"].as_array().expect("parents").iter().map(|one| json!({"step": id(one)})).collect();
        steps.push(json!({"id": own, "operation": kind, "params": {"of": own}, "needs": needs}));
    }
    let mut text = String::new();
    for kind in seen.keys() {
        text.push_str(&format!("[[operation]]\nname = \"{kind}\"\nsummary = \"A task\"\neffect = \"read\"\n"));
        text.push_str("params = [{name=\"of\",type=\"str\",required=true}]\n");
    }
    let catalogue = planner::catalogue_file::parse("tasks.toml", &text).expect("a catalogue");
    let body = json!({"title": "trace", "steps": steps}).to_string();
    let policy = PolicySettings::default();
    let plan = plan_file::check("trace.json", &body, Format::Json, &BTreeMap::new(), &catalogue, &policy).expect("a sound plan");
    let expected = seen.into_iter().map(|(kind, (sum, count))| (kind, Millis(sum / count))).collect();
    Trace { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), plan, catalogue, exact, expected }
}

fn traces() -> Vec<Trace> {
    let Some(folder) = [DAGS, DAGS_BESIDE].into_iter().find(|path| Path::new(path).is_dir()) else {
        println!("no graphs: {DAGS_BESIDE} is absent");
        return Vec::new();
    };
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|one| one == "json"));
    files.sort();
    files.iter().map(|path| trace(path)).collect()
}

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

/// The edge still stands, or a chain of successes into the step proves it.
fn still_holds(plan: &Plan, from: &StepId, to: &StepId, when: When) -> bool {
    let step = |id: &StepId| plan.steps.iter().find(|step| step.id == *id);
    let Some(last) = step(to) else { return false };
    if last.needs.iter().any(|need| need.step == *from && need.when == when) {
        return true;
    }
    let (mut todo, mut seen) = (vec![to.clone()], BTreeSet::new());
    while let Some(id) = todo.pop() {
        let Some(one) = step(&id).filter(|one| one.join == Join::All || one.needs.len() == 1) else { continue };
        for need in one.needs.iter().filter(|need| need.when == When::Success) {
            if need.step == *from {
                return when != When::Failure;
            }
            if seen.insert(need.step.clone()) {
                todo.push(need.step.clone());
            }
        }
    }
    false
}

fn lost_orders(before: &Plan, after: &Plan) -> Vec<String> {
    let mut lost = Vec::new();
    for step in before.steps.iter().filter(|step| after.ix(&step.id).is_some()) {
        for need in step.needs.iter().filter(|need| after.ix(&need.step).is_some()) {
            if !still_holds(after, &need.step, &step.id, need.when) {
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
    if plan.steps.len() <= 1_100 {
        assert_eq!(lost_orders(&trace.plan, &plan), Vec::<String>::new(), "{}", trace.name);
    }
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
