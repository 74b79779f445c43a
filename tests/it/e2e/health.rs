//! "complete system health check": shown, run on one deliberate key, true of this machine, judged by thresholds.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::home::{Home, field, program, step};
use super::tty::Tty;

const INTENT: &str = "complete system health check";

fn said_by(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).env("LC_ALL", "C").output().expect("a tool of every machine");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Source and size in KiB of each mounted file system, as `df` says.
fn file_systems() -> BTreeMap<String, u64> {
    let lines = said_by("df", &["-kP"]);
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some(((*words.get(5)?).to_owned(), words.get(1)?.parse().ok()?))
    };
    lines.lines().filter_map(of_line).collect()
}

/// Every fact of the run is this machine's, measured another way.
fn is_of_this_machine(run: &Value) {
    let facts = &step(run, "facts")["result"];
    assert_eq!(facts["hostname"], said_by("uname", &["-n"]));
    assert_eq!(facts["kernel"], said_by("uname", &["-r"]));
    assert_eq!(facts["arch"], said_by("uname", &["-m"]));
    assert_eq!(facts["mem_total_kib"].as_u64(), field("/proc/meminfo", "MemTotal"));
    assert_eq!(facts["swap_total_kib"].as_u64(), field("/proc/meminfo", "SwapTotal"));
    let cpus = fs::read_to_string("/proc/cpuinfo").expect("cpuinfo").lines().filter(|line| line.starts_with("processor")).count();
    assert_eq!(facts["cpus"], cpus);
    let up: f64 =
        fs::read_to_string("/proc/uptime").expect("uptime").split(' ').next().and_then(|text| text.parse().ok()).expect("seconds");
    let told = facts["uptime_s"].as_f64().expect("seconds");
    assert!((0.0..300.0).contains(&(up - told)), "{up} {told}");

    let load = &step(run, "load")["result"];
    assert_eq!(load["cpus"], cpus);
    assert_eq!(load["mem_total_kib"], facts["mem_total_kib"]);

    let real = file_systems();
    let told = step(run, "disk")["result"]["filesystems"].as_array().expect("a list").clone();
    assert!(told.iter().any(|one| one["mount"] == "/"), "{told:?}");
    for one in &told {
        let mount = one["mount"].as_str().expect("a folder");
        assert_eq!(one["size_kib"].as_u64(), real.get(mount).copied(), "{mount}");
    }

    let processes = step(run, "processes")["result"]["count"].as_u64().expect("a count");
    let now = super::home::pids().count() as u64;
    assert!(processes.abs_diff(now) < now, "{processes} processes, {now} now");
    for one in step(run, "traffic")["result"]["rates"].as_array().expect("interfaces") {
        let name = one["name"].as_str().expect("a name");
        assert!(fs::metadata(format!("/sys/class/net/{name}")).is_ok(), "{name}");
    }
    assert_eq!(step(run, "reachable")["result"]["host"], "localhost");
    assert_eq!(step(run, "inventory")["result"]["hosts"][0], "localhost");
}

#[test]
fn in_the_console() {
    let home = Home::new();
    let mut tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    let first = tty.seen().first.expect("a byte").duration_since(tty.started);
    println!("first frame of the debug build after {first:?}");
    // The second Enter is typed before anything could be read.
    tty.press(&format!("{INTENT}\r\r"));
    tty.shows("NOTHING RUNS YET");
    for operation in ["host.", "network.", "asset."] {
        tty.shows(operation);
    }
    tty.shows("runs it");
    assert!(!home.state().exists() || home.kinds().iter().all(|kind| kind == "engine_started"), "the plan was only shown");
    tty.press("\r");
    tty.shows("7/7");
    let run = home.show("last");
    assert_eq!(run["state"], "succeeded");
    assert_eq!(run["actor"], home.events()[1]["actor"]);
    is_of_this_machine(&run);
    tty.press("q");
    assert_eq!(tty.end(), 0);
}

/// The lines are those of DESIGN 12: fields, kinds, numbers.
fn are_event_lines(lines: &[Value]) {
    const KINDS: [&str; 8] = [
        "intent_submitted",
        "plan_proposed",
        "approved",
        "workflow_started",
        "step_started",
        "step_succeeded",
        "step_queued",
        "workflow_finished",
    ];
    let mut last = 0;
    for line in lines {
        assert_eq!(line["v"], 1, "{line}");
        let seq = line["seq"].as_u64().expect("a number");
        assert!(seq > last, "{line}");
        last = seq;
        let at = line["at"].as_str().expect("a time");
        assert!(at.len() == "2026-01-02T03:04:05.678Z".len() && at.ends_with('Z') && at.as_bytes()[10] == b'T', "{at}");
        assert!(line["run"].is_string() && line["actor"].is_string() && line["data"].is_object(), "{line}");
        let kind = line["kind"].as_str().expect("a kind");
        assert!(KINDS.contains(&kind), "{line}");
        let is_of_step = kind.starts_with("step_");
        assert_eq!(line["step"].is_string(), is_of_step, "{line}");
    }
}

#[test]
fn on_the_command_line() {
    let home = Home::new();
    let said = home.run(&["run", INTENT, "--yes", "--json"]);
    let lines = said.values();
    // A machine that compiles is busy: the code says what the verdict does.
    let failing = home.show("last")["verdict"] == "failing";
    assert_eq!(said.code, i32::from(failing), "{}", said.err);
    are_event_lines(&lines);
    let count = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert_eq!((count("step_started"), count("step_succeeded"), count("workflow_finished")), (7, 7, 1));
    assert_eq!(lines.last().expect("lines")["kind"], "workflow_finished");
    is_of_this_machine(&home.show("last"));
}

/// The same check, judged by the thresholds of a manifest: one that is certainly crossed, one that certainly is not.
#[test]
fn the_verdict_follows_the_thresholds() {
    let judged = |thresholds: &str| {
        let home = Home::new();
        home.manifest(&format!("[[operation]]\nname = \"host.cpu_mem\"\nthresholds = [{thresholds}]\n"));
        let said = home.run(&["run", INTENT, "--yes"]);
        let run = home.show("last");
        assert_eq!(run["state"], "succeeded");
        assert_eq!(said.code, i32::from(run["verdict"] == "failing"), "{run:#}");
        run
    };
    let failing = judged(r#"{ field = "mem_total_kib", degraded = 1, failing = 2 }"#);
    assert_eq!((&failing["verdict"], &step(&failing, "load")["verdict"]["health"]), (&"failing".into(), &"failing".into()));
    let reasons = step(&failing, "load")["verdict"]["reasons"].to_string();
    assert!(reasons.contains("mem_total_kib"), "{reasons}");
    // One step, so that nothing else on a busy machine is judged: only what is failing makes the code.
    for (thresholds, code) in [("failing = 2", 1), ("degraded = 2", 0), ("failing = 2e15", 0)] {
        let home = Home::new();
        home.manifest(&format!("[[operation]]\nname = \"host.cpu_mem\"\nthresholds = [{{ field = \"mem_total_kib\", {thresholds} }}]\n"));
        home.run(&["service", "call", "host.cpu_mem", "--set", "host=localhost", "--yes"]).exits(code);
    }
    let healthy = judged(r#"{ field = "mem_total_kib", degraded = 1e15, failing = 2e15 }"#);
    assert_eq!(step(&healthy, "load")["verdict"]["health"], "healthy");
    assert_eq!(step(&healthy, "load")["verdict"]["reasons"].as_array().map(Vec::len), Some(0));
    let degraded = judged(r#"{ field = "cpus", degraded = 100000, failing = 0, side = "below" }"#);
    assert_eq!(step(&degraded, "load")["verdict"]["health"], "degraded");
}

/// With the configuration named by `--config`, its folder is the folder of the manifests.
#[test]
fn a_named_configuration_brings_its_manifests() {
    let home = Home::new();
    let config = home.write("elsewhere/my.toml", "");
    let threshold = "[[operation]]\nname = \"host.disk_usage\"\nthresholds = [{ field = \"filesystems.*.size_kib\", failing = 0 }]\n";
    home.write("elsewhere/services/disk.toml", threshold);
    home.run(&["run", INTENT, "--yes", "--config", &config.display().to_string()]).exits(1);
    let run = home.show("last");
    assert_eq!((&run["verdict"], &step(&run, "disk")["verdict"]["health"]), (&"failing".into(), &"failing".into()));
}

/// Peak memory of the program and everything that it starts, by watching it to its end.
#[test]
fn memory_is_small() {
    let home = Home::new();
    let release = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/ouioe");
    let made = |path: &std::path::Path| fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let is_current = made(&release) > made(&program());
    let mut command = home.command(&["run", INTENT, "--yes"]);
    if is_current {
        let args = ["run", INTENT, "--yes"];
        command = Command::new(&release);
        command.args(args).env_clear().envs(home.env());
    }
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("it starts");
    let mut peaks: BTreeMap<i32, u64> = BTreeMap::new();
    while child.try_wait().expect("its state").is_none() {
        for pid in home.processes() {
            let peak = field(format!("/proc/{pid}/status"), "VmHWM").unwrap_or(0);
            peaks.entry(pid).and_modify(|one| *one = peak.max(*one)).or_insert(peak);
        }
    }
    let sum: u64 = peaks.values().sum();
    println!("health check, {} build: {} processes, peaks {sum} KiB in all", if is_current { "release" } else { "debug" }, peaks.len());
    assert!(sum > 0);
    assert!(!is_current || sum <= 40 << 10, "{sum} KiB");
}
