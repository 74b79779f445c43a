//! A terminal that goes, stops or is taken: it is given back as it was, and what runs goes on in the same process.

use std::fs;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use serde_json::json;

use super::home::{Home, PATIENCE, field, sh, until};
use super::tty::{How, Tty};

/// Processor time of a process, in clock ticks of 10 ms.
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    after_name.split(' ').skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum()
}

/// Waits for its end, so long at most.
fn ends_within(pid: i32, span: Duration) -> bool {
    let process = pidfd_open(Pid::from_raw(pid).expect("a pid"), PidfdFlags::empty()).expect("it lives");
    let span = rustix::event::Timespec { tv_sec: i64::try_from(span.as_secs()).expect("short"), tv_nsec: 0 };
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&span)).expect("a wait") > 0
}

/// Where its three standard descriptors lead.
fn standard(pid: i32) -> Vec<String> {
    let of = |fd| fs::read_link(format!("/proc/{pid}/fd/{fd}")).map(|path| path.display().to_string()).unwrap_or_default();
    (0..3).map(of).collect()
}

fn lives(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// The process of the console itself, whatever shell stands before it.
fn console(home: &Home) -> i32 {
    until("the console's process", || {
        let is_ours = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0);
            words.next().is_some_and(|word| word.ends_with(b"/ouioe")) && words.next() != Some(b"__runner")
        };
        home.processes().into_iter().find(is_ours)
    })
}

/// SIGHUP as the shell above leaves it: its default, ignored, and caught by a shell that stays.
const SHELLS: [&str; 3] = ["exec \"$0\" \"$@\"", "trap '' HUP; exec \"$0\" \"$@\"", "trap 'true' HUP; \"$0\" \"$@\"; true"];

fn hang_up_with_a_live_run(shell: &str) {
    let home = Home::new();
    let file = home.path("file");
    let gate = home.fifo("gate");
    let command = format!("cat {} > /dev/null && echo done >> {}", gate.display(), file.display());
    // The step waits until the fifo is written to: no guess how long a hang-up takes.
    let mut tty = Tty::start_as(&home, &[], &How { shell, ..How::default() });
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("no runs yet");
    // Joins the console's engine.
    let run =
        home.spawn(&["run", "--detach", "--yes", "--plan", &home.plan(&[sh("a", &[], &command)])]).wait_with_output().expect("its end");
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    tty.shows("running");
    until("the step", || (home.kinds().last()? == "step_started").then_some(()));
    let pid = console(&home);
    let pty = standard(pid)[0].clone();
    assert!(pty.starts_with("/dev/pts/"), "{pty}");

    tty.hang_up();
    let begun = Instant::now();
    // One whose other end is gone is marked as deleted.
    while standard(pid).iter().any(|one| one.starts_with(&pty)) {
        assert!(begun.elapsed() < PATIENCE, "{shell}: it holds the terminal: {:?}", standard(pid));
        std::thread::yield_now();
    }
    let took = begun.elapsed();
    println!("{shell}: let go after {took:?}");
    assert!(took < Duration::from_millis(200), "{shell}: {took:?}");
    assert!(lives(pid), "{shell}: the same process goes on");
    assert_eq!(standard(pid), ["/dev/null"; 3], "{shell}");
    let before = ticks(pid);
    assert!(!ends_within(pid, Duration::from_secs(1)), "{shell}: it ended under a live run");
    assert!(ticks(pid) - before <= 3, "{shell}: {} ticks of 100", ticks(pid) - before);
    assert_eq!(field(format!("/proc/{pid}/status"), "Pid"), u64::try_from(pid).ok());
    // Headless, but it can be reached.
    assert_eq!(home.show("last")["state"], "running", "{shell}");

    fs::write(&gate, "go").expect("somebody reads");
    until("the end of the process", || (!lives(pid)).then_some(()));
    assert_eq!(fs::read_to_string(&file).expect("the step ran"), "done\n", "{shell}");
    assert_eq!(home.show("last")["state"], "succeeded", "{shell}");
    assert_eq!(home.kinds().last().map(String::as_str), Some("engine_stopped"), "{shell}");
}

#[test]
fn with_a_live_run_the_same_process_goes_on() {
    SHELLS.into_iter().for_each(hang_up_with_a_live_run);
}

#[test]
fn without_a_live_run_it_ends() {
    for shell in SHELLS {
        let home = Home::new();
        let mut tty = Tty::start_as(&home, &[], &How { shell, ..How::default() });
        tty.shows("what is to be done?");
        let pid = console(&home);
        let begun = Instant::now();
        tty.hang_up();
        until("the end of the console", || (!lives(pid)).then_some(()));
        println!("{shell}: ended after {:?}", begun.elapsed());
    }
}

/// A run of the command line whose terminal goes: it is settled all the same.
#[test]
fn a_command_goes_on_too() {
    for shell in SHELLS {
        let home = Home::new();
        let (file, gate) = (home.path("file"), home.fifo("gate"));
        let one = format!("cat {} > /dev/null", gate.display());
        let two = format!("echo done >> {}", file.display());
        let plan = home.plan(&[sh("a", &[], &one), sh("b", &["a"], &two)]);
        let mut tty = Tty::start_as(&home, &["run", "--yes", "--plan", &plan], &How { shell, ..How::default() });
        tty.shows("a running");
        let pid = console(&home);
        tty.hang_up();
        fs::write(&gate, "go").expect("somebody reads");
        until("the end of the process", || (!lives(pid)).then_some(()));
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), Some("done\n"), "{shell}: {:?}", home.kinds());
    }
}

#[test]
fn suspended_and_continued() {
    let home = Home::new();
    // A shell with job control, as at a login.
    let tty = Tty::start_as(
        &home,
        &[],
        &How { shell: "set -m; \"$0\" \"$@\"; stty -a | head -1; echo STOPPED; fg; echo ENDED", ..How::default() },
    );
    let before = tty.modes();
    tty.shows("what is to be done?");
    let raw = tty.modes();
    assert_ne!(raw, before);
    tty.press("\x1a");
    tty.wait("the shell", |seen| String::from_utf8_lossy(&seen.bytes).contains("STOPPED"));
    // `fg` follows at once; the second screen is drawn by the continued program.
    tty.wait("a second start", |seen| String::from_utf8_lossy(&seen.bytes).matches("\x1b[?1049h").count() == 2);
    let bytes = String::from_utf8_lossy(&tty.bytes()).into_owned();
    assert!(bytes.find("\x1b[?1049l") < bytes.find("STOPPED"), "the shell got its own screen");
    tty.shows("what is to be done?");
    assert_eq!(tty.modes(), raw);
    tty.press("\x1b");
    tty.shows("no runs yet");
    tty.press("q");
    tty.wait("the shell", |seen| String::from_utf8_lossy(&seen.bytes).contains("ENDED"));
    assert_eq!(tty.modes(), before);
}

#[test]
fn terminated_with_a_waiting_run() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let home = Home::new();
        home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
        let mut tty = Tty::start(&home, &[]);
        let before = tty.modes();
        tty.shows("WAITS");
        tty.signal(signal);
        assert_eq!(tty.end(), 0, "{signal:?}");
        assert_eq!(tty.modes(), before, "{signal:?}");
        let bytes = String::from_utf8_lossy(&tty.bytes()).into_owned();
        assert!(bytes.matches("\x1b[?1049l").count() == 1 && bytes.contains("\x1b[?25h"), "{signal:?}");
        assert_eq!(home.show("last")["parked"], json!(true), "{signal:?}: {}", home.show("last"));
    }
}

#[test]
fn left_by_the_key() {
    let home = Home::new();
    let mut tty = Tty::start(&home, &[]);
    let before = tty.modes();
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("no runs yet");
    tty.press("q");
    assert_eq!(tty.end(), 0);
    assert_eq!(tty.modes(), before);
}
