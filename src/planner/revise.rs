//! A plan with one step's parameters changed by a person: the next revision of it, checked by the rules of plan files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::validate::{Limits, validate};
use super::{grammar, near};
use crate::model::catalogue::{Catalogue, EffectClass, Operation};
use crate::model::expand::without_copies;
use crate::model::ids::StepId;
use crate::model::plan::{Plan, Provenance, Step};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

/// The action is that of the old values still: binding comes after. A value that is also the undo's or the probe's changes there too.
pub fn revise(
    plan: &Plan,
    step: &StepId,
    set: &BTreeMap<String, String>,
    catalogue: &Catalogue,
    policy: &PolicySettings,
) -> Result<Plan, Vec<Problem>> {
    let mut next = plan.clone();
    next.revision += 1;
    let known = || near::hint(step.as_str(), plan.steps.iter().map(|one| one.id.as_str()));
    let Some(changed) = next.steps.iter_mut().find(|one| one.id == *step) else {
        return Err(vec![Problem::new("plan", "unknown_step", format!("the plan has no step `{step}`")).help(known())]);
    };
    let Some(operation) = catalogue.get(&changed.operation) else {
        return Err(vec![Problem::new("plan", "unknown_operation", format!("there is no operation {} any more", changed.operation))]);
    };
    let mut problems = Vec::new();
    for (name, text) in set {
        match typed(operation, name, text) {
            Ok(value) => put(changed, name, &value),
            Err(problem) => problems.push(problem),
        }
    }
    // A list that was read for the old values is no list of the new ones.
    forget_previews(changed);
    if problems.is_empty() {
        problems = validate(&next, catalogue, Limits::file(policy));
    }
    if problems.is_empty() { Ok(next) } else { Err(problems) }
}

/// The same steps for another run: what was listed for the last one is to be listed anew.
pub fn again(plan: &Plan) -> Plan {
    let mut next = Plan { revision: 1, why: Box::default(), ..without_copies(plan) };
    next.steps.iter_mut().for_each(forget_previews);
    next
}

fn forget_previews(step: &mut Step) {
    let previewed: Vec<String> =
        step.provenance.iter().filter(|(_, from)| **from == Provenance::Preview).map(|(name, _)| name.clone()).collect();
    for name in previewed {
        step.params.remove(&name);
        step.provenance.remove(&name);
    }
}

pub(super) fn typed(operation: &Operation, name: &str, text: &str) -> Result<Value, Problem> {
    let Some(param) = operation.param(name) else {
        let help = near::hint(name, operation.params.iter().map(|param| param.name.as_str()));
        return Err(Problem::new("--set", "unknown_param", format!("{} has no parameter `{name}`", operation.name)).help(help));
    };
    if text.contains("${") {
        return Err(Problem::new("--set", "bad_value", format!("`{name}` may not take its value from another step")));
    }
    grammar::typed(&param.kind, text).map_err(|why| Problem::new("--set", "bad_value", format!("`{name}`: `{text}` {why}")))
}

fn put(step: &mut Step, name: &str, value: &Value) {
    let target = step.target().map(str::to_owned);
    let before = step.params.insert(name.to_owned(), value.clone());
    step.provenance.insert(name.to_owned(), Provenance::Operator);
    step.bounds.remove(name);
    for other in step.compensation.iter_mut().chain(step.probe.iter_mut()) {
        if before.is_some() && other.params.get(name) == before.as_ref() {
            other.params.insert(name.to_owned(), value.clone());
        }
    }
    let now = step.target().map(str::to_owned);
    if step.effect != EffectClass::Read && target != now {
        let (old, new) = (target.map(|target| format!("target:{target}")), now.map(|target| format!("target:{target}")));
        step.locks.retain(|lock| Some(lock) != old.as_ref());
        step.locks.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restart() -> (Plan, Catalogue, PolicySettings) {
        let policy = PolicySettings::default();
        let text = "[[operation]]\nname = \"host.restart_service\"\nsummary = \"Restart a service on a host\"\neffect = \"mutate\"\n\
                    params = [{name=\"host\",type=\"host\",required=true},{name=\"service\",type=\"name\",required=true}]\n";
        let catalogue = crate::planner::catalogue_file::parse("c.toml", text).expect("a catalogue");
        let text = "[[step]]\nid = \"r\"\noperation = \"host.restart_service\"\nlock = \"target:web-1\"\n\
                    params = {host=\"web-1\",service=\"nginx\"}\n";
        let plan = crate::planner::plan_file::check("p.toml", text, crate::planner::Format::Toml, &BTreeMap::new(), &catalogue, &policy);
        (plan.expect("a plan"), catalogue, policy)
    }

    fn with(name: &str, value: &str) -> Result<Plan, Vec<Problem>> {
        let (plan, catalogue, policy) = restart();
        revise(&plan, &plan.steps[0].id, &BTreeMap::from([(name.to_owned(), value.to_owned())]), &catalogue, &policy)
    }

    #[test]
    fn another_host_is_another_revision_with_its_own_lock() {
        let next = with("host", "web-2").expect("a revision");
        let step = &next.steps[0];
        assert_eq!(
            (next.revision, step.params["host"].as_str(), step.locks.as_slice()),
            (restart().0.revision + 1, Some("web-2"), &["target:web-2".to_owned()][..])
        );
        assert_eq!(step.provenance["host"], Provenance::Operator);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        for (name, value, wanted) in
            [("hots", "web-2", "host"), ("host", "${steps.s1.output.x}", "another step"), ("host", "-oProxyCommand=x", "host")]
        {
            let problems = with(name, value).expect_err(value);
            assert!(problems.iter().any(|one| format!("{one} {}", one.help).contains(wanted)), "{problems:?}");
        }
    }
}
