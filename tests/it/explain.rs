//! `plan --explain`, `-v` and `--learn` through the program: what is thought comes first and as it is thought, then the votes.

use std::io::{BufRead as _, BufReader};

use ouioe::model::why::{Role, ThinkingKind};
use serde_json::Value;

use crate::e2e::home::Home;
use crate::llm::stand_in::{Reply, StandIn};
use crate::llm::{answer, kick};

const WORDS: &str = "check disk usage on localhost and then check memory on localhost";

/// The entries between `Thinking:` and the plan.
fn thoughts(out: &str) -> Vec<&str> {
    let lines = out.lines().skip_while(|line| *line != "Thinking:").skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

fn kind(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

#[test]
fn conclusions_are_told_and_with_v_every_detail_in_the_same_order() {
    let home = Home::new();
    let short = home.run(&["plan", "--explain", WORDS]).exits(0).out;
    let long = home.run(&["plan", "--explain", "-v", WORDS]).exits(0).out;
    assert!(short.starts_with("Thinking:\n"), "{short}");
    let (few, all) = (thoughts(&short), thoughts(&long));
    assert!(few.len() >= 4 && all.len() > few.len(), "{short}\n{long}");
    let known: Vec<&str> = ThinkingKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert!(all.iter().all(|line| known.contains(&kind(line))), "{all:?}");
    let mut rest = all.iter();
    assert!(few.iter().all(|line| rest.any(|one| one == line)), "a conclusion is missing in\n{long}");
    for wanted in
        ["initialization", "analysis", "execution_planning", "workflow_generation", "decision", "risk_assessment", "result_analysis"]
    {
        assert!(all.iter().any(|line| kind(line) == wanted), "{wanted}\n{long}");
    }
    // Then the plan, then the table and the tree with each role.
    let (_, rest) = short.split_once("\nPlan: ").expect(&short);
    let (_, votes) = rest.split_once("Decision: embedded is taken").expect(&short);
    for role in [
        Role::Analyst,
        Role::Advocate,
        Role::Critic,
        Role::Synthesiser,
        Role::Validator,
        Role::Strategist,
        Role::Ethicist,
        Role::Pragmatist,
    ] {
        assert!(votes.contains(role.as_str()), "{role:?}\n{votes}");
    }
}

#[test]
fn a_question_and_a_refusal_are_explained_too_and_json_holds_it_all() {
    let home = Home::new();
    for (words, code, end) in [("restart nginx", 3, "asks: "), ("make me a sandwich", 4, "refuses: ")] {
        let out = home.run(&["plan", "--explain", words]).exits(code).out;
        assert!(thoughts(&out).last().is_some_and(|line| line.starts_with("  result_analysis") && line.contains(end)), "{out}");
        let value = home.run(&["plan", "--explain", "--json", words]).exits(code).values().remove(0);
        let all = value["why"]["thinking"].as_array().expect("a list");
        assert_eq!(all.last().map(|one| &one["kind"]), Some(&Value::from("result_analysis")), "{value}");
        assert!(all.iter().any(|one| one["conclusion"] == false), "{value}");
    }
    let value = home.run(&["plan", "--explain", "--json", WORDS]).exits(0).values().remove(0);
    assert_eq!(value["why"]["decision"]["ruling"]["name"], "embedded");
    assert_eq!(value["why"]["decision"]["considered"][0]["votes"].as_array().map(Vec::len), Some(8));
    // A drawing stays one.
    let dot = home.run(&["plan", "--explain", "--format", "dot", WORDS]).exits(0).out;
    assert!(dot.starts_with("digraph decision {") && dot.trim_end().ends_with('}'), "{dot}");
    // Text from outside moves no cursor.
    let out = home.run(&["plan", "--explain", "-v", "check disk usage on localhost \u{1b}[31mnow"]).out;
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

fn model(home: &Home, server: &StandIn, more: &str) {
    let text = format!("[llm]\nkind = \"openai\"\nurl = \"{}\"\nmodel = \"stand-in\"\nprice_in = 1\nprice_out = 1\n{more}", server.url());
    home.write("config/ouioe/config.toml", text);
}

#[test]
fn the_plan_is_there_while_the_model_still_answers_and_its_progress_is_told() {
    let server = StandIn::new(vec![Reply::Says("{}".to_owned()), Reply::Stalls(kick()[..40].to_owned())]);
    let home = Home::new();
    model(&home, &server, "");
    let mut child = home.spawn(&["plan", "--explain", WORDS]);
    let mut errors = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut results = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut until = |wanted: &str| loop {
        let line = results.next().expect("it goes on").expect("text");
        if line.contains(wanted) {
            return;
        }
    };
    until("Thinking:");
    until("Plan: ");
    until("Decision: embedded is taken");
    let before = "(800+90 tokens so far, costs 0.000890)";
    for wanted in ["waits for its first word", "answers: about ", before, "mends 1 fault: ", "answers: about "] {
        while !errors.next().expect("it goes on").expect("text").contains(wanted) {}
    }
    child.kill().expect("it waits for the model");
    child.wait().expect("it ends");
    let _ = server.left();
}

#[test]
fn the_roles_weigh_a_models_plan_and_what_they_said_is_kept() {
    let on: &[(&str, &str)] = &[("host", "localhost")];
    let whole = answer(&[("s1", "host.disk_usage", on, &[]), ("s2", "host.cpu_mem", on, &[])]);
    let unasked = answer(&[("s1", "host.disk_usage", on, &[]), ("s2", "notify.open_ticket", &[("title", "x")], &["s1"])]);
    let words = "check whether disk usage of localhost explains why memory is low";
    for (says, is_better) in [(whole, true), (unasked, false)] {
        let server = StandIn::new(vec![Reply::Says(says)]);
        let home = Home::new();
        model(&home, &server, "");
        let value = home.run(&["plan", "--json", "--explain", words]).exits(0).values().remove(0);
        let decision = &value["llm"]["decision"];
        assert_eq!((&value["llm"]["better"], decision["considered"].as_array().map(Vec::len)), (&is_better.into(), Some(2)), "{value}");
        let names: Vec<&str> = decision["considered"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, if is_better { ["stand-in", "embedded"] } else { ["embedded", "stand-in"] });
        assert!(decision["considered"].as_array().unwrap().iter().all(|one| one["votes"].as_array().is_some_and(|votes| votes.len() == 8)));
        if !is_better {
            let told = decision["considered"][1]["why_not"].as_str().unwrap_or_default();
            assert!(told.contains("no word asks for its notify.open_ticket"), "{decision}");
            assert_eq!(value["llm"]["plan"]["approval_required"], true);
        }
        let text = home.run(&["plan", "--explain", words]).exits(0).out;
        assert!(text.contains("Decision: stand-in is taken") == is_better && text.matches("Decision: ").count() == 2, "{text}");
    }
}

#[test]
fn lines_are_learned_for_one_call_and_a_bad_one_is_named() {
    let home = Home::new();
    let words = "is localhost brimming";
    home.run(&["plan", words]).exits(4);
    let path = home.write(
        "lessons.jsonl",
        "\n{\"intent\":\"is web-1 brimming\",\"steps\":[\"host.disk_usage\",\"host.cpu_mem\"],\"edges\":[{\"from\":0,\"to\":1}]}\n",
    );
    let learn = path.display().to_string();
    let value = home.run(&["plan", "--json", "--explain", "--learn", &learn, words]).exits(0).values().remove(0);
    let steps: Vec<&str> = value["plan"]["steps"].as_array().unwrap().iter().filter_map(|step| step["operation"].as_str()).collect();
    assert_eq!(steps, ["host.disk_usage", "host.cpu_mem"]);
    assert_eq!(value["plan"]["steps"][1]["needs"][0]["step"], "s1");
    assert_eq!(value["plan"]["steps"][0]["provenance"]["host"], "operator");
    assert!(value["why"]["thinking"].to_string().contains("lessons.jsonl:2 did this before"), "{value}");
    home.run(&["plan", words]).exits(4);
    for (text, says) in [
        ("{\"intent\":\"x y\",\"steps\":[\"a.b\"],\"edges\":[{\"from\":0,\"to\":3}]}", "bad.jsonl:1"),
        ("{\"intent\":\"x y\",\"steps\":[\"a.b\"]}\nnonsense", "bad.jsonl:2"),
    ] {
        let bad = home.write("bad.jsonl", text).display().to_string();
        let said = home.run(&["plan", "--learn", &bad, words]).exits(2);
        assert!(said.err.contains(says) && said.out.is_empty(), "{}", said.err);
    }
    home.run(&["plan", "--learn", "/nowhere.jsonl", words]).exits(2);
}

#[test]
fn every_value_says_where_it_came_from() {
    let home = Home::new();
    let of = |args: &[&str]| home.run(args).values().remove(0)["plan"]["steps"].clone();
    let steps = of(&["plan", "--json", "restart nginx on web-3 and verify"]);
    assert_eq!((&steps[0]["provenance"]["host"], &steps[0]["provenance"]["service"]), (&"operator".into(), &"operator".into()), "{steps}");
    let steps = of(&["run", "--dry-run", "--json", "--template", "service-diagnosis", "--set", "host=localhost", "--set", "service=nginx"]);
    let all = steps.as_array().unwrap().iter().flat_map(|step| {
        let known = step["provenance"].as_object().cloned().unwrap_or_default();
        step["params"].as_object().unwrap().keys().map(|name| (name.clone(), known.get(name).cloned())).collect::<Vec<_>>()
    });
    let all: Vec<_> = all.collect();
    assert!(!all.is_empty() && all.iter().all(|(_, from)| from.is_some()), "{all:?}");
    // A read may keep a span from the past; it is said so, in the run's record too.
    let line = r#"{"intent":"is web-1 brimming","steps":[{"operation":"network.ping","params":{"host":"web-1","count":2}}],"edges":[]}"#;
    let learn = home.write("l.jsonl", line).display().to_string();
    let steps = of(&["plan", "--json", "--learn", &learn, "is localhost brimming"]);
    assert_eq!(steps[0]["provenance"]["host"], "operator", "{steps}");
    if !steps[0]["params"]["count"].is_null() {
        assert_eq!(steps[0]["provenance"]["count"], "memory", "{steps}");
    }
    home.run(&["run", "--yes", "check memory"]);
    let shown = home.show("last");
    assert_eq!(shown["steps"][0]["provenance"]["host"], "default", "{shown}");
    let text = home.run(&["show", "last"]).exits(0).out;
    assert!(text.contains("host=localhost (default)"), "{text}");
}

/// What goes over ssh is a script: its name and its values are read at a glance, its lines where somebody looks before a yes.
#[test]
fn a_plan_for_another_host_fits_a_screen_and_its_scripts_stand_whole_elsewhere() {
    let home = Home::new();
    let words = ["restart", "nginx", "on", "web-3", "and", "verify"];
    let plan = home.run(&[&["plan"], &words[..]].concat()).exits(0).out;
    assert!(plan.lines().all(|line| line.chars().count() <= 80), "{plan}");
    assert!(plan.lines().any(|line| line.ends_with("lines) service_control restart")), "{plan}");
    assert_eq!(plan.matches("/bin/sh -c (text 1, ").count(), 2, "the same script twice has one name: {plan}");
    assert!(plan.contains("`--explain` shows each"), "{plan}");
    for how in [&["plan", "--explain"][..], &["run", "--dry-run"]] {
        let whole = home.run(&[how, &words[..]].concat()).exits(0).out;
        let (texts, plan) = whole.split_once("\nPlan: ").expect("a plan");
        assert!(texts.contains("\ntext 2:\n  verb=$1 service=$2\n") && texts.contains("\n      sleep 1\n"), "{texts}");
        assert!(!texts.contains("text 4:") && plan.contains("(text 3, ") && !plan.contains("`--explain`"), "{plan}");
    }
}
