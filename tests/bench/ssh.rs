//! What a step on another machine costs: `true` over a warm shared connection, against bare `ssh host true` over the same one.
//!
//! `cargo bench --bench ssh`. Starts an `sshd` of its own on this machine.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::OutputFormat;
use ouioe::model::digest::Digest;
use ouioe::model::effect::{AttemptRef, Role, Start};
use ouioe::model::ids::{AttemptNo, Epoch, RunId, StepId, StepIx};
use ouioe::model::plan::StepKind;
use ouioe::model::time::Millis;
use ouioe::policy::digest::action_digest;
use ouioe::service::{ServiceOptions, Services, control, programs};
use ouioe::spool::Spools;
use sha2::Digest as _;

const ROUNDS: u32 = 100;

fn daemon(dir: &Path) -> (Child, u16) {
    for name in ["host", "client"] {
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.join(name)).status();
        assert!(made.expect("ssh-keygen runs").success());
    }
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
    let at = dir.display();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/client.pub\nPidFile none\nStrictModes no\n\
         UsePAM no\nPermitRootLogin yes\nMaxSessions 100\nSetEnv XDG_STATE_HOME={at}/state\n"
    );
    fs::write(dir.join("sshd.conf"), config).expect("a file");
    fs::write(dir.join("ssh.conf"), format!("IdentityFile {at}/client\nUserKnownHostsFile {at}/known\n")).expect("a file");
    let key = fs::read_to_string(dir.join("host.pub")).expect("a key");
    fs::write(dir.join("known"), format!("[127.0.0.1]:{port} {key}")).expect("a file");
    let _ = fs::create_dir_all("/run/sshd");
    let daemon = Command::new("/usr/sbin/sshd").args(["-D", "-e", "-f"]).arg(dir.join("sshd.conf")).stderr(Stdio::null()).spawn();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
    (daemon.expect("sshd is installed"), port)
}

fn action(dir: &Path, port: u16) -> Action {
    Action::Ssh {
        ssh: programs::resolve("ssh").expect("ssh is installed"),
        host: "bench".to_owned(),
        destination: "127.0.0.1".to_owned(),
        port: Some(port),
        options: ["-F", &dir.join("ssh.conf").display().to_string(), "-T", "-o", "BatchMode=yes"].map(str::to_owned).to_vec(),
        argv: vec![Operand("true".to_owned())],
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        output: OutputFormat::None,
        list: None,
    }
}

fn step(number: u32, action: Action) -> Start {
    Start {
        at: AttemptRef { run: RunId::new("bench"), ix: StepIx(0), step: StepId::new(number.to_string()), attempt: AttemptNo(1) },
        role: Role::Main,
        operation: "bench.step".to_owned(),
        digest: action_digest(&action),
        action,
        effect_key: Digest(sha2::Sha256::digest(number.to_be_bytes()).into()),
        timeout_ms: Millis::seconds(60),
        silence_ms: Millis(0),
        grace_ms: Millis::seconds(1),
        output_cap: 16 << 20,
        result_cap: 64 << 10,
        thresholds: Vec::new(),
        kind: StepKind::Action,
    }
}

fn bare(action: &Action, first: &[&str]) -> Duration {
    let Action::Ssh { ssh, destination, port, options, .. } = action else { unreachable!() };
    let began = Instant::now();
    let mut command = Command::new(&ssh.path);
    command.args(first).args(options).args(["-p", &port.expect("set").to_string(), "--", destination, "true"]);
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("ssh runs");
    assert!(ended.success());
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut daemon, port) = daemon(dir.path());
    let action = action(dir.path(), port);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut options = ServiceOptions::new(Spools::new(dir.path().join("runs")), Epoch(1)).expect("a boot id");
    options.exe = env!("CARGO_BIN_EXE_ouioe").into();
    let (sender, reports) = channel();
    let services = Services::new(options, runtime.handle().clone(), Arc::new(move |report| _ = sender.send(report)));
    let spawned = |number: u32| {
        let began = Instant::now();
        services.start(step(number, action.clone()));
        reports.recv().expect("it is reported");
        began.elapsed()
    };
    let cold = spawned(0);
    let socket = control::path(dir.path(), &action).expect("a short path");
    while !control::is_open(&socket) {
        std::thread::yield_now();
    }
    let shared = socket.display().to_string();
    let (mut plain, mut whole, mut direct) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        plain.push(bare(&action, &["-S", &shared]));
        whole.push(spawned(number));
        if number % 10 == 0 {
            direct.push(bare(&action, &["-S", "none"]));
        }
    }
    let (plain, whole, direct) = (median(plain), median(whole), median(direct));
    let ratio = whole.as_secs_f64() / plain.as_secs_f64();
    println!("median of {ROUNDS}: `ssh host true` {plain:?}, step {whole:?}, ratio {ratio:.2}, both over one shared connection");
    println!("the first step, without it: {cold:?}; bare `ssh host true` with a connection of its own: {direct:?}");
    drop(services);
    let _ = daemon.kill();
    let _ = daemon.wait();
}
