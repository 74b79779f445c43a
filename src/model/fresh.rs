//! Ids for the steps that one becomes: short enough, and each of them only once.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::StepId;

/// Leaves room for a number within the 64 bytes of an id.
const LONGEST: usize = 56;

pub struct Fresh {
    taken: BTreeSet<StepId>,
    /// Number that is tried next behind what stands already.
    next: BTreeMap<String, usize>,
}

impl Fresh {
    pub fn beside<'a>(taken: impl Iterator<Item = &'a StepId>) -> Self {
        Self { taken: taken.cloned().collect(), next: BTreeMap::new() }
    }

    /// `s2_web_3`, which a condition can name as well; a number is put behind what would stand twice.
    pub fn id(&mut self, step: &StepId, thing: &str) -> StepId {
        let plain = thing.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' });
        let base: String = format!("{step}_").chars().chain(plain).take(LONGEST).collect();
        let number = self.next.entry(base.clone()).or_insert(1);
        loop {
            let id = if *number == 1 { StepId::new(&base) } else { StepId::new(format!("{base}_{number}")) };
            *number += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_gets_a_number() {
        let (old, step) = (StepId::from("r_b"), StepId::from("r"));
        let mut fresh = Fresh::beside([&old].into_iter());
        let long = "x".repeat(60);
        let given: Vec<String> = ["a.b", "a-b", "b", &long, &long, "ä"].map(|thing| fresh.id(&step, thing).to_string()).to_vec();
        let cut = format!("r_{}", "x".repeat(54));
        assert_eq!(given, ["r_a_b", "r_a_b_2", "r_b_2", &cut, &format!("{cut}_2"), "r__"]);
    }

    #[test]
    fn ten_thousand_that_look_alike_take_no_long_search() {
        let step = StepId::from("r");
        let mut fresh = Fresh::beside(std::iter::empty());
        let ids: BTreeSet<StepId> = (0..10_000).map(|number| fresh.id(&step, &format!("{}{number}", "x".repeat(60)))).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.as_str().len() <= 64));
    }
}
