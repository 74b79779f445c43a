//! How many hosts of a list are taken up together: what was said, else changes go to one after the other.

use std::collections::BTreeMap;

use crate::model::catalogue::EffectClass;
use crate::model::ids::StepId;
use crate::model::plan::{Need, NeedKind, Plan, Step, When};

pub(super) use super::segment::Pace;

use super::segment::pace;
use super::spread::{Copies, List};
use super::token::tokens;

/// As the intent says; `None` where it does not.
pub(super) fn said(intent: &str) -> Option<Pace> {
    pace(&tokens(intent))
}

/// Lets the steps of later things on a list wait for those of earlier ones.
pub(super) fn hold_back(steps: &mut [Step], plan: &Plan, copies: &BTreeMap<StepId, Copies>) {
    let said = said(&plan.intent);
    let mut lists: Vec<&List> = Vec::new();
    for one in copies.values() {
        if !lists.contains(&&one.list) {
            lists.push(&one.list);
        }
    }
    for list in lists {
        let over: Vec<&Step> = plan.steps.iter().filter(|step| copies.get(&step.id).is_some_and(|copies| copies.list == *list)).collect();
        let changes = over.iter().any(|step| step.effect != EffectClass::Read);
        let written = over.iter().find_map(|step| step.for_each.as_ref()?.at_once);
        let size = match (written, said) {
            (Some(size), _) => usize::try_from(size).unwrap_or(usize::MAX).max(1),
            (None, Some(Pace::Batches(size))) => size,
            (None, None) if changes => 1,
            (None, Some(Pace::AllAtOnce) | None) => continue,
        };
        let is_over = |id: &StepId| over.iter().any(|step| step.id == *id);
        let first: Vec<&Step> = over.iter().copied().filter(|step| !step.needs.iter().any(|need| is_over(&need.step))).collect();
        let last = last(over.iter().copied());
        let each = |step: &Step| copies.get(&step.id).map(|copies| copies.each.as_slice()).unwrap_or_default();
        for begins in first {
            for (at, (_, id)) in each(begins).iter().enumerate().skip(size) {
                let batch = at / size - 1;
                let before = last.iter().flat_map(|ends| each(ends).iter().skip(batch * size).take(size)).map(|(_, id)| Need {
                    step: id.clone(),
                    when: When::Success,
                    kind: NeedKind::Completion,
                });
                if let Some(step) = steps.iter_mut().find(|step| step.id == *id) {
                    step.needs.extend(before);
                }
            }
        }
    }
}

/// Of the steps for one thing, those that succeed when all goes well and that none of the others comes after.
pub(super) fn last<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<&'a Step> {
    let well = |step: &&Step| step.condition.is_none() && step.critical && step.needs.iter().all(|need| need.when != When::Failure);
    let well: Vec<&Step> = steps.filter(well).collect();
    let followed = |step: &&Step| well.iter().any(|other| other.needs.iter().any(|need| need.step == step.id));
    well.iter().copied().filter(|step| !followed(step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_one_that_was_said() {
        for (intent, pace) in [
            ("restart nginx on all web hosts one by one", Some(Pace::Batches(1))),
            ("patch the db hosts in batches of three", Some(Pace::Batches(3))),
            ("reboot the web hosts, 2 at a time", Some(Pace::Batches(2))),
            ("restart them all at once", Some(Pace::AllAtOnce)),
            ("Rolling restart of web", Some(Pace::Batches(1))),
            ("restart nginx on the web hosts", None),
            ("batches of 0", None),
            ("restart nginx on all web hosts all at once", Some(Pace::AllAtOnce)),
            ("check disk usage on all web hosts one host at a time", Some(Pace::Batches(1))),
            ("restart nginx on all web hosts in parallel, but two at a time", Some(Pace::Batches(2))),
        ] {
            assert_eq!(said(intent), pace, "{intent}");
        }
    }
}
