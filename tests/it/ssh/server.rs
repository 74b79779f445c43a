//! An `sshd` with a key, a port and a home of its own, and steps that go to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::OutputFormat;
use ouioe::model::digest::Digest;
use ouioe::model::effect::Start;
use ouioe::policy::digest::action_digest;
use ouioe::service::programs;
use rustix::process::{Pid, Signal, kill_process};
use sha2::Digest as _;

pub struct Server {
    pub dir: tempfile::TempDir,
    pub port: u16,
    daemon: Option<Child>,
}

impl Server {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["host", "client", "stranger"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.path().join(name)).status();
            assert!(made.expect("ssh-keygen runs").success());
        }
        // sshd tells what it dislikes by refusing the key; the folder above is world writable.
        fs::copy(dir.path().join("client.pub"), dir.path().join("authorized")).expect("a copy");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
        let mut server = Self { dir, port, daemon: None };
        fs::create_dir(server.state()).expect("a folder");
        fs::write(server.path("sshd.conf"), server.daemon_config()).expect("a file");
        server.write_client("ssh.conf", "client");
        server.write_known(&fs::read_to_string(server.path("host.pub")).expect("a key"));
        server.start();
        server
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where the host keeps its records.
    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub fn record(&self, step: &Start) -> PathBuf {
        self.state().join("ouioe/remote").join(step.effect_key.to_string()).join(step.at.attempt.0.to_string())
    }

    fn daemon_config(&self) -> String {
        let dir = self.dir.path().display();
        format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {dir}/host\nAuthorizedKeysFile {dir}/authorized\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxSessions 100\n\
             MaxStartups 100\nPrintMotd no\nSetEnv XDG_STATE_HOME={dir}/state\n",
            self.port
        )
    }

    pub fn write_client(&self, name: &str, key: &str) {
        let dir = self.dir.path().display();
        let text = format!(
            "Host *\n  IdentityFile {dir}/{key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {dir}/known\n  GlobalKnownHostsFile none\n\
             Host box-1\n  HostName 127.0.0.1\n  Port {}\n",
            self.port
        );
        fs::write(self.path(name), text).expect("a file");
    }

    pub fn write_known(&self, key: &str) {
        fs::write(self.path("known"), format!("[127.0.0.1]:{} {key}", self.port)).expect("a file");
    }

    pub fn start(&mut self) {
        // Refuses to start without its folder, which only a system service makes.
        if rustix::process::geteuid().is_root() {
            fs::create_dir_all("/run/sshd").expect("a folder");
            fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        let config = self.path("sshd.conf");
        let spawn = || Command::new("/usr/sbin/sshd").args(["-D", "-e", "-f"]).arg(&config).stderr(Stdio::null()).spawn();
        let mut daemon = spawn().expect("sshd is installed");
        let began = Instant::now();
        while !self.answers() {
            assert!(began.elapsed() < Duration::from_secs(20), "sshd does not listen");
            // Somebody had the port for a moment.
            if daemon.try_wait().expect("its state").is_some() {
                daemon = spawn().expect("sshd is installed");
            }
            std::thread::yield_now();
        }
        self.daemon = Some(daemon);
    }

    /// It says what it is.
    fn answers(&self) -> bool {
        let Some(mut stream) = crate::rig::reach(self.port) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a deadline");
        let mut first = [0; 4];
        stream.read_exact(&mut first).is_ok() && first == *b"SSH-"
    }

    /// The daemon and all its sessions; what they had started goes on.
    pub fn kill(&mut self) {
        let sessions = self.sessions();
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
            kill_all(&sessions);
        }
    }

    /// Processes of sshd that serve one connection each.
    pub fn sessions(&self) -> Vec<i32> {
        let Some(daemon) = &self.daemon else { return Vec::new() };
        let mut family = vec![i32::try_from(daemon.id()).expect("a number")];
        let mut at = 0;
        while at < family.len() {
            let children = all_processes().into_iter().filter(|(_, parent, name)| *parent == family[at] && name == "sshd");
            family.extend(children.map(|(pid, ..)| pid).collect::<Vec<_>>());
            at += 1;
        }
        family.split_off(1)
    }

    pub fn action(&self, argv: &[&str]) -> Action {
        Action::Ssh {
            ssh: programs::resolve("ssh").expect("ssh is installed"),
            host: "box-1".to_owned(),
            destination: "127.0.0.1".to_owned(),
            port: Some(self.port),
            options: self.options("ssh.conf"),
            argv: argv.iter().map(|arg| Operand((*arg).to_owned())).collect(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            output: OutputFormat::Text,
            list: None,
        }
    }

    pub fn options(&self, config: &str) -> Vec<String> {
        ["-F", &self.path(config).display().to_string(), "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"].map(str::to_owned).to_vec()
    }

    pub fn step(&self, argv: &[&str]) -> Start {
        start(self.action(argv))
    }

    pub fn sh(&self, script: &str) -> Start {
        self.step(&["/bin/sh", "-c", script])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// With an effect key of its own, as every effect has.
pub fn start(action: Action) -> Start {
    let mut start = crate::rig::start(action);
    start.effect_key = Digest(sha2::Sha256::digest(start.at.run.as_str()).into());
    start
}

/// After a change of its action.
pub fn changed(mut step: Start, change: impl FnOnce(&mut Action)) -> Start {
    change(&mut step.action);
    step.digest = action_digest(&step.action);
    step
}

pub fn kill_all(pids: &[i32]) {
    pids.iter().for_each(|pid| signal(*pid, Signal::KILL));
}

pub fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn all_processes() -> Vec<(i32, i32, String)> {
    let pids = fs::read_dir("/proc").expect("proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let parent = tail.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some((pid, parent, head.split_once('(')?.1.to_owned()))
    })
    .collect()
}

/// What a signal would come too late for: waits for a state that somebody else brings about.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn exists(path: &Path) -> Option<()> {
    path.exists().then_some(())
}
