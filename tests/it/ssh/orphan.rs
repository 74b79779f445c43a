//! The program and the step's runner are killed in mid-step: what the host has recorded settles the step, and nothing is done twice.

use std::fs;

use ouioe::model::command::{AttemptOutcome, Found};
use ouioe::model::failure::Certainty;
use ouioe::model::step_state::StopWhy;
use ouioe::model::time::Millis;
use ouioe::service::runner::claim::Claim;
use rustix::process::Signal;
use serde_json::json;

use super::program::{home, web_3};
use super::server::{Server, exists, signal, until};
use crate::e2e::home::{Home, step};
use crate::e2e::tty::Tty;
use crate::rig::{Rig, failure_of, left_of};

/// Says when it is at work, ends when `go` is there.
fn script(server: &Server, name: &str, status: i32) -> String {
    let (up, go, times) = (server.path(&format!("up-{name}")), server.path(&format!("go-{name}")), server.path(&format!("times-{name}")));
    let wait = format!("until [ -e {} ]; do sleep 0.02; done", go.display());
    format!("echo begun; echo x >> {}; : > {}; {wait}; echo late; exit {status}", times.display(), up.display())
}

fn kill_runner(rig: &Rig, step: &ouioe::model::effect::Start) {
    let claim = Claim::read(&rig.attempt_dir(step)).unwrap().unwrap();
    signal(claim.pid, Signal::KILL);
    until("the runner's end", || (!claim.is_alive()).then_some(()));
}

#[test]
fn a_host_that_knows_the_end_settles_the_step() {
    let (rig, server) = (Rig::new(), Server::new());
    for (name, status) in [("well", 0), ("badly", 9)] {
        let step = server.sh(&script(&server, name, status));
        rig.services.start(step.clone());
        until("it runs", || exists(&server.path(&format!("up-{name}"))));
        until("its first words", || rig.output(&step).starts_with(b"begun").then_some(()));
        fs::write(server.path(&format!("go-{name}")), "").unwrap();
        // Also while the engine lives on: its runner is what is missed first.
        kill_runner(&rig, &step);
        match (rig.finished(), status) {
            (AttemptOutcome::Succeeded { result, exit, .. }, 0) => {
                assert_eq!((result, exit.unwrap().code), (json!({ "text": "", "cut": true }), Some(0)));
            }
            (AttemptOutcome::Failed { failure, exit, error_tail, .. }, 9) => {
                assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(9)), "{failure:?}");
                assert!(error_tail.contains("its step runner was killed"), "{error_tail}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
        assert_eq!(fs::read_to_string(server.path(&format!("times-{name}"))).unwrap(), "x\n");
    }
}

#[test]
fn who_comes_back_asks_the_host() {
    let (rig, server) = (Rig::new(), Server::new());
    let mut step = server.sh(&script(&server, "a", 9));
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up-a")));
    let dir = rig.leave();
    let rig = Rig::in_dir(dir);
    kill_runner(&rig, &step);

    // It goes on there, and who asks is in a hurry.
    rig.services.reconcile(step.clone());
    until("somebody asks", || exists(&rig.attempt_dir(&step).join("asked")));
    let found = rig.found();
    let Found::ExitRecord(outcome) = found else { panic!("{found:?}") };
    let (failure, exit) = failure_of(outcome);
    let pid = fs::read_to_string(server.record(&step).join("pid")).unwrap();
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::Unknown, None));
    assert!(failure.detail.contains(&format!("may still run on box-1 (pid {})", pid.trim())), "{}", failure.detail);

    // Asked again once it has ended, it is known.
    fs::write(server.path("go-a"), "").unwrap();
    until("it ends", || exists(&server.record(&step).join("exit")));
    let rig = Rig::in_dir(rig.leave());
    rig.services.reconcile(step.clone());
    let found = rig.found();
    let Found::ExitRecord(outcome) = found else { panic!("{found:?}") };
    let (failure, exit) = failure_of(outcome);
    assert_eq!((failure.certainty, exit.unwrap().code), (Certainty::FailedKnown, Some(9)), "{failure:?}");

    // An attempt of which the host never heard is proven never to run.
    step.at.attempt = ouioe::model::ids::AttemptNo(2);
    let attempt = rig.attempt_dir(&step);
    let old = step.at.clone();
    fs::create_dir_all(&attempt).unwrap();
    for file in ["request.json", "claim"] {
        let text = fs::read_to_string(attempt.parent().unwrap().join("1").join(file)).unwrap();
        fs::write(attempt.join(file), text.replace("\"attempt\":1", "\"attempt\":2")).unwrap();
    }
    assert_eq!(old.attempt.0, 2);
    rig.services.reconcile(step.clone());
    assert!(matches!(rig.found(), Found::ProvenNotStarted));
    assert!(server.record(&step).join("never").exists());
}

#[test]
fn asking_can_be_cut_short_and_a_host_that_is_away_is_not_known() {
    let (rig, mut server) = (Rig::new(), Server::new());
    let step = server.sh(&script(&server, "a", 0));
    rig.services.start(step.clone());
    until("it runs", || exists(&server.path("up-a")));
    server.kill();
    kill_runner(&rig, &step);
    until("somebody asks", || exists(&rig.attempt_dir(&step).join("asked")));
    rig.services.stop(&step.at, StopWhy::CancelNow, Millis(0));
    let (failure, _) = failure_of(rig.finished());
    assert_eq!(failure.certainty, Certainty::Unknown);
    assert!(failure.detail.contains("it may still run on box-1"), "{}", failure.detail);
    fs::write(server.path("go-a"), "").unwrap();
    until("it ends by itself", || left_of(&step).is_empty().then_some(()));
}

fn claims(home: &Home) -> Vec<i32> {
    let runs = fs::read_dir(home.state().join("runs")).into_iter().flatten().flatten();
    let claims = runs.filter_map(|run| Claim::read(&run.path().join("a/1")).ok().flatten());
    claims.map(|claim| claim.pid).collect()
}

#[test]
fn resume_settles_by_the_record_of_the_host() {
    let server = Server::new();
    for (name, status, code, state) in [("good", 0, 0, "succeeded"), ("bad", 3, 6, "exit status 3")] {
        let home = home(&server, &web_3(&server));
        let params = json!({ "host": "web-3", "command": script(&server, name, status) });
        let plan = home.plan(&[json!({ "id": "a", "operation": "host.run_command", "params": params, "critical": true })]);
        let mut tty = Tty::start(&home, &["run", "--plan", &plan]);
        tty.shows("Type web-3 to approve plan");
        tty.press("web-3\r");
        until("it runs", || exists(&server.path(&format!("up-{name}"))));
        signal(i32::try_from(tty.child.process_id().unwrap()).unwrap(), Signal::KILL);
        claims(&home).into_iter().for_each(|pid| signal(pid, Signal::KILL));
        tty.child.wait().unwrap();
        fs::write(server.path(&format!("go-{name}")), "").unwrap();
        let said = home.run(&["resume"]);
        let a = step(&home.show("last"), "a").to_string();
        assert_eq!(said.code, code, "{said:?}\n{a}");
        assert!(a.contains(state), "{a}");
        assert_eq!(fs::read_to_string(server.path(&format!("times-{name}"))).unwrap(), "x\n", "done once");
    }
}
