//! What a plan costs: time at 54 and at 1,000 operations, template match at 500 templates, memory of one plan.
//!
//! `cargo bench --bench planner`; the dev set of `../shared/eval` is planned where it is present, else the corpus of the tests.

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Template, World, catalogue_file, template};

const ROUNDS: usize = 20;

fn main() {
    let policy = PolicySettings::default();
    let eval = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/eval");
    let known = fs::read_to_string(eval.join("catalogue.toml")).unwrap_or_else(|_| include_str!("../corpus/catalogue.toml").to_owned());
    let rows = fs::read_to_string(eval.join("intents-dev.jsonl")).unwrap_or_else(|_| include_str!("../corpus/other.jsonl").to_owned());
    let intents: Vec<String> = rows.lines().filter_map(intent).collect();

    let small = parse(&known);
    timed(&format!("plan, {} operations", small.len()), &World::new(&small, &[], &[], &policy), &intents);
    let large = parse(&grown(&known, 1_000));
    timed(&format!("plan, {} operations", large.len()), &World::new(&large, &[], &[], &policy), &intents);

    let embedded = ouioe::service::manifest::load(None).expect("the embedded manifests are sound");
    let templates: Vec<Template> = (0..500).map(another_template).collect();
    let with = timed("plan, 500 templates", &World::new(&embedded, &templates, &[], &policy), &intents);
    let without = timed("plan, no template", &World::new(&embedded, &[], &[], &policy), &intents);
    println!("template match, p99 of one less p99 of the other: {:.3} ms", with - without);

    let before = resident();
    let world = World::new(&small, &[], &[], &policy);
    let plans: Vec<_> = intents.iter().cycle().take(1_000).map(|text| planner::plan(&Ask::new(text.clone()), &world)).collect();
    println!("memory: {} KiB for {} outcomes kept, word index included", resident().saturating_sub(before), plans.len());
}

fn intent(row: &str) -> Option<String> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    row.get("intent")?.as_str().map(str::to_owned)
}

fn parse(text: &str) -> Catalogue {
    catalogue_file::parse("catalogue.toml", text).expect("the catalogue is sound")
}

/// The catalogue with operations of a foreign one beside it, under other names, up to `most`.
fn grown(known: &str, most: usize) -> String {
    let foreign = include_str!("../corpus/foreign.toml");
    let mut text = known.to_owned();
    let mut count = known.matches("[[operation]]").count();
    for round in 0.. {
        for entry in foreign.split("[[operation]]").skip(1) {
            if count == most {
                return text;
            }
            let renamed = entry.replacen("name = \"", &format!("name = \"z{round}"), 1);
            let _ = write!(text, "\n[[operation]]{renamed}");
            count += 1;
        }
    }
    text
}

fn another_template(number: usize) -> Template {
    let (_, text) = template::EMBEDDED[number % template::EMBEDDED.len()];
    let name = text.lines().find_map(|line| line.strip_prefix("name = \"")).and_then(|rest| rest.strip_suffix('"')).expect("a name");
    let renamed = text.replacen(&format!("name = \"{name}\""), &format!("name = \"{name}-{number}\""), 1);
    template::parse(&format!("t{number}.toml"), &renamed).expect("the template is sound")
}

/// Prints the quantiles and gives the 99th.
fn timed(what: &str, world: &World<'_>, intents: &[String]) -> f64 {
    let mut times: Vec<f64> = Vec::with_capacity(ROUNDS * intents.len());
    for text in intents.iter().cycle().take(ROUNDS * intents.len()) {
        let begun = Instant::now();
        let _outcome = planner::plan(&Ask::new(text.clone()), world);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{what}: p50 {p50:.3} ms, p99 {p99:.3} ms ({} plans)", times.len());
    p99
}

/// Resident pages of this process, in KiB; 0 where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
