//! Intents with what should be done for them, planned and taught one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Experience, Words, World};
use serde_json::{Value, json};

use crate::faults::rng::Rng;

pub const REPLAYED: usize = 300;

/// Intent and what should be done: the dev set and its rewordings, over and over until 300.
pub fn rows() -> Option<(Catalogue, Vec<Value>)> {
    let (catalogue, rows) = every_row()?;
    let mut rng = Rng::new(7);
    let rows = (0..REPLAYED).map(|_| rows[rng.below(rows.len() as u64) as usize].clone()).collect();
    Some((catalogue, rows))
}

/// Each once.
pub fn every_row() -> Option<(Catalogue, Vec<Value>)> {
    let folder = ["../shared/eval", "../../shared/eval"].map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    let Some(folder) = folder.iter().find(|path| path.is_dir()) else {
        println!("no dev set here: nothing was replayed");
        return None;
    };
    let text = fs::read_to_string(folder.join("catalogue.toml")).expect("the catalogue is there");
    let catalogue = planner::catalogue_file::parse("catalogue.toml", &text).expect("the catalogue is sound");
    let dev: Vec<Value> = fs::read_to_string(folder.join("intents-dev.jsonl"))
        .expect("rows")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|row: &Value| row["expect"] == "plan" && row["kind"] != "adversarial")
        .collect();
    let mut rows = dev.clone();
    for text in [
        include_str!("../../corpus/paraphrases.txt"),
        include_str!("../../corpus/paraphrases_later.txt"),
        include_str!("../../corpus/paraphrases_unseen.txt"),
    ] {
        for (id, intent) in text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | ")) {
            if let Some(row) = dev.iter().find(|row| row["id"] == id) {
                let mut row = row.clone();
                row["intent"] = json!(intent);
                rows.push(row);
            }
        }
    }
    Some((catalogue, rows))
}

/// Operations in common, counted with repetition; a question or a refusal has none.
pub fn node_f1(row: &Value, outcome: &PlanOutcome) -> f64 {
    let PlanOutcome::Plan { plan, .. } = outcome else { return 0.0 };
    let mut gold: BTreeMap<&str, i32> = BTreeMap::new();
    let steps = row["steps"].as_array().expect("steps");
    steps.iter().for_each(|step| *gold.entry(step.as_str().expect("a name")).or_insert(0) += 1);
    let mut both = 0;
    for step in &plan.steps {
        let left = gold.entry(step.operation.as_str()).or_insert(0);
        both += i32::from(*left > 0);
        *left -= 1;
    }
    f64::from(2 * both) / (steps.len() + plan.steps.len()) as f64
}

pub fn taught(row: &Value) -> String {
    json!({"intent": row["intent"], "steps": row["steps"], "edges": row["edges"]}).to_string()
}

/// Each intent is planned, then taught: right, or with another row's plan in `wrong` of 100 cases.
pub fn replay(catalogue: &Catalogue, rows: &[Value], teach: bool, wrong: u64) -> Vec<f64> {
    let (policy, mut experience, mut rng) = (PolicySettings::default(), Experience::default(), Rng::new(3));
    let mut scores = Vec::with_capacity(rows.len());
    let words = Words::of(catalogue, &[]);
    for (at, row) in rows.iter().enumerate() {
        let world = World::over(words.clone(), catalogue, &[], &[], &policy).with_experience(&experience);
        let outcome = planner::plan(&Ask::new(row["intent"].as_str().expect("text")), &world);
        scores.push(node_f1(row, &outcome));
        if teach {
            let mut line = row.clone();
            if rng.below(100) < wrong {
                let other = &rows[rng.below(rows.len() as u64) as usize];
                (line["steps"], line["edges"]) = (other["steps"].clone(), other["edges"].clone());
            }
            assert_eq!(experience.memory.learn(&format!("run-{at}"), &taught(&line)), []);
        }
    }
    scores
}

pub fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len() as f64
}
