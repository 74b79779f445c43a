//! A template for one host, said of several -> the same work on each, one host after the other where it changes something.

use std::collections::BTreeMap;

use crate::model::catalogue::{Catalogue, EffectClass};
use crate::model::ids::StepId;
use crate::model::plan::{Need, NeedKind, Plan, When};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;

use super::pace::{self, Pace};
use super::spread::{plain, renamed};
use super::template::{Template, instantiate};

/// `hosts`: at least two values of the parameter `name`.
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
    for (at, host) in hosts.iter().enumerate() {
        let mut values = given.clone();
        values.insert(name.to_owned(), host.clone());
        let mut one = instantiate(template, &values, catalogue, policy)?;
        apart(&mut one, &plain(host));
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
fn apart(plan: &mut Plan, host: &str) {
    let new = |id: &StepId| StepId::new(format!("{id}_{host}").chars().take(64).collect::<String>());
    let ids: Vec<StepId> = plan.steps.iter().map(|step| step.id.clone()).collect();
    for step in &mut plan.steps {
        step.id = new(&step.id);
        step.needs.iter_mut().for_each(|need| need.step = new(&need.step));
        ids.iter().for_each(|id| renamed(step, id, &new(id)));
    }
}
