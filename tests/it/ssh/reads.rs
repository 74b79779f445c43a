//! Reads of another machine: the same typed facts as of this one, which the other one is here, and judged as these are.

use std::fs;
use std::path::Path;

use ouioe::model::command::AttemptOutcome;
use ouioe::model::effect::Start;
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::model::settings::SshSettings;
use ouioe::model::verdict::{Health, Side, Threshold};
use ouioe::service::bind::Ssh;
use serde_json::{Value, json};

use super::server::{Server, exists, kill_all, start, until};
use super::stand_ins::{StandIns, words};
use crate::rig::{Rig, failure_of};
use crate::service::{catalogue, plan_of, result, shell, step as local};
use crate::services::host::Service;

pub(super) fn step(server: &Server, name: &str, more: &Value) -> Start {
    let mut params = more.clone();
    params["host"] = json!("box-1");
    let catalogue = catalogue();
    let operation = catalogue.get(name).expect("known");
    let mut plan = plan_of(operation, &params);
    let settings = SshSettings { config_file: server.path("ssh.conf").display().to_string(), ..SshSettings::default() };
    assert_eq!(ouioe::service::bind_over(&mut plan, &catalogue, &Ssh::new(&settings, None)), []);
    let mut step = start(plan.steps.remove(0).action);
    step.thresholds.clone_from(&operation.thresholds);
    step
}

pub(super) fn both(rig: &Rig, server: &Server, name: &str) -> (Value, Value) {
    let here = result(rig.run(&local(name, &json!({ "host": "localhost" }))));
    (result(rig.run(&step(server, name, &json!({})))), here)
}

pub(super) fn keys(value: &Value) -> Vec<&String> {
    value.as_object().expect("a table").keys().collect()
}

#[test]
fn facts_and_figures_are_those_that_the_machine_has() {
    let (rig, server) = (Rig::new(), Server::new());
    let (there, here) = both(&rig, &server, "host.facts");
    assert_eq!(keys(&there), keys(&here));
    for key in ["hostname", "os", "os_id", "kernel", "arch", "cpus", "cpu_model", "mem_total_kib", "swap_total_kib"] {
        assert_eq!(there[key], here[key], "{key}");
    }
    assert!(there["uptime_s"].as_u64().unwrap().abs_diff(here["uptime_s"].as_u64().unwrap()) < 30);

    let (there, here) = both(&rig, &server, "host.cpu_mem");
    assert_eq!((keys(&there), &there["cpus"], &there["mem_total_kib"]), (keys(&here), &here["cpus"], &here["mem_total_kib"]));
    let load: Vec<f64> = shell("cat /proc/loadavg").split(' ').take(3).map(|load| load.parse().unwrap()).collect();
    assert!((there["load15"].as_f64().unwrap() - load[2]).abs() < 1.0, "{there} {load:?}");
    assert!((0.0..=100.0).contains(&there["cpu_busy_percent"].as_f64().unwrap()), "{there}");

    let (there, here) = both(&rig, &server, "network.bandwidth");
    let names = |value: &Value| value["rates"].as_array().unwrap().iter().map(|rate| rate["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&there), names(&here));

    let (there, here) = both(&rig, &server, "host.check_updates");
    assert_eq!((&there["count"], &there["updates"][0]), (&here["count"], &here["updates"][0]));
}

#[test]
fn file_systems_are_those_of_df_and_a_full_one_fails() {
    let (rig, server) = (Rig::new(), Server::new());
    let (there, here) = both(&rig, &server, "host.disk_usage");
    let steady = |value: &Value| -> Vec<Value> {
        let rows = value["filesystems"].as_array().unwrap().iter();
        rows.map(|row| json!([row["mount"], row["fstype"], row["source"], row["size_kib"]])).collect()
    };
    assert_eq!(steady(&there), steady(&here));
    let one = result(rig.run(&step(&server, "host.disk_usage", &json!({ "path": "/" }))));
    let df: Vec<String> = shell("df -P -k / | tail -n 1").split_whitespace().map(str::to_owned).collect();
    let root = &one["filesystems"][0];
    assert_eq!(one["filesystems"].as_array().unwrap().len(), 1);
    assert_eq!((root["mount"].as_str(), root["size_kib"].to_string()), (Some("/"), df[1].clone()), "{one}");
    let used: u64 = df[4].trim_end_matches('%').parse().unwrap();
    assert!(root["used_percent"].as_u64().unwrap().abs_diff(used) <= 1 && root["inodes_used_percent"].as_u64().unwrap() <= 100);

    for (failing, health) in [(101.0, Health::Healthy), (0.0, Health::Failing)] {
        let mut step = step(&server, "host.disk_usage", &json!({ "path": "/" }));
        let field = "filesystems.*.used_percent".to_owned();
        step.thresholds = vec![Threshold { field, degraded: None, failing: Some(failing), side: Side::Above }];
        let outcome = rig.run(&step);
        let AttemptOutcome::Succeeded { verdict: Some(verdict), .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(verdict.health, health, "{verdict:?}");
        assert!(health == Health::Healthy || verdict.reasons[0].starts_with("filesystems./.used_percent is "), "{verdict:?}");
    }
    let (failure, _) = failure_of(rig.run(&step(&server, "host.disk_usage", &json!({ "path": "/no/such" }))));
    assert_eq!(failure.certainty, Certainty::FailedKnown, "{failure:?}");
}

#[test]
fn the_heaviest_processes_are_found_by_both_weights() {
    let (rig, server) = (Rig::new(), Server::new());
    let mut busy = std::process::Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
    let there = result(rig.run(&step(&server, "host.top_processes", &json!({}))));
    busy.kill().unwrap();
    busy.wait().unwrap();
    let rows = |key: &str| there[key].as_array().unwrap().clone();
    let found = rows("processes").into_iter().find(|row| row["pid"] == busy.id()).expect("it is busy");
    assert!(found["cpu_percent"].as_f64().unwrap() > 5.0 && found["name"] == "sh", "{found}");
    let by_memory: Vec<u64> = rows("by_memory").iter().map(|row| row["rss_kib"].as_u64().unwrap()).collect();
    assert!(by_memory.is_sorted_by(|one, two| one >= two) && by_memory.len() == 15, "{by_memory:?}");
    assert!(there["count"].as_u64().unwrap() > 15);
}

#[test]
fn a_reading_that_a_lost_link_cut_is_called_lost() {
    let (rig, server) = (Rig::new(), Server::new());
    let (up, go) = (server.path("up"), server.path("go"));
    let mut step = step(&server, "host.facts", &json!({}));
    step = super::server::changed(step, |action| {
        let ouioe::model::action::Action::Ssh { argv, .. } = action else { unreachable!() };
        let waits = format!("echo ouioe facts 1; : > {}; until [ -e {} ]; do sleep 0.02; done; exit 0", up.display(), go.display());
        *argv = ["/bin/sh", "-c", &waits].map(|word| ouioe::model::action::Operand(word.to_owned())).to_vec();
    });
    rig.services.start(step);
    until("it runs", || exists(&up));
    kill_all(&server.sessions());
    fs::write(&go, "").unwrap();
    let (failure, exit) = failure_of(rig.finished());
    assert_eq!((failure.class, exit.unwrap().code), (FailureClass::Transient, Some(0)), "{failure:?}");
    assert!(failure.detail.starts_with("result_lost: it ended with status 0, but the link to box-1 was lost"), "{}", failure.detail);
}

// Services and logs

const SHOW: &str = "--property=LoadState,ActiveState,SubState,MainPID,Result";

#[test]
fn systemd_is_asked_in_these_words() {
    let (rig, mut server) = (Rig::new(), Server::new());
    let stand_ins = StandIns::new(&mut server, &["systemctl", "journalctl"]);
    let on = json!({ "service": "nginx" });
    stand_ins.says("systemctl.show.out", "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=77\nResult=success\n");
    let state = result(rig.run(&step(stand_ins.0, "host.service_status", &on)));
    let active = json!({ "service": "nginx", "state": "active", "active": true, "sub": "running", "pid": 77, "result": "success", "via": "systemd" });
    assert_eq!(state, active);
    assert_eq!(stand_ins.called(), [words(&["systemctl", "show", SHOW, "--", "nginx"])]);

    stand_ins.says("systemctl.show.out", "LoadState=loaded\nActiveState=failed\nSubState=failed\nMainPID=0\nResult=exit-code\n");
    let outcome = rig.run(&step(stand_ins.0, "host.service_status", &on));
    let AttemptOutcome::Succeeded { verdict: Some(verdict), .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((verdict.health, verdict.reasons), (Health::Failing, vec!["active is false".to_owned()]));
    stand_ins.called();

    stand_ins
        .says("journalctl.--no-pager.out", "2026-01-02T03:04:05+0000 box nginx[7]: one $x\n2026-01-02T03:04:06+0000 box nginx[7]: two\n");
    let logs = json!({ "service": "nginx", "since": "20m", "pattern": "$x" });
    let got = result(rig.run(&step(stand_ins.0, "host.read_logs", &logs)));
    assert_eq!(
        (&got["logs"], &got["found"], &got["source"]),
        (&json!("2026-01-02T03:04:05+0000 box nginx[7]: one $x"), &json!(1), &json!("journal"))
    );
    let asked = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", "--lines=2000", "--since=-20m", "--unit=nginx"];
    assert_eq!(stand_ins.called(), [words(&asked)]);

    stand_ins.says("systemctl.show.out", "LoadState=loaded\nActiveState=active\n");
    let done = result(rig.run(&step(stand_ins.0, "host.restart_service", &on)));
    assert_eq!(done, json!({ "service": "nginx", "active": true, "was_active": true, "via": "systemd" }));
    let called = stand_ins.called();
    assert!(called.contains(&words(&["systemctl", "restart", "--", "nginx"])), "{called:?}");
    assert!(called.iter().all(|call| ["show", "is-active", "restart"].contains(&call[1].as_str())), "{called:?}");

    stand_ins.says("systemctl.show.out", "LoadState=not-found\nActiveState=inactive\n");
    let (failure, _) = failure_of(rig.run(&step(stand_ins.0, "host.start_service", &on)));
    assert_eq!(failure.class, FailureClass::Config, "{failure:?}");
    let called = stand_ins.called();
    assert!(called.iter().all(|call| call[1] == "show"), "{called:?}");
}

#[test]
fn without_systemd_scripts_processes_and_files_tell() {
    if Path::new("/run/systemd/system").exists() {
        println!("systemd runs here: nothing to see without it");
        return;
    }
    let (rig, server) = (Rig::new(), Server::new());
    let got = |name: &str| result(rig.run(&step(&server, "host.service_status", &json!({ "service": name }))));
    assert_eq!((&got("sshd")["active"], &got("sshd")["via"]), (&json!(true), &json!("processes")));
    assert_eq!(got("surely-no-such")["active"], false);
    if let Some(service) = Service::new() {
        let on = json!({ "service": service.name });
        let order = |verb: &str| result(rig.run(&step(&server, &format!("host.{verb}_service"), &on)));
        assert_eq!((&got(&service.name)["state"], &got(&service.name)["via"]), (&json!("inactive"), &json!("init script")));
        assert_eq!(order("start"), json!({ "service": service.name, "active": true, "was_active": false, "via": "init script" }));
        assert_eq!(got(&service.name)["active"], true);
        let first = service.pid();
        assert_eq!(order("restart")["was_active"], true);
        assert!(service.is_alive() && service.pid() != first, "it outlives its step");
        assert_eq!(order("stop")["active"], false);
        assert!(!service.is_alive());
        // Its log is a file of its name.
        let log = format!("/var/log/{}.log", service.name);
        fs::write(&log, "a [x] 1\nb\nc [x] 2\n").unwrap();
        let read = |more: Value| {
            let mut params = more;
            params["service"] = json!(service.name);
            result(rig.run(&step(&server, "host.read_logs", &params)))
        };
        let (all, some) = (read(json!({})), read(json!({ "pattern": "[x]", "since": "1h" })));
        let here = result(rig.run(&local("host.read_logs", &json!({ "host": "localhost", "service": service.name }))));
        fs::remove_file(&log).unwrap();
        assert_eq!(all, here);
        assert_eq!((&some["logs"], &some["since_applied"], &some["source"]), (&json!("a [x] 1\nc [x] 2"), &json!(false), &json!(log)));
    }
    for bad in ["../../bin/sh", ".", "a b", "$(id)"] {
        let (failure, _) = failure_of(rig.run(&step(&server, "host.stop_service", &json!({ "service": bad }))));
        assert_eq!(failure.class, FailureClass::Config, "{bad}: {failure:?}");
    }
}
