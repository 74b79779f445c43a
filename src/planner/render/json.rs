//! The stable JSON of a plan: fields are only ever added.

use serde_json::{Value, json};

use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Plan, Step};

/// One object on one line; `ms` is the time that planning took.
pub fn json(outcome: &PlanOutcome, ms: f64) -> Value {
    let rounded = (ms * 1_000.0).round() / 1_000.0;
    match outcome {
        PlanOutcome::Plan { approval_required, plan } => {
            json!({ "outcome": "plan", "approval_required": approval_required, "plan": plan_json(plan), "ms": rounded })
        }
        PlanOutcome::Clarify { question, missing, choices } => {
            json!({ "outcome": "clarify", "question": question, "missing": missing, "choices": choices, "ms": rounded })
        }
        PlanOutcome::Refuse { reason, nearest } => json!({ "outcome": "refuse", "reason": reason, "nearest": nearest, "ms": rounded }),
    }
}

fn plan_json(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan.steps.iter().map(step_json).collect();
    json!({
        "digest": plan.digest, "revision": plan.revision, "title": plan.title, "intent": plan.intent, "source": plan.source,
        "environment": plan.environment, "approval_required": plan.approval_required, "steps": steps,
    })
}

/// The fields of the model; `for_each` stands there also where there is none.
fn step_json(step: &Step) -> Value {
    let mut value = serde_json::to_value(step).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut value {
        fields.entry("for_each").or_insert(Value::Null);
    }
    value
}
