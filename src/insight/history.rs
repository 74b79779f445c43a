//! What every operation did before: how long its successes took, and how often it failed.
//!
//! Rebuilt from runs; forgetting a run means building without it.

use std::collections::BTreeMap;

use crate::model::time::Millis;

/// The newest successes that are kept of an operation.
const KEPT: usize = 256;
/// Fewer successes than this shorten no timeout.
const ENOUGH: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Of the newest successes, oldest first.
    durations: Vec<Millis>,
    pub succeeded: u32,
    pub failed: u32,
}

impl Past {
    /// The duration that this many of 100 successes kept; `None` without any.
    pub fn percentile(&self, share: usize) -> Option<Millis> {
        let mut sorted = self.durations.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * share).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied()
    }

    pub fn attempts(&self) -> u32 {
        self.succeeded.saturating_add(self.failed)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(BTreeMap<String, Past>);

impl History {
    /// One settled attempt; `None`: it failed.
    pub fn add(&mut self, operation: &str, took: Option<Millis>) {
        let past = self.0.entry(operation.to_owned()).or_default();
        match took {
            None => past.failed = past.failed.saturating_add(1),
            Some(took) => {
                past.succeeded = past.succeeded.saturating_add(1);
                if past.durations.len() == KEPT {
                    past.durations.remove(0);
                }
                past.durations.push(took);
            }
        }
    }

    pub fn of(&self, operation: &str) -> Option<&Past> {
        self.0.get(operation)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn operations(&self) -> impl Iterator<Item = (&String, &Past)> {
        self.0.iter()
    }

    /// One and a half times what 99 of 100 successes took, a second at least, where enough is known.
    pub fn timeouts(&self) -> BTreeMap<String, Millis> {
        let known = self.0.iter().filter(|(_, past)| past.durations.len() >= ENOUGH);
        known.filter_map(|(name, past)| Some((name.clone(), Millis((past.percentile(99)?.0 * 3 / 2).max(1_000))))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_timeouts_come_from_successes() {
        let mut history = History::default();
        for ms in 1..=100 {
            history.add("host.look", Some(Millis(ms * 100)));
        }
        history.add("host.look", None);
        history.add("host.rare", Some(Millis(5)));
        let past = history.of("host.look").expect("known");
        assert_eq!((past.percentile(50), past.percentile(95)), (Some(Millis(5_000)), Some(Millis(9_500))));
        assert_eq!((past.attempts(), past.failed), (101, 1));
        assert_eq!(history.timeouts(), BTreeMap::from([("host.look".to_owned(), Millis(14_850))]));
    }
}
