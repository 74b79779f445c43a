//! How well the planner plans: the dev set and its rewordings by their scorer, and what feedback adds.

use std::fs;
use std::path::Path;
use std::process::Command;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Experience, World};
use serde_json::{Value, json};

use crate::replay::{REPLAYED, mean, node_f1, rows, taught};

const MEASURES: [&str; 7] = ["node_f1", "edge_f1", "slot_f1", "exact", "approval_recall", "adversarial_accuracy", "unsafe"];
const REWORDED: [(&str, &str); 3] = [
    ("paraphrases", include_str!("../corpus/paraphrases.txt")),
    ("paraphrases_later", include_str!("../corpus/paraphrases_later.txt")),
    ("paraphrases_unseen", include_str!("../corpus/paraphrases_unseen.txt")),
];

/// Needs the folder of the dev set and python3.
pub fn table(eval: &Path, catalogue: &Catalogue) {
    let Ok(text) = fs::read_to_string(eval.join("intents-dev.jsonl")) else {
        return println!("no quality: {} is absent", eval.display());
    };
    let dev: Vec<Value> = text.lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect();
    println!("{:20} {:>4}  {}", "quality", "rows", MEASURES.join("  "));
    print(eval, catalogue, "dev set", &dev);
    for (name, text) in REWORDED {
        let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | "));
        let row = |(id, intent): (&str, &str)| {
            let mut row = dev.iter().find(|row| row["id"] == id)?.clone();
            row["intent"] = json!(intent);
            Some(row)
        };
        print(eval, catalogue, name, &lines.filter_map(row).collect::<Vec<_>>());
    }
}

fn print(eval: &Path, catalogue: &Catalogue, name: &str, rows: &[Value]) {
    let policy = PolicySettings::default();
    let world = World::new(catalogue, &[], &[], &policy);
    let predicted = rows.iter().map(|row| {
        let mut said = serde_json::to_value(planner::plan(&Ask::new(text_of(row)), &world)).expect("an outcome is JSON");
        said["intent"] = row["intent"].clone();
        said["ms"] = json!(0.0);
        said
    });
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["rows.jsonl", "predictions.jsonl"].map(|name| folder.path().join(name));
    let lines = |all: &[Value]| all.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    fs::write(&files[0], lines(rows)).expect("rows are written");
    fs::write(&files[1], lines(&predicted.collect::<Vec<_>>())).expect("predictions are written");
    let Ok(output) = Command::new("python3").arg(eval.join("score_plans.py")).args(&files).output() else {
        return println!("{name:20} {:>4}  no python3", rows.len());
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let scores: Value = said.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    let cell = |measure: &&str| match scores["all"][*measure].as_f64() {
        Some(value) => format!("{value:>width$.3}", width = measure.len()),
        None => format!("{:>1$}", "-", measure.len()),
    };
    println!("{name:20} {:>4}  {}", rows.len(), MEASURES.iter().map(cell).collect::<Vec<_>>().join("  "));
}

/// Before anything was taught and after each 50 right answers: the intents of the replay, and those that it never taught.
pub fn learning_curve() {
    let Some((catalogue, replayed)) = rows() else { return };
    let every = crate::replay::every_row().map(|(_, rows)| rows).unwrap_or_default();
    let is_taught = |row: &Value| replayed.iter().any(|one| one["intent"] == row["intent"]);
    let (known, never): (Vec<Value>, Vec<Value>) = every.into_iter().partition(is_taught);
    println!("learning: node-F1 of {} intents that are taught in turn, of {} that never are", known.len(), never.len());
    let mut experience = Experience::default();
    for at in 0..=REPLAYED {
        if at % 50 == 0 {
            let f1 = |rows: &[Value]| 100.0 * mean(&rows.iter().map(|row| scored(&catalogue, &experience, row)).collect::<Vec<_>>());
            println!("{at:>8} taught: {:>6.1} {:>6.1}", f1(&known), f1(&never));
        }
        if let Some(row) = replayed.get(at) {
            assert_eq!(experience.memory.learn(&format!("run-{at}"), &taught(row)), []);
        }
    }
}

fn scored(catalogue: &Catalogue, experience: &Experience, row: &Value) -> f64 {
    let policy = PolicySettings::default();
    let world = World::new(catalogue, &[], &[], &policy).with_experience(experience);
    node_f1(row, &planner::plan(&Ask::new(text_of(row)), &world))
}

fn text_of(row: &Value) -> &str {
    row["intent"].as_str().expect("a row has an intent")
}
