//! Services with the real binary as step runner, in a folder of their own; reports come back over a channel.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ouioe::model::action::{Action, Operand, Program};
use ouioe::model::catalogue::OutputFormat;
use ouioe::model::command::{AttemptOutcome, Found, Report};
use ouioe::model::digest::Digest;
use ouioe::model::effect::{AttemptRef, Role, Start};
use ouioe::model::failure::{ExitFacts, Failure};
use ouioe::model::ids::{AttemptNo, Epoch, RunId, StepId, StepIx};
use ouioe::model::plan::StepKind;
use ouioe::model::time::Millis;
use ouioe::policy::digest::action_digest;
use ouioe::service::{ServiceOptions, Services, programs};
use ouioe::spool::Spools;

/// Far beyond anything that a test waits for.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub struct Rig {
    pub dir: tempfile::TempDir,
    pub services: Services,
    pub reports: Receiver<Report>,
    pub runtime: tokio::runtime::Runtime,
}

/// A connection to a port of this machine that somebody listens on. Where nobody does, the port may be given to the very socket
/// that asks for it, which then meets itself.
pub fn reach(port: u16) -> Option<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    (stream.local_addr().ok() != stream.peer_addr().ok()).then_some(stream)
}

pub fn exe() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_ouioe"))
}

pub fn options(dir: &std::path::Path) -> ServiceOptions {
    let mut options = ServiceOptions::new(Spools::new(dir.join("runs")), Epoch(1)).expect("this boot has an id");
    options.exe = exe();
    options
}

impl Rig {
    pub fn new() -> Self {
        Self::in_dir(tempfile::tempdir().expect("a folder"))
    }

    /// As an engine that starts where another left off.
    pub fn in_dir(dir: tempfile::TempDir) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let (sender, reports) = channel();
        let services = Services::new(
            options(dir.path()),
            runtime.handle().clone(),
            Arc::new(move |report| {
                let _ = sender.send(report);
            }),
        );
        Self { dir, services, reports, runtime }
    }

    /// Leaves the folder, ends everything of this process, stops no runner.
    pub fn leave(self) -> tempfile::TempDir {
        self.services.shutdown();
        self.runtime.shutdown_background();
        self.dir
    }

    pub fn attempt_dir(&self, start: &Start) -> PathBuf {
        Spools::new(self.dir.path().join("runs")).attempt_dir(&start.at.run, &start.at.step, start.at.attempt)
    }

    pub fn finished(&self) -> AttemptOutcome {
        match self.reports.recv_timeout(PATIENCE).expect("a report") {
            Report::Finished { outcome, .. } => *outcome,
            other => panic!("not a Finished: {other:?}"),
        }
    }

    pub fn found(&self) -> Found {
        match self.reports.recv_timeout(PATIENCE).expect("a report") {
            Report::Reconciled { found, .. } => *found,
            other => panic!("not a Reconciled: {other:?}"),
        }
    }

    pub fn run(&self, start: &Start) -> AttemptOutcome {
        self.services.start(start.clone());
        self.finished()
    }

    pub fn sh(&self, script: &str) -> AttemptOutcome {
        self.run(&sh(script))
    }

    pub fn output(&self, start: &Start) -> Vec<u8> {
        let spools = Spools::new(self.dir.path().join("runs"));
        let (mut all, mut offset) = (Vec::new(), 0);
        loop {
            let chunk = spools.read(&start.at.run, &start.at.step, start.at.attempt, offset, 1 << 20).expect("the spool can be read");
            if chunk.bytes.is_empty() {
                return all;
            }
            offset = chunk.next_offset();
            all.extend(chunk.bytes);
        }
    }
}

pub fn command(program: &str, args: &[&str]) -> Action {
    Action::Command {
        program: programs::resolve(program).unwrap_or(Program { path: program.to_owned(), sha256: Digest::ZERO }),
        args: args.iter().map(|arg| Operand((*arg).to_owned())).collect(),
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        cwd: None,
        output: OutputFormat::Text,
        script: None,
    }
}

pub fn start(action: Action) -> Start {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    Start {
        at: AttemptRef {
            run: RunId::new(format!("run{}x{number}", std::process::id())),
            ix: StepIx(0),
            step: StepId::new("s/1"),
            attempt: AttemptNo(1),
        },
        role: Role::Main,
        operation: "test.step".to_owned(),
        digest: action_digest(&action),
        action,
        effect_key: Digest([7; 32]),
        timeout_ms: Millis::seconds(60),
        silence_ms: Millis(0),
        grace_ms: Millis::seconds(1),
        output_cap: 16 << 20,
        result_cap: 64 << 10,
        thresholds: Vec::new(),
        kind: StepKind::Action,
    }
}

pub fn sh(script: &str) -> Start {
    start(command("/bin/sh", &["-c", script]))
}

pub fn text_of(outcome: &AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Succeeded { result, .. } => result["text"].as_str().expect("a text result").to_owned(),
        failed @ AttemptOutcome::Failed { .. } => panic!("failed: {failed:?}"),
    }
}

pub fn failure_of(outcome: AttemptOutcome) -> (Failure, Option<ExitFacts>) {
    match outcome {
        AttemptOutcome::Failed { failure, exit, .. } => (failure, exit),
        AttemptOutcome::Succeeded { result, .. } => panic!("succeeded with {result}"),
    }
}

/// Processes whose environment carries this run's name: the step's own and all that descend from it.
pub fn left_of(start: &Start) -> Vec<i32> {
    let mark = format!("OUIOE_RUN={}", start.at.run);
    let pids = std::fs::read_dir("/proc").expect("proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let env = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        env.split(|byte| *byte == 0).any(|line| line == mark.as_bytes())
    })
    .collect()
}
