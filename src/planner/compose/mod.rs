//! Clauses -> units -> drafts of steps with edges.
//!
//! A unit is one operation with the values of its clause; inheritance fills the gaps, several values make several drafts.
//! Everything here is a function of its arguments: the same text gives the same drafts.

mod alive;
mod condition;
mod edges;
mod elided;
mod holder;
mod inherit;
mod looks;
mod more;
mod nobody;
mod parts;
mod spoken;
mod torn;
mod units;

pub use edges::{Draft, Judges, draft};
pub use nobody::elsewhere;
pub use units::units;

use crate::model::outcome::PlanOutcome;

/// Why planning ends before a plan.
pub type Stop = Box<PlanOutcome>;

#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
pub fn clarify(question: impl Into<String>, missing: Vec<String>, choices: Vec<String>) -> Stop {
    Box::new(PlanOutcome::Clarify { question: question.into(), missing, choices })
}

#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
pub fn refuse(reason: impl Into<String>, nearest: Vec<String>) -> Stop {
    Box::new(PlanOutcome::Refuse { reason: reason.into(), nearest })
}
