//! Good plans raise no alarm; every planted defect is found, and most go by the repair that is suggested.

use std::collections::BTreeMap;

use ouioe::model::catalogue::{Catalogue, ParamType};
use ouioe::model::hole;
use ouioe::model::ids::StepId;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::plan::{Join, Need, NeedKind, Plan, When};
use ouioe::model::problem::Problem;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Limits, World, repair};
use serde_json::{Value, json};

use crate::faults::rng::Rng;
use crate::planner_notation::cases;

const MUTANTS: usize = 10_000;

fn catalogue() -> Catalogue {
    planner::catalogue_file::parse("catalogue.toml", include_str!("../../corpus/catalogue.toml")).expect("the catalogue is sound")
}

/// Every plan that the planner's corpus comes to.
fn good_plans(catalogue: &Catalogue, policy: &PolicySettings) -> Vec<Plan> {
    let world = World::new(catalogue, &[], &[], policy);
    let outcomes = cases(include_str!("../../corpus/planner.txt")).into_iter().map(|case| planner::plan(&Ask::new(case.intent), &world));
    let plans = outcomes.filter_map(|outcome| match outcome {
        PlanOutcome::Plan { plan, .. } => Some(*plan),
        PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => None,
    });
    plans.collect()
}

fn problems(plan: &Plan, catalogue: &Catalogue, policy: &PolicySettings) -> Vec<Problem> {
    planner::validate(plan, catalogue, Limits::generated(policy))
}

/// A value that no grammar of the type may take.
fn bad_value(kind: &ParamType, rng: &mut Rng) -> Option<Value> {
    let values: Vec<Value> = match kind {
        ParamType::Host => vec![json!(["web-1"]), json!(42), json!("-oProxyCommand=x"), json!("two words"), json!(true)],
        ParamType::Name => vec![json!(["nginx"]), json!({"a": 1}), json!("two words"), json!(7)],
        ParamType::Env => vec![json!("moon"), json!(3)],
        ParamType::Duration => vec![json!("soon"), json!(["30m"])],
        ParamType::Datetime => vec![json!("someday"), json!(5)],
        ParamType::Url => vec![json!("ftp:x"), json!("web-1"), json!(80)],
        ParamType::Dns => vec![json!("no domain"), json!(1)],
        ParamType::Ip => vec![json!("web-one"), json!(10)],
        ParamType::Port => vec![json!("eighty"), json!(70_000), json!([80])],
        ParamType::Path => vec![json!("relative/x"), json!(1), json!(["/srv"])],
        ParamType::Version => vec![json!(["1.2"]), json!("!!")],
        ParamType::Channel => vec![json!("nowhere"), json!(1)],
        ParamType::Int => vec![json!("many"), json!(["3"])],
        ParamType::Str => vec![json!(5), json!(["text"])],
        ParamType::Json | ParamType::Other(_) => return None,
    };
    let at = rng.below(values.len() as u64) as usize;
    Some(values[at].clone())
}

fn typo(text: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = 1 + rng.below(letters.len() as u64 - 1) as usize;
    match rng.below(3) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, 'q'),
        _ => letters[at] = if letters[at] == 'x' { 'y' } else { 'x' },
    }
    letters.into_iter().collect()
}

/// The code that must be among the problems.
fn plant(plan: &mut Plan, kind: &str, catalogue: &Catalogue, rng: &mut Rng) -> Option<&'static str> {
    let at = rng.below(plan.steps.len() as u64) as usize;
    let operation = catalogue.get(&plan.steps[at].operation)?;
    let id = plan.steps[at].id.clone();
    match kind {
        "drop a value" => {
            let name = &operation.required().next()?.name;
            plan.steps[at].params.remove(name)?;
            Some("missing_param")
        }
        "drop a step" => {
            plan.steps.iter().any(|step| step.needs.iter().any(|need| need.step == id)).then_some(())?;
            plan.steps.remove(at);
            Some("unknown_need")
        }
        "duplicate" => {
            let copy = plan.steps[at].clone();
            let to = at + 1 + rng.below((plan.steps.len() - at) as u64) as usize;
            plan.steps.insert(to, copy);
            Some("duplicate_id")
        }
        "rewire to nowhere" => {
            let need = plan.steps[at].needs.first_mut()?;
            need.step = StepId::new(format!("{}x", need.step));
            Some("unknown_need")
        }
        "rewire to a circle" => {
            let last = plan.steps.iter().position(|step| step.needs.iter().any(|need| need.step == id)).unwrap_or(at);
            let need = Need { step: plan.steps[last].id.clone(), when: When::Success, kind: NeedKind::Completion };
            plan.steps[at].needs.push(need);
            Some("cycle")
        }
        "rewire to both ends" => {
            let need = plan.steps[at].needs.iter().find(|need| need.when == When::Success).cloned()?;
            plan.steps[at].join = Join::All;
            plan.steps[at].needs.push(Need { when: When::Failure, kind: NeedKind::Completion, ..need });
            Some("unreachable")
        }
        "rewire away from what is read" => {
            let step = &plan.steps[at];
            let mut texts = step.params.values().chain(step.for_each.iter().map(|each| &each.list)).filter_map(Value::as_str);
            let reads = |text: &str| hole::pieces(text).is_ok_and(|all| all.iter().any(|piece| matches!(piece, hole::Piece::Hole(_))));
            texts.any(reads).then_some(())?;
            plan.steps[at].needs.clear();
            Some("late_reference")
        }
        "forget the list" => {
            plan.steps[at].for_each.take()?;
            Some("item_outside")
        }
        "rename an operation" => {
            plan.steps[at].operation = typo(&operation.name, rng);
            catalogue.get(&plan.steps[at].operation).is_none().then_some("unknown_operation")
        }
        "rename a parameter" => {
            let name = plan.steps[at].params.keys().next()?.clone();
            let wrong = typo(&name, rng);
            operation.param(&wrong).is_none().then_some(())?;
            let value = plan.steps[at].params.remove(&name)?;
            plan.steps[at].params.insert(wrong, value);
            Some("unknown_param")
        }
        "swap a type" => {
            let names: Vec<String> = plan.steps[at].params.keys().cloned().collect();
            let name = names.get(rng.below(names.len().max(1) as u64) as usize)?;
            let bad = bad_value(&operation.param(name)?.kind, rng)?;
            plan.steps[at].params.insert(name.clone(), bad);
            Some("wrong_type")
        }
        _ => None,
    }
}

const KINDS: [&str; 11] = [
    "drop a value",
    "drop a step",
    "duplicate",
    "rewire to nowhere",
    "rewire to a circle",
    "rewire to both ends",
    "rewire away from what is read",
    "forget the list",
    "rename an operation",
    "rename a parameter",
    "swap a type",
];

/// By the suggestions alone, a few at most.
fn mended(plan: &Plan, catalogue: &Catalogue, policy: &PolicySettings) -> Option<Plan> {
    let mut plan = plan.clone();
    for _ in 0..6 {
        let found = problems(&plan, catalogue, policy);
        if found.is_empty() {
            return Some(plan);
        }
        let repair = found.iter().find_map(|problem| problem.repair())?;
        plan = repair::repaired(&plan, repair)?;
    }
    None
}

#[test]
fn good_plans_raise_no_alarm_and_every_planted_defect_is_found() {
    let (catalogue, policy) = (catalogue(), PolicySettings::default());
    let good = good_plans(&catalogue, &policy);
    for plan in &good {
        assert_eq!(problems(plan, &catalogue, &policy), [], "{}", plan.intent);
    }
    let mut rng = Rng::new(20);
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut made = 0;
    while made < MUTANTS {
        let original = &good[rng.below(good.len() as u64) as usize];
        let kind = KINDS[rng.below(KINDS.len() as u64) as usize];
        let mut mutant = original.clone();
        let Some(code) = plant(&mut mutant, kind, &catalogue, &mut rng) else { continue };
        made += 1;
        let found = problems(&mutant, &catalogue, &policy);
        let hit = found.iter().find(|problem| problem.code == code);
        let hit = hit.unwrap_or_else(|| panic!("{kind}: no {code} in {found:?}\n{mutant:?}"));
        assert!(hit.path().starts_with("steps["), "{hit:?}");
        let count = counts.entry(kind).or_default();
        count[0] += 1;
        if let Some(mended) = mended(&mutant, &catalogue, &policy) {
            count[1] += 1;
            count[2] += usize::from(mended.steps == original.steps);
        }
    }
    println!("{} good plans, no alarm; {made} defects, all found", good.len());
    println!("{:30} {:>6} {:>8} {:>10}", "defect", "made", "sound", "as before");
    for (kind, [made, sound, same]) in &counts {
        println!("{kind:30} {made:>6} {sound:>8} {same:>10}");
    }
    assert_eq!(counts.len(), KINDS.len(), "every kind of defect occurs");
    let sound: usize = counts.values().map(|count| count[1]).sum();
    println!("repaired by the suggestion: {:.1} %", sound as f64 * 100.0 / made as f64);
    assert!(sound * 10 >= made * 6, "{sound} of {made}");
}
