//! Where the steps of a plan act, as the inventory has it -> the environment that the plan names.
//!
//! A word alone never spares an approval: where the inventory puts a target elsewhere, the word does not count. Where it puts
//! every target into one environment, that one is named though no word said so.

use crate::model::catalogue::{Catalogue, EffectClass};
use crate::model::hole::is_literal;
use crate::model::plan::{Plan, Step};

use super::grammar;
use super::slots::is_machine_param;

/// `known`: the environment that the inventory has for a machine. To be called when every target is named.
pub fn settle_environment(plan: &mut Plan, catalogue: &Catalogue, exempt: &[String], known: impl Fn(&str) -> Option<String>) {
    let changing: Vec<&Step> = plan.steps.iter().filter(|step| step.effect != EffectClass::Read).collect();
    let acting: Vec<&Step> = if changing.is_empty() { plan.steps.iter().collect() } else { changing };
    let mut places: Vec<Option<String>> = Vec::new();
    for step in acting {
        let targets = targets(step, catalogue);
        // What is low risk and touches no machine waits for nobody anyway.
        if targets.is_empty() && step.effect != EffectClass::Read && !step.low_risk {
            places.push(None);
        }
        let place = |name: &str| known(name).map(|place| grammar::environment(&place).map_or_else(|| place.clone(), str::to_owned));
        places.extend(targets.into_iter().map(|target| target.and_then(place)));
    }
    let one = places.first().cloned().flatten().filter(|first| places.iter().all(|place| place.as_ref() == Some(first)));
    let contradicted = |named: &String| places.iter().flatten().any(|place| place != named);
    plan.environment = match plan.environment.take() {
        Some(named) if !contradicted(&named) => Some(named),
        Some(_) => one.filter(|place| !exempt.contains(place)),
        None => one,
    };
}

/// Machines that a step names; `None` for one that only a run will tell.
fn targets<'a>(step: &'a Step, catalogue: &Catalogue) -> Vec<Option<&'a str>> {
    let Some(operation) = catalogue.get(&step.operation) else { return vec![None] };
    let machines = operation.params.iter().filter(|param| is_machine_param(&param.name, &param.kind));
    machines.filter_map(|param| step.params.get(&param.name)).map(|value| value.as_str().filter(|text| is_literal(text))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::planner::plan_file;
    use crate::planner::source::Format;

    /// web-1 and web-2 are production, stg-1 is staging, lab-1 stands nowhere.
    fn environment(said: Option<&str>, steps: &[(&str, &str)]) -> Option<String> {
        let catalogue = crate::service::manifest::load(None).expect("the embedded manifests are sound");
        let step = |(at, (operation, host)): (usize, &(&str, &str))| json!({ "id": format!("s{at}"), "operation": operation, "params": { "host": host, "service": "nginx" } });
        let steps: Vec<_> = steps.iter().enumerate().map(step).collect();
        let text = json!({ "title": "t", "steps": steps }).to_string();
        let mut plan = plan_file::parse("p.json", &text, Format::Json, &BTreeMap::new()).expect("a plan");
        assert_eq!(crate::planner::settle(&mut plan, &catalogue), []);
        plan.environment = said.map(str::to_owned);
        settle_environment(&mut plan, &catalogue, &["staging".to_owned()], |host| match host {
            "web-1" | "web-2" => Some("prod".to_owned()),
            "stg-1" => Some("staging".to_owned()),
            _ => None,
        });
        plan.environment
    }

    #[test]
    fn the_inventory_says_more_than_a_word() {
        let restart = "host.restart_service";
        for (said, steps, expected) in [
            (None, vec![(restart, "web-1"), (restart, "web-2")], Some("production")),
            (None, vec![(restart, "stg-1")], Some("staging")),
            (None, vec![(restart, "stg-1"), (restart, "web-1")], None),
            (None, vec![(restart, "stg-1"), (restart, "lab-1")], None),
            (None, vec![(restart, "stg-1"), ("host.service_status", "web-1")], Some("staging")),
            (Some("staging"), vec![(restart, "web-1")], Some("production")),
            (Some("staging"), vec![(restart, "stg-1"), (restart, "web-1")], None),
            (Some("staging"), vec![(restart, "lab-1")], Some("staging")),
            (Some("production"), vec![(restart, "stg-1")], None),
            (None, vec![("host.service_status", "web-1")], Some("production")),
        ] {
            assert_eq!(environment(said, &steps).as_deref(), expected, "{said:?} {steps:?}");
        }
    }
}
