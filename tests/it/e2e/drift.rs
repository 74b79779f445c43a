//! Between approval and execution the world changes: what runs is what was approved, or nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::home::{Home, sh, step, until};

/// A program of the user's own, bound by a manifest of the user's own.
fn own_program(home: &Home, name: &str, says: &str) {
    script(home, name, says);
    let program = home.path(name);
    home.manifest(&format!(
        r#"[[operation]]
name = "own.{name}"
summary = "Does what the script says"
effect = "mutate"
params = [{{ name = "host", type = "host", required = true }}, {{ name = "word", type = "str" }}]
binding = {{ kind = "command", argv = ["{}", "{{word}}"] }}
"#,
        program.display()
    ));
}

fn script(home: &Home, name: &str, says: &str) {
    let log = home.path("log");
    let path = home.write(name, format!("#!/bin/sh\necho \"{says} $1\" >> {}\n", log.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own");
}

fn own(id: &str, needs: &[&str], name: &str, word: &str) -> Value {
    json!({ "id": id, "operation": format!("own.{name}"), "params": { "host": "localhost", "word": word }, "needs": needs })
}

fn log(home: &Home) -> String {
    fs::read_to_string(home.path("log")).unwrap_or_default()
}

fn digest(home: &Home) -> String {
    home.show("last")["digest"].as_str().expect("a digest").to_owned()
}

fn not_started(home: &Home, id: &str) {
    let run = home.show("last");
    let one = step(&run, id);
    assert_eq!(one["state"], "failed", "{one}");
    assert_eq!(one["last"]["failure"]["certainty"], "not_started", "{one}");
    assert!(one["last"]["failure"]["detail"].as_str().is_some_and(|detail| detail.contains("changed since approval")), "{one}");
}

#[test]
fn a_program_changed_before_the_approved_run_continues() {
    let home = Home::new();
    own_program(&home, "tool", "old");
    home.run(&["run", "--plan", &home.plan(&[own("a", &[], "tool", "x")])]).exits(6);
    home.run(&["approve", "last", "--digest", &digest(&home)]).exits(0);
    script(&home, "tool", "new");
    home.run(&["resume", "last"]).exits(1);
    not_started(&home, "a");
    assert_eq!(log(&home), "", "neither ran");
}

#[test]
fn a_program_changed_behind_a_running_step() {
    let home = Home::new();
    own_program(&home, "tool", "old");
    let gate = home.fifo("gate");
    let wait = sh("a", &[], &format!("cat {} > /dev/null", gate.display()));
    let running = home.spawn(&["run", "--yes", "--plan", &home.plan(&[wait, own("b", &["a"], "tool", "x")])]);
    until("the first step", || (home.kinds().last()? == "step_started").then_some(()));
    script(&home, "tool", "new");
    fs::write(&gate, "go").expect("somebody reads");
    let output = running.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    not_started(&home, "b");
    assert_eq!(log(&home), "", "neither ran");
}

/// Same size, same time of change: only the content tells.
#[test]
fn a_program_changed_with_its_times_kept() {
    let home = Home::new();
    own_program(&home, "tool", "old");
    let path = home.path("tool");
    home.run(&["run", "--plan", &home.plan(&[own("a", &[], "tool", "x")])]).exits(6);
    home.run(&["approve", "last", "--digest", &digest(&home)]).exits(0);
    let modified = fs::metadata(&path).and_then(|facts| facts.modified()).expect("a time");
    script(&home, "tool", "new");
    fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_modified(modified)).expect("a time");
    home.run(&["resume", "last"]).exits(1);
    not_started(&home, "a");
    assert_eq!(log(&home), "", "neither ran");
}

#[test]
fn manifest_and_plan_file_edited_after_submission() {
    let home = Home::new();
    own_program(&home, "tool", "submitted");
    let plan = home.plan(&[own("a", &[], "tool", "first")]);
    home.run(&["run", "--plan", &plan]).exits(6);
    let digest = digest(&home);
    home.plan(&[own("a", &[], "tool", "second")]);
    script(&home, "other", "edited");
    let manifest = fs::read_to_string(home.path("config/ouioe/services/own.toml")).expect("a manifest");
    home.manifest(&manifest.replace("/tool\"", "/other\""));
    home.run(&["approve", "last", "--digest", &digest]).exits(0);
    home.run(&["resume", "last"]).exits(0);
    assert_eq!(log(&home), "submitted first\n");
    // The edited one is another plan.
    home.run(&["run", "--yes", "--plan", &plan, "--digest", &digest]).exits(4);
    home.run(&["run", "--yes", "--plan", &plan]).exits(0);
    assert_eq!(log(&home), "submitted first\nedited second\n");
}

/// A value that comes from another step, outside of what was approved.
fn bounded(home: &Home, value: &str) -> String {
    own_program(home, "tool", "ran");
    let mut late = own("b", &["a"], "tool", "${steps.a.output.text}");
    late["bounds"] = json!({ "word": { "one_of": ["blue", "green"] } });
    home.plan(&[sh("a", &[], &format!("printf {value}")), late])
}

#[test]
fn a_value_inside_its_bound_runs() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &bounded(&home, "green")]).exits(0);
    assert_eq!(log(&home), "ran green\n");
}

#[test]
fn a_value_outside_its_bound_waits_and_is_shown() {
    let home = Home::new();
    let said = home.run(&["run", "--yes", "--plan", &bounded(&home, "purple")]).exits(6);
    assert!(said.err.contains("purple") && said.err.contains("outside what was approved"), "{}", said.err);
    assert_eq!(log(&home), "");
    let run = home.show("last");
    let question = &run["questions"][0];
    assert_eq!(question["step"], "b");
    let shown = home.run(&["show", "last"]).exits(0).out;
    assert!(shown.contains("would run") && shown.contains("purple") && shown.contains("ouioe approve"), "{shown}");
    let digest = question["digest"].as_str().expect("a digest");
    assert!(shown.contains(&digest[..8]), "{shown}");
    // The plan's own digest is no yes to this.
    home.run(&["approve", "last", "b", "--digest", run["digest"].as_str().expect("a digest")]).exits(4);
    home.run(&["resume", "last"]).exits(6);
    assert_eq!(log(&home), "");
    home.run(&["approve", "last", "b", "--digest", digest]).exits(0);
    home.run(&["resume", "last"]).exits(0);
    assert_eq!(log(&home), "ran purple\n");
}
