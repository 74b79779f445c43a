//! What planning an intent comes to: a plan, a question, or a refusal.

use serde::{Deserialize, Serialize};

use super::plan::Plan;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PlanOutcome {
    Plan {
        approval_required: bool,
        plan: Box<Plan>,
    },
    /// A question with concrete choices; `missing` names the parameters.
    Clarify {
        question: String,
        missing: Vec<String>,
        choices: Vec<String>,
    },
    /// A reason, and the operations nearest to what was asked.
    Refuse {
        reason: String,
        nearest: Vec<String>,
    },
}
