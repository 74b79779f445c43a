//! The way through a small network of its own, and what is said where nobody may look.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use ouioe::service::bind::is_local;
use serde_json::{Value, json};

use crate::e2e::home::{Home, Said, step};
use crate::rig::Rig;
use crate::service::{result, shell, step as start};

/// Client, router, server, joined by two wires; gone when this is dropped. `None`: this user may not make any.
pub struct Net(pub [String; 3]);

impl Net {
    pub fn new() -> Option<Self> {
        // Several may stand at once, and each takes down its own.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let names = ["c", "r", "s"].map(|part| format!("ouioe-{part}{}-{made}", std::process::id()));
        let net = Self(names);
        let [c, r, s] = &net.0;
        let id = std::process::id() % 100_000;
        let script = format!(
            "set -e\nfor n in {c} {r} {s}; do ip netns add $n; ip -n $n link set lo up; done\n\
             ip -n {c} link add a{id} type veth peer name b{id} netns {r}\nip -n {s} link add d{id} type veth peer name e{id} netns {r}\n\
             ip -n {c} addr add 10.99.1.2/24 dev a{id}; ip -n {r} addr add 10.99.1.1/24 dev b{id}\n\
             ip -n {s} addr add 10.99.2.2/24 dev d{id}; ip -n {r} addr add 10.99.2.1/24 dev e{id}\n\
             ip -n {c} link set a{id} up; ip -n {r} link set b{id} up; ip -n {s} link set d{id} up; ip -n {r} link set e{id} up\n\
             ip -n {c} route add default via 10.99.1.1; ip -n {s} route add default via 10.99.2.1\n\
             ip netns exec {r} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'\necho made"
        );
        (shell(&format!("({script}) 2>/dev/null")) == "made").then_some(net)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = Command::new("ip").args(["netns", "del", name]).stderr(std::process::Stdio::null()).status();
        }
    }
}

#[test]
fn the_way_to_a_host_is_shown_hop_by_hop() {
    let home = Home::new();
    let trace = |host: &str| json!([{ "id": "a", "operation": "network.trace", "params": { "host": host } }]);
    let plan = |host: &str| home.plan(trace(host).as_array().expect("a list"));
    let may_look = is_local("localhost") && rustix::process::geteuid().is_root();
    if let Some(net) = Net::new() {
        let run = |host: &str| {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &net.0[0]]).arg(crate::e2e::home::program()).args(["run", "--yes", "--plan", &plan(host)]);
            command.env_clear().envs(home.env());
            Said::of(command.output().expect("it starts")).exits(0);
            step(&home.show("last"), "a")["result"].clone()
        };
        let there = run("10.99.2.2");
        let hops: Vec<&Value> = there["hops"].as_array().unwrap().iter().map(|hop| &hop["address"]).collect();
        assert_eq!((hops, &there["reached"]), (vec![&json!("10.99.1.1"), &json!("10.99.2.2")], &json!(true)), "{there}");
        let nowhere = run("10.99.2.77");
        assert_eq!(
            (&nowhere["hops"][0]["address"], &nowhere["reached"]),
            (&json!("10.99.1.1"), &json!(false)),
            "the router says so: {nowhere}"
        );
    }
    let here = Rig::new().run(&start("network.trace", &json!({"host": "127.0.0.1"})));
    if may_look {
        let here = result(here);
        assert_eq!(
            (&here["hops"][0]["address"], &here["reached"], &here["via"]),
            (&json!("127.0.0.1"), &json!(true), &json!("own probes"))
        );
    }
}

#[test]
fn without_the_right_the_missing_tool_is_named() {
    if !rustix::process::geteuid().is_root() || !shell("command -v traceroute tracepath").is_empty() {
        println!("this user cannot become one without rights, or the tools are there");
        return;
    }
    let home = Home::new();
    let plan = home.plan(&[json!({ "id": "a", "operation": "network.trace", "params": { "host": "127.0.0.1" } })]);
    shell(&format!("chown -R 65534 {}", home.path("").display()));
    let mut command = home.command(&["run", "--yes", "--plan", &plan]);
    let said = Said::of(command.uid(65_534).gid(65_534).output().expect("it starts")).exits(1);
    assert!(said.out.contains("traceroute or tracepath") || said.err.contains("traceroute or tracepath"), "{} {}", said.out, said.err);
}
