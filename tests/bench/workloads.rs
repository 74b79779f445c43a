//! The standard workloads through the comparison worker: wall and CPU a step, memory, bytes on disk.
//!
//! `cargo bench --bench workloads`; needs the generator in `../shared/bench` and python3, and prints a line where they are absent.
//! `BENCH_DIR` names the disk (default: the build folder's).

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const GENERATOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/gen_workloads.py");

fn main() {
    if !Path::new(GENERATOR).exists() {
        println!("no workloads: {GENERATOR} is absent");
        return;
    }
    let root = std::env::var_os("BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let temp = tempfile::tempdir_in(&root).expect("a folder");
    let files = temp.path().join("workloads");
    let made = Command::new("python3").arg(GENERATOR).arg(&files).stdout(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("no workloads: python3 could not run the generator");
        return;
    }
    let worker = worker();
    println!("{:12} {:>6} {:>12} {:>12} {:>10} {:>12}", "workload", "steps", "ms wall/step", "ms CPU/step", "RSS MiB", "bytes/step");
    for name in ["a_chain200", "b_fan500", "c_dag300", "d_spawn100", "e_10x50", "f_crash200", "cold1"] {
        measure(&worker, &files.join(format!("{name}.json")), &temp.path().join(name), name);
    }
}

/// Built like this benchmark, beside it.
fn worker() -> PathBuf {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--release", "--example", "bench_worker"]).status();
    assert!(built.is_ok_and(|status| status.success()), "the worker builds");
    let me = std::env::current_exe().expect("this program");
    me.parent().and_then(Path::parent).expect("the build folder").join("examples/bench_worker")
}

fn measure(worker: &Path, workload: &Path, scratch: &Path, name: &str) {
    fs::create_dir_all(scratch).expect("a folder");
    let text: Value = serde_json::from_slice(&fs::read(workload).expect("the file")).expect("JSON");
    let steps: usize = text["workflows"].as_array().expect("a list").iter().map(|one| one["steps"].as_array().map_or(0, Vec::len)).sum();
    let fifo = scratch.join("answers");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success(), "a fifo");
    let mut child = Command::new("/bin/sh")
        .args(["-c", "exec \"$0\" 3>\"$1\""])
        .args([worker, &fifo])
        .env("BENCH_FD", "3")
        .env("BENCH_SCRATCH", scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut answers = BufReader::new(fs::File::open(&fifo).expect("its answers"));
    let mut line = || {
        let mut line = String::new();
        answers.read_line(&mut line).expect("an answer");
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    assert_eq!(line()["ready"], true);
    let before = cpu_ms(child.id());
    let order = json!({"cmd": "run", "workload": workload, "log": scratch.join("log"), "tag": name});
    writeln!(child.stdin.as_mut().expect("a pipe"), "{order}").expect("it reads");
    let answer = line();
    let wall = answer["wall_s"].as_f64().unwrap_or_else(|| panic!("{name}: {answer}"));
    let (cpu, rss) = (cpu_ms(child.id()) - before, rss_mib(child.id()));
    drop(child.stdin.take());
    child.wait().expect("it ends");
    let per = |total: f64| total / steps as f64;
    println!("{name:12} {steps:6} {:12.2} {:12.2} {rss:10.1} {:12.0}", per(wall * 1e3), per(cpu), per(bytes(scratch) as f64));
}

/// Of the process and its ended children, in ticks of 10 ms.
fn cpu_ms(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    fields[11..15].iter().map(|ticks| ticks.parse::<f64>().unwrap_or(0.0)).sum::<f64>() * 10.0
}

fn rss_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

fn bytes(dir: &Path) -> u64 {
    let mut total = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let Ok(facts) = entry.metadata() else { continue };
        total += if facts.is_dir() { bytes(&entry.path()) } else { facts.len() };
    }
    total
}
