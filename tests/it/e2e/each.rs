//! Work on each thing of a list: one that is written, and one that a step gives while the run goes on.

use std::fs;

use serde_json::{Value, json};

use super::home::{Home, step};

/// The list is a file of the home; a shaken box leaves a line in the ledger, unless it is broken.
fn home(boxes: &Value) -> Home {
    let home = Home::new();
    let (list, ledger) = (home.write("boxes.json", json!({ "boxes": boxes }).to_string()), home.path("ledger"));
    home.manifest(&format!(
        r#"
[[operation]]
name = "box.list"
summary = "List the boxes"
aliases = ["list the boxes"]
effect = "read"
output = {{ name = "boxes", type = "BoxList" }}
binding = {{ kind = "command", argv = ["cat", "{}"], output = "json" }}

[[operation]]
name = "box.look"
summary = "Look into a box"
aliases = ["look into"]
effect = "read"
params = [{{ name = "box", type = "name", required = true }}]
binding = {{ kind = "command", argv = ["printf", "%s|", "{{box}}"], output = "text" }}

[[operation]]
name = "box.shake"
summary = "Shake a box"
aliases = ["shake"]
effect = "mutate"
params = [{{ name = "box", type = "name", required = true }}]
binding = {{ kind = "command", argv = ["sh", "-c", "test \"$1\" != broken && echo \"$1\" >> \"$0\"", "{}", "{{box}}"] }}
"#,
        list.display(),
        ledger.display()
    ));
    home
}

fn ledger(home: &Home) -> Vec<String> {
    fs::read_to_string(home.path("ledger")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The digest that waits for a yes.
fn waiting(home: &Home) -> String {
    let asked = home.events().into_iter().rfind(|event| event["kind"] == "approval_requested").expect("a question");
    asked["data"]["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn what_a_step_lists_is_looked_into_thing_by_thing() {
    let strange = "a $(touch pwned); `b` 'c' \u{1b}[31m|d";
    let home = home(&json!(["red", { "name": "blue", "size": 3 }, strange, "red", "${steps.s1.output.boxes}"]));
    let said = home.run(&["run", "--yes", "list the boxes and look into each of them"]).exits(0);
    assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "{said:?}");
    let run = home.show("last");
    let looked: Vec<&Value> = run["steps"].as_array().expect("steps")[2..].iter().map(|step| &step["result"]["text"]).collect();
    assert_eq!(looked, [&json!("red|"), &json!("blue|"), &json!(format!("{strange}|")), &json!("${steps.s1.output.boxes}|")]);
    assert_eq!(step(&run, "s2")["result"]["count"], 4);
    assert!(!home.path("pwned").exists());
    // Another run over another list.
    home.write("boxes.json", r#"{ "boxes": [] }"#);
    home.run(&["run", "--yes", "list the boxes and look into each of them"]).exits(0);
    for (list, why) in [(r#"{ "boxes": ["-n"] }"#, "option"), (r#"{ "boxes": 7 }"#, "no list"), ("{}", "has no value")] {
        home.write("boxes.json", list);
        let said = home.run(&["run", "--yes", "list the boxes and look into each of them"]).exits(1);
        assert!(said.out.contains(why), "{list}: {}", said.out);
    }
}

#[test]
fn one_yes_to_all_of_it_and_then_one_after_the_other() {
    let home = home(&json!(["red", "blue", "broken", "green"]));
    home.run(&["run", "--yes", "list the boxes and shake each of them"]).exits(6);
    home.run(&["approve", "last", "--digest", &waiting(&home)]).exits(0);
    let said = home.run(&["resume"]).exits(6);
    assert!(said.out.contains("red, blue, broken, green"), "{}", said.out);
    assert_eq!(ledger(&home), [""; 0]);
    let page = home.run(&["show", "last"]).exits(0).out;
    for thing in ["red", "blue", "broken", "green"] {
        assert!(page.contains(&format!("ledger {thing}\n")), "{page}");
    }
    // Between the question and the answer the list is another one: what was shown is what runs.
    home.write("boxes.json", r#"{ "boxes": ["black"] }"#);
    home.run(&["approve", "last", "s2", "--digest", &waiting(&home)]).exits(0);
    let said = home.run(&["resume"]).exits(1);
    assert_eq!(ledger(&home), ["red", "blue"]);
    assert!(said.out.contains("1 of 4 failed: broken; not tried: green"), "{}", said.out);
    let run = home.show("last");
    assert_eq!(step(&run, "s2_green")["state"], "skipped");
    // The plan of it once more is the plan, not what the list had made of it.
    home.write("boxes.json", r#"{ "boxes": ["white"] }"#);
    let again = home.run(&["run", "--again", "last", "--dry-run", "--json"]).exits(0).values().remove(0);
    assert_eq!(again["plan"]["steps"].as_array().map(Vec::len), Some(2), "{again}");
}

#[test]
fn a_list_that_is_written_becomes_steps_before_anybody_is_asked() {
    let home = home(&json!([]));
    let each = |list: Value| json!({ "id": "go", "operation": "box.shake", "params": { "box": "${item}" }, "for_each": list });
    let after = json!({ "id": "then", "operation": "box.list", "needs": ["go"] });
    let plan = home.plan(&[each(json!({ "in": ["a", "b", "c"], "at_once": 2 })), after]);
    let shown = home.run(&["run", "--plan", &plan, "--dry-run", "--json"]).exits(0).values().remove(0);
    let needs = |at: usize| -> Vec<String> {
        let needs = shown["plan"]["steps"][at]["needs"].as_array().expect("needs").iter();
        needs.map(|need| need["step"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!([needs(0), needs(1), needs(2), needs(3)], [vec![], vec![], vec!["go_a", "go_b"], vec!["go_a", "go_b", "go_c"]]);
    home.run(&["run", "--plan", &plan, "--yes"]).exits(0);
    assert_eq!(ledger(&home).last().map(String::as_str), Some("c"));
    let template = r#"
name = "shake-some"
summary = "Shake some boxes"
[[param]]
name = "boxes"
type = "str"
required = true
[[step]]
id = "go"
operation = "box.shake"
params = { box = "${item}" }
for_each = "${inputs.boxes}"
"#;
    home.write("config/ouioe/templates/shake.toml", template);
    home.run(&["template", "check"]).exits(0);
    home.run(&["run", "--template", "shake-some", "--set", "boxes=x, y,z", "--yes"]).exits(0);
    assert_eq!(ledger(&home)[3..], ["x", "y", "z"]);
    home.run(&["run", "--template", "shake-some", "--set", "boxes=x,-y", "--yes"]).exits(2);
}
