//! Builtins that change the world, in a process of their own: a child of the step runner, under its limits like any program.
//!
//! The result goes to standard output as JSON, what was done to standard error; a failure is told as JSON with exit status 1.

mod archive;
mod asset;
mod balancer;
mod bell;
pub mod call;
mod files;
mod firewall;
mod http;
mod job;
mod logs;
pub mod patch;
mod process;
mod program;
mod schedule;
mod service;
mod zone;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;

use serde_json::Value;
use url::Url;

use super::bind::is_here;
use super::runner::request::RunnerRequest;
use crate::model::action::Action;
use call::{Call, Done, Told, not_done};

/// What the names of secrets begin with in the environment.
pub const SECRET: &str = "OUIOE_SECRET_";

/// Shorter parts of an address are ordinary words.
const TELLING: usize = 8;

pub type Owned = fn(&mut Call<'_>) -> Done;

static OWNED: &[(&str, Owned)] = &[
    ("clean_files", files::clean),
    ("start_service", service::start),
    ("stop_service", service::stop),
    ("restart_service", service::restart),
    ("rotate_logs", logs::rotate),
    ("kill_process", process::kill),
    ("patch", patch::patch),
    ("bell", bell::ring),
    ("http_send", http::send),
    ("cancel_job", job::cancel),
    ("asset_tag", asset::tag),
    ("asset_set_maintenance", asset::set_maintenance),
    ("asset_clear_maintenance", asset::clear_maintenance),
    ("asset_decommission", asset::decommission),
    ("schedule", schedule::schedule),
    ("snapshot", archive::snapshot),
    ("restore", archive::restore),
    ("block_ip", firewall::block),
    ("unblock_ip", firewall::unblock),
    ("lb_drain", balancer::drain),
    ("lb_enable", balancer::enable),
    ("dns_update", zone::update),
];

/// Their `host` is what they speak of, not where they run.
const ABOUT_OTHERS: [&str; 2] = ["lb_drain", "lb_enable"];

pub fn is_about_others(name: &str) -> bool {
    ABOUT_OTHERS.contains(&name)
}

pub fn names() -> impl Iterator<Item = &'static str> {
    OWNED.iter().map(|(name, _)| *name)
}

pub fn find(name: &str) -> Option<Owned> {
    OWNED.iter().find(|(known, _)| *known == name).map(|(_, run)| *run)
}

/// Its effect is elsewhere: cut short, nobody knows whether it happened.
pub fn acts_elsewhere(action: &Action) -> bool {
    matches!(action, Action::Builtin { name, owned: true, .. } if ["http_send", "dns_update"].contains(&name.as_str()))
}

/// Name -> handle of the secrets that it is given in its environment, under `SECRET` and the name.
pub fn secrets_of(action: &Action) -> std::collections::BTreeMap<String, String> {
    let Action::Builtin { params, owned: true, .. } = action else { return std::collections::BTreeMap::new() };
    let handles = params.get("secrets").and_then(Value::as_object).into_iter().flatten();
    handles.filter_map(|(name, handle)| Some((format!("{SECRET}{name}"), handle.as_str()?.to_owned()))).collect()
}

/// Beside the secret itself what tells it: of an address the parts that a server or an error may repeat alone.
pub fn telling_parts(name: &str, value: &[u8]) -> Vec<Vec<u8>> {
    let address = (name == format!("{SECRET}url")).then(|| Url::parse(std::str::from_utf8(value).ok()?).ok()).flatten();
    let Some(address) = address else { return Vec::new() };
    let path = address.path_segments().into_iter().flatten().map(str::to_owned);
    let query = address.query_pairs().map(|(_, value)| value.into_owned());
    let parts = path.chain(query).filter(|part| part.len() >= TELLING);
    parts.chain(address.password().map(str::to_owned)).map(String::into_bytes).collect()
}

/// What it leaves running is what it was asked for.
pub fn leaves_running(action: &Action) -> bool {
    matches!(action, Action::Builtin { name, owned: true, .. } if ["start_service", "restart_service"].contains(&name.as_str()))
}

/// Both streams are the runner's pipes, not a person's terminal.
pub fn main(dir: &Path) -> i32 {
    let (Ok(mut out), Ok(log)) = (stream(rustix::stdio::stdout()), stream(rustix::stdio::stderr())) else {
        return 1;
    };
    // A line is one write: the runner reads both streams and must not find one within the other.
    let mut log = io::LineWriter::new(log);
    let written = match carry_out(dir, &mut log) {
        Ok(result) => writeln!(out, "{result}").map(|()| 0),
        Err(failure) => {
            let said = writeln!(log, "{}", failure.detail);
            let told = serde_json::to_string(&Told { failure }).map_err(io::Error::other);
            told.and_then(|line| writeln!(out, "{line}")).and(said).map(|()| 1)
        }
    };
    written.unwrap_or(1)
}

fn stream(fd: BorrowedFd<'_>) -> io::Result<File> {
    fd.try_clone_to_owned().map(File::from)
}

fn carry_out(dir: &Path, log: &mut dyn Write) -> Done {
    let request = RunnerRequest::read(dir).map_err(|error| not_done(format!("read the request: {error}")))?;
    let Action::Builtin { name, params, owned: true } = &request.start.action else {
        return Err(not_done("the request is not for an owned builtin"));
    };
    let run = find(name).ok_or_else(|| not_done(format!("there is no owned builtin {name}")))?;
    // `STATE/runs/RUN/STEP/ATTEMPT`.
    let state_dir = dir.ancestors().nth(4).ok_or_else(|| not_done("the attempt lies in no state folder"))?;
    let mut call = Call { params, protected: &request.protected_paths, state_dir, dir, start: &request.start, log };
    if !is_about_others(name) {
        is_here(params).map_err(not_done)?;
    }
    run(&mut call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_secret_address_are_secret_too() {
        let parts = |address: &str| {
            let parts = telling_parts("OUIOE_SECRET_url", address.as_bytes()).into_iter();
            parts.map(|part| String::from_utf8(part).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(parts("https://hooks.example.net/services/T0/B0/abcdefghijkl"), ["services", "abcdefghijkl"]);
        assert_eq!(parts("https://me:pass@a.example/x?token=0123456789&v=1"), ["0123456789", "pass"]);
        assert_eq!(parts("no address"), [""; 0]);
        assert_eq!(telling_parts("OUIOE_SECRET_bearer", b"https://a.example/abcdefghijkl"), Vec::<Vec<u8>>::new());
    }
}
