//! `ouioe __runner ATTEMPT_DIR`: from the request to the exit record. `--ask` before it: what became of one on another machine.
//!
//! In this order: isolate, listen for signals, claim, check the program, resolve secrets, run, record. Only the claim lets
//! it go on; without one nothing runs. The exit status tells the engine nothing that the folder does not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::claim::{Claim, Claimant, Taken};
use super::record::{Ended, ExitRecord};
use super::request::RunnerRequest;
use super::signals::Signals;
use super::stream::Streams;
use super::supervise::Supervisor;
use super::{environment, prepare, proc, program, secrets, signals, ssh, tree};
use crate::model::action::{Action, Operand, Program};
use crate::model::effect::Start;
use crate::model::failure::FailureClass;
use crate::service::owned;
use crate::spool::SpoolWriter;

/// Status of a runner that wrote its record, found another's claim, could not begin, could not record.
pub const RECORDED: i32 = 0;
pub const NOT_OURS: i32 = 3;
pub const UNUSABLE: i32 = 4;
pub const NOT_RECORDED: i32 = 5;

/// The program's first argument.
pub const ARGUMENT: &str = "__runner";
/// Argument before the folder: carry out an owned builtin instead, as the runner's child.
pub const BUILTIN: &str = "--builtin";
/// Argument before the folder: its runner is gone, so ask the host that was to carry it out.
pub const ASK: &str = "--ask";

pub fn main() -> i32 {
    let mut args = std::env::args_os().skip(2);
    match (args.next(), args.next()) {
        (Some(flag), Some(dir)) if flag == BUILTIN => owned::main(Path::new(&dir)),
        (Some(flag), Some(dir)) if flag == ASK => run(Path::new(&dir), ask),
        (Some(dir), None) => run(Path::new(&dir), |dir| Ready::new().map_or(UNUSABLE, |ready| ready.begin(dir))),
        _ => UNUSABLE,
    }
}

fn run(dir: &Path, work: fn(&Path) -> i32) -> i32 {
    let Ok(dir) = std::path::absolute(dir) else {
        return UNUSABLE;
    };
    prepare::close_inherited();
    if signals::be_deaf().is_err() {
        return UNUSABLE;
    }
    work(&dir)
}

/// A runner that lacks nothing but its request.
pub struct Ready {
    signals: Signals,
    claim: Claim,
}

impl Ready {
    /// In a process that inherited no open file and is deaf to what no step is meant by.
    pub fn new() -> io::Result<Self> {
        prepare::isolate();
        Ok(Self { signals: Signals::listen()?, claim: Claim::of_this_process(Claimant::Runner)? })
    }

    /// `dir` is absolute.
    pub fn begin(self, dir: &Path) -> i32 {
        let Ok(request) = RunnerRequest::read(dir) else {
            return UNUSABLE;
        };
        match self.take(dir, &request) {
            Ok(Taken::Won) => {}
            Ok(Taken::Held(_)) => return NOT_OURS,
            Err(_) => return UNUSABLE,
        }
        let ended = attempt(dir, &request, &self.signals).unwrap_or_else(|Refused { class, detail }| Ended::NotStarted { class, detail });
        let start = &request.start;
        let record = ExitRecord { at: start.at.clone(), effect_key: start.effect_key, boot_id: request.boot_id.clone(), ended };
        if record.write(dir).is_ok() { RECORDED } else { NOT_RECORDED }
    }

    /// A request of another boot is stale: its attempt is settled already.
    fn take(&self, dir: &Path, request: &RunnerRequest) -> io::Result<Taken> {
        if self.claim.boot_id != request.boot_id {
            return Err(io::Error::other("the request is of another boot"));
        }
        self.claim.take(dir)
    }
}

/// Two engines may both have started one: the second finds what the first one learned.
fn ask(dir: &Path) -> i32 {
    prepare::isolate();
    let (Ok(request), Ok(signals), Ok(_alone)) = (RunnerRequest::read(dir), Signals::listen(), alone(dir)) else {
        return UNUSABLE;
    };
    let RunnerRequest { start, boot_id, .. } = &request;
    let known = ExitRecord::read(dir, &start.at, &start.effect_key).ok().flatten().map(|record| record.ended);
    if known.as_ref().is_some_and(Ended::is_sure) {
        return RECORDED;
    }
    let written = match ssh::settle(dir, &request, known, &signals) {
        Some(ended) => ExitRecord { at: start.at.clone(), effect_key: start.effect_key, boot_id: boot_id.clone(), ended }.write(dir),
        // The host will never begin it: the claim of the runner that is gone becomes that of nobody.
        None => Claim::of_this_process(Claimant::Reconcile).and_then(|claim| claim.replace(dir)),
    };
    if written.is_ok() { RECORDED } else { NOT_RECORDED }
}

/// Held until this process ends.
fn alone(dir: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(dir.join("asked"))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
    Ok(file)
}

/// Nothing of the step ran.
pub(super) struct Refused {
    pub class: FailureClass,
    pub detail: String,
}

fn attempt(dir: &Path, request: &RunnerRequest, signals: &Signals) -> Result<Ended, Refused> {
    let start = &request.start;
    // A stop that came by now is obeyed while it is still certain that nothing ran.
    if signals.take_term() || signals.take_now() {
        return Err(refused(FailureClass::Permanent, "stopped before it started".to_owned()));
    }
    if let Action::Ssh { .. } = &start.action {
        return ssh::attempt(dir, request, signals, SpoolWriter::new(dir, start.output_cap));
    }
    let (child, mut secrets) = match &start.action {
        Action::Builtin { owned: true, .. } => spawn_builtin(dir, start)?,
        Action::Command { .. } => spawn_command(dir, request)?,
        Action::Builtin { owned: false, name, .. } => {
            return Err(refused(FailureClass::Config, format!("builtin {name} does not run in a process of its own")));
        }
        Action::Ssh { .. } => return Err(refused(FailureClass::Config, "not a step of this machine".to_owned())),
        Action::Unbound { hint } => return Err(refused(FailureClass::Config, hint.clone())),
    };
    secrets.extend(secrets::hidden(request));
    let mut streams = Streams::new(SpoolWriter::new(dir, start.output_cap), secrets, start.result_cap);
    let exit = Supervisor::new(child, start, dir, signals, &mut streams).and_then(Supervisor::run);
    let Ok(exit) = exit else {
        // The system refuses a poll or a timer: the step cannot be watched, so it is ended and no record claims to know.
        tree::kill();
        std::process::exit(NOT_RECORDED)
    };
    Ok(streams.finish(exit))
}

pub(super) fn refused(class: FailureClass, detail: String) -> Refused {
    Refused { class, detail }
}

fn spawn_builtin(dir: &Path, start: &Start) -> Result<(Child, Vec<Vec<u8>>), Refused> {
    let resolved = resolved(&owned::secrets_of(&start.action))?;
    let hidden = |(name, value): &(String, Vec<u8>)| [vec![value.clone()], owned::telling_parts(name, value)].concat();
    let values = resolved.iter().flat_map(hidden).collect();
    let program = proc::own_program().map_err(|error| refused(FailureClass::Resource, format!("find this program: {error}")))?;
    let mut command = Command::new(program);
    command.arg(ARGUMENT).arg(BUILTIN).arg(dir);
    Ok((spawn(command, environment_of(start, &BTreeMap::new(), resolved), "/")?, values))
}

pub(super) fn resolved(handles: &BTreeMap<String, String>) -> Result<Vec<(String, Vec<u8>)>, Refused> {
    if !handles.is_empty() {
        prepare::hide_memory();
    }
    let resolve = |(name, handle): (&String, &String)| Ok((name.clone(), secrets::resolve(handle)?));
    handles.iter().map(resolve).collect::<Result<_, String>>().map_err(|why| refused(FailureClass::Auth, why))
}

fn spawn_command(dir: &Path, request: &RunnerRequest) -> Result<(Child, Vec<Vec<u8>>), Refused> {
    let start = &request.start;
    let Action::Command { program, args, env, secrets: handles, cwd, script, output: _ } = &start.action else {
        return Err(refused(FailureClass::Config, "not a command".to_owned()));
    };
    let checked = program::check(program, request.program_seen.as_ref()).map_err(|why| refused(FailureClass::Config, why))?;
    check_script(script.as_ref())?;
    let resolved = resolved(handles)?;
    let values = resolved.iter().map(|(_, value)| value.clone()).collect();
    let mut command = Command::new(checked.executable(&links_of(dir)));
    command.arg0(&program.path).args(args.iter().map(|arg| &arg.0));
    let child = spawn(command, environment_of(start, env, resolved), cwd.as_deref().unwrap_or("/"))?;
    Ok((child, values))
}

/// Beside the runs: `ROOT/RUN/STEP/ATTEMPT` has its links in `ROOT/.exe`.
pub(super) fn links_of(dir: &Path) -> PathBuf {
    dir.ancestors().nth(3).unwrap_or(dir).join(".exe")
}

fn check_script(script: Option<&Program>) -> Result<(), Refused> {
    match script.map(|script| program::check(script, None)) {
        Some(Err(why)) => Err(refused(FailureClass::Config, why)),
        Some(Ok(_)) | None => Ok(()),
    }
}

fn environment_of(start: &Start, own: &BTreeMap<String, Operand>, secrets: Vec<(String, Vec<u8>)>) -> BTreeMap<OsString, OsString> {
    let mut env = environment::allowed(std::env::vars_os());
    env.extend(own.iter().map(|(name, value)| (name.into(), OsString::from(&value.0))));
    env.extend(secrets.into_iter().map(|(name, value)| (name.into(), OsString::from_vec(value))));
    // Last, over everything: no value of a plan may pass for the attempt's own names.
    env.extend(environment::effect_names(start).map(|(name, value)| (name.into(), value.into())));
    env
}

/// In a process group of its own: a step that signals its group does not hit the runner.
fn spawn(mut command: Command, env: BTreeMap<OsString, OsString>, cwd: &str) -> Result<Child, Refused> {
    command.env_clear().envs(env).current_dir(cwd).stdin(Stdio::null());
    spawn_grouped(command)
}

pub(super) fn spawn_grouped(mut command: Command) -> Result<Child, Refused> {
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    prepare::with_step_umask(|| command.spawn()).map_err(|error| {
        let class = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory => FailureClass::Config,
            _ => FailureClass::Resource,
        };
        refused(class, format!("start {}: {error}", command.get_program().display()))
    })
}
