//! What an operator looks for first on a machine that is ill: sockets, failed units, who is there, what fills the disk, what it reaches.

use std::fs;
use std::net::TcpListener;

use ouioe::model::failure::FailureClass;
use serde_json::{Value, json};

use super::reads::{both, keys, step};
use super::server::Server;
use super::stand_ins::{StandIns, words};
use crate::rig::{Rig, failure_of};
use crate::service::{result, shell, step as local};

#[test]
fn who_listens_is_told_alike_from_here_and_there() {
    let (rig, server) = (Rig::new(), Server::new());
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = open.local_addr().unwrap().port();
    let on = json!({ "port": port });
    let there = result(rig.run(&step(&server, "host.listening_ports", &on)));
    let here = result(rig.run(&local("host.listening_ports", &json!({ "host": "localhost", "port": port }))));
    assert_eq!(there, here);
    let row = &there["listening"][0];
    assert_eq!((&there["in_use"], &row["pid"], &row["addresses"]), (&json!(true), &json!(std::process::id()), &json!(["127.0.0.1"])));
    let (there, here) = both(&rig, &server, "host.listening_ports");
    assert_eq!(keys(&there), keys(&here));
    assert!(there["listening"].as_array().unwrap().iter().any(|row| row["port"] == port), "{there}");
    drop(open);
    let closed = result(rig.run(&step(&server, "host.listening_ports", &on)));
    assert_eq!((&closed["in_use"], &closed["count"]), (&json!(false), &json!(0)));
}

#[test]
fn what_fills_a_disk_is_weighed_as_du_weighs_it() {
    let (rig, server) = (Rig::new(), Server::new());
    let folder = server.path("heavy");
    fs::create_dir_all(folder.join("deep/deeper")).unwrap();
    fs::create_dir_all(folder.join("light")).unwrap();
    fs::write(folder.join("deep/deeper/big one.log"), vec![7_u8; 5 << 20]).unwrap();
    fs::write(folder.join("light/small"), vec![7_u8; 200 << 10]).unwrap();
    fs::hard_link(folder.join("deep/deeper/big one.log"), folder.join("light/the same")).unwrap();
    let path = folder.display().to_string();
    let there = result(rig.run(&step(&server, "host.largest_files", &json!({ "path": path }))));
    let here = result(rig.run(&local("host.largest_files", &json!({ "host": "localhost", "path": path }))));
    let total: u64 = shell(&format!("du -s -x -k {path} | cut -f1")).parse().unwrap();
    assert_eq!((&there["total_kib"], &here["total_kib"]), (&json!(total), &json!(total)));
    // `du` counts a file with two names where it meets it first, in the order of the folder.
    let heaviest = |said: &Value| said["folders"][0]["share_percent"].as_f64().unwrap();
    assert!(heaviest(&there) > 90.0 && heaviest(&here) > 90.0, "{there} {here}");
    assert!(there["by_size"][0]["size_kib"].as_u64().unwrap() >= 5 << 10, "{there}");
    let none = failure_of(rig.run(&step(&server, "host.largest_files", &json!({ "path": "/no/such" })))).0;
    assert_ne!(none.class, FailureClass::Transient, "{none:?}");
}

#[test]
fn a_host_is_tried_from_another_one() {
    let (rig, server) = (Rig::new(), Server::new());
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = open.local_addr().unwrap().port();
    let to = |port: u16| json!({ "target": "127.0.0.1", "port": port });
    let said = result(rig.run(&step(&server, "network.reach", &to(port))));
    assert_eq!((&said["reachable"], &said["to"], &said["via"]), (&json!(true), &json!("127.0.0.1"), &json!(format!("tcp/{port}"))));
    drop(open);
    let said = result(rig.run(&step(&server, "network.reach", &to(port))));
    assert_eq!((&said["reachable"], &said["why"]), (&json!(false), &json!("Connection refused")));
    let said = result(rig.run(&step(&server, "network.reach", &json!({ "target": "no-such.invalid", "port": 80 }))));
    assert_eq!(said["reachable"], json!(false), "{said}");
}

#[test]
fn failed_units_and_logins_are_read_from_what_their_programs_say() {
    let (rig, mut server) = (Rig::new(), Server::new());
    let stand_ins = StandIns::new(&mut server, &["systemctl", "who", "last"]);
    stand_ins.says("systemctl.list-units.out", "nginx.service loaded failed failed A web server\n");
    let said = result(rig.run(&step(stand_ins.0, "host.failed_units", &json!({}))));
    assert_eq!((&said["count"], &said["failed"][0]["name"]), (&json!(1), &json!("nginx.service")));
    let asked = ["systemctl", "list-units", "--state=failed", "--all", "--full", "--plain", "--no-legend", "--no-pager"];
    assert_eq!(stand_ins.called(), [words(&asked)]);

    stand_ins.says("who.out", "ana      pts/0        2026-11-23 07:47 (10.0.0.1)\nbob      tty1         Nov 23 07:48\n");
    stand_ins.says("last.out", "eve      pts/1        10.0.0.9         Sun Nov 22 23:10 - 23:50  (00:40)\n");
    let said = result(rig.run(&step(stand_ins.0, "host.logins", &json!({}))));
    assert_eq!(
        (&said["count"], &said["users"][0]["name"], &said["users"][0]["since"]),
        (&json!(2), &json!("ana"), &json!("2026-11-23 07:47"))
    );
    assert_eq!((&said["users"][1]["name"], &said["last_logins"][0]["from"]), (&json!("bob"), &json!("10.0.0.9")));
}
