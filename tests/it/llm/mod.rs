//! A language model as a proposer: both protocols against a stand-in, every fault of a server, and what is never believed.

mod campaign;
mod faults;
mod program;
mod recorded;
mod samples;
pub mod stand_in;
mod trust;

use std::sync::OnceLock;

use ouioe::engine::planning::Planning;
use ouioe::engine::proposing::{Improvement, Model};
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::plan::Plan;
use ouioe::model::settings::{LlmKind, LlmSettings, PolicySettings};
use ouioe::model::time::Millis;
use ouioe::planner::Ask;
use serde_json::{Value, json};

pub const BOTH: [LlmKind; 2] = [LlmKind::Ollama, LlmKind::Openai];

/// What the embedded planner does not understand, and a model might.
pub const ODD: &str = "nginx on web-3 poorly, kick it and see whether it came back";

pub fn settings(kind: LlmKind, url: &str) -> LlmSettings {
    LlmSettings { kind, url: url.to_owned(), model: "stand-in".to_owned(), ..LlmSettings::default() }
}

pub fn planning(settings: &LlmSettings, key: Option<&str>) -> Planning {
    static LOADED: OnceLock<Planning> = OnceLock::new();
    let load = || Planning::load(None, &PolicySettings::default()).expect("the embedded manifests are sound");
    LOADED.get_or_init(load).clone().with_model(Model::of(settings, key.map(str::to_owned)))
}

/// The plan that stands, and what the model made of it.
pub fn improve(settings: &LlmSettings, key: Option<&str>, words: &str) -> (PlanOutcome, Improvement) {
    runtime().block_on(async {
        let planning = planning(settings, key);
        let ask = Ask::new(words);
        let standing = planning.plan_intent(&ask).await;
        let improvement = planning.improve(&ask, &standing).await.expect("a model is configured");
        (standing, improvement)
    })
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

pub fn with_timeout(settings: LlmSettings, timeout_ms: u64) -> LlmSettings {
    LlmSettings { timeout_ms: Millis(timeout_ms), ..settings }
}

/// `(id, operation, [(parameter, value)], [needs])`.
pub type StepOf<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

pub fn answer(steps: &[StepOf<'_>]) -> String {
    let steps: Vec<Value> = steps
        .iter()
        .map(|(id, operation, params, needs)| {
            let params: Vec<Value> = params.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            let needs: Vec<Value> = needs.iter().map(|step| json!({"step": step, "when": "success"})).collect();
            json!({"id": id, "operation": operation, "params": params, "needs": needs})
        })
        .collect();
    json!({"outcome": "plan", "reason": "", "steps": steps}).to_string()
}

/// What `ODD` asks for.
pub fn kick() -> String {
    let on = &[("host", "web-3"), ("service", "nginx")];
    answer(&[("s1", "host.restart_service", on, &[]), ("s2", "host.service_status", on, &["s1"])])
}

pub fn operations(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.operation.as_str()).collect()
}
