//! A step on another machine: the system's `ssh` carries it there, and the record on that machine says how it ended.
//!
//! What the host is told to run is constant; program, arguments and environment follow as data once the host has said that it
//! listens. Before that nothing of the step can have run. A lost link ends no step, and no exit status is believed that the
//! link itself could have made: then the host is asked.

mod ask;
mod hearing;
mod link;
mod payload;
mod script;
mod settle;
mod talk;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::entry::{Refused, links_of, refused, resolved, spawn_grouped};
use super::program::{self, Checked};
use super::record::{Ended, Stdout};
use super::request::RunnerRequest;
use super::secrets::hidden;
use super::signals::Signals;
use super::stream::Streams;
use super::{environment, tree};
use crate::model::action::Action;
use crate::model::failure::{ExitFacts, FailureClass};
use crate::service::control;
use crate::spool::SpoolWriter;
use ask::Fate;
use hearing::Stage;
pub(super) use settle::settle;
use talk::{Talk, Talked};

/// Of `ssh` where the link failed, of the wrapper where it ran nothing: never taken for the step's.
const NOT_THE_STEPS: i32 = 255;

pub(super) fn attempt(dir: &Path, request: &RunnerRequest, signals: &Signals, spool: SpoolWriter) -> Result<Ended, Refused> {
    let caller = Caller::new(dir, request)?;
    let (payload, mut secrets) = told(request)?;
    secrets.extend(hidden(request));
    let child = caller.call(&script::run(), caller.shared(&request.start.action).as_ref())?;
    let mut streams = Streams::new(spool, secrets, request.start.result_cap);
    let talked = Talk::new(child, payload, &request.start, dir, signals, &mut streams).and_then(Talk::run);
    let Ok(talked) = talked else {
        // The system refuses a poll or a timer: the link is ended, and the host is not asked by a runner that cannot wait.
        tree::kill();
        std::process::exit(super::entry::NOT_RECORDED)
    };
    conclude(&talked, &caller, request, signals, streams)
}

/// Everything that it takes to call one host.
struct Caller<'a> {
    checked: Checked,
    dir: &'a Path,
    path: &'a str,
    host: &'a str,
    args: Vec<String>,
    destination: &'a str,
}

impl<'a> Caller<'a> {
    fn new(dir: &'a Path, request: &'a RunnerRequest) -> Result<Self, Refused> {
        let Action::Ssh { ssh, host, destination, port, options, .. } = &request.start.action else {
            return Err(refused(FailureClass::Config, "not a step of another machine".to_owned()));
        };
        let checked = program::check(ssh, request.program_seen.as_ref()).map_err(|why| refused(FailureClass::Config, why))?;
        let mut args = options.clone();
        if let Some(port) = port {
            args.extend(["-p".to_owned(), port.to_string()]);
        }
        Ok(Self { checked, dir, path: &ssh.path, host, args, destination })
    }

    /// A connection that is open already.
    fn shared(&self, action: &Action) -> Option<[String; 2]> {
        // `STATE/runs/RUN/STEP/ATTEMPT`.
        let path = control::path(self.dir.ancestors().nth(4)?, action).filter(|path| control::is_open(path))?;
        Some(["-S".to_owned(), path.display().to_string()])
    }

    /// `first`: an option that wins over all others, as the first one does.
    fn call(&self, script: &str, first: Option<&[String; 2]>) -> Result<Child, Refused> {
        let mut command = Command::new(self.checked.executable(&links_of(self.dir)));
        std::os::unix::process::CommandExt::arg0(&mut command, self.path);
        command.args(first.into_iter().flatten()).args(&self.args).arg("--").arg(self.destination).arg(script);
        command.env_clear().envs(control::environment()).current_dir("/").stdin(Stdio::piped());
        spawn_grouped(command)
    }
}

/// What the host is told, and the values that must not come back in the output.
fn told(request: &RunnerRequest) -> Result<(Vec<u8>, Vec<Vec<u8>>), Refused> {
    let start = &request.start;
    let Action::Ssh { argv, env, secrets: handles, list, .. } = &start.action else {
        return Err(refused(FailureClass::Config, "not a step of another machine".to_owned()));
    };
    if list.is_some() {
        return Err(refused(FailureClass::Config, "no list of what it touches was approved: the plan needs its preview".to_owned()));
    }
    let resolved = resolved(handles)?;
    let secrets = resolved.iter().map(|(_, value)| value.clone()).collect();
    let mut all: BTreeMap<String, Vec<u8>> = env.iter().map(|(name, value)| (name.clone(), value.0.clone().into_bytes())).collect();
    all.extend(resolved);
    all.extend(environment::effect_names(start).map(|(name, value)| (name.to_owned(), value.into_bytes())));
    let payload = payload::payload(start, &all, argv).map_err(|why| refused(FailureClass::Config, why))?;
    Ok((payload, secrets))
}

fn conclude(talked: &Talked, caller: &Caller<'_>, request: &RunnerRequest, signals: &Signals, streams: Streams) -> Result<Ended, Refused> {
    let Talked { stage, code, said, exit, .. } = talked;
    let host = caller.host;
    match (stage, code) {
        (Stage::Greeting | Stage::Ready, _) => return Err(talked.never_began(host)),
        (Stage::Refused(why), _) => return Err(refused(FailureClass::Resource, format!("{host} could not begin it: {why}"))),
        (Stage::Started, Some(code)) if *code != NOT_THE_STEPS => {
            return Ok(streams.finish(ExitFacts { code: Some(*code), ..exit.clone() }));
        }
        (Stage::Sent | Stage::Held | Stage::Started, _) => {}
    }
    let fate = ask::ask(caller, request, signals);
    // A status that came over a whole link lost nothing of the output.
    let is_whole = *stage == Stage::Started && *code == Some(NOT_THE_STEPS) && fate == Fate::Exit(NOT_THE_STEPS);
    let why = match stage {
        Stage::Held => format!("it was begun on {host} before; what it wrote went elsewhere"),
        Stage::Greeting | Stage::Ready | Stage::Sent | Stage::Refused(_) | Stage::Started => format!("the link to {host} was lost"),
    };
    let lost = |ended: Ended| if is_whole { ended } else { without_end(ended, why) };
    match fate {
        Fate::Exit(status) => return Ok(lost(streams.finish(ExitFacts { code: Some(status), ..exit.clone() }))),
        Fate::Never if *stage != Stage::Started => {
            return Err(refused(FailureClass::DependencyDown, format!("the link to {host} was lost before it began: {said}")));
        }
        Fate::Never | Fate::Running(_) | Fate::Gone | Fate::Starting | Fate::Unreachable => {}
    }
    Ok(match lost(streams.finish(exit.clone())) {
        Ended::Ran { exit, spool, stdout, error_tail, spool_error, unsure: _ } => {
            let unsure = Some(not_known(fate, host, &format!("the link to {host} was lost")));
            Ended::Ran { exit, spool, stdout, error_tail, spool_error, unsure }
        }
        never @ Ended::NotStarted { .. } => never,
    })
}

/// What is known of a step whose host does not say how it ended.
fn not_known(fate: Fate, host: &str, why: &str) -> String {
    match fate {
        Fate::Exit(status) => format!("it ended on {host} with status {status}"),
        Fate::Never => format!("its record on {host} is gone"),
        Fate::Running(pid) => format!("{why}: it may still run on {host} (pid {pid})"),
        Fate::Gone => format!("it ended on {host} without a record of how"),
        Fate::Starting | Fate::Unreachable => format!("{why} and {host} cannot be asked: it may still run on {host}"),
    }
}

/// Part of what the step wrote did not come over the link.
fn without_end(ended: Ended, why: String) -> Ended {
    match ended {
        Ended::Ran { exit, spool, stdout, error_tail, spool_error, unsure } => {
            let stdout = Stdout { cut: true, lost: true, ..stdout };
            Ended::Ran { exit, spool, stdout, error_tail, spool_error: Some(spool_error.unwrap_or(why)), unsure }
        }
        never @ Ended::NotStarted { .. } => never,
    }
}
