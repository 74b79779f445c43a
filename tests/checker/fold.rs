//! Events of one run -> where each of its steps stands. A second opinion on the fold, as small as the rules need it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::journal::Entry;

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub state: String,
    pub attempt: u64,
    pub role: String,
    pub key: String,
    /// Who skipped it, where it was skipped.
    pub skipped: String,
    /// A further start must carry a new key, or must be the proof that the last one did not happen.
    pub may_repeat: bool,
    pub raised: bool,
    pub starts: u64,
}

#[derive(Debug, Default)]
pub struct Run {
    pub steps: BTreeMap<String, Step>,
    pub plan: Value,
    pub approved: BTreeSet<String>,
    pub gates: BTreeSet<String>,
    pub finished: Option<String>,
}

pub const LIVE: [&str; 5] = ["running", "recovering", "probing", "stopping", "compensating"];

impl Run {
    pub fn plan_step(&self, id: &str) -> Option<&Value> {
        self.plan["steps"].as_array()?.iter().find(|step| step["id"] == id)
    }

    pub fn state(&self, id: &str) -> &str {
        self.steps.get(id).map_or("", |step| step.state.as_str())
    }

    /// An engine started: what was in flight is unknown to it.
    pub fn engine_started(&mut self) {
        if self.finished.is_some() {
            return;
        }
        for step in self.steps.values_mut() {
            match step.state.as_str() {
                "running" | "probing" | "compensating" => "recovering".clone_into(&mut step.state),
                "queued" => "waiting".clone_into(&mut step.state),
                _ => {}
            }
        }
    }

    pub fn apply(&mut self, entry: &Entry, plans: &BTreeMap<String, Value>) {
        let data = entry.data();
        match entry.kind() {
            "plan_proposed" => {
                self.plan = plans.get(data["digest"].as_str().unwrap_or("")).cloned().unwrap_or_default();
                let ids = self.plan["steps"].as_array().into_iter().flatten().filter_map(|step| step["id"].as_str());
                self.steps = ids.map(|id| (id.to_owned(), Step { state: "waiting".to_owned(), ..Step::default() })).collect();
            }
            "approved" => {
                let list = if entry.step().is_empty() { &mut self.approved } else { &mut self.gates };
                list.insert(data["digest"].as_str().unwrap_or("").to_owned());
            }
            "workflow_finished" => self.finished = data["state"].as_str().map(str::to_owned),
            _ => {}
        }
        if let Some(step) = self.steps.get_mut(entry.step()) {
            apply_step(step, entry);
        }
    }
}

fn apply_step(step: &mut Step, entry: &Entry) {
    let data = entry.data();
    let next = match entry.kind() {
        "step_queued" => "queued",
        "step_held" => "held",
        "backoff_started" => "backing_off",
        "approval_requested" => "awaiting_approval",
        "approved" => "waiting",
        "decision_requested" => "awaiting_decision",
        "step_started" => {
            step.starts += 1;
            step.attempt = entry.value["attempt"].as_u64().unwrap_or(0);
            data["role"].as_str().unwrap_or("").clone_into(&mut step.role);
            data["effect_key"].as_str().unwrap_or("").clone_into(&mut step.key);
            (step.may_repeat, step.raised) = (false, false);
            running(&step.role)
        }
        "step_recovering" => running(&step.role),
        "step_requeued" => {
            step.raised = data["raised"] == true;
            step.may_repeat |= step.raised || data["why"].as_str().is_some_and(|why| why.contains("never started"));
            "waiting"
        }
        "step_succeeded" => "succeeded",
        "step_failed" => {
            step.may_repeat |= data["failure"]["certainty"] == "not_started";
            "failed"
        }
        "outcome_unknown" => "outcome_unknown",
        "step_skipped" => {
            data["skipped"].as_str().unwrap_or("").clone_into(&mut step.skipped);
            "skipped"
        }
        "step_done_by_hand" => "done_by_hand",
        "step_stopping" => "stopping",
        "step_cancelled" => "cancelled",
        "compensation_finished" if data["succeeded"] == true => "compensated",
        "compensation_finished" => "failed",
        _ => return,
    };
    next.clone_into(&mut step.state);
}

fn running(role: &str) -> &'static str {
    match role {
        "probe" => "probing",
        "compensation" => "compensating",
        _ => "running",
    }
}
