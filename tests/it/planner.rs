//! Planning as data: the corpus, the dev set with its scorer, and what must hold for any text.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::plan::{Provenance, Step, When};
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
    let all: Value = serde_json::from_str(table.lines().last().unwrap_or_default()).expect("the last line is JSON");
    let all = &all["all"];
    assert_eq!(all["unsafe"], 0, "{table}");
    assert_eq!(all["approval_recall"], 1.0, "{table}");
    // What the catalogue's summaries and the general words reach; a change that costs more than a row shows here.
    for (measure, floor) in [("node_f1", 0.99), ("edge_f1", 0.96), ("slot_f1", 0.99), ("exact", 0.95), ("adversarial_accuracy", 1.0)] {
        assert!(all[measure].as_f64().is_some_and(|reached| reached >= floor), "{measure} is below {floor}\n{table}");
    }
}

/// The dev set measures; it must not teach: none of its names stands in what we ship.
#[test]
fn no_name_of_the_dev_set_is_shipped() {
    let Some(eval) = eval_folder() else { return };
    let rows = fs::read_to_string(eval.join("intents-dev.jsonl")).expect("the dev set is there");
    let mut names: Vec<String> = Vec::new();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("a row is JSON");
        // Two words can meet by chance.
        names.extend(row["intent"].as_str().filter(|intent| intent.split(' ').count() > 2).map(str::to_owned));
        let words = row["intent"].as_str().unwrap_or_default().split([' ', ',', ';', '?']);
        names.extend(
            words
                .filter(|word| {
                    word.chars().any(|c| c.is_ascii_digit())
                        && word.chars().filter(char::is_ascii_alphabetic).count() >= 2
                        && word.contains('-')
                })
                .map(str::to_owned),
        );
    }
    names.sort();
    names.dedup();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src/planner", "templates"] {
        for file in files_below(&root.join(folder)) {
            let text = fs::read_to_string(&file).expect("a text file");
            let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
            let found: Vec<&String> = names.iter().filter(|name| shipped.contains(name.as_str())).collect();
            assert!(found.is_empty(), "{}: {found:?}", file.display());
        }
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

struct Case<'a> {
    line: usize,
    intent: &'a str,
    expected: String,
}

/// The last three bars divide the fields, so an intent may hold one.
fn cases(text: &str) -> Vec<Case<'_>> {
    let rows = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty() && !row.starts_with('#'));
    rows.map(|(at, row)| {
        let fields: Vec<&str> = row.rsplitn(4, '|').map(str::trim).collect();
        let [edges, steps, outcome, intent] = fields[..] else { panic!("line {}: four fields", at + 1) };
        let steps: Vec<String> =
            steps.split(';').map(|step| step.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|step| !step.is_empty()).collect();
        Case { line: at + 1, intent, expected: format!("{outcome} | {} | {edges}", steps.join("; ")) }
    })
    .collect()
}

/// What came, in the notation of the corpus.
fn shown(outcome: &PlanOutcome) -> String {
    match outcome {
        PlanOutcome::Clarify { missing, .. } => format!("clarify {} |  | ", missing.join(",")),
        PlanOutcome::Refuse { .. } => "refuse |  | ".to_owned(),
        PlanOutcome::Plan { approval_required, plan } => {
            let steps: Vec<String> = plan.steps.iter().map(step_shown).collect();
            let place = |id: &str| plan.steps.iter().position(|step| step.id.as_str() == id).map_or(0, |at| at + 1);
            let edges = plan.steps.iter().enumerate().flat_map(|(at, step)| {
                step.needs.iter().map(move |need| {
                    let sign = match need.when {
                        When::Success => '>',
                        When::Failure => '!',
                        When::Always => '*',
                    };
                    (need.step.to_string(), sign, at + 1)
                })
            });
            let edges: Vec<String> = edges.map(|(from, sign, to)| format!("{}{sign}{to}", place(&from))).collect();
            format!("plan{} | {} | {}", if *approval_required { "!" } else { "" }, steps.join("; "), edges.join(" "))
        }
    }
}

fn step_shown(step: &Step) -> String {
    let values = step.params.iter().filter(|(name, _)| step.provenance.get(*name) != Some(&Provenance::Default)).map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = if text.starts_with("${") { "~".to_owned() } else { text };
        if text.contains(' ') { format!("{name}=\"{text}\"") } else { format!("{name}={text}") }
    });
    std::iter::once(step.operation.clone()).chain(values).collect::<Vec<_>>().join(" ")
}

/// Order of the values within a step and of the edges is not part of a case.
fn canonical(text: &str) -> String {
    let fields: Vec<String> = text
        .split(" | ")
        .enumerate()
        .map(|(at, field)| {
            let mark = if at == 1 { "; " } else { "\u{0}" };
            let parts: Vec<String> = field
                .split(mark)
                .map(|part| {
                    let mut words: Vec<&str> = part.split_whitespace().collect();
                    let fixed = usize::from(at == 1).min(words.len());
                    words[fixed..].sort_unstable();
                    words.join(" ")
                })
                .collect();
            parts.join("; ")
        })
        .collect();
    fields.join(" | ")
}

fn corpus_catalogue() -> Catalogue {
    let text = include_str!("../corpus/catalogue.toml");
    planner::catalogue_file::parse("catalogue.toml", text).expect("the catalogue is sound")
}

#[test]
fn corpus_comes_out_as_written() {
    let catalogue = corpus_catalogue();
    let policy = PolicySettings::default();
    let world = World::new(&catalogue, &[], &[], &policy);
    let mut wrong = Vec::new();
    let all = cases(include_str!("../corpus/planner.txt"));
    for case in &all {
        let outcome = planner::plan(&Ask::new(case.intent), &world);
        let (got, expected) = (canonical(&shown(&outcome)), canonical(&case.expected));
        if got != expected {
            wrong.push(
                format!("planner.txt:{}: {}\n  expected {expected}\n  got      {got}\n  {outcome:?}", case.line, case.intent)
                    .chars()
                    .take(700)
                    .collect::<String>(),
            );
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases are wrong\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
