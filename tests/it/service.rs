//! Manifests, bindings, builtins and clean-up, against this very machine and a real server.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::{Binding, Catalogue, EffectClass, Operation};
use ouioe::model::command::AttemptOutcome;
use ouioe::model::digest::Digest;
use ouioe::model::effect::Start;
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::model::ids::StepId;
use ouioe::model::plan::{Plan, PlanSource, Retry, Step, StepKind};
use ouioe::model::problem::Problem;
use ouioe::model::step_state::StopWhy;
use ouioe::model::time::Millis;
use ouioe::model::verdict::Health;
use ouioe::service::manifest::{self, embedded};
use serde_json::{Value, json};

use crate::rig::{Rig, failure_of, start};

pub fn catalogue() -> Catalogue {
    manifest::load(None).expect("the embedded manifests are right")
}

pub fn params(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().expect("an object").clone().into_iter().collect()
}

pub fn plan_of(operation: &Operation, value: &Value) -> Plan {
    let step = Step {
        id: StepId::new("s1"),
        operation: operation.name.clone(),
        params: params(value),
        effect: operation.effect,
        low_risk: operation.low_risk,
        repeat: operation.repeat,
        needs: vec![],
        join: ouioe::model::plan::Join::All,
        kind: StepKind::Action,
        condition: None,
        critical: true,
        approval: false,
        provenance: BTreeMap::new(),
        timeout_ms: Millis::seconds(30),
        silence_ms: Millis(0),
        retry: Retry::default(),
        locks: vec![],
        compensation: None,
        probe: None,
        bounds: BTreeMap::new(),
        thresholds: operation.thresholds.clone(),
        suggested: false,
        for_each: None,
        copy_of: None,
        action: Action::Unbound { hint: String::new() },
        digest: Digest::ZERO,
    };
    Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        title: String::new(),
        intent: String::new(),
        source: PlanSource::Intent,
        environment: None,
        approval_required: false,
        steps: vec![step],
    }
}

pub fn bound_in(catalogue: &Catalogue, name: &str, value: &Value) -> (Action, Vec<Problem>) {
    let operation = catalogue.get(name).unwrap_or_else(|| panic!("{name} is in the catalogue"));
    let mut plan = plan_of(operation, value);
    let problems = ouioe::service::bind(&mut plan, catalogue);
    (plan.steps.remove(0).action, problems)
}

pub fn bound(name: &str, value: &Value) -> Action {
    let (action, problems) = bound_in(&catalogue(), name, value);
    assert_eq!(problems, [], "{name}");
    action
}

pub fn step(name: &str, value: &Value) -> Start {
    let mut step = start(bound(name, value));
    step.thresholds.clone_from(&catalogue().get(name).expect("known").thresholds);
    step
}

pub fn result(outcome: AttemptOutcome) -> Value {
    match outcome {
        AttemptOutcome::Succeeded { result, .. } => result,
        AttemptOutcome::Failed { failure, error_tail, .. } => panic!("failed: {failure:?} {error_tail}"),
    }
}

pub fn shell(script: &str) -> String {
    let done = Command::new("/bin/sh").args(["-c", script]).output().expect("a shell");
    String::from_utf8(done.stdout).expect("text").trim().to_owned()
}

/// A file of the planner's evaluation, where it lies beside the checkout.
fn evaluation(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared/eval", "../../shared/eval"].iter().map(|place| here.join(place).join(name)).find(|path| path.exists())
}

// Manifests

#[test]
fn every_manifest_of_the_folder_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/services");
    let mut files: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let embedded: Vec<&str> = embedded::FILES.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, embedded);
}

/// Beyond the 54 of the evaluation; the parameters beyond theirs.
const OWN: [&str; 7] = [
    "host.failed_units",
    "host.largest_files",
    "host.listening_ports",
    "host.logins",
    "network.internet",
    "network.reach",
    "network.unblock_ip",
];
const OWN_PARAMS: [(&str, &str); 2] = [("asset.list", "except"), ("host.read_logs", "path")];

#[test]
fn every_operation_can_be_understood() {
    let catalogue = catalogue();
    assert_eq!(catalogue.len(), 54 + OWN.len());
    for operation in catalogue.iter() {
        let name = &operation.name;
        assert!(operation.examples.len() >= 2 && !operation.aliases.is_empty() && !operation.nouns.is_empty(), "{name}");
        assert!(operation.timeout_ms.is_some() && operation.expected_ms <= operation.timeout_ms, "{name}");
        assert!(operation.params.iter().all(|param| !param.doc.is_empty()), "{name}");
        assert!(operation.origin.line > 0 && embedded::FILES.iter().any(|(file, _)| *file == operation.origin.file), "{name}");
    }
}

#[test]
fn names_types_and_effects_are_those_of_the_evaluation() {
    let Some(path) = evaluation("catalogue.toml") else {
        println!("the evaluation is not there: nothing to compare with");
        return;
    };
    let theirs = manifest::load_file(&path).unwrap();
    let ours = catalogue();
    let said = |catalogue: &Catalogue| -> Vec<String> {
        let line = |it: &std::sync::Arc<Operation>| {
            // Types with a capital are filled by plan files and by outputs, never by words.
            let by_words = it.params.iter().filter(|param| param.required || param.kind.as_str() != "JobParams");
            let by_words = by_words.filter(|param| !OWN_PARAMS.contains(&(it.name.as_str(), param.name.as_str())));
            let params: Vec<String> = by_words.map(|param| format!("{}:{}:{}", param.name, param.kind, param.required)).collect();
            format!("{} {} {} {params:?} {:?}", it.name, it.effect.as_str(), it.low_risk, it.output)
        };
        catalogue.iter().filter(|it| !OWN.contains(&it.name.as_str())).map(line).collect()
    };
    assert_eq!(said(&ours), said(&theirs));
    assert_eq!(theirs.exempt_environments.unwrap().len(), 4);
}

#[test]
fn no_example_is_taken_from_the_evaluation() {
    let Some(path) = evaluation("intents-dev.jsonl") else {
        println!("the evaluation is not there: nothing to compare with");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let intents: Vec<String> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["intent"].as_str().unwrap().to_lowercase()).collect();
    for operation in catalogue().iter() {
        for example in &operation.examples {
            let example = example.to_lowercase();
            assert!(!intents.iter().any(|intent| intent.contains(&example) || example.contains(intent.as_str())), "{example}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_with_its_place() {
    let head = "[[operation]]\nname = \"a.b\"\nsummary = \"s\"\neffect = \"read\"\n";
    for (text, expected) in [
        (
            "[[operation]]\nname = \"a.b\"\nsummry = \"x\"\neffect = \"read\"\n",
            "m.toml:3: unknown field `summry` of an operation (nearest: summary)",
        ),
        ("[[operation]]\nname = \"a.b\"\neffect = \"read\"\n", "m.toml:1: `summary` of a.b is missing"),
        ("[[operation]]\nsummary = \"x\"\n", "m.toml:1: `name` is missing"),
        ("[[operation]]\nname = \"Restart It\"\n", "is no name of an operation"),
        ("[[operation]]\nname = \"a.b\"\nsummary = \"s\"\neffect = \"reed\"\n", "m.toml:4: `effect` cannot be `reed` (nearest: read)"),
        (&format!("{head}timeout_ms = \"5s\"\n"), "m.toml:5: `timeout_ms` must be a whole number, not negative, found string"),
        (&format!("{head}timeout_ms = -5\n"), "m.toml:5: `timeout_ms` must be"),
        (&format!("{head}params = [{{ name = \"p\", type = \"hst\" }}]\n"), "unknown type `hst` of parameter `p` (nearest: host)"),
        (
            &format!("{head}params = [{{ name = \"p\", type = \"int\" }}, {{ name = \"p\", type = \"int\" }}]\n"),
            "parameter `p` stands twice",
        ),
        (&format!("{head}binding = {{ kind = \"command\", argv = [\"ls\", \"{{pth}}\"] }}\n"), "m.toml:5: `{pth}` names no parameter"),
        (&format!("{head}binding = {{ kind = \"command\", argv = [] }}\n"), "`argv` is missing or empty"),
        (&format!("{head}binding = {{ kind = \"builtin\", name = \"fakts\" }}\n"), "there is no builtin `fakts` (nearest: facts)"),
        (&format!("{head}thresholds = [{{ field = \"x\" }}]\n"), "threshold of `x` has no bound"),
        (
            "[[operation]]\nname = \"a.b\"\nsummary = \"s\"\neffect = \"mutate\"\nbinding = { kind = \"builtin\", name = \"noop\" }\n",
            "is not owned",
        ),
        (&format!("{head}{head}"), "m.toml:5: operation a.b stands twice in this file"),
        (
            &format!("[script]\nlook = 'echo ${{1%x}}'\n{head}remote = {{ script = \"look\" }}\n"),
            "script `look` holds `${` (`${` is a value of another step",
        ),
        (&format!("[script]\nlook = 'echo'\n{head}remote = {{ script = \"lock\" }}\n"), "there is no script `lock` (nearest: look)"),
        ("[[operation]\n", "m.toml:1:"),
        ("[operations]\n", "unknown field `operations` of a manifest (nearest: operation)"),
    ] {
        let problems = manifest::load::parse("m.toml", text).expect_err(text);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|line| line.contains(expected)), "{text}\nsays {said:?}\nexpected {expected}");
        assert!(problems.iter().all(|problem| problem.line > 0 && problem.column > 0), "{said:?}");
    }
}

#[test]
fn a_user_binds_an_operation_by_three_lines() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[[operation]]\nname = \"host.restart_service\"\nbinding = { kind = \"command\", argv = [\"echo\", \"--\", \"{host}\", \"{service}\"] }\n";
    std::fs::write(dir.path().join("mine.toml"), text).unwrap();
    let catalogue = manifest::load(Some(dir.path())).unwrap();
    let operation = catalogue.get("host.restart_service").unwrap();
    assert_eq!((operation.effect, operation.params.len()), (EffectClass::Mutate, 2), "the rest stays as it was");
    assert!(matches!(operation.binding, Some(Binding::Command { .. })) && operation.origin.file.ends_with("mine.toml"));
    let (action, problems) = bound_in(&catalogue, "host.restart_service", &json!({"host": "web-1", "service": "nginx"}));
    let Action::Command { program, args, .. } = action else { panic!("{action:?} {problems:?}") };
    assert!(program.path.ends_with("/echo") && program.path.starts_with('/') && program.sha256 != Digest::ZERO);
    assert_eq!(args, ["--", "web-1", "nginx"].map(|arg| Operand(arg.to_owned())));
}

// Bindings

fn listing() -> Catalogue {
    let text = r#"
[[operation]]
name = "t.list"
summary = "s"
effect = "read"
params = [{ name = "path", type = "path", required = true }, { name = "depth", type = "int" }, { name = "sort", type = "str", default = "name" }]
binding = { kind = "command", argv = ["ls", "--depth={depth}", "--sort", "{sort}", "--", "{path}"], output = "text" }
"#;
    manifest::load::parse("t.toml", text).expect("right")
}

#[test]
fn slots_fill_exactly_one_element() {
    for (value, expected) in [
        (json!({"path": "/srv"}), &["--sort", "name", "--", "/srv"][..]),
        (json!({"path": "/srv", "depth": 2}), &["--depth=2", "--sort", "name", "--", "/srv"]),
        (json!({"path": "a b; rm -rf /", "sort": "$(id)"}), &["--sort", "$(id)", "--", "a b; rm -rf /"]),
        (json!({"path": "${steps.s0.output.path}"}), &["--sort", "name", "--", "${steps.s0.output.path}"]),
        (json!({"path": "{depth}"}), &["--sort", "name", "--", "{depth}"]),
    ] {
        let (action, problems) = bound_in(&listing(), "t.list", &value);
        let Action::Command { args, .. } = action else { panic!("{action:?}") };
        assert_eq!((args, problems), (expected.iter().map(|arg| Operand((*arg).to_owned())).collect(), vec![]));
    }
}

#[test]
fn no_value_becomes_an_option() {
    for value in [json!({"path": "-rf"}), json!({"path": "/", "sort": "-oProxyCommand=x"}), json!({"path": "a\0b"})] {
        let (action, problems) = bound_in(&listing(), "t.list", &value);
        assert!(matches!(action, Action::Unbound { .. }) && problems.len() == 1, "{value}: {problems:?}");
        assert!(["leading_dash", "nul_byte"].contains(&problems[0].code.as_str()));
    }
}

#[test]
fn what_nothing_binds_says_which_line_would() {
    for (name, value, part) in [
        (
            "automation.deploy",
            json!({"service": "a", "version": "1.0"}),
            "automation.deploy has no binding: bind it in <config>/services/automation.toml; `ouioe service show automation.deploy` prints the lines to add",
        ),
        ("host.run_command", json!({"host": "${steps.s0.output.hosts}", "command": "id"}), "over ssh"),
    ] {
        let Action::Unbound { hint } = bound(name, &value) else { panic!("{name} is bound") };
        assert!(hint.contains(part), "{hint}");
    }
    let here = "[[operation]]\nname = \"t.x\"\nsummary = \"s\"\neffect = \"read\"\nbinding = { kind = \"builtin\", name = \"facts\" }\n\
                params = [{ name = \"host\", type = \"host\", required = true }]\n";
    let (action, _) = bound_in(&manifest::load::parse("t.toml", here).unwrap(), "t.x", &json!({"host": "web-01"}));
    assert!(matches!(&action, Action::Unbound { hint } if hint.contains("add `remote = { argv = [...] }`")), "{action:?}");
    let missing = "[[operation]]\nname = \"t.x\"\nsummary = \"s\"\neffect = \"read\"\nbinding = { kind = \"command\", argv = [\"no-such-program\"] }\n";
    let (action, _) = bound_in(&manifest::load::parse("t.toml", missing).unwrap(), "t.x", &json!({}));
    assert!(matches!(&action, Action::Unbound { hint } if hint.contains("no program no-such-program")), "{action:?}");
}

/// What goes over a list at run time reaches a builtin as one.
#[test]
fn a_list_of_hosts_is_not_this_machine() {
    let rig = Rig::new();
    for (name, owned) in [("disk_usage", false), ("restart_service", true)] {
        let params = json!({ "host": ["web-1", "web-2"], "service": "ouioe-none" });
        let params = params.as_object().unwrap().clone().into_iter().collect();
        let (failure, _) = failure_of(rig.run(&start(Action::Builtin { name: name.to_owned(), params, owned })));
        assert!(failure.detail.contains("`host` is no name of one machine"), "{name}: {failure:?}");
    }
}

#[test]
fn a_free_command_runs_owned_and_only_here() {
    let rig = Rig::new();
    let outcome = rig.run(&step("host.run_command", &json!({"host": "localhost", "command": "echo $((6*7)) | tr 4 5"})));
    assert_eq!(result(outcome), json!({"text": "52\n"}));
    assert_eq!(catalogue().get("host.run_command").unwrap().effect, EffectClass::Destroy);
}

// This machine

#[test]
fn facts_are_those_of_the_machine() {
    let rig = Rig::new();
    let facts = result(rig.run(&step("host.facts", &json!({"host": "localhost"}))));
    assert_eq!(facts["hostname"], shell("uname -n"));
    assert_eq!(facts["kernel"], shell("uname -r"));
    assert_eq!(facts["arch"], shell("uname -m"));
    assert_eq!(facts["cpus"].to_string(), shell("getconf _NPROCESSORS_ONLN"));
    assert_eq!(facts["mem_total_kib"].to_string(), shell("awk '/^MemTotal/ {print $2}' /proc/meminfo"));
    let uptime: u64 = shell("cut -d. -f1 /proc/uptime").parse().unwrap();
    assert!(uptime - facts["uptime_s"].as_u64().unwrap() <= 5);
    // By the machine's own name as well.
    assert!(matches!(bound("host.facts", &json!({"host": shell("uname -n")})), Action::Builtin { .. }));
}

#[test]
fn disks_agree_with_df() {
    let rig = Rig::new();
    let usage = result(rig.run(&step("host.disk_usage", &json!({"host": "localhost"}))));
    let rows = usage["filesystems"].as_array().unwrap();
    let df = shell("df -kPT | tail -n +2");
    let images = ["squashfs", "iso9660", "erofs"];
    let expected: Vec<Vec<&str>> =
        df.lines().map(|line| line.split_ascii_whitespace().collect()).filter(|row: &Vec<&str>| !images.contains(&row[1])).collect();
    assert!(!rows.is_empty());
    for row in &expected {
        let ours = rows.iter().find(|ours| ours["mount"] == row[6]).unwrap_or_else(|| panic!("{} is missing in {usage}", row[6]));
        let near = |key: &str, text: &str| {
            let (ours, theirs) = (ours[key].as_f64().unwrap(), text.parse::<f64>().unwrap());
            assert!((ours - theirs).abs() <= 65_536.0_f64.max(theirs / 100.0), "{key} of {}: {ours} {theirs}", row[6]);
        };
        assert_eq!((ours["fstype"].as_str(), ours["size_kib"].to_string().as_str()), (Some(row[1]), row[2]));
        near("used_kib", row[3]);
        near("avail_kib", row[4]);
        let percent: f64 = row[5].trim_end_matches('%').parse().unwrap();
        assert!((ours["used_percent"].as_f64().unwrap() - percent).abs() <= 1.0, "{row:?} {ours}");
    }
    assert_eq!(rows.len(), expected.len(), "{usage}\n{df}");
    let one = result(rig.run(&step("host.disk_usage", &json!({"host": "localhost", "path": "/tmp"}))));
    assert_eq!(one["filesystems"].as_array().unwrap().len(), 1);
    assert_eq!(one["filesystems"][0]["mount"], shell("df -P /tmp | tail -1 | awk '{print $6}'"));
}

#[test]
fn load_and_processes_are_measured() {
    let rig = Rig::new();
    let mut busy = Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let load = result(rig.run(&step("host.cpu_mem", &json!({"host": "127.0.0.1"}))));
    let top = result(rig.run(&step("host.top_processes", &json!({"host": "localhost"}))));
    busy.kill().unwrap();
    busy.wait().unwrap();
    assert!(load["cpu_busy_percent"].as_f64().unwrap() > 10.0, "{load}");
    let load1: f64 = shell("cut -d' ' -f1 /proc/loadavg").parse().unwrap();
    assert!((load["load1"].as_f64().unwrap() - load1).abs() < 2.0);
    assert!((1.0..100.0).contains(&load["mem_used_percent"].as_f64().unwrap()));
    let row = top["processes"].as_array().unwrap().iter().find(|row| row["pid"] == busy.id()).expect("the busy one is among the heaviest");
    assert!(row["cpu_percent"].as_f64().unwrap() > 10.0 && row["rss_kib"].as_u64().unwrap() > 100, "{row}");
}

#[test]
fn other_reads_of_a_bare_machine() {
    let rig = Rig::new();
    let status = result(rig.run(&step("host.service_status", &json!({"host": "localhost", "service": "surely-no-such-service"}))));
    assert_eq!(status["active"], false);
    let listed = result(rig.run(&step("asset.list", &json!({}))));
    assert_eq!(listed["hosts"], json!(["localhost"]));
    assert_eq!(result(rig.run(&step("asset.list", &json!({"group": "web"}))))["hosts"], json!([]));
    let asset = result(rig.run(&step("asset.get", &json!({"asset": "localhost"}))));
    assert_eq!(asset["asset"]["facts"]["kernel"], shell("uname -r"));
    assert_eq!(failure_of(rig.run(&step("asset.get", &json!({"asset": "web-9"})))).0.class, FailureClass::Permanent);
    let records = result(rig.run(&step("network.dns_lookup", &json!({"name": "localhost"}))));
    assert!(records["records"].as_array().unwrap().iter().any(|row| row["value"] == "127.0.0.1" || row["value"] == "::1"), "{records}");
    let rates = result(rig.run(&step("network.bandwidth", &json!({"host": "localhost"}))));
    assert!(rates["rates"].as_array().unwrap().iter().any(|row| row["name"] == "lo"), "{rates}");
    if Path::new("/usr/bin/apt-get").exists() {
        let updates = result(rig.run(&step("host.check_updates", &json!({"host": "localhost"}))));
        assert_eq!(updates["source"], "apt");
    }
}

#[test]
fn ports_and_hosts_answer_or_do_not() {
    let rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let open = result(rig.run(&step("network.port_check", &json!({"host": "127.0.0.1", "port": port}))));
    assert_eq!(open["open"], true);
    drop(listener);
    let closed = result(rig.run(&step("network.port_check", &json!({"host": "127.0.0.1", "port": port.to_string()}))));
    assert_eq!(closed["open"], false);
    let ping = result(rig.run(&step("network.ping", &json!({"host": "127.0.0.1"}))));
    assert_eq!(ping["reachable"], true);
    let lost = result(rig.run(&step("network.ping", &json!({"host": "no-such-host.invalid"}))));
    assert_eq!(lost["reachable"], false);
    let wrong = failure_of(rig.run(&step("network.port_check", &json!({"host": "127.0.0.1", "port": 70000})))).0;
    assert_eq!((wrong.certainty, wrong.class), (Certainty::NotStarted, FailureClass::Config));
}

#[test]
fn a_certificate_is_shown_with_its_days() {
    let rig = Rig::new();
    let dir = rig.dir.path();
    let made = shell(&format!(
        "cd {} && openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 20 -subj /CN=here -addext subjectAltName=DNS:a.example,IP:127.0.0.1 2>/dev/null && echo made",
        dir.display()
    ));
    assert_eq!(made, "made", "openssl makes a certificate");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut server = Command::new("openssl")
        .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", "c.pem", "-key", "k.pem", "-quiet"])
        .current_dir(dir)
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while crate::rig::reach(port).is_none() {
        std::thread::yield_now();
    }
    let mut look = step("network.tls_cert", &json!({"host": "127.0.0.1", "port": port}));
    let outcome = rig.run(&look);
    look.kind = StepKind::Validation;
    server.kill().unwrap();
    server.wait().unwrap();
    let AttemptOutcome::Succeeded { result, verdict, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((&result["cert"]["subject"], &result["cert"]["names"]), (&json!("here"), &json!(["a.example", "127.0.0.1"])));
    assert!([19, 20].contains(&result["days_left"].as_i64().unwrap()), "{result}");
    assert_eq!(verdict.unwrap().health, Health::Degraded);
}

// Verdicts

#[test]
fn a_crossed_threshold_degrades_and_fails_a_validation() {
    let text = "[[operation]]\nname = \"t.figure\"\nsummary = \"s\"\neffect = \"read\"\nparams = [{ name = \"value\", type = \"json\" }]\n\
                thresholds = [{ field = \"queue\", degraded = 10, failing = 100 }]\nbinding = { kind = \"builtin\", name = \"noop\" }\n";
    let catalogue = manifest::load::parse("t.toml", text).unwrap();
    let rig = Rig::new();
    for (queue, kind, expected) in [
        (5, StepKind::Action, Some(Health::Healthy)),
        (50, StepKind::Validation, Some(Health::Degraded)),
        (500, StepKind::Action, Some(Health::Failing)),
        (500, StepKind::Monitoring, Some(Health::Failing)),
        (500, StepKind::Validation, None),
    ] {
        let mut step = start(bound_in(&catalogue, "t.figure", &json!({"value": {"queue": queue}})).0);
        step.thresholds.clone_from(&catalogue.get("t.figure").unwrap().thresholds);
        step.kind = kind;
        match (rig.run(&step), expected) {
            (AttemptOutcome::Succeeded { verdict, .. }, Some(health)) => assert_eq!(verdict.unwrap().health, health, "{queue} {kind:?}"),
            (AttemptOutcome::Failed { failure, .. }, None) => {
                assert!(failure.detail.contains("queue is 500, failing at 100"), "{}", failure.detail);
            }
            (outcome, _) => panic!("{queue} {kind:?}: {outcome:?}"),
        }
    }
}

#[test]
fn builtins_stop_and_time_out() {
    let rig = Rig::new();
    let long = step("automation.wait", &json!({"duration": "1h"}));
    rig.services.start(long.clone());
    rig.services.stop(&long.at, StopWhy::Cancel, Millis(0));
    assert!(failure_of(rig.finished()).0.detail.contains("stopped by request"));
    let mut short = step("automation.wait", &json!({"duration": "1h"}));
    short.timeout_ms = Millis(50);
    assert_eq!(failure_of(rig.run(&short)).0.class, FailureClass::Timeout);
    assert_eq!(result(rig.run(&step("automation.wait", &json!({"duration": "10ms"})))), json!({"waited_ms": 10}));
    rig.services.reconcile(long);
    assert!(matches!(rig.found(), ouioe::model::command::Found::NothingKnown { .. }));
}

// Clean-up

fn old_file(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(&path, name).expect("a file");
    let week_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(168);
    std::fs::File::options().write(true).open(&path).expect("the file").set_modified(week_ago).expect("an old file");
    path
}

/// The plan as it would be approved.
fn previewed(rig: &Rig, value: &Value) -> Result<Action, String> {
    let catalogue = catalogue();
    let mut plan = plan_of(catalogue.get("host.clean_files").expect("known"), value);
    assert_eq!(ouioe::service::bind(&mut plan, &catalogue), []);
    rig.runtime.block_on(ouioe::service::preview(&mut plan, &ouioe::service::builtin::World::default()))?;
    Ok(plan.steps.remove(0).action)
}

#[test]
fn exactly_what_was_shown_is_removed() {
    let rig = Rig::new();
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let root = dir.path().canonicalize().unwrap();
    let [gone, sub, changed, replaced] = ["gone.log", "sub/deep/x.log", "changed.log", "replaced.log"].map(|name| old_file(&root, name));
    let outside = old_file(rig.dir.path(), "outside.log");
    std::os::unix::fs::symlink(&outside, root.join("link.log")).unwrap();
    std::os::unix::fs::symlink(rig.dir.path(), root.join("linked")).unwrap();
    std::fs::write(root.join("young.log"), "young").unwrap();
    let action = previewed(&rig, &json!({"host": "localhost", "path": root.to_str().unwrap(), "older_than": "2d"})).unwrap();
    let Action::Builtin { params, .. } = &action else { panic!("{action:?}") };
    let shown: Vec<&str> = params["items"].as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap()).collect();
    assert_eq!(shown, ["changed.log", "gone.log", "replaced.log", "sub/deep/x.log"]);
    // Between approval and run: one changes, one is replaced by an equal one, one appears, a folder becomes a link.
    std::fs::write(&changed, "changed since").unwrap();
    std::fs::remove_file(&replaced).unwrap();
    std::fs::write(root.join("filler"), "takes the inode").unwrap();
    let replaced = old_file(&root, "replaced.log");
    let appeared = old_file(&root, "appeared.log");
    let mut step = start(action.clone());
    step.kind = StepKind::Action;
    let result = result(rig.run(&step));
    assert_eq!((&result["removed"], &result["left_count"]), (&json!(2), &json!(2)), "{result}");
    assert!(!gone.exists() && !sub.exists());
    assert!(changed.exists() && replaced.exists() && appeared.exists() && outside.exists() && root.join("young.log").exists());
    let log = String::from_utf8(rig.output(&step)).unwrap();
    assert!(log.contains("removed gone.log\n") && log.contains("left changed.log: it changed since the list was made\n"), "{log}");
}

#[test]
fn a_folder_swapped_for_a_link_is_not_entered() {
    let rig = Rig::new();
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let root = dir.path().canonicalize().unwrap();
    old_file(&root, "sub/x.log");
    let action = previewed(&rig, &json!({"host": "localhost", "path": root.to_str().unwrap(), "older_than": "2d"})).unwrap();
    // The same file, reached by way of a link now.
    std::fs::rename(root.join("sub"), root.join("moved")).unwrap();
    std::os::unix::fs::symlink(root.join("moved"), root.join("sub")).unwrap();
    let result = result(rig.run(&start(action)));
    assert_eq!((&result["removed"], &result["left_count"]), (&json!(0), &json!(1)));
    assert!(root.join("moved/x.log").exists());
}

#[test]
fn protected_and_roundabout_folders_are_refused() {
    let rig = Rig::new();
    let link = rig.dir.path().join("way");
    std::os::unix::fs::symlink("/etc", &link).unwrap();
    let bad = ["/", "/etc", "/etc/cron.d", "/var/../etc", "/usr/lib/x", "relative", "/nowhere/at/all"];
    for path in bad.into_iter().chain(link.to_str()) {
        assert!(previewed(&rig, &json!({"host": "localhost", "path": path})).is_err(), "{path}");
    }
    // Nor without a list, nor by a list that leaves the folder.
    let Action::Builtin { name, params, owned } = bound("host.clean_files", &json!({"host": "localhost", "path": "/var/tmp"})) else {
        panic!()
    };
    let (failure, exit) = failure_of(rig.run(&start(Action::Builtin { name: name.clone(), params: params.clone(), owned })));
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(1)));
    let victim = old_file(rig.dir.path(), "victim");
    let mut params = params;
    let item = json!({"path": format!("../..{}", victim.display()), "inode": 1, "size": 6, "modified_ns": 1});
    params.insert("items".to_owned(), json!([item]));
    assert_eq!(result(rig.run(&start(Action::Builtin { name, params, owned })))["removed"], 0);
    assert!(victim.exists());
}

#[test]
fn a_list_that_nobody_could_read_is_refused() {
    let rig = Rig::new();
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let root = dir.path().canonicalize().unwrap();
    for number in 0..10_001 {
        std::fs::File::create(root.join(number.to_string())).unwrap();
    }
    let why = previewed(&rig, &json!({"host": "localhost", "path": root.to_str().unwrap()})).unwrap_err();
    assert!(why.contains("more than 10000 files"), "{why}");
}

// HTTP

/// Answers each request by what `answer` makes of its path.
pub fn serve(answer: fn(&str, u16) -> Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let count = stream.read(&mut request).unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..count]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or("/").to_owned();
                // A client that reads no further closes; that is its right.
                let _ = stream.write_all(&answer(&path, port));
                if path == "/slow" {
                    let _ = stream.read(&mut request);
                }
            });
        }
    });
    port
}

fn answers(path: &str, port: u16) -> Vec<u8> {
    let ok = |body: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let to = |place: String| format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    match path {
        "/hello" => ok("hello").into_bytes(),
        "/huge" => {
            let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n".to_vec();
            bytes.extend(std::iter::repeat_n(b'x', 4 << 20));
            bytes
        }
        "/control" => ok(&"\u{1}".repeat(40_000)).into_bytes(),
        "/here" => to("/hello".to_owned()).into_bytes(),
        "/away" => to(format!("http://localhost:{port}/hello")).into_bytes(),
        "/round" => to("/round".to_owned()).into_bytes(),
        "/busy" => b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        "/slow" => Vec::new(),
        _ => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
    }
}

#[test]
fn content_is_fetched_within_limits() {
    let (rig, port) = (Rig::new(), serve(answers));
    let get = |path: &str| rig.run(&step("http.get", &json!({"url": format!("http://127.0.0.1:{port}{path}")})));
    assert_eq!(result(get("/hello"))["body"], "hello");
    assert_eq!(result(get("/here"))["body"], "hello", "a redirect within the origin");
    let huge = result(get("/huge"));
    assert_eq!((huge["cut"].as_bool(), huge["body"].as_str().unwrap().len()), (Some(true), 48 << 10));
    let control = result(get("/control"));
    assert!(control.to_string().len() <= 64 << 10 && control["cut"] == true);
    for (path, class, part) in [
        ("/away", FailureClass::Permanent, "redirected to another origin"),
        ("/round", FailureClass::Permanent, "more than 5 redirects"),
        ("/busy", FailureClass::Overload, "503"),
        ("/none", FailureClass::Permanent, "404"),
    ] {
        let (failure, _) = failure_of(get(path));
        assert!(failure.class == class && failure.detail.contains(part), "{path}: {failure:?}");
        assert_eq!(failure.retry_after, (path == "/busy").then(|| Millis::seconds(7)));
    }
}

#[test]
fn slow_servers_end_by_the_steps_own_limit() {
    let (rig, port) = (Rig::new(), serve(answers));
    let mut slow = step("http.get", &json!({"url": format!("http://127.0.0.1:{port}/slow")}));
    slow.timeout_ms = Millis(300);
    assert_eq!(failure_of(rig.run(&slow)).0.class, FailureClass::Timeout);
}

#[test]
fn metadata_and_odd_addresses_are_never_asked() {
    let rig = Rig::new();
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "file:///etc/passwd",
        "gopher://x/",
        "plain",
    ] {
        let (failure, _) = failure_of(rig.run(&step("http.get", &json!({ "url": url }))));
        assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::Config), "{url}");
    }
}

#[test]
fn checks_tell_right_from_wrong() {
    let (rig, port) = (Rig::new(), serve(answers));
    for (path, status, ok, health) in [
        ("/hello", None, true, Health::Healthy),
        ("/none", None, false, Health::Failing),
        ("/none", Some(404), true, Health::Healthy),
        ("/hello", Some(204), false, Health::Failing),
    ] {
        let outcome = rig.run(&step("http.check", &json!({"url": format!("http://127.0.0.1:{port}{path}"), "expect_status": status})));
        let AttemptOutcome::Succeeded { result, verdict, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((result["ok"].as_bool(), verdict.unwrap().health), (Some(ok), health), "{path} {status:?}");
    }
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = result(rig.run(&step("http.check", &json!({"url": format!("http://127.0.0.1:{dead}/")}))));
    assert!(down["ok"] == false && down["why"].as_str().unwrap().contains("refused"), "{down}");
    let latency = result(rig.run(&step("http.latency", &json!({"url": format!("http://127.0.0.1:{port}/hello"), "duration": "400ms"}))));
    assert!(latency["requests"].as_u64().unwrap() >= 2 && latency["errors"] == 0 && latency["p99_ms"].as_f64().unwrap() > 0.0, "{latency}");
}
