//! Builtins that change the world, in a process of their own: a child of the step runner, under its limits like any program.
//!
//! The result goes to standard output as JSON, what was done to standard error, a refusal is exit status 1.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;

use serde_json::Value;

use super::bind::is_local;
use super::builtin::Params;
use super::files;
use super::runner::request::RunnerRequest;
use crate::model::action::Action;

pub type Owned = fn(&Params, &[String], &mut dyn Write) -> Result<Value, String>;

static OWNED: &[(&str, Owned)] = &[("clean_files", files::clean::clean)];

pub fn names() -> impl Iterator<Item = &'static str> {
    OWNED.iter().map(|(name, _)| *name)
}

pub fn find(name: &str) -> Option<Owned> {
    OWNED.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}

/// Both streams are the runner's pipes, not a person's terminal.
pub fn main(dir: &Path) -> i32 {
    let (Ok(mut out), Ok(mut log)) = (stream(rustix::stdio::stdout()), stream(rustix::stdio::stderr())) else {
        return 1;
    };
    let written = match carry_out(dir, &mut log) {
        Ok(result) => writeln!(out, "{result}").map(|()| 0),
        Err(why) => writeln!(log, "{why}").map(|()| 1),
    };
    written.unwrap_or(1)
}

fn stream(fd: BorrowedFd<'_>) -> io::Result<File> {
    fd.try_clone_to_owned().map(File::from)
}

fn carry_out(dir: &Path, log: &mut dyn Write) -> Result<Value, String> {
    let request = RunnerRequest::read(dir).map_err(|error| format!("read the request: {error}"))?;
    let Action::Builtin { name, params, owned: true } = &request.start.action else {
        return Err("the request is not for an owned builtin".to_owned());
    };
    let run = find(name).ok_or_else(|| format!("there is no owned builtin {name}"))?;
    match params.get("host").and_then(Value::as_str) {
        Some(host) if !is_local(host) => Err(format!("{host} is not this machine")),
        Some(_) | None => run(params, &request.protected_paths, log),
    }
}
