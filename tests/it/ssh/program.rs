//! From the inventory to the record on the host: the program as a person uses it.

use serde_json::json;

use super::server::Server;
use crate::e2e::home::{Home, step};
use crate::e2e::tty::Tty;

pub fn home(server: &Server, hosts: &str) -> Home {
    let home = Home::new();
    home.write("config/ouioe/config.toml", format!("[ssh]\nconfig_file = \"{}\"\n", server.path("ssh.conf").display()));
    let hosts = home.write("hosts.toml", hosts);
    home.run(&["asset", "import", hosts.to_str().unwrap()]).exits(0);
    home
}

/// Of the test itself: the only one whose key the server knows.
fn me() -> String {
    let said = std::process::Command::new("id").arg("-un").output().expect("id runs");
    String::from_utf8(said.stdout).expect("a name").trim().to_owned()
}

pub fn web_3(server: &Server) -> String {
    format!("[[host]]\nname = \"web-3\"\naddress = \"127.0.0.1\"\nuser = \"{}\"\nport = {}\n", me(), server.port)
}

#[test]
fn a_host_of_the_inventory_is_reached_and_the_person_saw_where() {
    let server = Server::new();
    let home = home(&server, &web_3(&server));
    let params = json!({ "host": "web-3", "command": "echo \"$SSH_CONNECTION\"; exit 3" });
    let plan = home.plan(&[json!({ "id": "a", "operation": "host.run_command", "params": params, "critical": true })]);
    let mut tty = Tty::start(&home, &["run", "--plan", &plan]);
    tty.shows("Type web-3 to approve plan");
    assert!(tty.text().contains("on web-3: /bin/sh -c"), "{}", tty.text());
    tty.press("web-3\r");
    tty.shows("leave it waiting");
    tty.press("\r");
    assert_eq!(tty.end(), 6, "{}", tty.text());
    let run = home.show("last");
    let a = step(&run, "a");
    assert!(a.to_string().contains("exit status 3"), "{a}");
    let log = home.run(&["log", "last", "a", "--raw"]).exits(0);
    assert!(log.out.contains(&format!(" 127.0.0.1 {}", server.port)), "it ran there: {}", log.out);
}

#[test]
fn reads_of_this_machine_are_commands_of_others() {
    let server = Server::new();
    let home = home(&server, &web_3(&server));
    for (operation, set, part) in [
        ("host.facts", &[][..], "\"kernel\":"),
        ("host.disk_usage", &["path=/"], "\"used_percent\":"),
        ("host.disk_usage", &[], "\"health\":"),
        ("host.cpu_mem", &[], "\"health\":"),
        ("host.top_processes", &[], "\"by_memory\":"),
    ] {
        let set = set.iter().chain(&["host=web-3"]).flat_map(|one| ["--set", one]);
        let args: Vec<&str> = ["service", "call", operation, "--yes"].into_iter().chain(set).collect();
        // A machine under load is FAILING, and the status says so.
        let said = home.run(&args);
        assert!(matches!(said.code, 0 | 1), "{said:?}");
        let run = home.show("last").to_string();
        assert!(run.contains(part), "{operation}: {run}");
    }
    // An alias of the configuration of ssh, not of the inventory.
    home.run(&["service", "call", "host.facts", "--yes", "--set", "host=box-1"]).exits(0);
}

#[test]
fn a_host_that_is_no_name_reaches_nobody() {
    let server = Server::new();
    let touched = server.path("touched");
    let evil = format!("-oProxyCommand=touch {}", touched.display());
    let toml = format!(
        "{}[[host]]\nname = \"evil\"\naddress = {evil:?}\n[[host]]\nname = \"user\"\naddress = \"127.0.0.1\"\nuser = {evil:?}\n",
        web_3(&server)
    );
    let home = Home::new();
    home.write("config/ouioe/config.toml", format!("[ssh]\nconfig_file = \"{}\"\n", server.path("ssh.conf").display()));
    let hosts = home.write("hosts.toml", toml);
    // Whether or not the inventory takes them, they are not gone to.
    let _ = home.run(&["asset", "import", hosts.to_str().unwrap()]);
    for host in [evil.as_str(), "-v", "root@127.0.0.1", "a b", "a;id", "$(id)", "evil", "user", "web-3\n", "127.0.0.1:22"] {
        let host_is = format!("host={host}");
        let said = home.run(&["service", "call", "host.facts", "--yes", "--set", &host_is]);
        let trimmed = host.trim_end() == "web-3";
        assert!(trimmed || said.code != 0, "{host}: {said:?}");
        let plan = home.plan(&[json!({ "id": "a", "operation": "host.facts", "params": { "host": host } })]);
        let said = home.run(&["run", "--plan", &plan, "--yes"]);
        assert!(trimmed || said.code != 0, "{host}: {said:?}");
        assert!(!touched.exists(), "{host}");
    }
}
