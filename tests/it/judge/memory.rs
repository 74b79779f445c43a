//! Remembered plans help where words fail, cost nothing where they suffice, and can be forgotten.

use std::time::Instant;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Experience, World};
use serde_json::{Value, json};

use super::replay::{REPLAYED, mean, replay, rows};
use crate::faults::rng::Rng;

#[test]
fn feedback_never_lowers_quality_and_wrong_feedback_costs_little() {
    let Some((catalogue, rows)) = rows() else { return };
    let (bare, right, poisoned) =
        (replay(&catalogue, &rows, false, 0), replay(&catalogue, &rows, true, 0), replay(&catalogue, &rows, true, 10));
    println!("node-F1 by 50 intents: without memory, with feedback, with 10 % wrong feedback");
    for at in (0..REPLAYED).step_by(50) {
        let part = |all: &[f64]| 100.0 * mean(&all[at..at + 50]);
        println!("{at:>4}..{:<4} {:>6.1} {:>6.1} {:>6.1}", at + 50, part(&bare), part(&right), part(&poisoned));
    }
    for (at, row) in rows.iter().enumerate().filter(|(at, _)| right[*at] < bare[*at]) {
        println!("worse with feedback: {:.2} for {:.2}: {}", right[at], bare[at], row["intent"]);
    }
    let (bare, right, poisoned) = (mean(&bare), mean(&right), mean(&poisoned));
    println!("all        {:>6.1} {:>6.1} {:>6.1}", 100.0 * bare, 100.0 * right, 100.0 * poisoned);
    assert!(right >= bare, "{right} with feedback, {bare} without");
    assert!(poisoned >= right - 0.03 && poisoned >= bare - 0.03, "{poisoned} poisoned, {right} right, {bare} without");
}

fn small() -> Catalogue {
    let text = "[[operation]]\nname = \"host.restart_service\"\nsummary = \"Restart a service on a host\"\neffect = \"mutate\"\n\
                params = [{name=\"host\",type=\"host\",required=true},{name=\"service\",type=\"name\",required=true}]\n\
                [[operation]]\nname = \"host.disk_usage\"\nsummary = \"Disk usage of a host\"\neffect = \"read\"\n\
                params = [{name=\"host\",type=\"host\",required=true}]\n";
    planner::catalogue_file::parse("c.toml", text).expect("a catalogue")
}

const LINE: &str = r#"{"intent":"is web-1 brimming","steps":["host.disk_usage"],"edges":[]}"#;

#[test]
fn what_words_do_not_say_is_remembered_refilled_and_forgotten() {
    let (catalogue, policy) = (small(), PolicySettings::default());
    let ask = |experience: &Experience, text: &str| {
        let world = World::new(&catalogue, &[], &[], &policy).with_experience(experience);
        planner::plan(&Ask::new(text), &world)
    };
    let mut experience = Experience::default();
    let before = ask(&experience, "is db-7 brimming");
    assert!(!matches!(before, PlanOutcome::Plan { .. }), "{before:?}");
    assert_eq!(experience.memory.learn("runs", LINE), []);
    let recalled = experience.memory.recall(&Ask::new("is db-7 brimming"), &World::new(&catalogue, &[], &[], &policy));
    assert_eq!(recalled.len(), 1);
    // Of two that are named it would look at one.
    let both = experience.memory.recall(&Ask::new("are db-7 and db-8 brimming"), &World::new(&catalogue, &[], &[], &policy));
    assert_eq!(both.len(), 0);
    // The value is that of the new text, never that of the past.
    assert_eq!(
        (recalled[0].plan.steps[0].operation.as_str(), recalled[0].plan.steps[0].params["host"].as_str()),
        ("host.disk_usage", Some("db-7"))
    );
    assert!(experience.memory.recall(&Ask::new("is it brimming"), &World::new(&catalogue, &[], &[], &policy)).is_empty());
    experience.memory.forget("runs:1");
    assert!(experience.memory.recall(&Ask::new("is db-7 brimming"), &World::new(&catalogue, &[], &[], &policy)).is_empty());
    assert_eq!(ask(&experience, "is db-7 brimming"), before);
}

#[test]
fn a_line_that_teaches_nothing_is_told() {
    let mut memory = planner::memory::Memory::default();
    let problems = memory.learn("l.jsonl", "{}\n{\"intent\":\"x y\",\"steps\":[\"a.b\"],\"edges\":[{\"from\":0,\"to\":3}]}\n");
    assert_eq!(problems.iter().map(|one| (one.line, one.code.as_str())).collect::<Vec<_>>(), [(1, "learn"), (2, "learn")]);
    assert!(memory.is_empty());
}

#[test]
fn ten_thousand_remembered_plans_are_searched_quickly() {
    let (catalogue, policy, mut rng) = (small(), PolicySettings::default(), Rng::new(11));
    let mut memory = planner::memory::Memory::default();
    let word = |rng: &mut Rng| {
        format!("w{}x", (b'a' + rng.below(26) as u8) as char).repeat(1 + rng.below(2) as usize)
            + &char::from(b'a' + rng.below(26) as u8).to_string()
    };
    let mut lines = String::new();
    for _ in 0..10_000 {
        let words: Vec<String> = (0..6).map(|_| word(&mut rng)).collect();
        lines.push_str(&json!({"intent": words.join(" "), "steps": ["host.disk_usage"], "edges": []}).to_string());
        lines.push('\n');
    }
    assert_eq!(memory.learn("many", &lines), []);
    assert!(memory.len() > 9_000, "{}", memory.len());
    let world = World::new(&catalogue, &[], &[], &policy);
    let mut times: Vec<f64> = lines
        .lines()
        .step_by(50)
        .map(|line| {
            let intent = serde_json::from_str::<Value>(line).expect("JSON")["intent"].as_str().expect("text").to_owned() + " web-1";
            let begun = Instant::now();
            assert!(!memory.recall(&Ask::new(intent), &world).is_empty());
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{} remembered plans: p50 {:.2} ms, p99 {:.2} ms (this build)",
        memory.len(),
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
}
