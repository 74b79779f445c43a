//! One operation with its values, as typed -> a plan of one step, checked by the rules of plan files.

use std::collections::BTreeMap;

use super::pipeline::blank_step;
use super::revise::typed;
use super::settle::settle;
use super::validate::{Limits, validate};
use crate::model::catalogue::{Catalogue, EffectClass};
use crate::model::digest::Digest;
use crate::model::ids::StepId;
use crate::model::plan::{Plan, PlanSource, Provenance};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

pub fn single(
    operation: &str,
    params: &BTreeMap<String, String>,
    catalogue: &Catalogue,
    policy: &PolicySettings,
) -> Result<Plan, Vec<Problem>> {
    let Some(known) = catalogue.get(operation) else {
        return Err(vec![Problem::new("call", "unknown_operation", format!("unknown operation `{operation}`"))]);
    };
    let mut step = blank_step(known);
    step.id = StepId::new(known.verb());
    let mut problems = Vec::new();
    for (name, text) in params {
        match typed(known, name, text) {
            Ok(value) => {
                step.params.insert(name.clone(), value);
                step.provenance.insert(name.clone(), Provenance::Operator);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if known.effect != EffectClass::Read {
        step.locks = step.target().map(|target| format!("target:{target}")).into_iter().collect();
    }
    let said: Vec<String> = params.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    let title = format!("{operation}{}", said.concat());
    let source = PlanSource::File { path: "service call".to_owned() };
    let mut plan = Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        intent: title.clone(),
        title,
        source,
        environment: None,
        approval_required: false,
        steps: vec![step],
    };
    problems.extend(settle(&mut plan, catalogue));
    if problems.is_empty() {
        problems = validate(&plan, catalogue, Limits::file(policy));
    }
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}
