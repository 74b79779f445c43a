//! What is ordered under a condition runs exactly where the check finds it so.

use std::net::TcpListener;

use serde_json::json;

use super::home::{Home, step};

/// Sentence, exit code, what becomes of the last step.
fn comes(home: &Home, sentence: &str, code: i32, last: &str) {
    let said = home.run(&["run", "--yes", sentence]).exits(code);
    let run = home.show("last");
    let steps = run["steps"].as_array().expect("steps");
    let id = steps.last().expect("a step")["id"].as_str().expect("an id");
    assert_eq!(step(&run, id)["state"], last, "{sentence}: {}", said.out);
}

#[test]
fn an_order_hangs_on_what_its_check_finds() {
    let (home, listener) = (Home::new(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let open = listener.local_addr().expect("bound").port();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr()).expect("a port").port();
    let look = "list the hosts";
    for (condition, holds) in [
        (format!("if port {open} on localhost is open"), true),
        (format!("if port {closed} on localhost is open"), false),
        (format!("if port {closed} on localhost is closed"), true),
        (format!("if port {open} on localhost is closed"), false),
        (format!("unless port {closed} on localhost is open"), true),
        (format!("if port {open} on localhost is open and port {closed} on localhost is closed"), true),
        (format!("if port {closed} on localhost is open and port {open} on localhost is closed"), false),
        (format!("if http://localhost:{closed}/ is ok"), false),
    ] {
        // A no is an answer: nothing failed, and nothing was lost.
        comes(&home, &format!("{condition}, {look}"), 0, if holds { "succeeded" } else { "skipped" });
    }
    comes(&home, &format!("check port {closed} on localhost, if it fails {look}"), 0, "succeeded");
    comes(&home, &format!("verify that port {closed} on localhost is open, then {look}"), 1, "skipped");
    let told = home.run(&["run", "--yes", &format!("check port {closed} on localhost, if it fails {look}")]).exits(0).out;
    assert!(told.contains("the plan has a branch for its failure"), "{told}");
}

/// `test` says 1 where there is no such file; `ls` says 2, which is no answer.
const LOOKS: &str = r#"
[[operation]]
name = "own.exists"
summary = "whether a file exists"
effect = "read"
repeat = "pure"
params = [{ name = "path", type = "path", required = true }]
binding = { kind = "command", argv = ["test", "-e", "{path}"], output = "text" }

[[operation]]
name = "own.listed"
summary = "what a folder holds"
effect = "read"
repeat = "pure"
params = [{ name = "path", type = "path", required = true }]
binding = { kind = "command", argv = ["ls", "{path}"], output = "text" }
"#;

#[test]
fn a_program_answers_by_its_status() {
    let home = Home::new();
    home.manifest(LOOKS);
    let here = home.write("here", "").display().to_string();
    let gone = home.path("gone").display().to_string();
    let list = |id: &str, when: &str| json!({ "id": id, "operation": "asset.list", "needs": [{ "step": "looks", "when": when }] });
    for (operation, path, code, yes, no) in [
        ("own.exists", &here, 0, "succeeded", "skipped"),
        ("own.exists", &gone, 0, "skipped", "succeeded"),
        ("own.listed", &gone, 1, "skipped", "skipped"),
    ] {
        let looks = json!({ "id": "looks", "operation": operation, "kind": "decision", "params": { "path": path } });
        let plan = home.plan(&[looks, list("yes", "success"), list("no", "failure")]);
        home.run(&["run", "--yes", "--plan", &plan]).exits(code);
        let run = home.show("last");
        assert_eq!((&step(&run, "yes")["state"], &step(&run, "no")["state"]), (&json!(yes), &json!(no)), "{operation} {path}");
    }
    let unjudged = json!({ "id": "looks", "operation": "host.logins", "kind": "decision", "params": { "host": "localhost" } });
    let refused = home.run(&["run", "--yes", "--plan", &home.plan(&[unjudged])]).exits(2);
    assert!(refused.err.contains("nothing of what host.logins finds is judged"), "{}", refused.err);
}
