//! The program as a user starts it, in a folder of its own, and everything that it leaves running.
//!
//! All processes carry a mark in their environment that also reaches the steps (`LC_*` passes), so that none is left behind.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::checker::{Acked, Ledger, Verdict, judge};

/// Far beyond anything that is waited for.
pub const PATIENCE: Duration = Duration::from_mins(1);
const MARK: &str = "LC_OUIOE_FAULTS";

pub struct Place {
    dir: tempfile::TempDir,
    mark: String,
    state: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let state = dir.path().join("state");
        Self::with_state(dir, state)
    }

    pub fn with_state(dir: tempfile::TempDir, state: PathBuf) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        fs::write(dir.path().join("config.toml"), "").expect("a config file");
        Self { dir, mark, state }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn state(&self) -> &Path {
        &self.state
    }

    pub fn ledger_path(&self) -> PathBuf {
        self.path("ledger")
    }

    pub fn ledger(&self) -> Ledger {
        Ledger::read(&self.ledger_path())
    }

    pub fn configure(&self, text: &str) {
        fs::write(self.path("config.toml"), text).expect("a config file");
    }

    pub fn write_plan(&self, plan: &Value) -> PathBuf {
        let path = self.path("plan.json");
        fs::write(&path, plan.to_string()).expect("a plan file");
        path
    }

    /// Reads what the disk says; the engine should not run.
    pub fn judge(&self, acked: &[Acked]) -> Verdict {
        judge(&self.state, Some(&self.ledger()), acked)
    }

    /// The program with its own folders; nothing of this machine's user reaches it.
    pub fn command(&self, args: &[&str]) -> Command {
        self.wrapped(&[], args)
    }

    /// Behind another program (`strace -f …`).
    pub fn wrapped(&self, before: &[&str], args: &[&str]) -> Command {
        let program = program();
        let mut words = before.iter().map(PathBuf::from).chain([program]);
        let mut command = Command::new(words.next().expect("at least the program"));
        command.args(words).args(args).arg("--state-dir").arg(&self.state);
        if fs::metadata(self.path("config.toml")).is_ok_and(|facts| facts.len() > 0) {
            command.arg("--config").arg(self.path("config.toml"));
        }
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path()).env("LANG", "C.UTF-8").env(MARK, &self.mark);
        command.stdin(Stdio::null());
        command
    }

    pub fn start(&self, args: &[&str]) -> Running {
        Running::of(self.command(args))
    }

    /// To its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.start(args).end()
    }

    /// Processes of ours, with their command lines.
    pub fn processes(&self) -> Vec<Process> {
        let mark = format!("{MARK}={}", self.mark);
        processes().into_iter().filter(|one| one.env.contains(&mark)).collect()
    }

    /// Step runners, made by a host or started directly.
    pub fn runners(&self) -> Vec<i32> {
        self.named(|one| one.name == "ouioe-runner" || one.words.iter().any(|word| word == "__runner"))
    }

    /// The processes that make step runners.
    pub fn hosts(&self) -> Vec<i32> {
        self.named(|one| one.name == "ouioe-host")
    }

    fn named(&self, is_it: impl Fn(&Process) -> bool) -> Vec<i32> {
        self.processes().into_iter().filter(is_it).map(|one| one.pid).collect()
    }

    /// Processes of a step, its runner not counted.
    pub fn of_step(&self, step: &str) -> Vec<i32> {
        let line = format!("OUIOE_STEP={step}");
        self.processes().into_iter().filter(|one| one.env.contains(&line)).map(|one| one.pid).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = self.processes();
            if left.is_empty() || Instant::now() > deadline {
                return;
            }
            for one in left {
                kill(one.pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// `OUIOE_BIN`, else a release build that is not older than the debug one, else the debug one.
pub fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("OUIOE_BIN") {
        return named.into();
    }
    let debug = PathBuf::from(env!("CARGO_BIN_EXE_ouioe"));
    let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/ouioe");
    let made = |path: &Path| fs::metadata(path).and_then(|facts| facts.modified()).ok();
    if made(&release).is_some_and(|release| made(&debug).is_some_and(|debug| release >= debug)) { release } else { debug }
}

pub struct Process {
    pub pid: i32,
    pub name: String,
    pub words: Vec<String>,
    pub env: Vec<String>,
}

fn processes() -> Vec<Process> {
    let pids = fs::read_dir("/proc").expect("proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let strings = |pid: i32, name: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        bytes.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect::<Vec<_>>()
    };
    let name = |pid: i32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned();
    pids.map(|pid| Process { pid, name: name(pid), words: strings(pid, "cmdline"), env: strings(pid, "environ") }).collect()
}

pub fn kill(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Looks until it holds, or fails with its name.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[derive(Default)]
struct Heard {
    lines: Vec<String>,
    closed: bool,
}

/// A started program; its standard output is read as it comes.
pub struct Running {
    child: Child,
    heard: Arc<(Mutex<Heard>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    errors: Option<JoinHandle<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

pub struct Ended {
    pub status: ExitStatus,
    pub lines: Vec<String>,
    pub errors: String,
}

impl Ended {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// The event lines: each says that this event is durable.
    pub fn acked(&self) -> Vec<Acked> {
        let values = self.lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        values.filter(|value| value["seq"].is_u64() && value["kind"].is_string()).map(Acked).collect()
    }

    pub fn text(&self) -> String {
        format!("{:?}\n{}\n{}", self.status, self.lines.join("\n"), self.errors)
    }
}

impl Running {
    pub fn of(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let told = Arc::clone(&heard);
        let reader = std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            // A line without its end was not printed in full.
            while stdout.read_until(b'\n', &mut line).is_ok_and(|_| line.ends_with(b"\n")) {
                told.0.lock().unwrap().lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                told.1.notify_all();
                line.clear();
            }
            told.0.lock().unwrap().closed = true;
            told.1.notify_all();
        });
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = std::io::Read::read_to_end(&mut { stderr }, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, heard, reader: Some(reader), errors: Some(errors) }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process number")
    }

    /// `false`: it closed its output first.
    pub fn wait_for_lines(&self, count: usize) -> bool {
        self.wait_until(|lines| lines.len() >= count)
    }

    pub fn wait_for(&self, needles: &[&str]) -> bool {
        self.wait_until(|lines| lines.iter().any(|line| needles.iter().all(|needle| line.contains(needle))))
    }

    pub fn wait_until(&self, enough: impl Fn(&[String]) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = self.heard.0.lock().unwrap();
        loop {
            if enough(&heard.lines) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if heard.closed {
                return false;
            }
            assert!(!left.is_zero(), "nothing said in {PATIENCE:?} after {:?}", heard.lines.last());
            heard = self.heard.1.wait_timeout(heard, left).unwrap().0;
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Killed without warning.
    pub fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        self.end()
    }

    pub fn end(mut self) -> Ended {
        let status = until("the program's end", || self.child.try_wait().expect("its state"));
        self.reader.take().expect("joined once").join().expect("the reader");
        let errors = self.errors.take().expect("joined once").join().expect("the reader");
        let lines = std::mem::take(&mut self.heard.0.lock().unwrap().lines);
        Ended { status, lines, errors }
    }
}
