//! Real graphs of tasks -> plans, with what each task took.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::ids::StepId;
use ouioe::model::plan::Plan;
use ouioe::model::settings::PolicySettings;
use ouioe::model::time::Millis;
use ouioe::planner::{self, Format, plan_file};
use serde_json::{Value, json};

const DAGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/dags");
const DAGS_BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/dags");

pub struct Trace {
    pub name: String,
    pub plan: Plan,
    pub catalogue: Catalogue,
    /// Measured, by step.
    pub exact: BTreeMap<StepId, u64>,
    /// What history would know: the mean of each kind of task.
    pub expected: BTreeMap<String, Millis>,
}

/// The program that a task runs: what stands before the first `_` of its id.
fn kind_of(task: &str) -> String {
    let program = task.split('_').next().unwrap_or(task);
    format!("task.{}", program.replace(|c: char| !c.is_ascii_alphanumeric(), "").to_ascii_lowercase())
}

fn trace(path: &Path) -> Trace {
    let file: Value = serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    let tasks = file["workflow"]["specification"]["tasks"].as_array().expect("tasks");
    let places: BTreeMap<&str, usize> = tasks.iter().enumerate().map(|(at, task)| (task["id"].as_str().expect("an id"), at)).collect();
    let id = |value: &Value| format!("t{}", places[value.as_str().expect("an id")]);
    let mut exact = BTreeMap::new();
    for task in file["workflow"]["execution"]["tasks"].as_array().expect("tasks") {
        let ms = (task["runtimeInSeconds"].as_f64().unwrap_or(0.0) * 1e3).round().max(1.0) as u64;
        exact.insert(StepId::new(id(&task["id"])), ms);
    }
    let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut steps = Vec::new();
    for task in tasks {
        let (own, kind) = (id(&task["id"]), kind_of(task["id"].as_str().expect("an id")));
        let known = seen.entry(kind.clone()).or_default();
        *known = (known.0 + exact.get(&StepId::new(&own)).copied().unwrap_or(1), known.1 + 1);
        let needs: Vec<Value> = task["parents"].as_array().expect("parents").iter().map(|one| json!({"step": id(one)})).collect();
        steps.push(json!({"id": own, "operation": kind, "params": {"of": own}, "needs": needs}));
    }
    let mut text = String::new();
    for kind in seen.keys() {
        text.push_str(&format!("[[operation]]\nname = \"{kind}\"\nsummary = \"A task\"\neffect = \"read\"\n"));
        text.push_str("params = [{name=\"of\",type=\"str\",required=true}]\n");
    }
    let catalogue = planner::catalogue_file::parse("tasks.toml", &text).expect("a catalogue");
    let body = json!({"title": "trace", "steps": steps}).to_string();
    let policy = PolicySettings::default();
    let plan = plan_file::check("trace.json", &body, Format::Json, &BTreeMap::new(), &catalogue, &policy).expect("a sound plan");
    let expected = seen.into_iter().map(|(kind, (sum, count))| (kind, Millis(sum / count))).collect();
    Trace { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), plan, catalogue, exact, expected }
}

pub fn traces() -> Vec<Trace> {
    let Some(folder) = [DAGS, DAGS_BESIDE].into_iter().find(|path| Path::new(path).is_dir()) else {
        println!("no graphs: {DAGS_BESIDE} is absent");
        return Vec::new();
    };
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|one| one == "json"));
    files.sort();
    files.iter().map(|path| trace(path)).collect()
}
