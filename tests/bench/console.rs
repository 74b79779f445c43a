//! What the console costs its user: first frame, key to echo while a step prints without end, bytes and writes a frame; and what
//! memory a health check takes.
//!
//! `cargo bench --bench console`. The real program on a real pseudo-terminal of 80x24; writes are counted by strace.

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]

#[path = "../it/e2e/home.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod home;
#[path = "../it/e2e/tty.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod tty;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use home::{Home, field, sh, until};
use tty::Tty;

const KEYS: usize = 300;
/// Lines in lots of 500, a lot each 10 ms at most: some 50,000 a second.
const FLOOD: &str = "exec awk 'BEGIN { while (1) { for (i = 0; i < 500; i++) print \"line\", n++, \"of a step that says a lot\"; fflush(); system(\"sleep 0.005\") } }'";

fn main() {
    let home = Home::new();
    let tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    let first = tty.seen().first.expect("a frame") - tty.started;
    println!("first frame after {:.1} ms", first.as_secs_f64() * 1e3);
    println!("key to echo, nothing else going on: {}", echoes(&tty));
    drop(tty);

    home.run(&["run", "--yes", "--detach", "--plan", &home.plan(&[sh("loud", &[], FLOOD)])]).exits(0);
    until("output", || home.show("last")["steps"][0]["state"].as_str().filter(|state| *state == "running").map(|_| ()));
    let tty = Tty::start(&home, &[]);
    tty.shows("what is to be done?");
    println!("key to echo beside {} lines/s: {}", lines_a_second(&home), echoes(&tty));
    follow(&tty);
    home.run(&["cancel", "last", "--now"]);
    memory();
}

/// The health check with everything that it starts, watched to its end: resident at one moment, and each process at its peak.
fn memory() {
    let home = Home::new();
    let mut command = home.command(&["run", "complete system health check", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let (mut peaks, mut at_once): (BTreeMap<i32, u64>, u64) = (BTreeMap::new(), 0);
    while child.try_wait().expect("its state").is_none() {
        let status = |pid: i32, name: &str| field(format!("/proc/{pid}/status"), name).unwrap_or(0);
        let pids = home.processes();
        at_once = at_once.max(pids.iter().map(|pid| status(*pid, "VmRSS")).sum());
        for pid in pids {
            let peak = status(pid, "VmHWM");
            peaks.entry(pid).and_modify(|one| *one = peak.max(*one)).or_insert(peak);
        }
    }
    let sum: u64 = peaks.values().sum();
    println!("health check: {at_once} KiB resident at once, {sum} KiB as the sum of the peaks of {} processes", peaks.len());
}

/// Typed into the intent, one by one, each until it stands on the screen.
fn echoes(tty: &Tty) -> String {
    let mut typed = String::new();
    let mut took: Vec<Duration> = Vec::new();
    for key in (0..KEYS).map(|nth| char::from(b'a' + u8::try_from(nth * 7 % 26).expect("a letter"))) {
        if typed.len() == 40 {
            // Ctrl-U empties the line.
            tty.press("\x15");
            typed.clear();
            tty.wait("an empty line", |seen| seen.text().contains("what is to be done?"));
        }
        typed.push(key);
        let begun = Instant::now();
        tty.press(key.encode_utf8(&mut [0; 4]));
        tty.wait("the key", |seen| seen.text().contains(&typed));
        took.push(begun.elapsed());
    }
    tty.press("\x15");
    took.sort();
    let ms = |at: usize| took[at].as_secs_f64() * 1e3;
    format!("p50 {:.1} ms, p99 {:.1} ms of {KEYS} keys", ms(KEYS / 2), ms(KEYS * 99 / 100))
}

fn lines_a_second(home: &Home) -> u64 {
    let count = || {
        let folder = home.state().join("runs").join(home.show("last")["run"].as_str().expect("an id")).join("loud/1");
        std::fs::metadata(folder.join("out")).map_or(0, |facts| facts.len())
    };
    // Within the cap the file grows as the step prints; some 45 bytes a line.
    let (before, begun) = (count(), Instant::now());
    std::thread::sleep(Duration::from_millis(300));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = ((count() - before) as f64 / 45.0 / begun.elapsed().as_secs_f64()) as u64;
    rate
}

/// The log pane follows for a few seconds under strace.
fn follow(tty: &Tty) {
    // The card goes first, then the intent.
    tty.press_until("\x1b", &["[5 Runs"]);
    tty.press("\r");
    tty.shows("loud");
    tty.press("3");
    tty.shows("follow");
    let out = tempfile::NamedTempFile::new().expect("a file");
    let mut traced = Command::new("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=write,writev", "-p", &tty.pid().to_string(), "-o"])
        .arg(out.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("strace");
    std::thread::sleep(Duration::from_millis(500));
    let (bytes, begun) = (tty.bytes().len(), Instant::now());
    std::thread::sleep(Duration::from_secs(4));
    let (bytes, span) = (tty.bytes().len() - bytes, begun.elapsed().as_secs_f64());
    rustix::process::kill_process(rustix::process::Pid::from_child(&traced), rustix::process::Signal::INT).expect("strace");
    let _ = traced.wait();
    let text = std::fs::read_to_string(out.path()).expect("the trace");
    let writes = text.lines().filter(|line| line.contains("/dev/pts/")).count();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (bytes, writes) = (bytes as f64, writes as f64);
    println!(
        "following a log: {:.1} KiB/s, {:.1} writes/s (each a frame), {:.0} bytes a frame",
        bytes / span / 1024.0,
        writes / span,
        bytes / writes.max(1.0)
    );
}
