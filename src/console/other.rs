//! Another plan for the intent that was planned last, which a model may bring while the first one is on the screen.
//!
//! It never takes the screen, nor the place of the plan that stands: the operator looks at it, takes it or dismisses it.

use std::sync::Arc;

use super::app::App;
use super::proposal::Sent;
use crate::engine::proposing::Improvement;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;

#[derive(Debug, Default)]
pub struct Other {
    /// The configured one; `None`: nobody is asked.
    pub model: Option<String>,
    pub standing: Option<Standing>,
    pub found: Option<Found>,
}

/// What the model was asked to do better.
#[derive(Debug)]
pub struct Standing {
    pub ask: u64,
    pub text: String,
    pub outcome: PlanOutcome,
}

#[derive(Debug)]
pub struct Found {
    pub improvement: Improvement,
    pub plan: Arc<Plan>,
}

impl App {
    /// The question is still open: nothing newer is asked, and what stands was not sent, taken back or replaced.
    pub fn other_matters(&self) -> bool {
        let Some(standing) = &self.other.standing else { return false };
        let newest = self.intent.asked == standing.ask && self.intent.asking.is_none();
        newest
            && match &standing.outcome {
                PlanOutcome::Plan { plan, .. } => {
                    self.proposal.as_ref().is_some_and(|proposal| proposal.plan.digest == plan.digest && proposal.sent == Sent::No)
                }
                PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => self.intent.answer.is_some(),
            }
    }
}
