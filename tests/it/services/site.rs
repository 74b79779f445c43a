//! What a bare machine does with tools that it has: `HAProxy`, nftables, a name server, tar; each the real one.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ouioe::model::action::Action;
use ouioe::model::catalogue::Catalogue;
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::service::manifest;
use serde_json::{Value, json};

use super::network::Net;
use crate::e2e::home::{Home, Said, program, step, until};
use crate::e2e::tty::Tty;
use crate::rig::{Rig, failure_of, start};
use crate::service::{bound, bound_in, catalogue, plan_of, result, shell};

/// Ends with the test.
struct Daemon(Child);

impl Daemon {
    fn start(program: &str, args: &[&str]) -> Self {
        let child = Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("tests/run installs {program}: {error}")))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// With what the operator wrote into the settings of one service.
fn with(dir: &Path, text: &str) -> Catalogue {
    let folder = dir.join("services");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("own.toml"), text).unwrap();
    manifest::load(Some(&folder)).unwrap()
}

#[test]
fn what_only_the_operator_knows_is_asked_for_by_its_line() {
    for (name, params, line) in [
        ("automation.snapshot", json!({ "target": "db" }), "settings = { folders = { ledger-db = \"/srv/ledger\" } }"),
        ("automation.restore", json!({ "target": "db" }), "settings = { folders = { ledger-db = \"/srv/ledger\" } }"),
        ("network.dns_update", json!({ "name": "a.example.net", "value": "192.0.2.1" }), "settings = { server = \"ns1.example.net\" }"),
    ] {
        let Action::Unbound { hint } = bound(name, &params) else { panic!("{name} is bound") };
        assert!(hint.contains(line) && hint.contains(name) && hint.contains("<config>/services/"), "{hint}");
    }
}

#[test]
fn an_undo_is_declared_for_what_can_be_taken_back() {
    let catalogue = catalogue();
    for (name, params, undo) in [
        ("network.lb_drain", json!({ "host": "web-1", "pool": "p" }), ("network.lb_enable", json!({ "host": "web-1", "pool": "p" }))),
        ("network.block_ip", json!({ "ip": "192.0.2.1", "duration": "2h" }), ("network.unblock_ip", json!({ "ip": "192.0.2.1" }))),
    ] {
        let mut plan = plan_of(catalogue.get(name).unwrap(), &params);
        assert_eq!(ouioe::service::bind(&mut plan, &catalogue), []);
        let it = plan.steps[0].compensation.clone().expect("declared");
        assert_eq!((it.operation.as_str(), json!(it.params)), (undo.0, undo.1));
        assert!(matches!(it.action, Action::Builtin { owned: true, .. }), "{:?}", it.action);
    }
}

// HAProxy

/// Answers each connection with its letter.
fn backend(letter: u8) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = std::io::Write::write_all(&mut stream.unwrap(), &[letter]);
        }
    });
    port
}

fn asked(port: u16) -> String {
    let mut said = String::new();
    for _ in 0..8 {
        TcpStream::connect(("127.0.0.1", port)).unwrap().read_to_string(&mut said).unwrap();
    }
    said
}

#[test]
fn a_drained_server_gets_no_more_connections_until_it_is_back() {
    let (rig, dir, front) = (Rig::new(), tempfile::tempdir().unwrap(), free_port());
    let socket = dir.path().join("admin.sock");
    let text = format!(
        "global\n stats socket {} level admin\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend f\n bind 127.0.0.1:{front}\n default_backend web\n\
         backend web\n server kiosk-35 127.0.0.1:{a}\n server kiosk-36 127.0.0.1:{b}\nbackend api\n server kiosk-36 127.0.0.1:{b}\n",
        socket.display(),
        a = backend(b'a'),
        b = backend(b'b')
    );
    let config = dir.path().join("haproxy.cfg");
    fs::write(&config, text).unwrap();
    let settings = format!("settings = {{ socket = \"{}\" }}\n", socket.display());
    let ops = ["lb_drain", "lb_enable"].map(|op| format!("[[operation]]\nname = \"network.{op}\"\n{settings}"));
    let catalogue = with(dir.path(), &ops.concat());
    let order = |op: &str, params: Value| rig.run(&start(bound_in(&catalogue, &format!("network.{op}"), &params).0));

    let (failure, _) = failure_of(order("lb_drain", json!({ "host": "kiosk-35" })));
    assert_eq!(failure.class, FailureClass::DependencyDown, "{failure:?}");
    let _haproxy = Daemon::start("haproxy", &["-db", "-f", &config.display().to_string()]);
    until("haproxy", || crate::rig::reach(front));
    let both = asked(front);
    assert!(both.contains('a') && both.contains('b'), "{both}");

    let drained = result(order("lb_drain", json!({ "host": "kiosk-35" })));
    let expected = json!({ "host": "kiosk-35", "pool": "web", "in_rotation": false, "was_in_rotation": true, "sessions": 0 });
    assert_eq!((drained, asked(front)), (expected, "b".repeat(8)));
    assert_eq!(result(order("lb_drain", json!({ "host": "kiosk-35" })))["was_in_rotation"], false, "once more changes nothing");
    assert_eq!(result(order("lb_enable", json!({ "host": "kiosk-35", "pool": "web" })))["in_rotation"], true);
    assert!(asked(front).contains('a'));

    for (params, part) in [
        (json!({ "host": "kiosk-36" }), "kiosk-36 is in several pools: name one of web, api"),
        (json!({ "host": "kiosk-9" }), "haproxy knows no server kiosk-9 there; it knows web/kiosk-35"),
        (json!({ "host": "kiosk-35", "pool": "api" }), "haproxy knows no server kiosk-35 there"),
    ] {
        let (failure, _) = failure_of(order("lb_drain", params));
        assert!(failure.certainty == Certainty::NotStarted && failure.detail.contains(part), "{failure:?}");
    }
}

// nftables

#[test]
fn a_blocked_address_gets_no_answer_until_it_is_let_through() {
    for (ip, part) in
        [("127.0.0.1", "this machine itself"), ("0.0.0.0/0", "far too wide"), ("10.0.0.0/7", "far too wide"), ("::1", "itself")]
    {
        let (failure, _) = failure_of(Rig::new().run(&start(bound("network.block_ip", &json!({ "ip": ip })))));
        assert!(failure.certainty == Certainty::NotStarted && failure.detail.contains(part), "{failure:?}");
    }
    let Some(net) = Net::new() else {
        println!("this user may make no network of its own");
        return;
    };
    let (home, [client, _, server]) = (Home::new(), &net.0);
    let run = |operation: &str, params: Value| {
        let plan = home.plan(&[json!({ "id": "a", "operation": operation, "params": params })]);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", server]).arg(program()).args(["run", "--yes", "--plan", &plan]);
        command.env_clear().envs(home.env());
        Said::of(command.output().expect("it starts")).exits(0);
        step(&home.show("last"), "a")["result"].clone()
    };
    // Refused at once, or no answer at all.
    let knock = || shell(&format!("ip netns exec {client} timeout 2 bash -c '</dev/tcp/10.99.2.2/9' 2>/dev/null; echo $?"));
    assert_eq!(knock(), "1");
    let blocked = run("network.block_ip", json!({ "ip": "10.99.1.2", "duration": "2h" }));
    assert_eq!((&blocked["blocked"], &blocked["was_blocked"], &blocked["via"]), (&json!(true), &json!(false), &json!("nftables")));
    assert!(blocked["until"].is_number() || blocked["until"].is_string(), "{blocked}");
    assert_eq!(knock(), "124");
    assert_eq!(run("network.block_ip", json!({ "ip": "10.99.1.2" }))["was_blocked"], true, "for good now");
    let rules = shell(&format!("ip netns exec {server} nft list table inet ouioe"));
    assert_eq!((rules.matches(" drop").count(), rules.contains("timeout")), (4, rules.contains("flags interval,timeout")), "{rules}");
    assert_eq!(run("network.unblock_ip", json!({ "ip": "10.99.1.2" }))["was_blocked"], true);
    assert_eq!(knock(), "1");
    assert_eq!(run("network.unblock_ip", json!({ "ip": "10.99.1.2" }))["was_blocked"], false);
    run("network.block_ip", json!({ "ip": "10.99.1.0/24" }));
    assert_eq!(knock(), "124");
}

// A name server

#[test]
fn a_record_changes_on_a_real_name_server() {
    let (rig, dir, port) = (Rig::new(), tempfile::tempdir().unwrap(), free_port());
    let at = dir.path().display();
    let key = "key \"k\" { algorithm hmac-sha256; secret \"c2l4dGVlbi1ieXRlcy1vZi1ub3RoaW5nLWF0LWFsbA==\"; };\n";
    fs::write(dir.path().join("key"), key).unwrap();
    fs::write(
        dir.path().join("zone"),
        "$TTL 60\n@ SOA ns.example.net. root.example.net. 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\nshop A 192.0.2.1\n",
    )
    .unwrap();
    let text = format!(
        "{key}options {{ directory \"{at}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file \"{at}/pid\"; \
         session-keyfile \"{at}/session\"; recursion no; dnssec-validation no; }};\ncontrols {{ }};\n\
         zone \"example.net\" {{ type primary; file \"{at}/zone\"; allow-update {{ key \"k\"; }}; }};\n"
    );
    fs::write(dir.path().join("named.conf"), text).unwrap();
    let config = dir.path().join("named.conf").display().to_string();
    let _named = Daemon::start("named", &["-g", "-4", "-c", &config]);
    let dig = |name: &str, kind: &str| shell(&format!("dig +short +time=1 +tries=1 -p {port} @127.0.0.1 {name} {kind}"));
    until("the name server", || (dig("shop.example.net", "A") == "192.0.2.1").then_some(()));

    let order = |key: &str, params: Value| {
        let line =
            format!("[[operation]]\nname = \"network.dns_update\"\nsettings = {{ server = \"127.0.0.1:{port}\", key = \"{key}\" }}\n");
        rig.run(&start(bound_in(&with(dir.path(), &line), "network.dns_update", &params).0))
    };
    let key = dir.path().join("key").display().to_string();
    let (failure, _) = failure_of(order("", json!({ "name": "shop.example.net", "value": "192.0.2.80" })));
    assert_eq!((failure.class, failure.certainty), (FailureClass::Auth, Certainty::FailedKnown), "{failure:?}");
    assert_eq!(dig("shop.example.net", "A"), "192.0.2.1");

    let done = result(order(&key, json!({ "name": "shop.example.net", "value": "192.0.2.80", "ttl": "2m" })));
    let expected = json!({ "name": "shop.example.net.", "type": "A", "value": "192.0.2.80", "ttl_s": 120, "was": ["192.0.2.1"], "server": "127.0.0.1" });
    assert_eq!((done, dig("shop.example.net", "A")), (expected, "192.0.2.80".to_owned()));
    for (params, kind, is) in [
        (json!({ "name": "cdn.example.net", "value": "pop-62.example.net" }), "CNAME", "pop-62.example.net."),
        (json!({ "name": "six.example.net", "value": "2001:db8::7" }), "AAAA", "2001:db8::7"),
        (json!({ "name": "note.example.net", "value": "v=1 a b", "type": "TXT" }), "TXT", "\"v=1 a b\""),
    ] {
        let name = params["name"].as_str().unwrap().to_owned();
        assert_eq!((result(order(&key, params))["value"].as_str(), dig(&name, kind).as_str()), (Some(is), is));
    }
    for (name, value, kind) in [
        ("shop.example.net\nupdate delete example.net", "192.0.2.1", "A"),
        ("shop.example.net", "192.0.2.1\nsend", "TXT"),
        ("shop.example.net", "a b", "CNAME"),
        ("shop.example.net", "192.0.2.1", "AAAA"),
        ("shop.example.net", "x", "MX"),
    ] {
        let mut step = start(
            bound_in(
                &with(dir.path(), "[[operation]]\nname = \"network.dns_update\"\nsettings = { server = \"127.0.0.1\" }\n"),
                "network.dns_update",
                &json!({ "name": "a.b", "value": "x" }),
            )
            .0,
        );
        let Action::Builtin { params, .. } = &mut step.action else { unreachable!() };
        params.extend([("name", name), ("value", value), ("type", kind)].map(|(key, value)| (key.to_owned(), json!(value))));
        step.digest = ouioe::policy::digest::action_digest(&step.action);
        let (failure, _) = failure_of(rig.run(&step));
        assert_eq!(failure.certainty, Certainty::NotStarted, "{name} {value} {kind}: {failure:?}");
    }
}

// Snapshots

#[test]
fn a_folder_is_saved_and_comes_back_as_it_was() {
    let home = Home::new();
    let folder = home.path("srv/ledger");
    home.write("srv/ledger/a", "one\n");
    home.write("srv/ledger/deep/b", "two\n");
    shell(&format!("chmod 640 {0}/a; ln -s a {0}/link", folder.display()));
    let ops = ["snapshot", "restore"].map(|op| {
        format!("[[operation]]\nname = \"automation.{op}\"\nsettings = {{ folders = {{ ledger-db = \"{}\" }} }}\n", folder.display())
    });
    home.manifest(&ops.concat());
    let plan = |operation: &str, params: Value| home.plan(&[json!({ "id": "a", "operation": operation, "params": params })]);
    let refused = |operation: &str, params: Value, part: &str| {
        let said = home.run(&["run", "--yes", "--plan", &plan(operation, params)]);
        assert!(said.code != 0 && format!("{}{}", said.out, said.err).contains(part), "{said:?}");
    };
    let look = || shell(&format!("cd {} && find . -printf '%p %m %l %s\\n' | grep -v '^\\. ' | sort; cat a deep/b", folder.display()));
    let before = look();
    home.run(&["run", "--yes", "--plan", &plan("automation.snapshot", json!({ "target": "ledger-db" }))]).exits(0);
    let saved = step(&home.show("last"), "a")["result"].clone();
    let path = saved["path"].as_str().unwrap();
    assert_eq!(shell(&format!("sha256sum {path} | cut -d ' ' -f 1")), saved["sha256"].as_str().unwrap());
    assert_eq!(shell(&format!("stat -c %a {path}")), "600");

    home.write("srv/ledger/a", "changed\n");
    home.write("srv/ledger/new", "x");
    // What is destroyed waits for a person, who sees the snapshot and its checksum.
    let mut tty = Tty::start(&home, &["run", "--plan", &plan("automation.restore", json!({ "target": "ledger-db" }))]);
    tty.shows("Type ledger-db to approve plan");
    assert!(String::from_utf8_lossy(&tty.bytes()).contains(saved["snapshot"].as_str().unwrap()), "{}", tty.text());
    tty.press("ledger-db\r");
    assert_eq!(tty.end(), 0, "{}", tty.text());
    let restored = step(&home.show("last"), "a")["result"].clone();
    assert_eq!((&restored["restored"], look()), (&saved["snapshot"], before.clone()));
    let kept = restored["before"].as_str().unwrap();
    assert_eq!(shell(&format!("cat {kept}/a {kept}/new")), "changed\nx");

    // The approval covers the content: a snapshot that is not as it was saved is none.
    shell(&format!("printf x >> {path}"));
    refused("automation.restore", json!({ "target": "ledger-db" }), "its checksum differs");
    refused("automation.restore", json!({ "target": "ledger-db", "snapshot": "ledger-db-1" }), "no such snapshot of ledger-db");
    refused("automation.snapshot", json!({ "target": "other" }), "names no other");
    assert_eq!(look(), before);
}

// Later

#[test]
fn a_job_is_queued_with_exactly_the_approved_words() {
    if !rustix::process::geteuid().is_root() {
        println!("this user may start no atd");
        return;
    }
    let home = Home::new();
    let out = home.path("out");
    let argv = json!(["/bin/sh", "-c", "printf '%s|' \"$0\" \"$1\" \"$KIND\" > \"$2\"", "it's", "$(id)", out]);
    home.write("config/ouioe/config.toml", format!("[automation.jobs.vacuum]\nargv = {argv}\nenv = {{ KIND = \"a b\" }}\n"));
    let plan = |at: &str| home.plan(&[json!({ "id": "a", "operation": "automation.schedule", "params": { "job": "vacuum", "at": at } })]);
    let late = plan("tomorrow 03:30");
    let _atd = Daemon::start("atd", &["-f"]);
    until("atd", || (!shell("pgrep -x atd").is_empty()).then_some(()));
    home.run(&["run", "--yes", "--plan", &late]).exits(0);
    let queued = step(&home.show("last"), "a")["result"].clone();
    let entry = queued["entry"].to_string();
    let (listed, body) = (shell(&format!("atq | grep '^{entry}[^0-9]'")), shell(&format!("at -c {entry}")));
    shell(&format!("atrm {entry}"));
    assert!(listed.contains(" 03:30:00 "), "{listed}");
    assert_eq!((&queued["job"], &queued["via"]), (&json!("vacuum"), &json!("at")));
    // What atd would do at half past three.
    assert!(Command::new("/bin/sh").args(["-c", &body]).status().unwrap().success(), "{body}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "it's|$(id)|a b|");
    let said = home.run(&["run", "--yes", "--plan", &plan("today 00:00")]);
    assert!(said.code != 0 && format!("{}{}", said.out, said.err).contains("has passed"), "{said:?}");
}

// The way out

#[test]
fn the_internet_is_judged_by_the_configured_addresses() {
    let (rig, dir) = (Rig::new(), tempfile::tempdir().unwrap());
    let (listener, closed) = (TcpListener::bind("127.0.0.1:0").unwrap(), free_port());
    let open = listener.local_addr().unwrap().port();
    let ask = |targets: &str| {
        let text = format!("[[operation]]\nname = \"network.internet\"\nsettings = {{ targets = [{targets}] }}\n");
        rig.run(&start(bound_in(&with(dir.path(), &text), "network.internet", &json!({})).0))
    };
    let got = result(ask(&format!("\"127.0.0.1:{closed}\", \"127.0.0.1:{open}\"")));
    assert_eq!((&got["reachable"], &got["answered"], &got["tried"]), (&json!(true), &json!(1), &json!(2)), "{got}");
    drop(listener);
    let got = result(ask(&format!("\"127.0.0.1:{closed}\"")));
    assert_eq!((&got["reachable"], &got["targets"][0]["answered"]), (&json!(false), &json!(false)), "{got}");
    let (failure, _) = failure_of(ask("\"nowhere\""));
    assert_eq!(failure.certainty, Certainty::NotStarted, "{failure:?}");
}

#[test]
fn a_log_is_read_by_its_path_and_other_files_are_not() {
    let (rig, dir) = (Rig::new(), tempfile::tempdir().unwrap());
    let log = dir.path().join("app.log");
    fs::write(&log, "one\ntwo\n").unwrap();
    fs::write(dir.path().join("secret"), "x\n").unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret"), dir.path().join("link.log")).unwrap();
    let read = |path: &str| rig.run(&crate::service::step("host.read_logs", &json!({ "host": "localhost", "path": path, "pattern": "t" })));
    assert_eq!(result(read(&log.display().to_string()))["logs"], "two");
    for name in ["secret", "link.log", "none.log"] {
        let (failure, _) = failure_of(read(&dir.path().join(name).display().to_string()));
        assert_eq!(failure.certainty, Certainty::NotStarted, "{name}: {failure:?}");
    }
}
