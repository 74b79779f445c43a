//! Every fault of a server, over both protocols: one line of reason, no panic, and the plan that stands stands.

use std::time::{Duration, Instant};

use ouioe::model::outcome::PlanOutcome;
use ouioe::planner::Ask;

use super::stand_in::{Reply, StandIn};
use super::{BOTH, ODD, answer, improve, kick, operations, planning, runtime, settings, with_timeout};

fn status(code: u16, headers: &'static str, body: &str) -> Reply {
    Reply::Status { code, headers, body: body.to_owned() }
}

/// Script, what the reason says (empty: there is a plan), requests that the server saw, answers that were judged.
fn cases() -> Vec<(Vec<Reply>, &'static str, usize, u32)> {
    let cyclic = answer(&[("s1", "host.cpu_mem", &[("host", "web-3")], &["s2"]), ("s2", "host.cpu_mem", &[("host", "web-3")], &["s1"])]);
    let says = |text: &str| Reply::Says(text.to_owned());
    vec![
        (vec![says(&kick())], "", 1, 1),
        (vec![says(&format!("```json\n{}\n```", kick()))], "", 1, 1),
        (vec![says(&format!("Sure, here {{you}} go – naïve:\n{}\nHope it helps!", kick()))], "", 1, 1),
        (vec![says(&format!("<think>{{\"steps\": 3}}</think>{}", kick()))], "", 1, 1),
        (vec![Reply::Uncounted(kick())], "", 1, 1),
        // Wrong, then right.
        (vec![says("I would restart it."), says(&kick())], "", 2, 2),
        (vec![says("{\"plan\": []}"), says(&cyclic), says(&kick())], "", 3, 3),
        // Wrong for good: two repairs and no more.
        (vec![says("no")], "the answer holds no JSON object", 3, 3),
        (vec![says("{\"outcome\": \"plan\"")], "the answer holds no JSON object", 3, 3),
        (vec![says("{\"outcome\": \"plan\", \"reason\": \"\", \"steps\": \"all\"}")], "`steps` must be a list", 3, 3),
        (vec![says("{\"outcome\": \"plan\", \"reason\": \"\", \"steps\": []}")], "the plan has no steps", 3, 3),
        (vec![says("{\"outcome\": \"plan\", \"steps\": [{\"id\": 1}]}")], "`id` must be text", 3, 3),
        (vec![says(&cyclic)], "the steps wait for each other: s1 -> s2 -> s1", 3, 3),
        (
            vec![says("{\"outcome\": \"nothing\", \"reason\": \"no way\\u001b[2J\", \"steps\": []}")],
            "finds nothing that does this: no way^[[2J",
            1,
            1,
        ),
        // What may pass is asked again.
        (vec![status(500, "", "{\"error\": \"output does not match the expected peg-native format\"}"), says(&kick())], "", 2, 1),
        (vec![status(503, "", "warming up"), status(502, "", ""), says(&kick())], "", 3, 1),
        (vec![status(500, "", "{\"error\": {\"message\": \"out of memory\"}}")], "it answered 500: out of memory", 3, 0),
        (vec![Reply::Cut(kick()[..40].to_owned()), says(&kick())], "", 2, 1),
        (vec![Reply::Cut(kick())], "its answer was cut", 3, 0),
        (vec![Reply::Cut(String::new())], "its answer was cut", 3, 0),
        (vec![status(429, "retry-after: 0\r\n", ""), says(&kick())], "", 2, 1),
        (vec![status(429, "", ""), says(&kick())], "", 2, 1),
        // A wait beyond the deadline is not begun.
        (vec![status(429, "retry-after: 60\r\n", ""), says(&kick())], "too much to do (429), asks to wait 60 s", 1, 0),
        (vec![status(401, "", "{\"error\": {\"message\": \"bad key\"}}")], "it answered 401: bad key", 1, 0),
        (vec![status(404, "", "{\"error\": \"model 'stand-in' not found\"}")], "it answered 404: model 'stand-in' not found", 1, 0),
        (vec![status(302, "location: http://127.0.0.1:1/v1/chat/completions\r\n", "")], "it answered 302", 1, 0),
        (vec![Reply::Unfinished(kick())], "limit of tokens in the middle of its answer", 1, 0),
        (vec![Reply::NotText], "not UTF-8", 1, 0),
        (vec![Reply::Floods], "its answer is longer than", 1, 0),
        (vec![Reply::Fails("the GPU is gone".to_owned()), says(&kick())], "", 2, 1),
        (vec![Reply::Babbles], "does not follow the protocol", 1, 0),
    ]
}

#[test]
fn every_fault_of_a_server_ends_in_one_line() {
    for kind in BOTH {
        for (script, expected, requests, rounds) in cases() {
            let what = format!("{kind:?} {script:?}");
            let server = StandIn::new(script);
            let (standing, found) = improve(&settings(kind, &server.url()), None, ODD);
            assert!(matches!(standing, PlanOutcome::Clarify { .. }), "the words alone give no plan");
            assert_eq!((server.count(), found.usage.rounds), (requests, rounds), "{what}: {}", found.line());
            let line = found.line();
            assert!(!line.contains('\n') && !line.contains('\u{1b}'), "{line:?}");
            if expected.is_empty() {
                let plan = found.plan.as_ref().unwrap_or_else(|| panic!("{what}: {line}"));
                assert_eq!(operations(plan), ["host.restart_service", "host.service_status"], "{what}");
                assert!(found.is_better, "{line}");
            } else {
                assert!(line.contains(expected) && found.plan.is_none(), "{what}: {line}");
            }
        }
    }
}

#[test]
fn a_refusal_is_told_and_not_asked_again() {
    for (kind, expected, requests) in [(BOTH[0], "holds no JSON", 3), (BOTH[1], "it refused: I cannot help with that", 1)] {
        let server = StandIn::new(vec![Reply::Refuses("I cannot help with that".to_owned())]);
        let (_, found) = improve(&settings(kind, &server.url()), None, ODD);
        assert!(found.line().contains(expected) && server.count() == requests, "{}", found.line());
    }
}

#[test]
fn the_deadline_holds_however_the_server_stalls() {
    for kind in BOTH {
        let slow = Reply::Status { code: 500, headers: "", body: "again".to_owned() };
        for script in
            [vec![Reply::Silent], vec![Reply::Stalls(kick())], vec![slow, Reply::Silent], vec![Reply::Says("no".into()), Reply::Silent]]
        {
            let server = StandIn::new(script);
            let begun = Instant::now();
            let (_, found) = improve(&with_timeout(settings(kind, &server.url()), 1_000), None, ODD);
            assert!(found.line().contains("no answer within 1 s"), "{}", found.line());
            assert!(begun.elapsed() >= Duration::from_millis(950), "it was given its time");
            // The server notices it too: no connection is left behind.
            assert!(server.left() < begun + Duration::from_secs(20));
        }
    }
}

#[test]
fn asking_stops_within_200_ms_of_being_told_to() {
    for kind in BOTH {
        for script in [Reply::Silent, Reply::Stalls(kick())] {
            let server = StandIn::new(vec![script]);
            let settings = settings(kind, &server.url());
            runtime().block_on(async {
                let asking = tokio::spawn(async move {
                    let planning = planning(&settings, None);
                    let ask = Ask::new(ODD);
                    let standing = planning.plan_intent(&ask).await;
                    planning.improve(&ask, &standing).await
                });
                while server.count() == 0 {
                    tokio::task::yield_now().await;
                }
                let told = Instant::now();
                asking.abort();
                assert!(asking.await.is_err());
                let took = server.left().saturating_duration_since(told);
                assert!(took < Duration::from_millis(200), "{took:?}");
            });
        }
    }
}

#[test]
fn nobody_there_is_one_line_too() {
    for kind in BOTH {
        let (_, found) = improve(&settings(kind, "http://127.0.0.1:1"), None, ODD);
        assert!(found.line().starts_with("no plan from the model stand-in: could not reach 127.0.0.1: "), "{}", found.line());
        let (_, found) = improve(&settings(kind, "http://127.0.0.1:1"), Some("env:OUIOE_TEST_NOT_SET"), ODD);
        assert!(found.line().contains("OUIOE_TEST_NOT_SET is not set"), "{}", found.line());
    }
}

#[test]
fn tokens_and_cost_are_those_of_all_rounds() {
    for kind in BOTH {
        let server = StandIn::new(vec![Reply::Says("no".to_owned()), Reply::Says(kick())]);
        let priced = ouioe::model::settings::LlmSettings { price_in: 150_000, price_out: 600_000, ..settings(kind, &server.url()) };
        let (_, found) = improve(&priced, None, ODD);
        assert_eq!((found.usage.tokens_in, found.usage.tokens_out, found.usage.cost), (Some(1_600), Some(180), Some(348)));
        assert!(found.line().contains("(1600+180 tokens, costs 0.000348, ") && found.line().ends_with(", 1 repair)"), "{}", found.line());
        let server = StandIn::new(vec![Reply::Uncounted(kick())]);
        let (_, found) = improve(&settings(kind, &server.url()), None, ODD);
        assert!(found.line().contains("(tokens not counted, no price set, "), "{}", found.line());
    }
}
