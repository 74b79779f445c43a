//! What really happened: one line a step, appended by the step itself with one write. Knows nothing of the journal.

use std::collections::BTreeMap;
use std::path::Path;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub counts: BTreeMap<String, usize>,
}

impl Ledger {
    /// A file that is not there yet has no lines.
    pub fn read(path: &Path) -> Self {
        let mut counts = BTreeMap::new();
        for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
            *counts.entry(line.to_owned()).or_default() += 1;
        }
        Self { counts }
    }

    pub fn has(&self, step: &str) -> bool {
        self.counts.contains_key(step)
    }

    pub fn doubles(&self) -> Vec<&str> {
        self.counts.iter().filter(|(_, count)| **count > 1).map(|(step, _)| step.as_str()).collect()
    }
}
