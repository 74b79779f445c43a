//! How much a step grows when its inputs are filled in: a small file may name a long value many thousand times.
//!
//! Counted before anything is filled in, so that what is refused was never made.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::plan::Step;
use crate::model::problem::Problem;

/// Of a whole plan, in bytes: as large as the largest plan file.
const MOST: usize = 16 << 20;
/// Values up to this size fill no memory, whatever names them.
const SMALL: usize = 64;

/// Counts over all steps of one plan.
#[derive(Debug)]
pub struct Growth {
    /// Size of each value, by name; empty: all are small.
    sizes: BTreeMap<String, usize>,
    bytes: usize,
}

impl Growth {
    pub fn of(values: &BTreeMap<String, Value>) -> Self {
        let size = |value: &Value| value.as_str().map_or_else(|| value.to_string().len(), str::len);
        let sizes: BTreeMap<String, usize> = values.iter().map(|(name, value)| (name.clone(), size(value))).collect();
        let is_small = sizes.values().all(|size| *size <= SMALL);
        Self { sizes: if is_small { BTreeMap::new() } else { sizes }, bytes: 0 }
    }

    /// Takes one more step; `Err`: with it the plan is too large.
    pub fn add(&mut self, origin: &str, step: &Step) -> Result<(), Problem> {
        if self.sizes.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_string(step).unwrap_or_default();
        self.add_text(origin, step.id.as_str(), &text)
    }

    /// `name`: of what the text belongs to.
    pub fn add_text(&mut self, origin: &str, name: &str, text: &str) -> Result<(), Problem> {
        self.bytes += text.len();
        for part in text.split("${inputs.").skip(1) {
            let input = part.split_once('}').map_or("", |(input, _)| input);
            self.bytes = self.bytes.saturating_add(self.sizes.get(input).copied().unwrap_or(0));
        }
        if self.bytes <= MOST {
            return Ok(());
        }
        let message = format!("`{name}`: with its inputs filled in the plan is larger than {} MiB", MOST >> 20);
        Err(Problem::new(origin, "too_large", message).help("name a file instead of its content"))
    }
}
