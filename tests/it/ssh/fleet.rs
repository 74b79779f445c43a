//! "On all web hosts": the inventory names them before anything is approved, each host has its own steps, changes go one by one.

use std::fs;

use serde_json::{Value, json};

use super::program::{home, web_3};
use super::server::Server;
use crate::e2e::home::{Home, step};

const HOSTS: [&str; 3] = ["web-3", "web-4", "web-5"];

fn fleet(server: &Server) -> Home {
    let one = web_3(server);
    let host = |name: &&str| one.replace("web-3", name) + "groups = [\"web\"]\n";
    home(server, &HOSTS.iter().map(host).collect::<String>())
}

/// Runs what was planned, as a person does who looked at the plan.
fn run(home: &Home, args: &[&str], code: i32) -> Value {
    let shown = home.run(&[&["run", "--dry-run"], args].concat()).exits(0).out;
    let digest = shown.lines().find_map(|line| line.trim().strip_prefix("digest: ")).expect("a digest");
    home.run(&[&["run", "--yes", "--digest", digest], args].concat()).exits(code);
    home.show("last")
}

#[test]
fn every_host_is_read_by_itself() {
    let server = Server::new();
    let home = fleet(&server);
    let said = home.run(&["plan", "check disk usage on all web hosts"]).exits(0).out;
    assert!(said.contains("touches: web-3, web-4, web-5") && said.contains("host = web-4  (by the inventory)"), "{said}");
    let run = run(&home, &["check disk usage on all web hosts"], 0);
    let steps = run["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 3, "{run}");
    for host in HOSTS {
        let one = step(&run, &format!("s2_{}", host.replace('-', "_")));
        assert_eq!(one["state"], "succeeded", "{one}");
    }
    // All but one; a name that is not among them leaves nothing out, and that is said.
    let rest = home.run(&["plan", "check disk usage on all web hosts except web-4"]).exits(0).out;
    assert!(rest.contains("touches: web-3, web-5\n"), "{rest}");
    let said = home.run(&["plan", "check disk usage on all web hosts except web-9"]);
    assert!(said.code != 0 && said.out.contains("web-9"), "{said:?}");
    // A group that nobody is in is a mistake, said before anything runs.
    let said = home.run(&["plan", "check disk usage on all mail hosts"]);
    assert_ne!(said.code, 0);
    assert!(said.out.contains("inventory: it has no host of group mail"), "{said:?}");
}

#[test]
fn changes_go_host_by_host_and_stop_where_one_fails() {
    let server = Server::new();
    let home = fleet(&server);
    let (seen, bad) = (server.path("seen"), server.path("bad"));
    let command = format!(
        "echo $SSH_CONNECTION-$$ >> {}; n=$(wc -l < {}); [ $n != 2 ] || [ ! -e {} ]",
        seen.display(),
        seen.display(),
        bad.display()
    );
    let list = json!({ "id": "l", "operation": "asset.list", "params": { "group": "web" } });
    let act = json!({ "id": "r", "operation": "host.run_command", "needs": [{ "step": "l", "kind": "data" }],
        "critical": true, "params": { "host": "${steps.l.output.hosts}", "command": command } });
    let file = home.plan(&[list, act]);
    fs::write(&bad, "").unwrap();
    let failed = run(&home, &["--plan", &file], 1);
    let states: Vec<&str> =
        HOSTS.iter().map(|host| step(&failed, &format!("r_{}", host.replace('-', "_")))["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["succeeded", "failed", "skipped"], "{failed:#}");
    assert_eq!(fs::read_to_string(&seen).unwrap().lines().count(), 2, "the third was spared");

    fs::remove_file(&bad).unwrap();
    fs::remove_file(&seen).unwrap();
    let went = run(&home, &["--plan", &file], 0);
    assert_eq!(went["state"], "succeeded");
    assert_eq!(fs::read_to_string(&seen).unwrap().lines().count(), 3);
}
