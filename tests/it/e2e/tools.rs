//! The tools around a run: doctor, config, service, completions, manual pages, audit export.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ouioe::journal::chain::Link;
use ouioe::model::digest::Digest;
use ouioe::model::ids::JournalId;
use serde_json::Value;

use super::home::{Home, sh};

fn graded<'a>(values: &'a [Value], check: &str) -> &'a str {
    let found = values.iter().find(|value| value["check"] == check).unwrap_or_else(|| panic!("no check {check}"));
    found["grade"].as_str().expect("a grade")
}

#[test]
fn the_doctor_runs_a_step_and_leaves_nothing() {
    let home = Home::new();
    let values = home.run(&["doctor", "--json"]).exits(0).values();
    for check in ["state folder", "disk", "sync", "journal", "engine", "a step"] {
        assert_eq!(graded(&values, check), "ok", "{values:?}");
    }
    let left: Vec<_> = fs::read_dir(home.state()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("doctor")), "{left:?}");
}

#[test]
fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let home = Home::new();
    fs::create_dir_all(home.state()).expect("a folder");
    fs::set_permissions(home.state(), fs::Permissions::from_mode(0o777)).expect("its mode");
    let said = home.run(&["doctor"]).exits(1);
    let line = said.out.lines().find(|line| line.contains("state folder")).expect("its line");
    assert!(line.starts_with("FAIL") && line.contains("--state-dir"), "{line}");

    let home = Home::new();
    home.manifest("[[operation]]\nname = \"x\"\nbinding = 3\n");
    let values = home.run(&["doctor", "--json"]).exits(1).values();
    assert_eq!((graded(&values, "operations"), graded(&values, "a step")), ("FAIL", "FAIL"));
}

#[test]
fn settings_say_where_they_came_from() {
    let home = Home::new();
    let file = home.write("config/ouioe/config.toml", home.run(&["config", "--defaults"]).exits(0).out);
    let commented = fs::read_to_string(&file).expect("the file");
    let bare: String = commented
        .lines()
        .map(|line| if line.contains(" = ") { line.trim_start_matches("# ") } else { line })
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(&file, bare.replace("slots = 16", "slots = 3")).expect("the file");
    let said = home.run(&["config"]).exits(0);
    assert!(said.out.lines().all(|line| !line.contains("built in")), "every default may stand in the file: {}", said.out);
    let value = home.run(&["config", "engine.slots", "--json"]).exits(0).values().remove(0);
    assert!(value["value"] == "3" && value["origin"].as_str().is_some_and(|origin| origin.contains("config.toml:")), "{value}");
    assert!(home.run(&["config", "engine.slot"]).exits(2).err.contains("engine.slots"));
}

#[test]
fn one_operation_can_be_called() {
    let home = Home::new();
    let listed = home.run(&["service", "list", "--json"]).exits(0).values();
    assert!(listed.len() > 50);
    home.run(&["service", "list", "hosts"]).exits(2);
    assert!(home.run(&["service", "show", "host.disk_usag"]).exits(2).err.contains("host.disk_usage"));
    home.run(&["service", "call", "host.disk_usage", "--set", "host=localhost", "--yes"]).exits(0);
    assert_eq!(home.show("last")["state"], "succeeded");
    // What changes something asks as it does everywhere.
    let call = ["service", "call", "host.run_command", "--set", "host=localhost", "--set", "command=true"];
    home.run(&call).exits(6);
    assert!(home.run(&["service", "call", "host.disk_usage", "--set", "hots=x"]).exits(2).err.contains("host"));
    home.run(&["service", "check"]).exits(0);
}

#[test]
fn a_shell_is_offered_runs_and_steps() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("first", &[], "true"), sh("second", &["first"], "true")])]).exits(0);
    let run = home.show("last")["run"].as_str().expect("an id").to_owned();
    let offered = |words: &[&str]| {
        let at = (words.len() - 1).to_string();
        let mut command = home.command(&[&["--"], words].concat());
        let output = command.env("OUIOE_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", at).output().expect("an answer");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(offered(&["ouioe", "show", ""]).contains(&run));
    assert!(offered(&["ouioe", "retry", &run, "s"]).contains("second"));
    assert!(offered(&["ouioe", "ret"]).contains("retry"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(home.run(&["completions", shell]).exits(0).out.contains("OUIOE_COMPLETE"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    let dir = home.path("man");
    home.run(&["man", "--dir", dir.to_str().expect("a path")]).exits(0);
    let help = home.run(&["--help"]).exits(0).out;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut count = 0;
    for name in commands
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
    {
        let page = fs::read_to_string(dir.join(format!("ouioe-{name}.1"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Examples"), "{name}");
        count += 1;
    }
    assert!(count > 20, "{count}");
    assert!(home.run(&["man", "rnu"]).exits(2).err.contains("run"));
}

/// Recomputed here from the lines alone.
#[test]
fn an_export_holds_its_own_chain() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &home.plan(&[sh("a", &[], "true"), sh("b", &["a"], "true")])]).exits(0);
    let path = home.path("audit.jsonl");
    let to = path.to_str().expect("a path");
    let said = home.run(&["audit", "export", "--out", to]).exits(0);
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).expect("the file");
    let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let mut link = Link::genesis(&JournalId::new(values[0]["journal"].as_str().expect("an id")));
    for value in &values {
        let payload = Digest::parse(value["payload_hash"].as_str().expect("a digest")).expect("a digest");
        link = link.next(&payload);
        assert_eq!((value["seq"].as_u64(), value["hash"].as_str()), (Some(link.seq.0), Some(link.hash.to_string().as_str())));
    }
    assert!(said.err.contains(&link.hash.to_string()), "{}", said.err);
    assert_eq!(values.len(), home.events().len());
    home.run(&["audit", "export", "--out", to]).exits(2);
    let later = home.run(&["audit", "export", "--after", "3"]).exits(0).values();
    assert_eq!(later[0]["seq"], 4);
    assert_eq!(later.last().expect("the rest")["hash"], values.last().expect("all")["hash"]);
}
