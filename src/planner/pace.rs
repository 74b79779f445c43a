//! How many hosts of a list are taken up together: what was said, else changes go to one after the other.

use std::collections::BTreeMap;

use crate::model::catalogue::EffectClass;
use crate::model::hole::Hole;
use crate::model::ids::StepId;
use crate::model::plan::{Need, NeedKind, Plan, Step, When};

use super::spread::Copies;

/// How many things of a list are taken up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    AllAtOnce,
    /// The next ones begin when all that went before has succeeded: what goes wrong goes wrong on so many.
    Batches(usize),
}

impl Pace {
    /// As the words say; `None` where they do not.
    pub fn said(intent: &str) -> Option<Self> {
        let text = intent.to_lowercase();
        let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let number = |word: &str| word.parse::<usize>().ok().or_else(|| NUMBERS.iter().position(|name| *name == word)).filter(|n| *n > 0);
        let has = |phrase: &[&str]| words.windows(phrase.len()).any(|window| window == phrase);
        let batches = words.windows(3).find_map(|at| match at {
            ["batches" | "groups" | "chunks", "of", count] | [count, "at", "a"] => number(count),
            _ => None,
        });
        let one = [
            &["one", "by", "one"][..],
            &["one", "after", "another"],
            &["one", "after", "the", "other"],
            &["in", "turn"],
            &["rolling"],
            &["sequentially"],
        ];
        let all =
            [&["all", "at", "once"][..], &["in", "parallel"], &["simultaneously"], &["at", "the", "same", "time"], &["all", "together"]];
        match batches {
            Some(count) => Some(Self::Batches(count)),
            None if one.iter().any(|phrase| has(phrase)) => Some(Self::Batches(1)),
            None => all.iter().any(|phrase| has(phrase)).then_some(Self::AllAtOnce),
        }
    }
}

const NUMBERS: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// Lets the steps of later things on a list wait for those of earlier ones.
pub(super) fn hold_back(steps: &mut [Step], plan: &Plan, copies: &BTreeMap<StepId, Copies>) {
    let said = Pace::said(&plan.intent);
    let mut lists: Vec<&Hole> = Vec::new();
    for one in copies.values() {
        if !lists.contains(&&one.list) {
            lists.push(&one.list);
        }
    }
    for list in lists {
        let over: Vec<&Step> = plan.steps.iter().filter(|step| copies.get(&step.id).is_some_and(|copies| copies.list == *list)).collect();
        let changes = over.iter().any(|step| step.effect != EffectClass::Read);
        let size = match said {
            Some(Pace::Batches(size)) => size,
            None if changes => 1,
            Some(Pace::AllAtOnce) | None => continue,
        };
        let is_over = |id: &StepId| over.iter().any(|step| step.id == *id);
        let first: Vec<&Step> = over.iter().copied().filter(|step| !step.needs.iter().any(|need| is_over(&need.step))).collect();
        // What succeeds when all goes well, and nothing of the same thing comes after.
        let goes_well = |step: &&&Step| step.condition.is_none() && step.needs.iter().all(|need| need.when != When::Failure);
        let followed = |id: &StepId| over.iter().filter(|step| goes_well(step)).any(|step| step.needs.iter().any(|need| need.step == *id));
        let last: Vec<&Step> = over.iter().filter(goes_well).copied().filter(|step| !followed(&step.id)).collect();
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
        ] {
            assert_eq!(Pace::said(intent), pace, "{intent}");
        }
    }
}
