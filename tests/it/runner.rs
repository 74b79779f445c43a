//! The step runner as a real process: limits, trees, output, environment, claims, death.
//!
//! Every step carries the unique name of its run in its environment, so what is left of it can be found. Time passes in a
//! test only where time is the subject.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ouioe::model::action::Action;
use ouioe::model::catalogue::OutputFormat;
use ouioe::model::command::{AttemptOutcome, Found};
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::model::step_state::StopWhy;
use ouioe::model::time::Millis;
use ouioe::policy::digest::action_digest;
use ouioe::service::runner::claim::Claim;
use ouioe::service::runner::record::ExitRecord;
use ouioe::service::runner::request::{RunnerRequest, VERSION};
use sha2::Digest as _;

use crate::rig::{Rig, command, exe, failure_of, left_of, options, sh, start, text_of};

/// A pipe that ends when the last process that holds its other side has ended.
fn fifo(dir: &Path, name: &str) -> std::path::PathBuf {
    let path = dir.join(name);
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    path
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    let rig = Rig::new();
    for (script, code, signal, class) in [
        ("exit 1", Some(1), None, FailureClass::Unknown),
        ("exit 75", Some(75), None, FailureClass::Transient),
        ("exit 124", Some(124), None, FailureClass::Timeout),
        ("nosuchprogram", Some(127), None, FailureClass::Config),
        ("kill -SEGV $$", None, Some(11), FailureClass::Unknown),
        ("kill -KILL $$", None, Some(9), FailureClass::Unknown),
        ("kill -TERM 0; sleep 60", None, Some(15), FailureClass::Unknown),
    ] {
        let (failure, exit) = failure_of(rig.sh(script));
        let exit = exit.expect("it ran");
        assert_eq!((exit.code, exit.signal, failure.class), (code, signal, class), "{script}");
        assert_eq!((failure.certainty, exit.cut, exit.left_over), (Certainty::FailedKnown, None, 0), "{script}");
    }
    assert_eq!(text_of(&rig.sh("printf '%s' hello")), "hello");
}

#[test]
fn a_timeout_ends_the_step_and_all_of_it() {
    let rig = Rig::new();
    let mut step = sh("sleep 600 & sleep 600");
    step.timeout_ms = Millis(1_000);
    let began = Instant::now();
    let (failure, exit) = failure_of(rig.run(&step));
    assert!(began.elapsed().as_secs_f64() < 3.0, "took {:?}", began.elapsed());
    assert_eq!((failure.class, failure.certainty), (FailureClass::Timeout, Certainty::FailedKnown));
    assert_eq!(exit.unwrap().cut.as_deref(), Some("timeout"));
    assert_eq!(left_of(&step), Vec::<i32>::new());
}

#[test]
fn silence_is_counted_from_the_last_byte() {
    let rig = Rig::new();
    let mut step = sh("for i in 1 2 3 4 5; do echo $i; sleep 0.2; done; sleep 600");
    step.silence_ms = Millis(600);
    let (failure, exit) = failure_of(rig.run(&step));
    let exit = exit.unwrap();
    assert_eq!((failure.class, exit.cut.as_deref()), (FailureClass::Timeout, Some("silence")));
    assert!(exit.wall_ms >= Millis(1_300), "it spoke for 0.8 s, then 0.6 s of silence: {}", exit.wall_ms);
    assert_eq!(rig.output(&step), b"1\n2\n3\n4\n5\n");
}

#[test]
fn what_ignores_term_is_killed_after_the_grace() {
    let rig = Rig::new();
    let mut step = sh("trap '' TERM; echo ready; while :; do sleep 600; done");
    (step.timeout_ms, step.grace_ms) = (Millis(300), Millis(500));
    let began = Instant::now();
    let (_, exit) = failure_of(rig.run(&step));
    let exit = exit.unwrap();
    assert_eq!((exit.signal, exit.cut.as_deref()), (Some(9), Some("timeout")));
    assert!(began.elapsed().as_millis() >= 800 && began.elapsed().as_millis() < 1_800, "took {:?}", began.elapsed());
    assert_eq!(left_of(&step), Vec::<i32>::new());
}

#[test]
fn hidden_descendants_do_not_outlive_the_step() {
    let rig = Rig::new();
    for script in [
        "(setsid sleep 600 >/dev/null 2>&1 &) ; echo started",
        "(setsid sh -c '(trap \"\" TERM HUP; exec setsid sleep 600) & exit' >/dev/null 2>&1 &) ; echo started",
    ] {
        let mut step = sh(script);
        step.grace_ms = Millis(200);
        assert_eq!(text_of(&rig.run(&step)), "started\n", "the step itself did what it should");
        assert_eq!(left_of(&step), Vec::<i32>::new(), "{script}");
    }
}

#[test]
fn helpers_may_finish_what_they_were_given() {
    let rig = Rig::new();
    let step = sh("(sleep 0.03; echo late) & echo early");
    assert_eq!(text_of(&rig.run(&step)), "early\nlate\n");
}

#[test]
fn a_stop_has_grace_and_now_has_none() {
    let rig = Rig::new();
    for (why, grace, expected) in [(StopWhy::Cancel, Millis(60_000), Some(7)), (StopWhy::CancelNow, Millis(60_000), None)] {
        let ready = fifo(rig.dir.path(), if expected.is_some() { "a" } else { "b" });
        let step = sh(&format!("trap 'echo bye; exit 7' TERM; echo up > {}; while :; do sleep 0.02; done", ready.display()));
        rig.services.start(step.clone());
        assert_eq!(std::fs::read_to_string(&ready).unwrap(), "up\n");
        rig.services.stop(&step.at, why, grace);
        let (failure, exit) = failure_of(rig.finished());
        let exit = exit.unwrap();
        assert_eq!((exit.code, exit.cut.as_deref()), (expected, Some("stop")), "{failure:?}");
        assert_eq!(exit.signal, if expected.is_some() { None } else { Some(9) });
        assert_eq!(left_of(&step), Vec::<i32>::new());
    }
}

#[test]
fn a_stop_before_the_spawn_is_not_lost() {
    let rig = Rig::new();
    let step = sh("sleep 600");
    rig.services.start(step.clone());
    rig.services.stop(&step.at, StopWhy::Cancel, Millis(100));
    let (failure, exit) = failure_of(rig.finished());
    assert!(exit.is_none_or(|exit| exit.cut.as_deref() == Some("stop")), "{failure:?}");
    assert_eq!(left_of(&step), Vec::<i32>::new());
}

#[test]
fn output_arrives_byte_for_byte() {
    let rig = Rig::new();
    let file = rig.dir.path().join("bytes");
    let mut bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    bytes.extend(std::iter::repeat_n(b'x', 10 << 20));
    bytes.extend(b"\0\xff\xfe end");
    std::fs::write(&file, &bytes).unwrap();
    let step = start(command("cat", &[file.to_str().unwrap()]));
    let outcome = rig.run(&step);
    let AttemptOutcome::Succeeded { spool: Some(spool), result, .. } = outcome else { panic!("{outcome:?}") };
    assert!(rig.output(&step) == bytes, "the spool differs");
    assert_eq!(spool.len, bytes.len() as u64);
    assert_eq!(spool.sha256.0, <[u8; 32]>::from(sha2::Sha256::digest(&bytes)));
    assert_eq!(result["cut"], true);
}

#[test]
fn beyond_the_cap_head_and_tail_stay() {
    let rig = Rig::new();
    let mut step = sh("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; exit 3");
    step.output_cap = 4_000;
    let outcome = rig.run(&step);
    let AttemptOutcome::Failed { spool: Some(spool), error_tail, .. } = outcome else { panic!("{outcome:?}") };
    let all = (0..20_000).map(|i: u32| i.to_string() + "\n").collect::<Vec<_>>().concat();
    let kept = rig.output(&step);
    assert_eq!(spool.len, all.len() as u64);
    assert_eq!(kept.len(), 4_000);
    assert_eq!(&kept[..2_000], &all.as_bytes()[..2_000]);
    assert_eq!(&kept[2_000..], &all.as_bytes()[all.len() - 2_000..]);
    assert!(error_tail.ends_with("19998\n19999\n") && error_tail.len() <= 4_096, "{error_tail}");
}

#[test]
fn json_is_one_value_or_the_step_fails() {
    let rig = Rig::new();
    for (script, expected) in [
        ("echo '{\"a\": [1, 2]}'", Ok(r#"{"a":[1,2]}"#)),
        ("echo nonsense", Err("result_unreadable")),
        ("echo '1 2'", Err("result_unreadable")),
        ("printf '\"\\377\"'", Err("not UTF-8")),
        ("printf '\"'; head -c 70000 /dev/zero | tr '\\0' x; printf '\"'", Err("result_too_large")),
    ] {
        let mut step = sh(script);
        let Action::Command { output, .. } = &mut step.action else { unreachable!() };
        *output = OutputFormat::Json;
        step.digest = action_digest(&step.action);
        match (rig.run(&step), expected) {
            (AttemptOutcome::Succeeded { result, .. }, Ok(json)) => assert_eq!(result.to_string(), json),
            (AttemptOutcome::Failed { failure, .. }, Err(part)) => assert!(failure.detail.contains(part), "{script}: {}", failure.detail),
            (outcome, _) => panic!("{script}: {outcome:?}"),
        }
    }
}

fn with_secret(script: &str, handle: &str) -> ouioe::model::effect::Start {
    let mut step = sh(script);
    let Action::Command { secrets, .. } = &mut step.action else { unreachable!() };
    secrets.insert("TOKEN".to_owned(), handle.to_owned());
    step.digest = action_digest(&step.action);
    step
}

#[test]
fn secrets_reach_the_step_and_nothing_else() {
    let rig = Rig::new();
    let file = rig.dir.path().join("secret");
    std::fs::write(&file, "hunter2-hunter2\n").unwrap();
    // Cut by a pause, so that the halves come with different reads.
    let script = "printf '%s' \"${#TOKEN} ${TOKEN%-*}-\"; sleep 0.1; printf '%s' \"${TOKEN#*-} end\"; echo \"$TOKEN\" >&2; exit 1";
    let step = with_secret(script, &format!("file:{}", file.display()));
    let outcome = rig.run(&step);
    let AttemptOutcome::Failed { error_tail, exit: Some(_), .. } = &outcome else { panic!("{outcome:?}") };
    let output = String::from_utf8(rig.output(&step)).unwrap();
    assert!(output.starts_with("15 ") && output.contains(" end"), "{output}");
    let folder: Vec<u8> =
        std::fs::read_dir(rig.attempt_dir(&step)).unwrap().flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    for text in [output, error_tail.clone(), String::from_utf8_lossy(&folder).into_owned()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_secret_that_cannot_be_had_starts_nothing() {
    let rig = Rig::new();
    let (failure, exit) = failure_of(rig.run(&with_secret("touch /tmp/never", "file:/nowhere/secret")));
    assert_eq!((failure.certainty, failure.class, exit), (Certainty::NotStarted, FailureClass::Auth, None));
}

#[test]
fn a_changed_program_does_not_run() {
    let rig = Rig::new();
    let program = rig.dir.path().join("tool");
    let ran = rig.dir.path().join("ran");
    std::fs::write(&program, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let step = start(command(program.to_str().unwrap(), &[]));
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    let (failure, _) = failure_of(rig.run(&step));
    assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::Config));
    assert!(failure.detail.contains("program changed since approval"), "{}", failure.detail);
    assert!(!ran.exists());
}

#[test]
fn an_action_that_differs_from_its_digest_does_not_run() {
    let rig = Rig::new();
    let mut step = sh("exit 0");
    step.action = command("/bin/sh", &["-c", "touch /tmp/never"]);
    assert_eq!(failure_of(rig.run(&step)).0.certainty, Certainty::NotStarted);
    assert!(!rig.attempt_dir(&step).exists());
}

#[test]
fn programs_and_scripts_that_cannot_be_executed_are_not_started() {
    let rig = Rig::new();
    let plain = rig.dir.path().join("plain");
    std::fs::write(&plain, "data").unwrap();
    for path in ["/nowhere/program", plain.to_str().unwrap(), "/tmp"] {
        let (failure, exit) = failure_of(rig.run(&start(command(path, &[]))));
        assert_eq!((failure.certainty, exit), (Certainty::NotStarted, None), "{path}: {}", failure.detail);
    }
}

#[test]
fn the_environment_is_rebuilt() {
    let rig = Rig::new();
    let step = start(command("env", &[]));
    // The engine's own environment is this process's: cargo puts LD_LIBRARY_PATH and CARGO_* there.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let text = text_of(&rig.run(&step));
    let names: std::collections::BTreeSet<&str> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let may = ["HOME", "USER", "LOGNAME", "TZ", "LANG", "PATH", "TERM", "OUIOE_ATTEMPT", "OUIOE_EFFECT_KEY", "OUIOE_RUN", "OUIOE_STEP"];
    assert!(names.iter().all(|name| may.contains(name) || name.starts_with("LC_")), "{names:?}");
    assert!(text.contains(&format!("OUIOE_EFFECT_KEY={}\n", step.effect_key)));
    assert!(text.contains("OUIOE_STEP=s/1\n") && text.contains("OUIOE_ATTEMPT=1\n"));
}

#[test]
fn a_hostile_starter_leaves_no_trace_in_the_step() {
    // Started by a shell with odd signals, an open file, a loose umask and a hostile environment.
    let rig = Rig::new();
    let step = sh(
        "ls /proc/self/fd | wc -l; grep -E '^Sig(Ign|Blk)' /proc/self/status; umask; echo ${LD_X-none} ${BASH_ENV-none}; ps -o comm= -p $$",
    );
    let dir = requested(&rig, &step);
    let script = "trap '' HUP INT TERM USR1 PIPE; umask 000; exec 9</dev/null; LD_X=1 BASH_ENV=/x exec \"$0\" __runner \"$1\"";
    let status = Command::new("/bin/bash").args(["-c", script]).arg(exe()).arg(&dir).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    let text = String::from_utf8(rig.output(&step)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // 0, 1, 2 and the listing's own.
    assert_eq!(lines[0], "4", "{text}");
    assert_eq!(lines[1], "SigBlk:\t0000000000000000");
    let ignored = u64::from_str_radix(lines[2].trim_start_matches("SigIgn:\t"), 16).unwrap();
    // 32 and 33 belong to the C library.
    assert_eq!(ignored & !(0b11 << 31), 0, "{text}");
    assert_eq!(lines[3..], ["0022", "none none", "sh"], "{text}");
    for entry in std::fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

/// As by a starter of its own, though its runner is a copy of a process that this one, full of threads and files, started.
#[test]
fn a_forked_runner_hands_nothing_on() {
    let rig = Rig::new();
    let _open = std::fs::File::create(rig.dir.path().join("engine's own")).unwrap();
    let script = "cat /proc/$PPID/comm; ls /proc/self/fd | wc -l; grep -E '^Sig(Ign|Blk)' /proc/self/status; umask; pwd; \
                  readlink /proc/self/fd/0 /proc/$PPID/fd/0 /proc/$PPID/cwd; \
                  ps -o sid= -p $PPID | grep -cwv $PPID; ls -l /proc/$PPID/fd | grep -c socket; ls -l /proc/$PPID/fd";
    for _ in 0..2 {
        let text = text_of(&rig.sh(script));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["ouioe-runner", "4", "SigBlk:\t0000000000000000"], "{text}");
        let ignored = u64::from_str_radix(lines[3].trim_start_matches("SigIgn:\t"), 16).unwrap();
        assert_eq!(ignored & !(0b11 << 31), 0, "{text}");
        assert_eq!(lines[4..9], ["0022", "/", "/dev/null", "/dev/null", "/"], "{text}");
        // Leads its own session, and holds no socket but the pair that wakes it: one end, and the other for three signals.
        assert_eq!(lines[9..11], ["0", "4"], "{text}");
        for foreign in ["engine's own", "journal", "lock", "pidfd", "eventpoll"] {
            assert!(!text.contains(foreign), "{foreign}: {text}");
        }
    }
}

/// The folder as an engine leaves it just before the spawn.
fn requested(rig: &Rig, step: &ouioe::model::effect::Start) -> std::path::PathBuf {
    let dir = rig.attempt_dir(step);
    ouioe::service::attempt::request(&options(rig.dir.path()), step, &dir, None).expect("a request");
    dir
}

fn runner(dir: &Path) -> std::process::Child {
    Command::new(exe()).arg("__runner").arg(dir).spawn().expect("the binary starts")
}

#[test]
fn of_two_runners_exactly_one_runs() {
    let rig = Rig::new();
    let ledger = rig.dir.path().join("ledger");
    let rounds = 200;
    for _ in 0..rounds {
        let step = sh(&format!("echo ran >> {}", ledger.display()));
        let dir = requested(&rig, &step);
        let (mut one, mut two) = (runner(&dir), runner(&dir));
        let codes = [one.wait().unwrap().code().unwrap(), two.wait().unwrap().code().unwrap()];
        assert!(codes == [0, 3] || codes == [3, 0], "{codes:?}");
    }
    let ran = std::fs::read_to_string(&ledger).unwrap().lines().count();
    println!("two runners for one attempt, {rounds} times: {ran} ran");
    assert_eq!(ran, rounds);
}

#[test]
fn a_late_runner_never_runs_what_reconcile_proved_not_started() {
    let rig = Rig::new();
    let ledger = rig.dir.path().join("ledger");
    let (mut proven, mut ran) = (0, 0);
    for round in 0..200_u64 {
        let step = sh(&format!("echo {round} >> {}", ledger.display()));
        let dir = requested(&rig, &step);
        let mut late = runner(&dir);
        // From just after the spawn to about when a runner claims.
        let spawned = Instant::now();
        while spawned.elapsed() < Duration::from_micros(round * 20) {
            std::hint::spin_loop();
        }
        rig.services.reconcile(step.clone());
        let found = rig.found();
        // The services may have taken the ended runner from the process table first: then there is nothing to wait for.
        assert!(late.wait().map_or_else(|error| error.raw_os_error() == Some(10), |_| true));
        let happened = std::fs::read_to_string(&ledger).unwrap_or_default().lines().any(|line| line == round.to_string());
        match found {
            Found::ProvenNotStarted => {
                proven += 1;
                assert!(!happened, "round {round}: it ran although it was proven not started");
            }
            Found::StillRunning { .. } => {
                ran += 1;
                assert!(happened && matches!(rig.finished(), AttemptOutcome::Succeeded { .. }), "round {round}");
            }
            Found::ExitRecord(outcome) => {
                ran += 1;
                assert!(happened && matches!(outcome, AttemptOutcome::Succeeded { .. }), "round {round}");
            }
            Found::NothingKnown { detail } => panic!("round {round}: {detail}"),
        }
    }
    println!("reconcile against a late runner, 200 times: {proven} proven not started, {ran} ran");
}

#[test]
fn a_killed_runner_leaves_an_unknown_outcome() {
    let rig = Rig::new();
    let ready = fifo(rig.dir.path(), "ready");
    let step = sh(&format!("echo up > {}; exec sleep 600", ready.display()));
    rig.services.start(step.clone());
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), "up\n");
    let claim = Claim::read(&rig.attempt_dir(&step)).unwrap().unwrap();
    let pid = rustix::process::Pid::from_raw(claim.pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let (failure, exit) = failure_of(rig.finished());
    assert_eq!((failure.certainty, exit), (Certainty::Unknown, None));
    rig.services.reconcile(step.clone());
    assert!(matches!(rig.found(), Found::NothingKnown { .. }));
    for left in left_of(&step) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_raw(left).unwrap(), rustix::process::Signal::KILL);
    }
}

#[test]
fn a_step_outlives_its_engine_and_is_adopted() {
    let rig = Rig::new();
    let (ready, go) = (fifo(rig.dir.path(), "ready"), fifo(rig.dir.path(), "go"));
    let step = sh(&format!("echo up > {}; cat {}; exit 5", ready.display(), go.display()));
    rig.services.start(step.clone());
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), "up\n");
    let rig = Rig::in_dir(rig.leave());
    rig.services.reconcile(step.clone());
    let found = rig.found();
    let claim = Claim::read(&rig.attempt_dir(&step)).unwrap().unwrap();
    assert_eq!(found, Found::StillRunning { pid: u32::try_from(claim.pid).unwrap() });
    std::fs::write(&go, "all of it\n").unwrap();
    let (failure, exit) = failure_of(rig.finished());
    assert_eq!((exit.unwrap().code, failure.certainty), (Some(5), Certainty::FailedKnown));
    assert_eq!(rig.output(&step), b"all of it\n");
    let rig = Rig::in_dir(rig.leave());
    rig.services.reconcile(step);
    assert!(matches!(rig.found(), Found::ExitRecord(AttemptOutcome::Failed { .. })));
}

#[test]
fn an_adopted_step_can_be_stopped() {
    let rig = Rig::new();
    let ready = fifo(rig.dir.path(), "ready");
    let step = sh(&format!("echo up > {}; exec sleep 600", ready.display()));
    rig.services.start(step.clone());
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), "up\n");
    let rig = Rig::in_dir(rig.leave());
    rig.services.reconcile(step.clone());
    assert!(matches!(rig.found(), Found::StillRunning { .. }));
    rig.services.stop(&step.at, StopWhy::Cancel, Millis(5_000));
    let (_, exit) = failure_of(rig.finished());
    assert_eq!(exit.unwrap().cut.as_deref(), Some("stop"));
    assert_eq!(left_of(&step), Vec::<i32>::new());
}

#[test]
fn limits_hold_when_the_engine_is_killed() {
    // The runner's parent is a shell that is killed with SIGKILL while the step runs.
    let rig = Rig::new();
    let ready = fifo(rig.dir.path(), "ready");
    let mut step = sh(&format!("echo up > {}; exec sleep 600", ready.display()));
    step.timeout_ms = Millis(1_000);
    let dir = requested(&rig, &step);
    let mut engine = Command::new("/bin/sh").args(["-c", "\"$0\" __runner \"$1\" & wait"]).arg(exe()).arg(&dir).spawn().unwrap();
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), "up\n");
    engine.kill().unwrap();
    engine.wait().unwrap();
    rig.services.reconcile(step.clone());
    assert!(matches!(rig.found(), Found::StillRunning { .. }));
    let (_, exit) = failure_of(rig.finished());
    assert_eq!(exit.unwrap().cut.as_deref(), Some("timeout"));
    assert_eq!(left_of(&step), Vec::<i32>::new());
}

#[test]
fn absence_proves_only_in_the_boot_of_the_request() {
    let rig = Rig::new();
    // Killed before the request: the next engine of the same boot knows.
    let never = sh("exit 0");
    rig.services.reconcile(never.clone());
    assert_eq!(rig.found(), Found::ProvenNotStarted);
    // The intent's runner, late: it finds the claim.
    assert!(Claim::read(&rig.attempt_dir(&never)).unwrap().is_some());

    let lost = sh("exit 0");
    let dir = rig.attempt_dir(&lost);
    std::fs::create_dir_all(&dir).unwrap();
    let mut earlier = options(rig.dir.path());
    earlier.boot_id = "another boot".to_owned();
    let request = RunnerRequest {
        v: VERSION,
        boot_id: earlier.boot_id.clone(),
        epoch: earlier.epoch,
        start: lost.clone(),
        program_seen: None,
        protected_paths: vec![],
        hidden: vec![],
    };
    request.write(&dir).unwrap();
    rig.services.reconcile(lost.clone());
    assert!(matches!(rig.found(), Found::NothingKnown { .. }), "the power may have taken the claim");
    assert_eq!(runner(&dir).wait().unwrap().code(), Some(4), "nor does a runner act on a stale request");

    std::fs::write(rig.dir.path().join("runs/.boot"), r#"{"boot_id":"another boot","only":true}"#).unwrap();
    let rig = Rig::in_dir(rig.leave());
    let unknown = sh("exit 0");
    rig.services.reconcile(unknown.clone());
    assert!(matches!(rig.found(), Found::NothingKnown { .. }), "the power may have taken the request");
    rig.services.all_reconciled().unwrap();
    rig.services.reconcile(sh("exit 0"));
    assert_eq!(rig.found(), Found::ProvenNotStarted);
}

#[test]
fn a_torn_record_is_unknown_never_success() {
    let rig = Rig::new();
    let step = sh("exit 0");
    assert!(matches!(rig.run(&step), AttemptOutcome::Succeeded { .. }));
    let path = rig.attempt_dir(&step).join("exit.json");
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, whole.len() / 2, whole.len() - 3] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(ExitRecord::read(&rig.attempt_dir(&step), &step.at, &step.effect_key).is_err());
        rig.services.reconcile(step.clone());
        assert!(matches!(rig.found(), Found::NothingKnown { .. }), "cut at {cut}");
    }
}

#[test]
fn odd_operands_arrive_as_they_are() {
    let rig = Rig::new();
    let parts = [
        "a",
        " ",
        "'",
        "\"",
        ";",
        "&",
        "|",
        "$(id)",
        "`id`",
        "\n",
        "\\",
        "*",
        "--",
        "-oProxyCommand=x",
        "é",
        "\u{202e}",
        "$HOME",
        "#",
        "%s",
        "\x1b[31m",
        "~",
        "{a,b}",
    ];
    let payloads: Vec<String> = (0..5_000_usize)
        .map(|i| (0..=i % 4).map(|place| parts[(i / 4 + i * place + place) % parts.len()]).collect::<String>() + &(i % 7).to_string())
        .collect();
    for batch in payloads.chunks(500) {
        let mut args = vec!["%s\\0", "--"];
        args.rotate_left(1);
        args.extend(batch.iter().map(String::as_str));
        let step = start(command("printf", &args));
        assert!(matches!(rig.run(&step), AttemptOutcome::Succeeded { .. }));
        let output = rig.output(&step);
        let arrived: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
        assert_eq!(arrived.len(), batch.len() + 1);
        for (arrived, sent) in arrived.iter().zip(batch) {
            assert_eq!(*arrived, sent.as_bytes());
        }
    }
}

#[test]
fn no_room_for_the_attempt_is_a_failure_that_started_nothing() {
    let rig = Rig::new();
    std::fs::remove_dir_all(rig.dir.path().join("runs")).unwrap();
    std::fs::write(rig.dir.path().join("runs"), "a file").unwrap();
    let (failure, _) = failure_of(rig.sh("exit 0"));
    assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::Resource));
}
