//! A program of the system, run by an owned builtin: its output goes to the spool, its end decides.
//!
//! Output passes a file, not a pipe: a daemon that it leaves behind keeps no pipe of ours open.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Stdio};

use super::call::{Call, not_done};
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::broke;
use crate::service::programs;
use crate::service::runner::environment;

/// Bytes of the output that are read back.
const READ: u64 = 256 << 10;

pub struct Said {
    pub code: Option<i32>,
    pub output: String,
}

impl Said {
    pub fn is_good(&self) -> bool {
        self.code == Some(0)
    }

    /// The last line with anything on it: most programs name their trouble there.
    pub fn last_line(&self) -> &str {
        self.output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing")
    }
}

/// Waits for it. `what` is missing where the machine has no such program.
pub fn run(call: &mut Call<'_>, program: &str, args: &[&str], env: &BTreeMap<&str, &str>) -> Result<Said, Failure> {
    let found = programs::resolve(program).map_err(|error| not_done(format!("this machine lacks {program}: {error}")))?;
    let io = |error: io::Error| broke(FailureClass::Resource, format!("run {program}: {error}"));
    let mut output = unnamed(call).map_err(io)?;
    let mut command = Command::new(&found.path);
    command.args(args).env_clear().envs(environment::allowed(std::env::vars_os())).env("LC_ALL", "C").envs(env).current_dir("/");
    command.stdin(Stdio::null()).stdout(output.try_clone().map_err(io)?).stderr(output.try_clone().map_err(io)?);
    call.say(&format!("$ {program} {}", args.join(" ")));
    let status = command.status().map_err(io)?;
    let mut bytes = Vec::new();
    output.rewind().and_then(|()| output.take(READ).read_to_end(&mut bytes)).map_err(io)?;
    let output = String::from_utf8_lossy(&bytes).into_owned();
    output.lines().for_each(|line| call.say(line));
    Ok(Said { code: status.code(), output })
}

/// A file without a name: gone when the last one closes it.
fn unnamed(call: &Call<'_>) -> io::Result<File> {
    let path = call.dir.join("said");
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}
