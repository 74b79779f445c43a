//! Several answers asked for at once: what most of them agree on is weighed, and the others are told.

use std::sync::{Arc, Mutex};

use ouioe::engine::telling::{Stage, Tell, Told};
use ouioe::model::settings::LlmSettings;
use ouioe::planner::Ask;

use super::stand_in::{Reply, StandIn};
use super::{BOTH, answer, improve, kick, operations, planning, runtime, settings};

const WORDS: &str = "check whether disk usage of localhost explains why memory is low";

#[test]
fn the_plan_that_most_answers_agree_on_is_proposed() {
    let on: &[(&str, &str)] = &[("host", "localhost")];
    let odd = answer(&[("s1", "host.facts", on, &[])]);
    // The names of steps are the model's own affair.
    let whole = answer(&[("s1", "host.disk_usage", on, &[]), ("s2", "host.cpu_mem", on, &[])]);
    let same = whole.replace("\"s1\"", "\"a\"").replace("\"s2\"", "\"b\"");
    for kind in BOTH {
        let server = StandIn::new(vec![Reply::Says(odd.clone()), Reply::Says(whole.clone()), Reply::Says(same.clone())]);
        let (_, found) = improve(&LlmSettings { samples: 3, ..settings(kind, &server.url()) }, None, WORDS);
        assert!(found.is_better, "{}", found.line());
        assert_eq!(operations(found.plan.as_ref().expect("a plan")), ["host.disk_usage", "host.cpu_mem"]);
        let told: Vec<&str> = found.thinking.iter().map(|one| one.text.as_str()).collect();
        assert!(told.iter().any(|text| text.contains("2 of 3 samples of stand-in agree on a plan; 2 different ones in all")), "{told:?}");
        assert_eq!((found.usage.tokens_in, found.usage.tokens_out, found.usage.rounds), (Some(2_400), Some(270), 3));
        assert!(!found.line().contains("repair"), "{}", found.line());
        let mut drawn: Vec<(String, u64)> = (0..3)
            .map(|_| {
                let body = server.asked().body;
                let options = if body["options"].is_object() { &body["options"] } else { &body };
                (options["temperature"].to_string(), options["seed"].as_u64().expect("a seed"))
            })
            .collect();
        drawn.sort();
        drawn.dedup_by_key(|(_, seed)| *seed);
        let warm: Vec<&str> = drawn.iter().map(|(temperature, _)| temperature.as_str()).collect();
        assert_eq!(warm, ["0.0", "0.7", "0.7"]);
    }
}

#[test]
fn one_answer_that_fails_takes_nothing_from_the_others() {
    let bad = Reply::Status { code: 400, headers: "", body: String::new() };
    let server = StandIn::new(vec![bad, Reply::Says(kick())]);
    let (_, found) = improve(&LlmSettings { samples: 2, ..settings(BOTH[0], &server.url()) }, None, super::ODD);
    assert!(found.is_better && found.plan.is_some(), "{}", found.line());
    // Whatever they agree on, a change waits for a person.
    assert!(found.plan.expect("a plan").steps[0].approval);
}

#[test]
fn every_stage_of_asking_is_told_as_it_happens() {
    let server = StandIn::new(vec![
        Reply::Status { code: 503, headers: "", body: String::new() },
        Reply::Says("{}".to_owned()),
        Reply::Says(kick()),
    ]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let tell = {
        let heard = heard.clone();
        Tell::new(move |told| heard.lock().unwrap().push(told))
    };
    let settings = LlmSettings { price_in: 1_000_000, price_out: 1_000_000, ..settings(BOTH[1], &server.url()) };
    runtime().block_on(async {
        let planning = planning(&settings, None);
        let ask = Ask::new(super::ODD);
        let (standing, thinking) = planning.plan_aloud(&ask, &tell).await;
        let told: Vec<_> = heard.lock().unwrap().drain(..).collect();
        // The same entries, in the same order, each when it was written.
        assert_eq!(told, thinking.iter().cloned().map(Told::Thought).collect::<Vec<_>>());
        assert!(!told.is_empty());
        planning.improve_aloud(&ask, &standing, &tell).await.expect("a model is configured");
    });
    let told = heard.lock().unwrap();
    let lives: Vec<_> = told.iter().filter_map(|one| if let Told::Model(live) = one { Some(live) } else { None }).collect();
    let stages: Vec<&str> = lives
        .iter()
        .map(|live| match &live.stage {
            Stage::Waiting => "waiting",
            Stage::Answering => "answering",
            Stage::Judging => "judging",
            Stage::Repairing { .. } => "repairing",
            Stage::Again { .. } => "again",
        })
        .collect();
    let mut distinct = stages.clone();
    distinct.dedup();
    assert_eq!(distinct, ["waiting", "again", "answering", "judging", "repairing", "answering", "judging"], "{stages:?}");
    assert!(lives.iter().any(|live| live.stage == Stage::Answering && live.pieces > 0));
    let last = lives.last().expect("some");
    assert_eq!((last.usage.tokens_in, last.usage.tokens_out, last.usage.cost, last.usage.rounds), (Some(1_600), Some(180), Some(1_780), 2));
    let thoughts = told.iter().filter(|one| matches!(one, Told::Thought(_))).count();
    assert!(thoughts > 3, "the roles' votes are told too");
}
