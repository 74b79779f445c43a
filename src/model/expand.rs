//! A `for_each` step and its list -> a copy of the step for each thing. The step itself stays where it is and waits for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::catalogue::EffectClass;
use super::fresh::Fresh;
use super::graph::Graph;
use super::ids::{StepId, StepIx};
use super::item;
use super::plan::{CopyOf, Join, Need, NeedKind, Plan, Step, When};

/// Steps of one run after all its lists are known.
const MOST: usize = 100_000;

/// What it goes over, each thing once, in the order of the list.
pub fn things(list: &Value) -> Result<Vec<Value>, String> {
    let Value::Array(all) = list else { return Err("what it goes over is no list".to_owned()) };
    let all: Option<Vec<&Value>> = all.iter().map(item::thing).collect();
    let all = all.ok_or("its list holds more than texts, numbers, true, false and records with a `name`")?;
    let mut seen = BTreeSet::new();
    Ok(all.into_iter().filter(|thing| seen.insert(item::text_of(thing))).cloned().collect())
}

/// The plan with the copies behind all that it has. A plan that has them already is as it was.
pub fn expanded(graph: &Arc<Graph>, ix: StepIx, things: &[Value]) -> Result<Arc<Graph>, String> {
    if !graph.copies(ix).is_empty() {
        return Ok(Arc::clone(graph));
    }
    if graph.len() + things.len() > MOST {
        return Err(format!("{} things more would make this a run of more than {MOST} steps", things.len()));
    }
    let step = graph.step(ix);
    let mut fresh = Fresh::beside(graph.plan.steps.iter().map(|step| &step.id));
    let mut copies: Vec<Step> = Vec::with_capacity(things.len());
    let at_once = at_once(step);
    for (at, thing) in things.iter().enumerate() {
        let mut copy = copy(step, fresh.id(&step.id, &item::text_of(thing)), thing)?;
        if let Some(batch) = (at / at_once).checked_sub(1) {
            let before = copies[batch * at_once..(batch + 1) * at_once].iter();
            copy.needs.extend(before.map(|before| after(&before.id, When::Success)));
        }
        copies.push(copy);
    }
    let mut plan = Plan::clone(&graph.plan);
    plan.steps[ix.at()].needs.extend(copies.iter().map(|copy| after(&copy.id, When::Always)));
    plan.steps.extend(copies);
    Ok(Arc::new(Graph::of(Arc::new(plan))))
}

fn at_once(step: &Step) -> usize {
    let written = step.for_each.as_ref().and_then(|each| each.at_once);
    let size = written.unwrap_or(if step.effect == EffectClass::Read { u32::MAX } else { 1 });
    usize::try_from(size).unwrap_or(usize::MAX).max(1)
}

fn after(step: &StepId, when: When) -> Need {
    Need { step: step.clone(), when, kind: NeedKind::Completion }
}

/// What the step needs has come about already, so it stands for the copies too; its condition was judged once for all.
fn copy(step: &Step, id: StepId, thing: &Value) -> Result<Step, String> {
    let copy_of = CopyOf { step: step.id.clone(), item: thing.clone(), params: item::holders(step) };
    let mut copy = Step { id, for_each: None, condition: None, copy_of: Some(copy_of), ..step.clone() };
    // `any` was satisfied by some of them: those that will never come must not hold up a copy.
    if copy.join == Join::Any {
        (copy.needs, copy.join) = (Vec::new(), Join::All);
    }
    item::put(&mut copy, thing)?;
    let locks = std::mem::take(&mut copy.locks);
    copy.lock_target();
    copy.locks.extend(locks);
    copy.locks.sort_unstable();
    copy.locks.dedup();
    Ok(copy)
}

/// The plan as it was before any list was known.
pub fn without_copies(plan: &Plan) -> Plan {
    let mut plain = plan.clone();
    let copies: BTreeSet<StepId> = plan.steps.iter().filter(|step| step.copy_of.is_some()).map(|step| step.id.clone()).collect();
    plain.steps.retain(|step| step.copy_of.is_none());
    plain.steps.iter_mut().for_each(|step| step.needs.retain(|need| !copies.contains(&need.step)));
    plain
}
