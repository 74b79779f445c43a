//! `ouioe template`: what it lists, shows, refuses and writes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// With a configuration folder of its own.
fn ouioe(home: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ouioe"))
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .args(words)
        .output()
        .expect("the program runs")
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn own(home: &Path, name: &str, text: &str) -> String {
    let folder = home.join(".config/ouioe/templates");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    fs::write(&path, text).expect("a template");
    path.to_string_lossy().into_owned()
}

const SOUND: &str =
    "name = \"NAME\"\nsummary = \"Mine\"\nphrases = [\"my look at things\"]\n[[step]]\nid = \"a\"\noperation = \"asset.list\"\n";

#[test]
fn the_list_says_whose_each_is_and_the_users_own_stand_in() {
    let home = tempfile::tempdir().expect("a folder");
    own(home.path(), "mine.toml", &SOUND.replace("NAME", "mine"));
    own(home.path(), "slow.toml", &SOUND.replace("NAME", "slow-machine"));
    let (code, out, _) = said(&ouioe(home.path(), &["template", "list"]));
    let lines: Vec<&str> = out.lines().collect();
    let line = |name: &str| *lines.iter().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}\n{out}"));
    assert_eq!(code, 0);
    assert!(lines.len() >= 20, "{out}");
    assert!(
        line("mine").contains(" yours ") && line("slow-machine").contains(" yours ") && line("disk-full-triage").contains(" built-in ")
    );
    let (_, json, _) = said(&ouioe(home.path(), &["--json", "template", "list"]));
    let rows: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), lines.len());
    assert!(rows.iter().any(|row| row["name"] == "mine" && row["origin"] == "yours" && row["steps"] == 1));
}

/// The example that is shown is a command line that plans.
#[test]
fn every_template_shows_an_example_that_plans() {
    let home = tempfile::tempdir().expect("a folder");
    let (_, json, _) = said(&ouioe(home.path(), &["--json", "template", "list"]));
    for row in json.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        let name = row["name"].as_str().expect("a name");
        let (code, page, _) = said(&ouioe(home.path(), &["template", "show", name]));
        assert_eq!(code, 0, "{name}");
        for part in ["built-in", "Asked for in words", "Steps", "Example\n  ouioe run --template"] {
            assert!(page.contains(part), "{name}: {part}\n{page}");
        }
        let (_, shown, _) = said(&ouioe(home.path(), &["--json", "template", "show", name]));
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["steps"].as_array().map(Vec::len), row["steps"].as_u64().and_then(|count| usize::try_from(count).ok()));
    }
    let (code, plan, errors) =
        said(&ouioe(home.path(), &["--json", "run", "--template", "disk-full-triage", "--set", "percent=90", "--dry-run"]));
    assert_eq!(code, 0, "{errors}");
    assert!(plan.contains("f.used_percent >= 90"), "a number goes into a condition\n{plan}");
    let (code, _, errors) = said(&ouioe(home.path(), &["run", "--template", "disk-full-triage", "--set", "percent=101", "--dry-run"]));
    assert_eq!((code, errors.contains("must be from 1 to 100")), (2, true), "{errors}");
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let home = tempfile::tempdir().expect("a folder");
    let (code, out, errors) = said(&ouioe(home.path(), &["template", "show", "slow-machin"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(errors.contains("slow-machine"), "{errors}");
}

#[test]
fn faults_are_named_by_line_and_column_with_the_nearest_name() {
    let home = tempfile::tempdir().expect("a folder");
    for (text, place, words) in [
        (SOUND.replace("asset.list", "asset.lst"), ":4:1: ", &["unknown operation `asset.lst`", "asset.list"][..]),
        (SOUND.replace("phrases", "phrasess"), ":3:", &["phrasess", "phrases"]),
        (format!("{SOUND}only_with = \"prot\"\n[[param]]\nname = \"port\"\ntype = \"port\"\n"), ":4:1: ", &["prot", "port"]),
        (format!("{SOUND}only_with = \"port\"\n[[param]]\nname = \"port\"\ndefault = \"22\"\n"), ":4:1: ", &["always has a value"]),
        (format!("{SOUND}condition = \"${{inputs.x}} == 1\"\n[[param]]\nname = \"x\"\n"), ":4:1: ", &["takes whole numbers"]),
        (format!("{SOUND}condition = \"steps.b.output.ok\"\n"), ":4:1: ", &["unknown step `b`"]),
        ("name = \n".to_owned(), ":1:", &[]),
    ] {
        let path = own(home.path(), "bad.toml", &text.replace("NAME", "bad"));
        for run in [vec!["template", "check", path.as_str()], vec!["template", "check"]] {
            let (code, out, errors) = said(&ouioe(home.path(), &run));
            assert_eq!((code, out.as_str()), (2, ""), "{text}\n{errors}");
            assert!(errors.contains(&format!("{path}{place}")), "{place}\n{errors}");
            assert!(words.iter().all(|word| errors.contains(word)), "{words:?}\n{errors}");
        }
    }
    let path = own(home.path(), "bad.toml", &SOUND.replace("NAME", "good"));
    assert_eq!(said(&ouioe(home.path(), &["template", "check", &path])).0, 0);
    assert_eq!(said(&ouioe(home.path(), &["template", "check"])).0, 0);
    assert_eq!(said(&ouioe(home.path(), &["template", "check", "/nowhere/x.toml"])).0, 2);
}

#[test]
fn a_new_template_is_sound_and_never_replaces_one() {
    let home = tempfile::tempdir().expect("a folder");
    let (code, out, errors) = said(&ouioe(home.path(), &["template", "new", "night-look"]));
    assert_eq!(code, 0, "{errors}");
    let path = home.path().join(".config/ouioe/templates/night-look.toml");
    assert_eq!(out.trim(), path.to_string_lossy());
    assert_eq!(said(&ouioe(home.path(), &["template", "check"])).0, 0);
    let (_, plan, _) = said(&ouioe(home.path(), &["--json", "run", "--template", "night-look", "--dry-run"]));
    assert!(plan.contains("host.disk_usage") && !plan.contains("host.service_status"), "{plan}");
    let (_, plan, _) = said(&ouioe(home.path(), &["--json", "run", "--template", "night-look", "--set", "service=cron", "--dry-run"]));
    assert!(plan.contains("host.service_status"), "{plan}");
    let before = fs::read(&path).expect("it is there");
    let (code, _, errors) = said(&ouioe(home.path(), &["template", "new", "night-look"]));
    assert_eq!((code, errors.contains("already")), (2, true), "{errors}");
    assert_eq!(fs::read(&path).expect("it is there"), before);
    for bad in ["../x", "Night", "a b", "", "-x"] {
        assert_eq!(said(&ouioe(home.path(), &["template", "new", bad])).0, 2, "{bad}");
    }
}

#[test]
fn what_of_the_users_own_cannot_be_read_is_not_passed_over() {
    let home = tempfile::tempdir().expect("a folder");
    own(home.path(), "one.toml", &SOUND.replace("NAME", "mine"));
    let other = own(home.path(), "two.toml", &SOUND.replace("NAME", "mine"));
    let (code, _, errors) = said(&ouioe(home.path(), &["template", "check"]));
    assert!(code == 2 && errors.contains(&other) && errors.contains("one.toml too"), "{errors}");
    for folder in ["templates", "services"] {
        let home = tempfile::tempdir().expect("a folder");
        let config = home.path().join(".config/ouioe");
        fs::create_dir_all(&config).expect("a folder");
        fs::write(config.join(folder), "").expect("a file in its place");
        let (code, _, errors) = said(&ouioe(home.path(), &["template", "check"]));
        assert!(code == 2 && errors.contains(folder) && errors.contains("could not read the folder"), "{errors}");
        fs::remove_file(config.join(folder)).expect("it goes");
        fs::create_dir_all(config.join(folder)).expect("a folder");
        let made = Command::new("mkfifo").arg(config.join(folder).join("pipe.toml")).status().expect("it runs");
        assert!(made.success());
        let (code, _, errors) = said(&ouioe(home.path(), &["template", "check"]));
        assert!(code == 2 && errors.contains("pipe.toml") && errors.contains("not a regular file"), "{errors}");
    }
}

/// Where a bad verdict is all that can be wrong, the step itself succeeds: what waits for its failure would never run.
#[test]
fn no_template_waits_for_a_failure_that_a_verdict_does_not_make() {
    use ouioe::model::plan::{StepKind, When};
    let catalogue = crate::service::catalogue();
    for template in ouioe::planner::template::embedded() {
        for need in template.steps().iter().flat_map(|step| &step.needs).filter(|need| need.when == When::Failure) {
            let before = template.steps().iter().find(|step| step.id == need.step).expect("it is checked");
            let reads = catalogue.get(&before.operation).is_some_and(|operation| operation.effect.as_str() == "read");
            assert!(!reads || before.kind == StepKind::Validation, "{}: {}", template.name, need.step);
        }
    }
}

#[test]
fn what_was_asked_for_and_did_not_come_about_is_no_success() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join(".config/ouioe");
    fs::create_dir_all(&folder).expect("a folder");
    let ran = home.path().join("ran");
    let job = format!("[automation.jobs.night]\nargv = [\"/bin/touch\", \"{}\"]\n", ran.display());
    fs::write(folder.join("config.toml"), job).expect("a file");
    let shut = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    let port = format!("port={shut}");
    for (template, set, done) in [
        ("backup-and-check", &["job=night", "percent=1"][..], "no_room failed"),
        ("service-recovery", &["host=localhost", "service=no-such-service"], "start failed"),
        ("rolling-restart", &["service=no-such-service", "first=localhost", "second=localhost"], "second_runs failed"),
        ("ssh-trouble", &["host=localhost", &port], "route running"),
        ("port-diagnosis", &[&port], "port succeeded: FAILING"),
    ] {
        let set = set.iter().flat_map(|value| ["--set", value]);
        let words: Vec<&str> = ["--plain", "run", "--yes", "--template", template].into_iter().chain(set).collect();
        let (code, out, errors) = said(&ouioe(home.path(), &words));
        assert_eq!(code, 1, "{template}\n{out}{errors}");
        assert!([out.as_str(), &errors].concat().contains(done), "{template}\n{out}{errors}");
    }
    assert!(!ran.exists(), "a backup was begun on a full disk");
}
