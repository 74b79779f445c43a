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
