//! One connection to a host for many steps: a master of the system's `ssh`, apart from every step.
//!
//! Made by the engine once a step has reached the host, so that a host that cannot be reached is called no oftener for it. It
//! is nobody's child, holds no pipe of a step, and ends by itself when nobody has used it for a minute. A step finds it by its
//! socket or does without.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::programs;
use super::runner::environment;
use crate::model::action::Action;
use crate::model::digest::Digest;

/// Longest address of a socket, less what `ssh` appends to it while it is made.
const LONGEST: usize = 107 - 17;
/// Seconds without a use.
const PERSIST: u32 = 60;
/// What `ssh` itself needs of our environment, beside what every step gets.
const PASSED: [&str; 1] = ["SSH_AUTH_SOCK"];

/// `None`: no step of another machine, or the state folder's path is too long for a socket.
pub fn path(state_dir: &Path, action: &Action) -> Option<PathBuf> {
    let Action::Ssh { destination, port, options, .. } = action else { return None };
    let way = format!("{destination}\0{port:?}\0{}", options.join("\0"));
    let name = Digest(Sha256::digest(way).into()).to_string();
    let path = state_dir.join("ssh").join(&name[..16]);
    (path.as_os_str().len() <= LONGEST && is_plain(&path)).then_some(path)
}

/// `ssh` expands `%` and divides at blanks.
fn is_plain(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)))
}

/// Somebody answers at it.
pub fn is_open(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

/// With what `ssh` needs and no more.
pub fn environment() -> std::collections::BTreeMap<std::ffi::OsString, std::ffi::OsString> {
    let mut env = environment::allowed(std::env::vars_os());
    env.extend(PASSED.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))));
    env
}

/// Returns when the master is there, or cannot be made: then steps go on without.
pub fn open(state_dir: &Path, action: &Action) {
    let (Some(path), Action::Ssh { ssh, destination, port, options, .. }) = (path(state_dir, action), action) else { return };
    if is_open(&path) || programs::stamp_of(ssh).is_none() {
        return;
    }
    let folder = path.parent().unwrap_or(state_dir);
    if DirBuilder::new().recursive(true).mode(0o700).create(folder).is_err() {
        return;
    }
    // Left by one that was killed.
    let _ = std::fs::remove_file(&path);
    let mut command = Command::new(&ssh.path);
    command.args(["-f", "-N", "-o", "ControlMaster=yes", "-o", &format!("ControlPath={}", path.display())]);
    command.args(["-o", &format!("ControlPersist={PERSIST}")]).args(options);
    command.args(port.iter().flat_map(|port| ["-p".to_owned(), port.to_string()])).arg("--").arg(destination);
    command.env_clear().envs(environment()).current_dir("/");
    let made = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        tracing::debug!("no shared connection to {}", crate::text::safe(destination));
    }
}
