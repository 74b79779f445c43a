//! Planning as data: the corpus, the dev set with its scorer, and what must hold for any text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::plan::Provenance;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Members, World};
use serde_json::{Value, json};

use crate::planner_notation::{canonical, cases, shown};

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

/// The rows planned with the catalogue alone and scored: the table, whose last line is JSON. `None` without python3.
fn scored(eval: &Path, rows: &[Value]) -> Option<(Value, String)> {
    let text = fs::read_to_string(eval.join("catalogue.toml")).expect("the catalogue is there");
    scored_against(eval, &text, rows)
}

fn scored_against(eval: &Path, text: &str, rows: &[Value]) -> Option<(Value, String)> {
    let catalogue = planner::catalogue_file::parse("catalogue.toml", text).expect("the catalogue is sound");
    let policy = PolicySettings::default();
    let world = World::new(&catalogue, &[], &[], &policy);
    let (mut wanted, mut lines) = (String::new(), String::new());
    for row in rows {
        let intent = row["intent"].as_str().expect("a row has an intent");
        let begun = Instant::now();
        let outcome = planner::plan(&Ask::new(intent), &world);
        lines.push_str(&prediction(intent, &outcome, begun.elapsed().as_secs_f64() * 1e3).to_string());
        lines.push('\n');
        wanted.push_str(&row.to_string());
        wanted.push('\n');
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (gold, predictions) = (folder.path().join("rows.jsonl"), folder.path().join("predictions.jsonl"));
    fs::write(&gold, wanted).expect("rows are written");
    fs::write(&predictions, lines).expect("predictions are written");
    let output = Command::new("python3").arg(eval.join("score_plans.py")).args([&gold, &predictions]).arg("--wrong").output().ok()?;
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_str(table.lines().last().unwrap_or_default()).expect("the last line is JSON");
    Some((all["all"].clone(), table))
}

fn dev_rows(eval: &Path) -> Vec<Value> {
    let rows = fs::read_to_string(eval.join("intents-dev.jsonl")).expect("the dev set is there");
    rows.lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect()
}

fn reaches(all: &Value, table: &str, floors: &[(&str, f64)]) {
    assert_eq!(all["unsafe"], 0, "{table}");
    assert_eq!(all["approval_recall"], 1.0, "{table}");
    for (measure, floor) in floors {
        assert!(all[measure].as_f64().is_some_and(|reached| reached >= *floor), "{measure} is below {floor}\n{table}");
    }
}

/// Scores the dev set with the catalogue alone. Without the set or python3 there is nothing to compare with.
#[test]
fn dev_set_scores_reach_their_floors() {
    let Some(eval) = eval_folder() else { return println!("no dev set here: nothing was compared") };
    let Some((all, table)) = scored(&eval, &dev_rows(&eval)) else { return println!("no python3 here: nothing was compared") };
    if let Ok(path) = std::env::var("OUIOE_SCORE_FILE") {
        fs::write(path, table.as_bytes()).expect("the table is written");
    }
    // What the catalogue's summaries and the general words reach; a change that costs a row shows here.
    let floors = [("node_f1", 1.0), ("edge_f1", 1.0), ("slot_f1", 1.0), ("exact", 1.0), ("adversarial_accuracy", 1.0)];
    reaches(&all, &table, &floors);
}

/// Own rewordings of the rows of the dev set, in three editions; each says how it fared at first sight.
#[test]
fn rewordings_mean_the_same() {
    let Some(eval) = eval_folder() else { return println!("no dev set here: nothing was compared") };
    let dev = dev_rows(&eval);
    let editions = [
        (include_str!("../corpus/paraphrases.txt"), [("node_f1", 0.98), ("edge_f1", 0.98), ("slot_f1", 0.98), ("exact", 0.97)]),
        (include_str!("../corpus/paraphrases_later.txt"), [("node_f1", 0.84), ("edge_f1", 0.82), ("slot_f1", 0.84), ("exact", 0.8)]),
        (include_str!("../corpus/paraphrases_unseen.txt"), [("node_f1", 0.9), ("edge_f1", 0.92), ("slot_f1", 0.92), ("exact", 0.9)]),
    ];
    for (text, floors) in editions {
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let rows: Vec<Value> = lines
            .enumerate()
            .map(|(at, line)| {
                let (id, intent) = line.split_once(" | ").expect("ID | intent");
                let mut row = dev.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no row {id}")).clone();
                assert_ne!(row["intent"], intent, "{id}");
                (row["id"], row["intent"]) = (json!(format!("{id}-{at}")), json!(intent));
                row
            })
            .collect();
        let Some((all, table)) = scored(&eval, &rows) else { return println!("no python3 here: nothing was compared") };
        println!(
            "{} rewordings: {}",
            rows.len(),
            ["node_f1", "edge_f1", "slot_f1", "exact", "unsafe"].map(|one| format!("{one} {}", all[one])).join(", ")
        );
        reaches(&all, &table, &floors);
    }
}

/// Each row of the dev set as six people say it, three times over, and some once more; the figures at first sight stand in the corpus.
///
/// In the first edition every style is within three points of what the dev set has to reach; the later two show how far new wording is understood.
#[test]
fn six_ways_of_speaking_mean_the_same() {
    let Some(eval) = eval_folder() else { return println!("no dev set here: nothing was compared") };
    let dev = dev_rows(&eval);
    let styles = ["terse", "polite", "passive", "inverted", "abbreviated", "misspelt"];
    for (edition, text, floors) in [
        ("styles", include_str!("../corpus/styles.txt"), [0.94, 0.98, 0.96, 0.95, 0.97, 0.92]),
        ("styles_later", include_str!("../corpus/styles_later.txt"), [0.9, 0.95, 0.94, 0.88, 0.97, 0.94]),
        ("styles_unseen", include_str!("../corpus/styles_unseen.txt"), [0.79, 0.92, 0.89, 0.86, 0.86, 0.96]),
        ("styles_odd", include_str!("../corpus/styles_odd.txt"), [0.83, 0.83, 0.83, 0.26, 0.86, 0.93]),
    ] {
        let lines = || text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        for (style, exact) in styles.into_iter().zip(floors) {
            let said = lines().filter_map(|line| {
                let (head, intent) = line.split_once(" | ").expect("ID style | intent");
                let (id, own) = head.split_once(' ').expect("ID style");
                (own == style).then_some((id, intent))
            });
            let rows: Vec<Value> = said
                .map(|(id, intent)| {
                    let mut row = dev.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no row {id}")).clone();
                    assert_ne!(row["intent"], intent, "{id}");
                    row["intent"] = json!(intent);
                    row
                })
                .collect();
            assert_eq!(rows.len(), if edition == "styles_odd" { 30 } else { dev.len() }, "{edition} {style}");
            let Some((all, table)) = scored(&eval, &rows) else { return println!("no python3 here: nothing was compared") };
            println!(
                "{edition} {style}: {}",
                ["node_f1", "edge_f1", "slot_f1", "exact", "unsafe"].map(|one| format!("{one} {}", all[one])).join(", ")
            );
            assert_eq!(all["unsafe"], 0, "{edition} {style}\n{table}");
            assert!(all["exact"].as_f64().is_some_and(|reached| reached >= exact), "{edition} {style}: exact is below {exact}\n{table}");
            if edition == "styles" {
                reaches(&all, &table, &[("node_f1", 0.96), ("edge_f1", 0.93), ("slot_f1", 0.96), ("exact", 0.89)]);
            }
        }
    }
}

/// Sentences and catalogues that no one had seen when they were first measured; each says how it fared then.
///
/// Exact plans at first sight: `other.jsonl` 87.6, `foreign.jsonl` 70.2 (before the verbs of a catalogue were read from it),
/// `other_later.jsonl` 66.7, `foreign_later.jsonl` 87.0, `domains.jsonl` 89.5, `domains_later.jsonl` 94.6 (after the former was mended by),
/// `fresh.jsonl` 57 to 83 (nine batches, each mended by before the next; the last, very colloquial, at 56.8),
/// `estate.jsonl` 71.3 (220 operations with summaries alone, in six ways of speaking), `campus.jsonl` 77.0 (124 operations, summaries alone).
#[test]
fn other_wording_and_other_catalogues_are_understood() {
    let Some(eval) = eval_folder() else { return println!("no scorer here: nothing was compared") };
    let known = fs::read_to_string(eval.join("catalogue.toml")).expect("the catalogue is there");
    let domains = include_str!("../corpus/domains.toml");
    let (foreign, later) = (include_str!("../corpus/foreign.toml"), include_str!("../corpus/foreign_later.toml"));
    for (name, catalogue, rows, exact) in [
        ("other", known.as_str(), include_str!("../corpus/other.jsonl"), 0.97),
        ("other_later", known.as_str(), include_str!("../corpus/other_later.jsonl"), 0.9),
        ("fresh", known.as_str(), include_str!("../corpus/fresh.jsonl"), 0.96),
        ("foreign", foreign, include_str!("../corpus/foreign.jsonl"), 0.95),
        ("foreign_later", later, include_str!("../corpus/foreign_later.jsonl"), 0.92),
        ("domains", domains, include_str!("../corpus/domains.jsonl"), 0.91),
        ("estate", include_str!("../corpus/estate.toml"), include_str!("../corpus/estate.jsonl"), 0.92),
        ("campus", include_str!("../corpus/campus.toml"), include_str!("../corpus/campus.jsonl"), 0.9),
        ("domains_later", domains, include_str!("../corpus/domains_later.jsonl"), 0.92),
    ] {
        let rows: Vec<Value> = rows.lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect();
        let Some((all, table)) = scored_against(&eval, catalogue, &rows) else { return println!("no python3 here: nothing was compared") };
        println!(
            "{name}: {}",
            ["rows", "node_f1", "edge_f1", "slot_f1", "exact", "unsafe"].map(|one| format!("{one} {}", all[one])).join(", ")
        );
        reaches(&all, &table, &[("exact", exact), ("node_f1", exact), ("slot_f1", exact)]);
    }
}

/// The dev set measures; it must not teach: none of its names stands in what we ship.
#[test]
fn no_name_of_the_dev_set_is_shipped() {
    let Some(eval) = eval_folder() else { return };
    let mut names: Vec<String> = Vec::new();
    for row in dev_rows(&eval) {
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

#[test]
fn a_title_that_is_cut_says_so() {
    let catalogue = corpus_catalogue();
    let policy = PolicySettings::default();
    let world = World::new(&catalogue, &[], &[], &policy);
    let title = |intent: &str| match planner::plan(&Ask::new(intent), &world) {
        PlanOutcome::Plan { plan, .. } => plan.title,
        other => panic!("{other:?}"),
    };
    assert_eq!(title("check disk usage  on web-1"), "check disk usage on web-1");
    let long = title("check disk usage on web-1 and then check disk usage on web-2 and then check disk usage on web-3");
    assert_eq!((long.chars().count(), long.chars().last()), (80, Some('…')), "{long}");
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

/// With the embedded manifests and templates, as `ouioe plan` does it on a machine that knows three more hosts.
#[test]
fn everyday_sentences_are_understood() {
    let catalogue = ouioe::service::manifest::load(None).expect("the embedded manifests are sound");
    let templates = planner::template::embedded();
    let assets = ["localhost", "web-1", "web-2", "db-1"].map(str::to_owned);
    let policy = PolicySettings::default();
    let members = Members(Arc::new(|said: &BTreeMap<String, String>| {
        let of = |group: &str| assets_of(group).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Ok(said.get("group").map(|group| of(group)).unwrap_or_default())
    }));
    let world = World::new(&catalogue, &templates, &assets, &policy).with_default_host("localhost").with_members(members);
    let all = cases(include_str!("../corpus/everyday.txt"));
    let mut wrong = Vec::new();
    for case in &all {
        let outcome = planner::plan(&Ask::new(case.intent), &world);
        let (got, expected) = (canonical(&shown(&outcome)), canonical(&case.expected));
        if got != expected {
            wrong.push(format!("everyday.txt:{}: {}\n  expected {expected}\n  got      {got}", case.line, case.intent));
        }
    }
    assert!(wrong.is_empty(), "{} of {} sentences are misunderstood\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn assets_of(group: &str) -> &'static [&'static str] {
    match group {
        "web" => &["web-1", "web-2"],
        "db" => &["db-1"],
        _ => &[],
    }
}

/// A chain says of every inherited value that it was inherited.
#[test]
fn inherited_values_show_where_they_come_from() {
    let catalogue = ouioe::service::manifest::load(None).expect("the embedded manifests are sound");
    let (assets, policy) = (["web-1".to_owned()], PolicySettings::default());
    let world = World::new(&catalogue, &[], &assets, &policy).with_default_host("localhost");
    let PlanOutcome::Plan { plan, .. } = planner::plan(&Ask::new("restart nginx on web-1, check it and tell #ops"), &world) else {
        panic!("a plan")
    };
    let provenance: Vec<_> = plan.steps[..2].iter().map(|step| (step.provenance["host"], step.provenance["service"])).collect();
    assert_eq!(provenance, [(Provenance::Operator, Provenance::Operator), (Provenance::Inherited, Provenance::Inherited)]);
    assert_eq!(plan.steps[1].params["host"], "web-1");
}
