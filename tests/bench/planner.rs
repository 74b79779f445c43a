//! What a plan costs and how good it is: time, matching, the largest graph, memory of one plan, quality, what feedback adds.
//!
//! `cargo bench --bench planner`; the dev set and graphs of `../shared` are used where they are present, else the corpus of the
//! tests. Times are of the processor, as other work on the machine is not the planner's.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    reason = "figures are what a benchmark is for"
)]

mod heap;
mod quality;
#[path = "../it/judge/replay.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod replay;
#[path = "../it/faults/rng.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod rng;
#[path = "../it/judge/traces.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod traces;
mod faults {
    pub(crate) use super::rng;
}

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::plan::Plan;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::optimise::{Hints, optimise};
use ouioe::planner::{self, Ask, Experience, Limits, Template, World, catalogue_file, template};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const ROUNDS: usize = 20;
const REMEMBERED: usize = 10_000;

#[global_allocator]
static COUNTING: heap::Counting = heap::Counting;

fn main() {
    let policy = PolicySettings::default();
    let eval = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/eval");
    let known = fs::read_to_string(eval.join("catalogue.toml")).unwrap_or_else(|_| include_str!("../corpus/catalogue.toml").to_owned());
    let text = fs::read_to_string(eval.join("intents-dev.jsonl")).unwrap_or_else(|_| include_str!("../corpus/other.jsonl").to_owned());
    let rows: Vec<Value> = text.lines().filter_map(|row| serde_json::from_str(row).ok()).collect();
    let intents: Vec<String> = rows.iter().filter_map(|row| row["intent"].as_str()).map(str::to_owned).collect();

    let small = parse(&known);
    let world = World::new(&small, &[], &[], &policy);
    timed(&format!("plan, {} operations", small.len()), &world, &intents);
    memory(&world, &intents);
    let large = parse(&grown(&known, 1_000));
    timed(&format!("plan, {} operations", large.len()), &World::new(&large, &[], &[], &policy), &intents);
    templates(&intents, &policy);
    recall(&rows, &intents, &small, &policy);
    graphs(&policy);
    quality::table(&eval, &small);
    quality::learning_curve();
}

/// Each intent with 500 templates less the same without, in turn. Each template stands there twenty times, so whoever is meant
/// is looked at twenty times too: more than any real collection asks for.
fn templates(intents: &[String], policy: &PolicySettings) {
    let embedded = ouioe::service::manifest::load(None).expect("the embedded manifests are sound");
    let templates: Vec<Template> = (0..500).map(another_template).collect();
    let (with, without) = (World::new(&embedded, &templates, &[], policy), World::new(&embedded, &[], &[], policy));
    let phrases = templates.iter().flat_map(|one| one.phrases.iter()).step_by(10);
    let texts: Vec<String> = intents.iter().cloned().chain(phrases.cloned()).collect();
    let more = texts.iter().map(|text| {
        let took = |world| median((0..ROUNDS).map(|_| spent(|| planner::plan(&Ask::new(text.clone()), world))).collect());
        took(&with) - took(&without)
    });
    print("match, 500 templates", more.collect());
}

/// Wordings joined by twos, so that every word has many holders.
fn recall(rows: &[Value], intents: &[String], catalogue: &Catalogue, policy: &PolicySettings) {
    let taught: Vec<&Value> = rows.iter().filter(|row| row["steps"].as_array().is_some_and(|steps| !steps.is_empty())).collect();
    let mut experience = Experience::default();
    for nth in 0.. {
        let (one, other) = (taught[nth % taught.len()], taught[(nth / taught.len()) % taught.len()]);
        let text = |row: &Value| row["intent"].as_str().unwrap_or_default().to_owned();
        let mut words = text(one) + " and then " + &text(other);
        // Beyond every pair, with a word of its own.
        (0..nth / (taught.len() * taught.len())).for_each(|round| words += &format!(" again{}", char::from(b'a' + round as u8)));
        let line = json!({"intent": words, "steps": one["steps"], "edges": one["edges"]}).to_string();
        assert_eq!(experience.memory.learn(&format!("run-{nth}"), &line), []);
        if experience.memory.len() >= REMEMBERED {
            break;
        }
    }
    let world = World::new(catalogue, &[], &[], policy).with_experience(&experience);
    let asked = intents.iter().cycle().take(ROUNDS * intents.len());
    let times = asked.map(|text| spent(|| experience.memory.recall(&Ask::new(text.clone()), &world))).collect();
    print(&format!("match, {} remembered plans", experience.memory.len()), times);
    timed(&format!("plan, {} remembered plans", experience.memory.len()), &world, intents);
}

fn graphs(policy: &PolicySettings) {
    let Some(trace) = traces::traces().into_iter().max_by_key(|trace| trace.plan.steps.len()) else { return };
    let hints = Hints { expected: trace.expected.clone(), slots: 16, ..Hints::default() };
    let (mut checked, mut improved) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut plan: Plan = trace.plan.clone();
        checked.push(spent(|| assert_eq!(planner::validate(&plan, &trace.catalogue, Limits::file(policy)), [])));
        improved.push(spent(|| optimise(&mut plan, &hints)));
    }
    let (checked, improved) = (median(checked), median(improved));
    let size = trace.plan.steps.len();
    println!("graph of {size} tasks: validate {checked:.1} ms, optimise {improved:.1} ms, both {:.1} ms", checked + improved);
}

fn memory(world: &World<'_>, intents: &[String]) {
    let taken = |text: &String| heap::of(|| planner::plan(&Ask::new(text.clone()), world)).1;
    let all: Vec<heap::Heap> = intents.iter().map(taken).collect();
    let most = |of: fn(&heap::Heap) -> usize| all.iter().map(of).max().unwrap_or(0);
    println!(
        "heap of one plan, most of {}: peak {} KiB, kept {} KiB, {} allocations",
        all.len(),
        most(|heap| heap.peak) >> 10,
        most(|heap| heap.kept) >> 10,
        most(|heap| heap.allocations)
    );
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
    // Each is its own: the words of one, and one more that no other has.
    let mut within = false;
    let own = |line: &str| {
        within = (within || line.starts_with("phrases = [")) && line != "]";
        match line.strip_suffix("\",").filter(|_| within && number >= template::EMBEDDED.len()) {
            Some(phrase) => format!("{phrase} zone{number}\",\n"),
            None => format!("{line}\n"),
        }
    };
    let told: String = renamed.lines().map(own).collect();
    template::parse(&format!("t{number}.toml"), &told).expect("the template is sound")
}

fn timed(what: &str, world: &World<'_>, intents: &[String]) {
    let asked = intents.iter().cycle().take(ROUNDS * intents.len());
    print(what, asked.map(|text| spent(|| planner::plan(&Ask::new(text.clone()), world))).collect());
}

fn print(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{what}: p50 {p50:.3} ms, p99 {p99:.3} ms, most {:.3} ms ({} times)", times[times.len() - 1], times.len());
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Milliseconds of the processor.
fn spent<T>(work: impl FnOnce() -> T) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let begun = now();
    let value = work();
    let took = now().saturating_sub(begun);
    drop(value);
    took.as_secs_f64() * 1e3
}
