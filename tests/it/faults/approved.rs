//! Between the yes and the start somebody changes a program, the plan file or a manifest: nothing unapproved runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::kill::{Campaign, assert_clean};
use super::plans;
use super::program::{Ended, Place, until};
use crate::checker::judge;

fn script(path: &Path, text: &str) {
    // Replaced, as a package manager would: a program that runs cannot be written to.
    let draft = path.with_extension("new");
    fs::write(&draft, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).expect("its mode");
    fs::rename(draft, path).expect("its name");
}

fn manifest(place: &Place, tool: &str, argument: &str) {
    let folder = place.path(".config/ouioe/services");
    fs::create_dir_all(&folder).expect("a folder");
    let text = format!(
        "[[operation]]\nname = \"demo.touch\"\nsummary = \"Leave a file\"\neffect = \"mutate\"\n\
         params = [{{ name = \"host\", type = \"host\", required = true, doc = \"Where\" }}]\n\
         binding = {{ kind = \"command\", argv = [\"{tool}\", \"{argument}\"] }}\n"
    );
    fs::write(folder.join("demo.toml"), text).expect("a manifest");
}

struct Told {
    one: Campaign,
    run: String,
    /// Of the plan that was shown.
    digest: String,
}

/// Submitted without consent: it waits for approval with nobody there.
fn waiting() -> Told {
    let one = Campaign::new(Place::new());
    let tool = one.place.path("tool");
    let path = |name: &str| one.place.path(name).display().to_string();
    script(&tool, "touch \"$1\"");
    manifest(&one.place, &path("tool"), &path("approved"));
    let step = serde_json::json!({ "id": "s", "operation": "demo.touch", "params": { "host": "localhost" } });
    one.place.write_plan(&plans::file(&[step]));
    let ended = one.place.run(&["run", "--plan", &path("plan.json"), "--json"]);
    assert_eq!(ended.code(), Some(6), "{}", ended.text());
    let lines = ended.acked();
    let question = lines.iter().find(|line| line.0["kind"] == "approval_requested").expect("a question");
    let text = |value: &Value| value.as_str().map(str::to_owned).expect("a text");
    let (run, digest) = (text(&question.0["run"]), text(&question.0["data"]["digest"]));
    Told { one, run, digest }
}

impl Told {
    fn exists(&self, name: &str) -> bool {
        self.one.place.path(name).exists()
    }

    fn approve_and_resume(&self) -> Ended {
        let said = self.one.place.run(&["approve", &self.run, "--digest", &self.digest]);
        assert_eq!(said.code(), Some(0), "{}", said.text());
        self.one.place.run(&["resume", "--json"])
    }

    fn check(&self) {
        assert_clean(&judge(self.one.place.state(), None, &self.one.acked));
    }
}

#[test]
fn a_program_that_changed_after_the_plan_does_not_run() {
    let told = waiting();
    script(&told.one.place.path("tool"), &format!("touch {}", told.one.place.path("evil").display()));
    let ended = told.approve_and_resume();
    assert_eq!(ended.code(), Some(1), "{}", ended.text());
    assert!(ended.lines.iter().any(|line| line.contains("program changed since approval")), "{}", ended.text());
    assert!(!told.exists("evil") && !told.exists("approved"));
    told.check();
}

/// With the intent already durable: it changes while another step runs.
#[test]
fn a_program_that_changed_while_the_run_is_under_way_does_not_run() {
    let one = Campaign::new(Place::new());
    let path = |name: &str| one.place.path(name).display().to_string();
    script(&one.place.path("tool"), "touch \"$1\"");
    manifest(&one.place, &path("tool"), &path("approved"));
    let waits = format!("until [ -e {} ]; do sleep 0.02; done", path("go"));
    let step = serde_json::json!({ "id": "s", "operation": "demo.touch", "params": { "host": "localhost" }, "needs": ["first"] });
    one.place.write_plan(&plans::file(&[plans::step("first", &[], &waits), step]));
    let running = one.go_on();
    assert!(running.wait_for(&["step_started"]));
    script(&one.place.path("tool"), &format!("touch {}", path("evil")));
    fs::write(path("go"), "").expect("the word to go on");
    let ended = running.end();
    assert_eq!(ended.code(), Some(1), "{}", ended.text());
    assert!(!one.place.path("evil").exists() && !one.place.path("approved").exists());
    assert_clean(&judge(one.place.state(), None, &ended.acked()));
}

#[test]
fn a_plan_file_edited_after_submission_does_not_reach_the_run() {
    let told = waiting();
    let evil = format!("touch {}", told.one.place.path("evil").display());
    told.one.place.write_plan(&plans::file(&[plans::step("s", &[], &evil)]));
    let ended = told.approve_and_resume();
    assert_eq!(ended.code(), Some(0), "{}", ended.text());
    assert!(told.exists("approved") && !told.exists("evil"));
    told.check();
}

#[test]
fn a_manifest_edited_after_submission_does_not_reach_the_run() {
    let told = waiting();
    let path = |name: &str| told.one.place.path(name).display().to_string();
    script(&told.one.place.path("other"), "touch \"$1\"");
    manifest(&told.one.place, &path("other"), &path("evil"));
    let ended = told.approve_and_resume();
    assert_eq!(ended.code(), Some(0), "{}", ended.text());
    until("what was approved", || told.exists("approved").then_some(()));
    assert!(!told.exists("evil"));
    told.check();
}

/// A yes names what was seen: another digest is refused, and nothing starts.
#[test]
fn a_yes_to_something_else_is_refused() {
    let told = waiting();
    let said = told.one.place.run(&["approve", &told.run, "--digest", "0123456789abcdef"]);
    assert_eq!(said.code(), Some(4), "{}", said.text());
    let resumed = told.one.place.run(&["resume", "--json"]);
    assert_eq!(resumed.code(), Some(6), "{}", resumed.text());
    assert!(!told.exists("approved"));
    told.check();
}
