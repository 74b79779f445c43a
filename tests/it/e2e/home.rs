//! A user's home: state, settings and manifests in a temporary folder, and the program started in it.
//!
//! Every process carries a mark in its environment that also reaches the steps (`LC_*` passes), so that none is left behind.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Far beyond anything that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);
const MARK: &str = "LC_OUIOE_E2E";

pub struct Home {
    dir: tempfile::TempDir,
    mark: String,
}

/// What a command said at its end.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        // 1000 and the signal: no exit code of ours.
        let code = output.status.code().unwrap_or_else(|| 1_000 + output.status.signal().unwrap_or(0));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("we print UTF-8");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Each line of stdout is JSON.
    #[track_caller]
    pub fn values(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

impl Home {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("config/ouioe/services")).expect("a folder");
        Self { dir, mark }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("in the home")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// What a step reads from until somebody writes to it: no guess how long a thing takes.
    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
        path
    }

    /// One of the user's own service manifests.
    pub fn manifest(&self, text: &str) -> PathBuf {
        self.write("config/ouioe/services/own.toml", text)
    }

    /// A plan file of these steps.
    pub fn plan(&self, steps: &[Value]) -> String {
        self.write("plan.json", json!({ "title": "test", "steps": steps }).to_string()).display().to_string()
    }

    pub fn env(&self) -> Vec<(String, String)> {
        let dir = self.dir.path().display();
        let own = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned()),
            ("HOME", dir.to_string()),
            ("LANG", "C.UTF-8".to_owned()),
            ("XDG_CONFIG_HOME", format!("{dir}/config")),
            ("OUIOE_STATE_DIR", format!("{dir}/state")),
            (MARK, self.mark.clone()),
        ];
        own.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Nothing of this machine's user reaches it.
    /// A copy of its own where the home has one: nobody else's processes are that program.
    pub fn program(&self) -> PathBuf {
        let own = self.path("bin/ouioe");
        if own.exists() { own } else { program() }
    }

    pub fn own_program(&self) {
        let copied = Command::new("cp").arg(program()).arg(self.write("bin/none", "").with_file_name("ouioe")).status();
        assert!(copied.expect("cp runs").success());
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.program());
        command.args(args).env_clear().envs(self.env()).stdin(Stdio::null()).current_dir(self.dir.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().expect("the program starts"))
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// One run as `show --json` has it.
    pub fn show(&self, run: &str) -> Value {
        self.run(&["show", run, "--json"]).exits(0).values().remove(0)
    }

    pub fn events(&self) -> Vec<Value> {
        self.run(&["events", "--json"]).exits(0).values()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.events().iter().map(|event| event["kind"].as_str().expect("a kind").to_owned()).collect()
    }

    /// Processes of ours that live, zombies not counted.
    pub fn processes(&self) -> Vec<i32> {
        let mark = format!("{MARK}={}", self.mark);
        pids()
            .filter(|pid| {
                fs::read(format!("/proc/{pid}/environ")).is_ok_and(|env| env.split(|byte| *byte == 0).any(|line| line == mark.as_bytes()))
            })
            .collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = self.processes();
            if left.is_empty() || Instant::now() > deadline {
                return;
            }
            for pid in left {
                kill(pid, Signal::KILL);
            }
            std::thread::yield_now();
        }
    }
}

pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_ouioe"))
}

/// A step of free shell text.
pub fn sh(id: &str, needs: &[&str], command: &str) -> Value {
    json!({ "id": id, "operation": "host.run_command", "params": { "host": "localhost", "command": command }, "needs": needs })
}

pub fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    let steps = run["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id} in {run:#}"))
}

pub fn kill(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Looks until it holds, or fails with its name.
#[track_caller]
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

pub fn pids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").expect("proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A field of `/proc/PID/status`, or of a file like it.
pub fn field(path: impl AsRef<Path>, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}
