//! The inventory: from a file, by steps, on the command line, and what the planner knows of it.

use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::store::Inventory;
use serde_json::{Value, json};

use crate::e2e::home::Home;
use crate::rig::{Rig, failure_of};
use crate::service::{result, step};

const HOSTS: &str = "\
[[host]]
name = \"kettle\"
address = \"192.0.2.7\"
environment = \"staging\"
groups = [\"web\"]

[[service]]
name = \"checkout\"
owner = \"team pay\"
contact = \"#pay\"
depends_on = [\"ledger\", \"mail\"]

[[service]]
name = \"ledger\"
depends_on = [\"auth\"]

[[service]]
name = \"auth\"
depends_on = [\"ledger\"]
";

/// More names than a result may hold: the first of them, and how many are left out.
#[test]
fn ten_thousand_hosts_are_listed_as_far_as_a_result_goes() {
    let rig = Rig::new();
    let hosts: String = (0..10_000).fold(String::new(), |all, at| all + &format!("[[host]]\nname = \"web-{at:05}.example\"\n"));
    let assets = ouioe::store::import::parse("h.toml", &hosts, ouioe::store::import::Notation::Toml).unwrap();
    Inventory::at(rig.dir.path()).import(&assets).unwrap();
    let listed = result(rig.run(&step("asset.list", &json!({}))));
    let names = listed["hosts"].as_array().expect("names");
    assert!(names.len() > 1_000 && names.contains(&json!("web-00000.example")), "{}", names.len());
    // `localhost` is always one of them.
    assert_eq!(listed["host_count"], 10_001);
    assert_eq!(names.len() as u64 + listed["hosts_left_out"].as_u64().expect("a count"), 10_001);
    assert!(listed.to_string().len() < 64 << 10);
}

#[test]
fn steps_change_the_inventory_and_read_it_back() {
    let rig = Rig::new();
    let inventory = Inventory::at(rig.dir.path());
    inventory.import(&ouioe::store::import::parse("h.toml", HOSTS, ouioe::store::import::Notation::Toml).unwrap()).unwrap();
    let run = |name: &str, value: Value| result(rig.run(&step(name, &value)));

    assert_eq!(run("asset.list", json!({"env": "staging", "group": "web"}))["hosts"], json!(["kettle"]));
    assert_eq!(run("asset.tag", json!({"asset": "kettle", "tag": "canary"})), json!({"asset": "kettle", "tag": "canary", "added": true}));
    assert_eq!(run("asset.tag", json!({"asset": "kettle", "tag": "canary"}))["added"], false);
    assert_eq!(run("asset.list", json!({"tag": "canary"}))["hosts"], json!(["kettle"]));

    assert!(run("asset.set_maintenance", json!({"target": "kettle", "duration": "45m"}))["until"].is_string());
    assert_eq!(run("asset.list", json!({}))["in_maintenance"], json!(["kettle"]));
    assert_eq!(run("asset.get", json!({"asset": "kettle"}))["asset"]["in_maintenance"], true);
    assert_eq!(run("asset.clear_maintenance", json!({"target": "kettle"}))["was_in_maintenance"], true);
    assert_eq!(run("asset.get", json!({"asset": "kettle"}))["asset"]["in_maintenance"], false);

    let holder = run("asset.find_owner", json!({"service": "checkout"}));
    assert_eq!((&holder["owner"], &holder["contact"]), (&json!("team pay"), &json!("#pay")));
    let needs = run("asset.dependencies", json!({"service": "checkout"}));
    assert_eq!((&needs["services"], &needs["all_needs"]), (&json!(["ledger", "mail"]), &json!(["auth", "ledger", "mail"])));
    assert_eq!(needs["unknown"], json!(["mail"]));
    assert_eq!(
        run("asset.dependencies", json!({"service": "auth"}))["all_needed_by"],
        json!(["auth", "checkout", "ledger"]),
        "a circle ends"
    );

    assert_eq!(run("asset.decommission", json!({"asset": "kettle"}))["removed"], true);
    assert_eq!(run("asset.list", json!({}))["hosts"], json!(["localhost"]));
    for (name, value, part) in [
        ("asset.tag", json!({"asset": "kettle", "tag": "x"}), "could not find kettle in the inventory"),
        ("asset.decommission", json!({"asset": "localhost"}), "the machine that this runs on"),
        ("asset.find_owner", json!({"service": "chekout"}), "nearest: checkout"),
    ] {
        let (failure, _) = failure_of(rig.run(&step(name, &value)));
        assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::Permanent), "{failure:?}");
        assert!(failure.detail.contains(part), "{failure:?}");
    }
    let (failure, _) = failure_of(rig.run(&step("asset.find_owner", &json!({"service": "ledger"}))));
    assert!(failure.detail.contains("names no owner of ledger"), "{failure:?}");
}

#[test]
fn a_file_is_imported_whole_or_not_at_all() {
    let home = Home::new();
    let good = home.write("hosts.toml", HOSTS).display().to_string();
    let bad = home.write("bad.csv", "name,adress\nurn,192.0.2.8\n").display().to_string();
    let half = home.write("half.csv", "name,port\nurn,22\njug,x\n").display().to_string();
    let said = home.run(&["asset", "import", &bad]).exits(2);
    assert!(said.err.contains("bad.csv:1: unknown column `adress` (nearest: address)"), "{}", said.err);
    let said = home.run(&["asset", "import", &half]).exits(2);
    assert!(said.err.contains("half.csv:3: `port` `x`"), "{}", said.err);
    assert_eq!(home.run(&["asset", "list"]).exits(0).out, "localhost  host  -\n", "nothing of half a file");

    assert_eq!(home.run(&["asset", "import", &good]).exits(0).out, "4 added, 0 changed, 0 as before\n");
    assert_eq!(home.run(&["asset", "import", &good]).exits(0).out, "0 added, 0 changed, 4 as before\n");
    let listed = home.run(&["asset", "list", "--group", "web"]).exits(0).out;
    assert_eq!(listed, "kettle  host  staging    web\n");
    let shown = home.run(&["asset", "show", "checkout", "--json"]).exits(0).values().remove(0);
    assert_eq!((&shown["owner"], &shown["depends_on"]), (&json!("team pay"), &json!(["ledger", "mail"])));
    assert!(home.run(&["asset", "show", "kettel"]).exits(2).err.contains("nearest: kettle"));
    home.run(&["asset", "list", "--env", "moon"]).exits(2);
}

#[test]
fn the_planner_knows_imported_hosts_by_name() {
    let home = Home::new();
    let ask = ["plan", "--json", "drain kettle and reboot it"];
    let before = home.run(&ask).exits(3).values().remove(0);
    assert_eq!(before["missing"], json!(["host"]), "an unknown word is no host");
    assert!(before["question"].as_str().is_some_and(|question| question.contains("`kettle` is no host that is known")), "{before}");
    home.run(&["asset", "import", &home.write("hosts.toml", HOSTS).display().to_string()]).exits(0);
    let after = home.run(&ask).exits(0).values().remove(0);
    let hosts: Vec<&Value> = after["plan"]["steps"].as_array().unwrap().iter().map(|step| &step["params"]["host"]).collect();
    assert_eq!(hosts, ["kettle", "kettle"], "{after}");
}
