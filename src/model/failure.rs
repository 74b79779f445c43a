//! A step that failed, as data: what is known of its effect, and of what kind the trouble is.

use serde::{Deserialize, Serialize};

use super::time::Millis;

/// What is known of the effect of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Nothing left the engine.
    NotStarted,
    /// It ran and reported its failure.
    FailedKnown,
    /// It may have happened.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    Transient,
    Overload,
    Auth,
    Config,
    Permanent,
    Resource,
    DependencyDown,
    Timeout,
    Unknown,
}

impl FailureClass {
    pub fn word(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Overload => "overload",
            Self::Auth => "not allowed",
            Self::Config => "configuration",
            Self::Permanent => "permanent",
            Self::Resource => "no resources",
            Self::DependencyDown => "dependency down",
            Self::Timeout => "timeout",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub certainty: Certainty,
    pub class: FailureClass,
    /// One safe sentence; at most 4 KiB.
    pub detail: String,
    /// The other side named a wait (`Retry-After`).
    #[serde(default)]
    pub retry_after: Option<Millis>,
}

/// How a process ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitFacts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    pub wall_ms: Millis,
    #[serde(default)]
    pub user_ms: Millis,
    #[serde(default)]
    pub max_rss_kib: u64,
    /// A limit that the runner enforced: `timeout`, `silence`, `stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// Descendants that could not be found or ended.
    #[serde(default)]
    pub left_over: u32,
}

/// What the spool of an attempt held when it was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolFacts {
    /// Bytes that the step wrote, redacted; more than the cap means the middle was dropped.
    pub len: u64,
    pub sha256: super::digest::Digest,
}
