//! A template for one host, said of several -> the same work on each, one host after the other where it changes something.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalogue::{Catalogue, EffectClass};
use crate::model::fresh::Fresh;
use crate::model::ids::StepId;
use crate::model::plan::{Need, NeedKind, Plan, When};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

use super::pace::{self, Pace};
use super::spread::renamed;
use super::template::{Template, instantiate};

/// `hosts`: the values of the parameter `name`.
pub fn each(
    template: &Template,
    given: &BTreeMap<String, String>,
    (name, hosts): (&str, &[String]),
    said: Option<Pace>,
    (catalogue, policy): (&Catalogue, &PolicySettings),
) -> Result<Plan, Vec<Problem>> {
    let mut whole: Option<Plan> = None;
    // What the next host waits for, host by host.
    let mut ends: Vec<Vec<StepId>> = Vec::new();
    // No new name is an old one either, so that none is renamed twice.
    let mut fresh = Fresh::beside(template.steps().iter().map(|step| &step.id));
    // Named twice, it is meant once.
    let mut seen = BTreeSet::new();
    for (at, host) in hosts.iter().filter(|host| seen.insert(*host)).enumerate() {
        let mut values = given.clone();
        values.insert(name.to_owned(), host.clone());
        let mut one = instantiate(template, &values, catalogue, policy)?;
        apart(&mut one, host, &mut fresh);
        let changes = one.steps.iter().any(|step| step.effect != EffectClass::Read);
        let size = match said {
            Some(Pace::Batches(size)) => Some(size),
            Some(Pace::AllAtOnce) => None,
            None => changes.then_some(1),
        };
        if let Some(size) = size.filter(|size| at >= *size) {
            let batch = (at / size - 1) * size;
            let before: Vec<&StepId> = ends[batch..batch + size].iter().flatten().collect();
            for step in one.steps.iter_mut().filter(|step| step.needs.is_empty()) {
                step.needs =
                    before.iter().map(|id| Need { step: (*id).clone(), when: When::Success, kind: NeedKind::Completion }).collect();
            }
        }
        ends.push(pace::last(one.steps.iter()).into_iter().map(|step| step.id.clone()).collect());
        whole = Some(match whole {
            None => one,
            Some(whole) => Plan { title: format!("{}; {}", whole.title, one.title), steps: [whole.steps, one.steps].concat(), ..whole },
        });
    }
    whole.ok_or_else(|| vec![Problem::new("plan", "no_host", "no host is named".to_owned())])
}

/// Every step gets the host into its name.
fn apart(plan: &mut Plan, host: &str, fresh: &mut Fresh) {
    let names: BTreeMap<StepId, StepId> = plan.steps.iter().map(|step| (step.id.clone(), fresh.id(&step.id, host))).collect();
    for step in &mut plan.steps {
        for (old, new) in &names {
            renamed(step, old, new);
        }
        for id in std::iter::once(&mut step.id).chain(step.needs.iter_mut().map(|need| &mut need.step)) {
            if let Some(new) = names.get(id) {
                *id = new.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::{Limits, catalogue_file, template, validate};

    const CATALOGUE: &str = r#"
[[operation]]
name = "host.restart"
summary = "Restart"
effects = "mutate"
params = [{ name = "host", type = "host", required = true }]
"#;

    const TEMPLATE: &str = r#"
name = "t"
summary = "Restart twice"
[[param]]
name = "host"
type = "host"
required = true
[[step]]
id = "restart_it_and_wait_until_it_says_that_it_is_there_again"
operation = "host.restart"
params = { host = "${inputs.host}" }
[[step]]
id = "again"
operation = "host.restart"
params = { host = "${inputs.host}" }
needs = ["restart_it_and_wait_until_it_says_that_it_is_there_again"]
"#;

    #[test]
    fn hosts_of_like_or_long_names_get_steps_of_their_own() {
        let catalogue = catalogue_file::parse("c.toml", CATALOGUE).expect("a catalogue");
        let template = template::parse("t.toml", TEMPLATE).expect("a template");
        let policy = PolicySettings::default();
        let long = ["x".repeat(60), ".a".to_owned()].concat();
        let hosts = ["a-b", "a.b", "a-b", &long, &long.replace(".a", ".b")].map(str::to_owned);
        let plan = each(&template, &BTreeMap::new(), ("host", &hosts), None, (&catalogue, &policy)).expect("a plan");
        assert_eq!(validate(&plan, &catalogue, Limits::file(&policy)), []);
        let again: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).filter(|id| id.starts_with("again")).collect();
        assert_eq!((again.len(), &again[..2]), (4, &["again_a_b", "again_a_b_2"][..]));
        // One host after the other, each by its own steps.
        for at in 1..plan.steps.len() {
            assert_eq!(plan.steps[at].needs.iter().map(|need| &need.step).collect::<Vec<_>>(), [&plan.steps[at - 1].id]);
        }
    }
}
