//! The real program with a model configured: plan, run, doctor, and the console on a real terminal.

use std::io::Write as _;

use serde_json::Value;

use super::stand_in::{Reply, StandIn};
use super::{ODD, answer, kick};
use crate::e2e::home::Home;
use crate::e2e::tty::Tty;

const KEY: &str = "sk-very-secret-0123456789";
/// The words alone give a plan that leaves some of them out.
const HALF: &str = "check whether disk usage of localhost explains why memory is low";

fn home(server: &StandIn, kind: &str) -> Home {
    let home = Home::new();
    home.write("key", format!("{KEY}\n"));
    let key = home.path("key");
    let text = format!(
        "[llm]\nkind = \"{kind}\"\nurl = \"{}\"\nmodel = \"stand-in\"\nkey = \"file:{}\"\nprice_in = \"0.15\"\nprice_out = \"0.6\"\n",
        server.url(),
        key.display()
    );
    home.write("config/ouioe/config.toml", text);
    home
}

fn whole() -> String {
    let on: &[(&str, &str)] = &[("host", "localhost")];
    answer(&[("s1", "host.disk_usage", on, &[]), ("s2", "host.cpu_mem", on, &[])])
}

fn says(text: &str) -> StandIn {
    StandIn::new(vec![Reply::Says(text.to_owned())])
}

#[test]
fn plan_prints_what_stands_and_then_the_difference() {
    for kind in ["ollama", "openai"] {
        let server = says(&whole());
        let home = home(&server, kind);
        let said = home.run(&["plan", HALF]).exits(0);
        let (stands, model) = said.out.split_once("\nthe model stand-in has another plan: it explains ").expect(&said.out);
        assert!(stands.starts_with("Plan: ") && stands.contains("host.disk_usage") && !stands.contains("host.cpu_mem"), "{stands}");
        assert!(
            model.contains("  + host.cpu_mem host=localhost [read]\n") && model.contains("(800+90 tokens, costs 0.000174, "),
            "{model}"
        );
        let value = home.run(&["plan", "--json", HALF]).exits(0).values().remove(0);
        assert_eq!((&value["outcome"], value["plan"]["steps"].as_array().map(Vec::len)), (&Value::from("plan"), Some(1)));
        let llm = &value["llm"];
        assert_eq!((&llm["better"], &llm["tokens_in"], &llm["rounds"]), (&Value::from(true), &Value::from(800), &Value::from(1)));
        assert_eq!(llm["plan"]["steps"][1]["provenance"]["host"], "model");
        assert_eq!(llm["plan"]["source"]["kind"], "model");
    }
}

#[test]
fn without_a_model_every_byte_is_the_same() {
    let server = StandIn::new(vec![Reply::Status { code: 500, headers: "", body: String::new() }]);
    let (with, without) = (home(&server, "ollama"), Home::new());
    for words in [HALF, ODD, "restart nginx on web-3 and verify", "rm -rf /"] {
        let off = Home::run(&with_off(&with), &["plan", words]);
        let none = without.run(&["plan", words]);
        assert_eq!((off.code, &off.out, &off.err), (none.code, &none.out, &none.err), "{words}");
        // With a model that fails, what stands stands, and one line says why.
        let failed = with.run(&["plan", words]);
        assert_eq!(failed.code, none.code);
        let rest = failed.out.strip_prefix(&none.out).unwrap_or_else(|| panic!("{} != {}", failed.out, none.out));
        assert!(rest.trim().starts_with("no plan from the model stand-in: ") && rest.trim().lines().count() == 1, "{rest:?}");
    }
}

/// The same settings with the model switched off.
fn with_off(home: &Home) -> Home {
    let off = Home::new();
    let text = std::fs::read_to_string(home.path("config/ouioe/config.toml")).expect("it was written");
    off.write("config/ouioe/config.toml", text.replace("kind = \"ollama\"", "kind = \"off\""));
    off.write("key", "");
    off
}

#[test]
fn only_a_digest_that_was_seen_runs_a_models_plan_unasked() {
    let server = says(&whole());
    let home = home(&server, "openai");
    let shown = home.run(&["run", "--dry-run", HALF]).exits(0);
    let digest = shown.out.rsplit_once("  digest: ").expect(&shown.out).1.trim().to_owned();
    // --yes alone covers the plan of the words.
    // 1: it ran, and this machine is busy or full.
    for said in [home.run(&["run", "--yes", HALF]), home.run(&["run", "--yes", "--digest", &digest, HALF])] {
        assert!(said.code <= 1, "{said:?}");
    }
    let runs: Vec<usize> = home
        .run(&["runs", "--json"])
        .exits(0)
        .values()
        .iter()
        .map(|run| home.show(run["run"].as_str().expect("a run"))["steps"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(
        {
            let mut runs = runs;
            runs.sort_unstable();
            runs
        },
        [1, 2]
    );
    // A plan that nobody saw is none.
    let other = "0".repeat(64);
    assert_ne!(home.run(&["run", "--yes", "--digest", &other, HALF]).code, 0);
}

#[test]
fn doctor_looks_at_the_server_itself() {
    for (kind, model, code, expected) in [
        ("ollama", "stand-in", 0, "ok    model         stand-in is there"),
        ("openai", "stand-in", 0, "ok    model         stand-in is there"),
        ("ollama", "absent", 1, "FAIL  model         the server answers and does not have absent; it has: stand-in:latest, other:7b"),
    ] {
        let server = says("x");
        let home = home(&server, kind);
        let said = Home::command(&home, &["doctor"]).env("OUIOE_LLM_MODEL", model).output().expect("it starts");
        let out = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(out.contains(expected), "{out}");
        assert_eq!(said.status.code(), Some(code), "{out}");
        assert_eq!(server.asked().header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    }
    let server = says("x");
    let home = home(&server, "ollama");
    let said = Home::command(&home, &["doctor"]).env("OUIOE_LLM_URL", "http://127.0.0.1:1").output().expect("it starts");
    let out = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(out.contains("FAIL  model         could not reach 127.0.0.1: "), "{out}");
}

#[test]
fn the_key_is_in_no_file_and_on_no_screen() {
    let script = vec![
        Reply::Status { code: 500, headers: "", body: "KEY".to_owned() },
        Reply::TellsKey(whole().replace("\"reason\":\"\"", "\"reason\":\"KEY\"")),
    ];
    let server = StandIn::new(script);
    let home = home(&server, "openai");
    let mut all = Vec::new();
    for args in [&["plan", "-vv", HALF][..], &["plan", "--json", HALF], &["run", "--dry-run", HALF], &["doctor"], &["check"], &["config"]] {
        let said = home.run(args);
        all.write_all(said.out.as_bytes()).and_then(|()| all.write_all(said.err.as_bytes())).expect("memory");
    }
    let mut folders = vec![home.state()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { all.extend(std::fs::read(entry.path()).unwrap_or_default()) }
        }
    }
    assert!(String::from_utf8_lossy(&all).contains("stand-in"), "it was asked");
    assert!(!String::from_utf8_lossy(&all).contains("sk-very-secret"), "the key is in it");
}

fn ask(tty: &Tty, words: &str) {
    tty.shows("what is to be done?");
    tty.press(&format!("\x15{words}\r"));
}

#[test]
fn the_difference_is_looked_at_and_taken_and_then_approved_by_itself() {
    let server = says(&whole());
    let home = home(&server, "ollama");
    let tty = Tty::start(&home, &[]);
    ask(&tty, HALF);
    tty.shows("proposed");
    tty.shows("^Y shows another plan, of the model stand-in: it explains");
    // It took nothing away: the plan that stands is still the one on the screen.
    assert!(tty.text().contains("host.disk_u") && tty.text().contains("1 step"), "{}", tty.text());
    tty.press("\x19");
    tty.shows("+ host.cpu_mem host=localhost");
    tty.shows("800+90 tokens, costs 0.000174");
    tty.press_until("\x1b[6~t", &["· 2 steps ·"]);
    tty.press_until("\r", &["submitted", "SUCCEEDED"]);
    tty.shows("2/2");
    let run = home.run(&["runs", "--json"]).exits(0).values().remove(0);
    let steps = home.show(run["run"].as_str().expect("a run"))["steps"].as_array().map(Vec::len);
    assert_eq!(steps, Some(2));
}

#[test]
fn the_difference_is_dismissed_and_the_plan_that_stands_runs() {
    let server = says(&whole());
    let home = home(&server, "openai");
    let tty = Tty::start(&home, &[]);
    ask(&tty, HALF);
    tty.shows("^Y shows another plan, of the model stand-in: it explains");
    tty.press("\x19");
    tty.shows("+ host.cpu_mem host=localhost");
    tty.press_until("\x1b[6~d", &["the other plan is dismissed"]);
    tty.press_until("\r", &["submitted", "SUCCEEDED"]);
    tty.shows("1/1");
}

#[test]
fn where_the_words_give_no_plan_the_models_waits_for_a_look() {
    let server = says(&kick());
    let home = home(&server, "ollama");
    let tty = Tty::start(&home, &[]);
    ask(&tty, ODD);
    tty.shows("which operation is meant");
    tty.shows("^Y shows another plan, of the model stand-in: the words alone");
    tty.press("\x19");
    tty.shows("+ host.restart_service host=web-3 service=nginx");
    tty.press_until("\x1b[6~t", &["proposed"]);
    assert!(home.run(&["runs", "--json"]).out.is_empty(), "nothing runs by itself");
}

#[test]
fn a_newer_intent_stops_the_asking_for_the_older_one() {
    let server = StandIn::new(vec![Reply::Stalls(whole()[..20].to_owned()), Reply::Says(whole())]);
    let home = home(&server, "openai");
    let tty = Tty::start(&home, &[]);
    ask(&tty, "check memory on localhost");
    tty.shows("the model stand-in is asked too");
    let _ = server.asked();
    tty.press_until("i", &["what is to be done?"]);
    tty.press(&format!("\x15{HALF}\r"));
    let _ = server.left();
    tty.shows("^Y shows another plan");
    tty.press("\x19");
    tty.shows("+ host.cpu_mem host=localhost");
}

#[test]
fn a_sent_plan_stops_the_asking() {
    let server = StandIn::new(vec![Reply::Stalls(whole()[..20].to_owned())]);
    let home = home(&server, "ollama");
    let tty = Tty::start(&home, &[]);
    ask(&tty, HALF);
    tty.shows("proposed");
    let _ = server.asked();
    let begun = std::time::Instant::now();
    tty.press_until("\r", &["submitted", "SUCCEEDED"]);
    assert!(server.left().duration_since(begun) < std::time::Duration::from_secs(15), "long before its own deadline");
    tty.shows("1/1");
}

#[test]
fn run_asks_about_what_stands_and_m_looks_at_the_other() {
    for (keys, steps) in [("m\r", 2), ("\r", 1)] {
        let server = says(&whole());
        let home = home(&server, "openai");
        let tty = Tty::start(&home, &["run", HALF]);
        tty.shows("The model stand-in is asked too; the question does not wait for it.");
        tty.shows("m and Enter looks at that plan instead.");
        tty.shows("+ host.cpu_mem host=localhost [read]");
        tty.press(keys);
        if steps == 2 {
            // Its own question: the one before it may still be on the screen.
            let asked =
                |text: &str| text.split_once("proposed by the model stand-in").is_some_and(|(_, it)| it.contains("Only reads. Press"));
            tty.wait("a second question", |seen| asked(&seen.text()));
            tty.press("\r");
        }
        tty.shows("succeeded");
        let run = home.run(&["runs", "--json"]).exits(0).values().remove(0);
        assert_eq!(home.show(run["run"].as_str().expect("a run"))["steps"].as_array().map(Vec::len), Some(steps));
    }
}

#[test]
fn run_does_not_wait_for_a_slow_model() {
    let server = StandIn::new(vec![Reply::Silent]);
    let home = home(&server, "ollama");
    let tty = Tty::start(&home, &["run", HALF]);
    tty.shows("Only reads. Press Enter");
    let _ = server.asked();
    tty.press("\r");
    tty.shows("succeeded");
    let _ = server.left();
}

#[test]
fn how_far_the_model_is_and_what_was_thought_is_seen_live() {
    let server = StandIn::new(vec![Reply::Says("{}".to_owned()), Reply::Stalls(kick()[..60].to_owned())]);
    let home = home(&server, "openai");
    let tty = Tty::start(&home, &[]);
    ask(&tty, ODD);
    tty.shows("which operation is meant");
    // In the line at the foot, whatever pane is shown; then in Why, with what was thought where no plan came of it.
    tty.shows("the model stand-in is asked too: ");
    tty.press_until("\x1b", &["[5 Runs]"]);
    tty.press_until("4", &["the model is asked"]);
    tty.shows("answers: about ");
    tty.shows("(800+90");
    tty.shows("thinking about what was asked");
    tty.shows("result_analysis");
    assert!(!tty.text().contains("initialization"), "{}", tty.text());
    tty.press_until("d", &["initialization"]);
    let _ = server.asked();
}

#[test]
fn a_plan_that_is_not_better_is_told_with_the_votes_on_it() {
    let on: &[(&str, &str)] = &[("host", "localhost")];
    let server = says(&answer(&[("s1", "host.disk_usage", on, &[]), ("s2", "notify.open_ticket", &[("title", "x")], &["s1"])]));
    let home = home(&server, "openai");
    let tty = Tty::start(&home, &[]);
    ask(&tty, HALF);
    tty.shows("has no better plan: no word asks for its");
    tty.press_until("4", &["[4 Why]"]);
    tty.press_until("G", &["the model's plan", "analyst"]);
    tty.press_until("G", &["dissent: analyst", "VETO", "veto"]);
}
