//! A problem of a plan -> the one edit that would make it good, and a plan with the edit made.
//!
//! Suggested only where one answer stands out: the nearest name, the value that the other steps have, the edge that points
//! backwards. A protected path, a bound or a limit is never argued with. What is repaired is validated again by the caller.

use serde_json::Value;

use crate::model::catalogue::{Catalogue, Operation};
use crate::model::ids::StepId;
use crate::model::plan::{Join, Need, NeedKind, Plan, Step, When};
use crate::model::problem::{Problem, Repair};

use super::{grammar, near};

pub fn suggest(plan: &Plan, catalogue: &Catalogue, at: usize, problem: &Problem) -> Option<Repair> {
    let step = plan.steps.get(at)?;
    let field = problem.path().strip_prefix(&format!("steps[{at}]")).unwrap_or_default();
    let param = field.strip_prefix(".params.");
    let operation = catalogue.get(&step.operation);
    match problem.code.as_str() {
        "unknown_operation" if field == ".operation" => {
            operation_like(step, catalogue).map(|operation| Repair::SetOperation { step: at, operation })
        }
        "differing_effect" => Some(Repair::SetEffect { step: at, effect: operation?.effect }),
        "unknown_param" => Some(rename_param(at, step, operation?, param?)),
        "missing_param" => Some(Repair::SetParam { step: at, name: param?.to_owned(), value: value_for(plan, at, operation?, param?)? }),
        "wrong_type" => retype(plan, at, operation?, param?),
        "unknown_need" => Some(need_like(plan, at, &StepId::new(field.strip_prefix(".needs.")?))),
        "unknown_reference" => reference_like(plan, at, field.strip_prefix(".reads.")?),
        "late_reference" => {
            let need = StepId::new(field.strip_prefix(".reads.").or_else(|| field.strip_prefix(".condition."))?);
            let before = plan.ix(&need)?.at();
            (before != at && !reaches(plan, at, before)).then_some(Repair::AddNeed { step: at, need })
        }
        "cycle" => backward_edge(plan),
        "unreachable" => Some(Repair::JoinAny { step: at }),
        "duplicate_id" => Some(twin(plan, at)),
        _ => None,
    }
}

/// The plan with the edit made; `None` where it does not fit the plan.
pub fn repaired(plan: &Plan, repair: &Repair) -> Option<Plan> {
    let mut plan = plan.clone();
    if let Repair::RemoveStep { step } = repair {
        (*step < plan.steps.len()).then(|| plan.steps.remove(*step))?;
        return Some(plan);
    }
    edit(&mut plan, repair)?;
    Some(plan)
}

fn edit(plan: &mut Plan, repair: &Repair) -> Option<()> {
    match repair {
        Repair::SetOperation { step, operation } => plan.steps.get_mut(*step)?.operation.clone_from(operation),
        Repair::SetEffect { step, effect } => plan.steps.get_mut(*step)?.effect = *effect,
        Repair::RenameParam { step, from, to } => {
            let step = plan.steps.get_mut(*step)?;
            let value = step.params.remove(from)?;
            step.params.insert(to.clone(), value);
            if let Some(known) = step.provenance.remove(from) {
                step.provenance.insert(to.clone(), known);
            }
        }
        Repair::SetParam { step, name, value } => drop(plan.steps.get_mut(*step)?.params.insert(name.clone(), value.clone())),
        Repair::RemoveParam { step, name } => drop(plan.steps.get_mut(*step)?.params.remove(name)?),
        Repair::AddNeed { step, need } => {
            plan.steps.get_mut(*step)?.needs.push(Need { step: need.clone(), when: When::Success, kind: NeedKind::Data });
        }
        Repair::RenameNeed { step, from, to } => {
            plan.steps.get_mut(*step)?.needs.iter_mut().filter(|need| need.step == *from).for_each(|need| need.step = to.clone());
        }
        Repair::RemoveNeed { step, need } => plan.steps.get_mut(*step)?.needs.retain(|one| one.step != *need),
        Repair::RenameReference { step, from, to } => {
            let (from, to) = (format!("${{steps.{from}."), format!("${{steps.{to}."));
            plan.steps.get_mut(*step)?.params.values_mut().for_each(|value| replace(value, &from, &to));
        }
        Repair::JoinAny { step } => plan.steps.get_mut(*step)?.join = Join::Any,
        Repair::RenameStep { step, to } => plan.steps.get_mut(*step)?.id = to.clone(),
        Repair::RemoveStep { step } => drop(plan.steps.get(*step)?),
    }
    Some(())
}

fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, from, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Among the nearest names the one that takes the step's parameters.
fn operation_like(step: &Step, catalogue: &Catalogue) -> Option<String> {
    let fits = |name: &&String| {
        catalogue.get(name).is_some_and(|operation| {
            step.params.keys().all(|param| operation.param(param).is_some())
                && operation.required().all(|param| step.params.contains_key(&param.name))
        })
    };
    let names = near::nearest(&step.operation, catalogue.operations.keys().map(String::as_str));
    names.iter().find(fits).cloned()
}

/// The one required parameter that is missing, else the nearest that is free, else away with it.
fn rename_param(at: usize, step: &Step, operation: &Operation, name: &str) -> Repair {
    let takes = |param: &&crate::model::catalogue::Param| {
        !step.params.contains_key(&param.name) && step.params.get(name).is_some_and(|value| grammar::check(&param.kind, value).is_ok())
    };
    let missing: Vec<&str> = operation.required().filter(takes).map(|param| param.name.as_str()).collect();
    let free = || near::nearest(name, operation.params.iter().filter(takes).map(|param| param.name.as_str())).into_iter().next();
    let to = if let [one] = missing.as_slice() { Some((*one).to_owned()) } else { free() };
    match to {
        Some(to) => Repair::RenameParam { step: at, from: name.to_owned(), to },
        None => Repair::RemoveParam { step: at, name: name.to_owned() },
    }
}

/// Its default, else the value that all other steps have under this name.
fn value_for(plan: &Plan, at: usize, operation: &Operation, name: &str) -> Option<Value> {
    let param = operation.param(name)?;
    if let Some(default) = &param.default {
        return Some(default.clone());
    }
    let others = plan.steps.iter().enumerate().filter(|(other, _)| *other != at).filter_map(|(_, step)| step.params.get(name));
    let mut fitting =
        others.filter(|value| value.as_str().is_none_or(|text| !text.contains("${")) && grammar::check(&param.kind, value).is_ok());
    let first = fitting.next()?;
    fitting.all(|other| other == first).then(|| first.clone())
}

/// The same value in the right form, else what the other steps have, else none where none is needed.
fn retype(plan: &Plan, at: usize, operation: &Operation, name: &str) -> Option<Repair> {
    let param = operation.param(name)?;
    let text = match plan.steps[at].params.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => match items.as_slice() {
            [Value::String(one)] => Some(one.clone()),
            _ => None,
        },
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    };
    let same = text.and_then(|text| grammar::typed(&param.kind, &text).ok());
    match same.or_else(|| value_for(plan, at, operation, name)) {
        Some(value) => Some(Repair::SetParam { step: at, name: name.to_owned(), value }),
        None => (!param.required).then(|| Repair::RemoveParam { step: at, name: name.to_owned() }),
    }
}

/// The nearest id that closes no circle, else no edge.
fn need_like(plan: &Plan, at: usize, need: &StepId) -> Repair {
    let step = &plan.steps[at];
    let free = plan
        .steps
        .iter()
        .enumerate()
        .filter(|(other, one)| *other != at && !step.needs.iter().any(|known| known.step == one.id) && !reaches(plan, at, *other));
    let found = near::nearest(need.as_str(), free.map(|(_, one)| one.id.as_str())).into_iter().next();
    let close = found.filter(|name| is_slip(need.as_str(), name));
    match close {
        Some(to) => Repair::RenameNeed { step: at, from: need.clone(), to: StepId::new(to) },
        None => Repair::RemoveNeed { step: at, need: need.clone() },
    }
}

/// "s1" is no slip of "s2": short names differ by meaning.
fn is_slip(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= 4 || one.starts_with(other) || other.starts_with(one) || one.eq_ignore_ascii_case(other)
}

/// The step whose output could be meant: a near name, else the only one that comes right before.
fn reference_like(plan: &Plan, at: usize, name: &str) -> Option<Repair> {
    let before = |id: &str| plan.ix(&StepId::new(id)).is_some_and(|before| before.at() != at && reaches(plan, before.at(), at));
    let ids = plan.steps.iter().map(|step| step.id.as_str()).filter(|id| before(id));
    let near = near::nearest(name, ids).into_iter().find(|found| is_slip(name, found));
    let only = || match plan.steps[at]
        .needs
        .iter()
        .filter(|need| need.kind == NeedKind::Data && plan.ix(&need.step).is_some())
        .collect::<Vec<_>>()
        .as_slice()
    {
        [one] => Some(one.step.to_string()),
        _ => None,
    };
    Some(Repair::RenameReference { step: at, from: StepId::new(name), to: StepId::new(near.or_else(only)?) })
}

/// An edge of a circle that points back against the order of the plan.
fn backward_edge(plan: &Plan) -> Option<Repair> {
    let edges = plan.steps.iter().enumerate().flat_map(|(at, step)| step.needs.iter().map(move |need| (at, need)));
    let placed = edges.filter_map(|(at, need)| Some((at, plan.ix(&need.step)?.at(), need)));
    let mut backward = placed.filter(|(at, before, _)| before >= at);
    let (at, _, need) = backward.find(|(at, before, _)| at == before || reaches(plan, *at, *before))?;
    Some(Repair::RemoveNeed { step: at, need: need.step.clone() })
}

/// An exact copy goes; another step gets a name of its own.
fn twin(plan: &Plan, at: usize) -> Repair {
    let own = &plan.steps[at];
    if plan.steps[..at].contains(own) {
        return Repair::RemoveStep { step: at };
    }
    let free = (2_u32..100_000).map(|number| StepId::new(format!("{}-{number}", own.id))).find(|id| plan.ix(id).is_none());
    Repair::RenameStep { step: at, to: free.unwrap_or_else(|| StepId::new(format!("{}-again", own.id))) }
}

/// `to` waits for `from`, directly or not.
fn reaches(plan: &Plan, from: usize, to: usize) -> bool {
    let (mut seen, mut todo) = (vec![false; plan.steps.len()], vec![to]);
    while let Some(at) = todo.pop() {
        for before in plan.steps[at].needs.iter().filter_map(|need| plan.ix(&need.step)) {
            if before.at() == from {
                return true;
            }
            if !std::mem::replace(&mut seen[before.at()], true) {
                todo.push(before.at());
            }
        }
    }
    false
}
