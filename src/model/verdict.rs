//! Healthy, degraded or failing: what thresholds in a manifest say of a typed result.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Healthy,
    Degraded,
    Failing,
}

impl Health {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// Judged only where a threshold names a field of the result; a step without thresholds has no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub health: Health,
    /// One sentence a threshold that was looked at and crossed: field, value, bound.
    pub reasons: Vec<String>,
    /// What a decision answered. It says where the run goes on, not how well it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<bool>,
}

impl Verdict {
    pub fn says_no(&self) -> bool {
        self.answer == Some(false)
    }

    /// A decision's answer with what it saw; `None` where there is none. Reasons are from outside.
    pub fn told(&self) -> Option<String> {
        let why = if self.reasons.is_empty() { self.health.as_str().to_owned() } else { self.reasons.join("; ") };
        self.answer.map(|yes| format!("says {} ({why})", if yes { "yes" } else { "no" }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Larger is worse.
    Above,
    /// Smaller is worse.
    Below,
}

/// A bound on one number of a result; `field` is a dotted path, `*` goes through a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    pub field: String,
    #[serde(default)]
    pub degraded: Option<f64>,
    #[serde(default)]
    pub failing: Option<f64>,
    #[serde(default = "above")]
    pub side: Side,
}

fn above() -> Side {
    Side::Above
}
