//! Planning as data: the corpus, the dev set with its scorer, and what must hold for any text.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ouioe::model::outcome::PlanOutcome;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, World};
use serde_json::{Value, json};

const EVAL: &str = "../shared/eval";

fn eval_folder() -> Option<std::path::PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    [here.join(EVAL), here.join("../../shared/eval")].into_iter().find(|folder| folder.is_dir())
}

fn prediction(intent: &str, outcome: &PlanOutcome, ms: f64) -> Value {
    let mut row = serde_json::to_value(outcome).expect("an outcome is JSON");
    row["intent"] = json!(intent);
    row["ms"] = json!(ms);
    row
}

/// Scores the dev set with the catalogue alone. Without the set or python3 there is nothing to compare with.
#[test]
fn dev_set_scores_reach_their_floors() {
    let Some(eval) = eval_folder() else { return };
    let text = fs::read_to_string(eval.join("catalogue.toml")).expect("the catalogue is there");
    let catalogue = planner::catalogue_file::parse("catalogue.toml", &text).expect("the catalogue is sound");
    let policy = PolicySettings::default();
    let world = World::new(&catalogue, &[], &[], &policy);
    let rows = fs::read_to_string(eval.join("intents-dev.jsonl")).expect("the dev set is there");
    let mut lines = String::new();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("a row is JSON");
        let intent = row["intent"].as_str().expect("a row has an intent");
        let begun = Instant::now();
        let outcome = planner::plan(&Ask::new(intent), &world);
        lines.push_str(&prediction(intent, &outcome, begun.elapsed().as_secs_f64() * 1e3).to_string());
        lines.push('\n');
    }
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), lines).expect("predictions are written");
    let Ok(output) = Command::new("python3")
        .arg(eval.join("score_plans.py"))
        .arg(eval.join("intents-dev.jsonl"))
        .arg(file.path())
        .arg("--wrong")
        .output()
    else {
        return;
    };
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    if let Ok(path) = std::env::var("OUIOE_SCORE_FILE") {
        fs::write(path, table.as_bytes()).expect("the table is written");
    }
}
