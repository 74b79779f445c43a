//! The engine killed, or refused by the disk, at the entry of every system call that makes something last or leave.
//!
//! `strace` counts for each thread apart, so three ways in are walked: a fresh start (the main thread opens the journal), a
//! recovery, and an engine that is attached to while it waits (its own thread writes, the workers spawn). The runners' host is
//! let go at its exec, and with it its runners: only the engine is hit.

use std::fs;
use std::process::{Command, Stdio};

use super::kill::{Campaign, assert_clean, assert_exactly_once};
use super::plans;
use super::program::{Ended, Place, Running, until};
use super::rng::{Rng, is_long, seed};
use crate::checker::Journal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Fresh,
    Recovery,
    Attached,
}

const SYNC: &str = "fsync,fdatasync";
const WRITE: &str = "pwrite64,write,writev";
const NAME: &str = "rename,renameat2,unlink,unlinkat,link,linkat,mkdir";
const SPAWN: &str = "clone,clone3,vfork,pidfd_open";
/// Also a runner asked for and answered by the host.
const SEND: &str = "sendto,sendmsg,recvfrom,connect,accept4";
const STORE: &str = "pwrite64";
const SIZE: &str = "ftruncate,fallocate";

const STEPS: u64 = 5;

/// How the engine's process ended, and that of the client where there was one.
struct Hit {
    fired: bool,
    engine: Ended,
    client: Option<Ended>,
    /// The last that is durable is that it stopped in order.
    stopped: bool,
}

/// One plan with one fault in it, to its end.
fn one(way: Way, calls: &str, fault: &str, judge: impl FnOnce(&Hit)) -> bool {
    let mut one = Campaign::new(Place::new());
    one.place.write_plan(&plans::chain(STEPS, &one.place.ledger_path()));
    let log = one.place.path("strace").display().to_string();
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{fault}"));
    let before = ["strace", "-f", "-b", "execve", "-o", &log, "-e", &trace, "-e", &inject];
    let (engine, client) = match way {
        Way::Fresh => (launch(&one, &before), None),
        Way::Recovery => {
            let first = one.go_on();
            first.wait_for_lines(6);
            let first = first.kill();
            one.heard(&first);
            (launch(&one, &before), None)
        }
        Way::Attached => {
            one.runs = 2;
            let (engine, client) = attach(&one, &before);
            (engine, Some(client))
        }
    };
    one.heard(&engine);
    if let Some(client) = &client {
        one.heard(client);
    }
    let fired = if fault.contains("SIGKILL") {
        engine.signal() == Some(9)
    } else {
        fs::read_to_string(&log).unwrap_or_default().contains("(INJECTED)")
    };
    let last = Journal::read(one.place.state()).and_then(|mut journal| journal.entries.pop());
    let hit = Hit { fired, engine, client, stopped: last.is_some_and(|last| last.kind() == "engine_stopped") };
    assert_clean(&one.judge());
    judge(&hit);
    let verdict = one.finish();
    assert_exactly_once(&one.place, &verdict);
    assert_eq!(one.parks, 0, "only the engine was hit");
    hit.fired
}

fn launch(one: &Campaign, before: &[&str]) -> Ended {
    let args = one.args(&one.next_args());
    Running::of(one.place.wrapped(before, &args.iter().map(String::as_str).collect::<Vec<_>>())).end()
}

/// An engine that waits for a file hosts; the plan comes in over its socket once it is traced.
fn attach(one: &Campaign, before: &[&str]) -> (Ended, Ended) {
    let (go, hold) = (one.place.path("go"), one.place.path("hold.json"));
    let waits = format!("until [ -e {} ]; do sleep 0.02; done; printf '%s\\n' hold >> {}", go.display(), one.place.ledger_path().display());
    fs::write(&hold, plans::file(&[plans::step("hold", &[], &waits)]).to_string()).expect("a plan file");
    let mut host = one.place.start(&["run", "--plan", &hold.display().to_string(), "--yes", "--json"]);
    assert!(host.wait_for(&["step_started"]), "the host did not start: {}", host.end().text());
    until("the step that holds it", || (!one.place.of_step("hold").is_empty()).then_some(()));
    let pid = host.pid().to_string();
    let mut strace = Command::new(before[0]).args(&before[1..]).args(["-p", &pid]).stderr(Stdio::null()).spawn().expect("strace");
    until("strace to attach", || is_traced(&pid).then_some(()));
    let plan = one.place.path("plan.json").display().to_string();
    let mut client = one.place.start(&["run", "--plan", &plan, "--yes", "--json"]);
    // Hit before the plan came in, it leaves the held step to the client, which then waits for that one too.
    until("the client's end or the blow", || (client.has_ended() || host.has_ended()).then_some(()));
    fs::write(&go, "").expect("the word to go on");
    let (client, host) = (client.end(), host.end());
    strace.wait().expect("strace ends with what it traces");
    (host, client)
}

fn is_traced(pid: &str) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    tasks.flatten().all(|task| fs::read_to_string(task.path().join("status")).is_ok_and(|text| !text.contains("TracerPid:\t0\n")))
}

/// N = 1, 2, 3 … until nothing is hit any more; a few of them only in a short run.
fn walk(name: &str, ways: &[Way], calls: &str, fault: &str, judge: impl Fn(Way, &Hit)) -> usize {
    let seed = seed();
    let mut rng = Rng::new(seed);
    let mut total = 0;
    for way in ways {
        let (mut at, mut fired, mut last) = (1, 0, 0);
        loop {
            let fault = fault.replace("{N}", &at.to_string()).replace("{M}", &(at + 2).to_string());
            if !one(*way, calls, &fault, |hit| judge(*way, hit)) {
                break;
            }
            (fired, last) = (fired + 1, at);
            at += if is_long() { 1 } else { at + 1 + rng.below(at + 3) };
        }
        println!("{name} {way:?} {calls}: {fired} fired, the last at call {last}, seed {seed}");
        total += fired;
    }
    total
}

const ALL: [Way; 3] = [Way::Fresh, Way::Recovery, Way::Attached];

fn kill_at(calls: &str) {
    let fired = walk("kill", &ALL, calls, "signal=SIGKILL:when={N}", |_, _| {});
    assert!(fired > 0, "{calls}: nothing was hit");
}

#[test]
fn killed_at_every_sync() {
    kill_at(SYNC);
}

#[test]
fn killed_at_every_write() {
    kill_at(WRITE);
}

#[test]
fn killed_at_every_name_spawn_and_send() {
    for calls in [NAME, SPAWN, SEND] {
        kill_at(calls);
    }
}

/// No yes after it, exit code 74, and a restart shows the truth.
#[test]
fn a_failed_sync_ends_the_engine() {
    let fired = walk("EIO", &ALL, SYNC, "error=EIO:when={N}", |way, hit| {
        if !hit.fired {
            return;
        }
        match way {
            // Everything that an engine at work syncs is its journal; what it syncs after its last event is a shortcut.
            Way::Attached => {
                let client = hit.client.as_ref().expect("a client");
                let late = hit.stopped && hit.engine.code() == Some(0) && client.code() == Some(0);
                let doubted = hit.engine.code() == Some(74) && matches!(client.code(), Some(0 | 74 | 75));
                assert!(late || doubted, "{}\n{}", hit.engine.text(), client.text());
            }
            // A start also syncs what it can do without.
            Way::Fresh | Way::Recovery => assert!(matches!(hit.engine.code(), Some(0 | 74)), "{}", hit.engine.text()),
        }
    });
    assert!(fired > 0);
}

/// A full or broken disk: requests are refused, reports kept; when it takes data again the same engine goes on.
#[test]
fn a_refused_write_is_waited_out() {
    for error in ["ENOSPC", "EIO"] {
        let fault = format!("error={error}:when={{N}}..{{M}}");
        let fired = walk(error, &[Way::Fresh, Way::Attached], STORE, &fault, |way, hit| match way {
            Way::Attached => {
                assert_eq!(hit.engine.code(), Some(0), "{}", hit.engine.text());
                let client = hit.client.as_ref().expect("a client");
                assert!(matches!(client.code(), Some(0 | 74)), "{}", client.text());
            }
            Way::Fresh | Way::Recovery => assert!(matches!(hit.engine.code(), Some(0 | 74)), "{}", hit.engine.text()),
        });
        assert!(fired > 0, "{error}");
    }
    walk("ENOSPC", &[Way::Fresh], SIZE, "error=ENOSPC:when={N}", |_, hit| {
        assert!(matches!(hit.engine.code(), Some(0 | 74)), "{}", hit.engine.text());
    });
}
