//! How steps on another machine end, and what is known of it.

use std::fs;
use std::time::Instant;

use ouioe::model::action::Action;
use ouioe::model::command::{AttemptOutcome, Found};
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::model::step_state::StopWhy;
use ouioe::model::time::Millis;

use ouioe::service::runner::claim::Claim;
use rustix::process::Signal;

use super::server::{Server, changed, exists, kill_all, signal, until};
use crate::rig::{Rig, failure_of, left_of, text_of};

fn remote(
    step: &ouioe::model::effect::Start,
    change: impl FnOnce(&mut String, &mut Option<u16>, &mut Vec<String>),
) -> ouioe::model::effect::Start {
    changed(step.clone(), |action| {
        let Action::Ssh { destination, port, options, .. } = action else { unreachable!() };
        change(destination, port, options);
    })
}

#[test]
fn the_status_is_that_of_the_step() {
    let (rig, server) = (Rig::new(), Server::new());
    assert_eq!(text_of(&rig.run(&server.sh("printf '%s' hello"))), "hello");
    for (script, code, class) in [
        ("exit 1", 1, FailureClass::Unknown),
        ("exit 75", 75, FailureClass::Transient),
        ("exit 255", 255, FailureClass::Unknown),
        ("nosuchprogram", 127, FailureClass::Config),
        ("kill -KILL $$", 137, FailureClass::Unknown),
    ] {
        let step = server.sh(script);
        let (failure, exit) = failure_of(rig.run(&step));
        assert_eq!((failure.certainty, failure.class), (Certainty::FailedKnown, class), "{script}: {failure:?}");
        assert_eq!(exit.expect("it ran").code, Some(code), "{script}");
        assert_eq!(fs::read_to_string(server.record(&step).join("exit")).unwrap(), format!("{code}\n"));
    }
    let (failure, exit) = failure_of(rig.run(&server.step(&["no-such-program"])));
    assert_eq!((failure.class, exit.unwrap().code), (FailureClass::Config, Some(127)));
}

#[test]
fn who_was_never_reached_was_told_nothing() {
    let (rig, server) = (Rig::new(), Server::new());
    server.write_client("stranger.conf", "stranger");
    let step = || server.sh("echo no");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let wrong_host = || remote(&step(), |destination, _, _| "no-such-host.invalid".clone_into(destination));
    let wrong_key = || remote(&step(), |_, _, options| options[1] = server.path("stranger.conf").display().to_string());
    for (step, class, part) in [
        (remote(&step(), |_, port, _| *port = Some(free)), FailureClass::DependencyDown, "Connection refused"),
        (wrong_host(), FailureClass::Config, "Could not resolve"),
        (wrong_key(), FailureClass::Auth, "Permission denied"),
    ] {
        let (failure, exit) = failure_of(rig.run(&step));
        assert_eq!((failure.certainty, failure.class, exit), (Certainty::NotStarted, class, None), "{failure:?}");
        assert!(failure.detail.contains("box-1") && failure.detail.contains(part), "{}", failure.detail);
        assert!(!server.record(&step).exists());
    }
    // Another machine at the address of a known one.
    server.write_known(&fs::read_to_string(server.path("stranger.pub")).unwrap());
    let (failure, _) = failure_of(rig.run(&step()));
    assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::Config), "{failure:?}");
    assert!(failure.detail.contains("Host key verification failed"), "{}", failure.detail);
}

#[test]
fn a_timeout_ends_the_step_on_the_host() {
    let (rig, server) = (Rig::new(), Server::new());
    for (script, code) in [("sleep 600 & sleep 600", 143), ("trap '' TERM; while :; do sleep 600; done", 137)] {
        let mut step = server.sh(script);
        (step.timeout_ms, step.grace_ms) = (Millis(4_000), Millis(500));
        let (failure, exit) = failure_of(rig.run(&step));
        let exit = exit.expect("it ran");
        assert_eq!((failure.class, failure.certainty), (FailureClass::Timeout, Certainty::FailedKnown), "{failure:?}");
        assert_eq!((exit.cut.as_deref(), exit.code), (Some("timeout"), Some(code)));
        assert_eq!(left_of(&step), Vec::<i32>::new(), "{script}");
    }
}

#[test]
fn a_stop_has_grace_and_now_has_none() {
    let (rig, server) = (Rig::new(), Server::new());
    for (why, code) in [(StopWhy::Cancel, 7), (StopWhy::CancelNow, 137)] {
        let ready = server.path(&format!("{why:?}"));
        let step = server.sh(&format!("trap 'echo bye; exit 7' TERM; : > {}; while :; do sleep 0.02; done", ready.display()));
        rig.services.start(step.clone());
        until("it runs", || exists(&ready));
        rig.services.stop(&step.at, why, Millis(60_000));
        let (failure, exit) = failure_of(rig.finished());
        let exit = exit.expect("it ran");
        assert_eq!((exit.code, exit.cut.as_deref()), (Some(code), Some("stop")), "{failure:?}");
        assert_eq!(left_of(&step), Vec::<i32>::new());
    }
}

#[test]
fn a_stop_before_the_host_answers_starts_nothing() {
    let (rig, server) = (Rig::new(), Server::new());
    // Takes the connection and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let step = remote(&server.sh("echo no"), |_, port, _| *port = Some(silent.local_addr().unwrap().port()));
    rig.services.start(step.clone());
    let _taken = silent.accept().unwrap();
    rig.services.stop(&step.at, StopWhy::Cancel, Millis(60_000));
    let (failure, _) = failure_of(rig.finished());
    assert_eq!(failure.certainty, Certainty::NotStarted, "{failure:?}");
    assert!(left_of(&step).is_empty());
}

/// Ends when `go` is there, so that the test decides when.
fn waits_for(server: &Server, go: &str) -> ouioe::model::effect::Start {
    let (up, go) = (server.path("up"), server.path(go));
    server.sh(&format!("echo begun; : > {}; until [ -e {} ]; do sleep 0.02; done; echo late; exit 9", up.display(), go.display()))
}

#[test]
fn a_lost_link_ends_no_step_and_its_record_is_asked() {
    let (rig, server) = (Rig::new(), Server::new());
    let step = waits_for(&server, "go");
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up")));
    kill_all(&server.sessions());
    fs::write(server.path("go"), "").unwrap();
    let outcome = rig.finished();
    let AttemptOutcome::Failed { failure, exit, error_tail, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(9)), "{failure:?}");
    assert!(error_tail.contains("the link to box-1 was lost"), "{error_tail}");
}

#[test]
fn a_step_that_still_runs_or_cannot_be_asked_for_is_unknown() {
    let (rig, mut server) = (Rig::new(), Server::new());
    let step = waits_for(&server, "go");
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up")));
    kill_all(&server.sessions());
    let (failure, exit) = failure_of(rig.finished());
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::Unknown, None));
    let pid = fs::read_to_string(server.record(&step).join("pid")).unwrap();
    assert!(failure.detail.contains(&format!("may still run on box-1 (pid {})", pid.trim())), "{}", failure.detail);
    assert!(!left_of(&step).is_empty(), "it does still run");

    // The same attempt asked for once more is not run once more.
    let again = Rig::new();
    fs::write(server.path("go"), "").unwrap();
    let (failure, exit) = failure_of(again.run(&step));
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(9)), "{failure:?}");
    assert!(!String::from_utf8_lossy(&again.output(&step)).contains("begun"));

    let step = waits_for(&server, "go-2");
    fs::remove_file(server.path("up")).unwrap();
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up")));
    server.kill();
    let (failure, _) = failure_of(rig.finished());
    assert_eq!(failure.certainty, Certainty::Unknown);
    assert!(failure.detail.contains("may still run on box-1"), "{}", failure.detail);
    fs::write(server.path("go-2"), "").unwrap();
    until("it ends by itself", || left_of(&step).is_empty().then_some(()));
}

#[test]
fn a_killed_ssh_says_nothing_of_the_step() {
    let (rig, server) = (Rig::new(), Server::new());
    let step = waits_for(&server, "go");
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up")));
    let runner = Claim::read(&rig.attempt_dir(&step)).unwrap().unwrap().pid;
    let children = fs::read_to_string(format!("/proc/{runner}/task/{runner}/children")).unwrap();
    kill_all(&children.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>());
    fs::write(server.path("go"), "").unwrap();
    let (failure, exit) = failure_of(rig.finished());
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(9)), "{failure:?}");
}

/// The timeout cannot be carried over a link on which nothing moves: it ends the waiting, and claims no more.
#[test]
fn a_timeout_over_a_stalled_link_is_unknown() {
    let (rig, server) = (Rig::new(), Server::new());
    let mut step = waits_for(&server, "go");
    (step.timeout_ms, step.grace_ms) = (Millis(6_000), Millis(300));
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up")));
    let stalled = server.sessions();
    stalled.iter().for_each(|pid| signal(*pid, Signal::STOP));
    let (failure, exit) = failure_of(rig.finished());
    assert_eq!((failure.certainty, exit.unwrap().cut.as_deref()), (Certainty::Unknown, Some("timeout")), "{failure:?}");
    assert!(failure.detail.contains("may still run on box-1 (pid "), "{}", failure.detail);
    stalled.iter().for_each(|pid| signal(*pid, Signal::CONT));
    // The orders were on their way and still count.
    until("it is ended", || left_of(&step).is_empty().then_some(()));
}

#[test]
fn an_engine_that_comes_back_finds_its_step_at_work() {
    let (rig, server) = (Rig::new(), Server::new());
    let step = waits_for(&server, "go");
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up")));
    let next = Rig::in_dir(rig.leave());
    next.services.reconcile(step.clone());
    assert!(matches!(next.found(), Found::StillRunning { .. }));
    fs::write(server.path("go"), "").unwrap();
    let (failure, exit) = failure_of(next.finished());
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(9)));
    assert_eq!(next.output(&step), b"begun\nlate\n");
}

#[test]
fn what_a_step_leaves_in_its_group_is_ended_too() {
    let (rig, server) = (Rig::new(), Server::new());
    let began = Instant::now();
    let step = server.sh("sleep 600 >/dev/null 2>&1 & echo started");
    assert_eq!(text_of(&rig.run(&step)), "started\n");
    assert!(began.elapsed().as_secs() < 10, "took {:?}", began.elapsed());
    assert_eq!(left_of(&step), Vec::<i32>::new());
}

#[test]
fn noise_of_the_login_is_no_output() {
    let (rig, server) = (Rig::new(), Server::new());
    let config = fs::read_to_string(server.path("sshd.conf")).unwrap();
    fs::write(server.path("banner"), "Authorised use only!\n").unwrap();
    let noisy = "  ForceCommand echo welcome; echo careful >&2; printf unfinished; eval \"$SSH_ORIGINAL_COMMAND\"\n";
    let banner = format!("Banner {}\nMatch all\n", server.path("banner").display());
    fs::write(server.path("sshd.conf"), [&config, &banner, noisy].concat()).unwrap();
    let mut server = server;
    server.kill();
    server.start();
    let step = server.sh("echo out; echo err >&2");
    assert_eq!(text_of(&rig.run(&step)), "out\n");
    assert_eq!(rig.output(&step).len(), "out\nerr\n".len());
}
