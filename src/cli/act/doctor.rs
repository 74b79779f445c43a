//! Checks that were really made, each with what to do where it failed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use serde_json::json;

use crate::cli::dispatch::Setup;
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::session::{Place, Session};
use crate::engine::handle::Reply;
use crate::engine::proposing::Model;
use crate::journal::{JournalError, RESERVE_BYTES, Reader, holder};
use crate::llm::Look;
use crate::model::catalogue::{Binding, Operation};
use crate::model::command::{Command, Consent, Submit};
use crate::model::intent::Intent;
use crate::model::step_state::WorkflowState;
use crate::service::programs::resolve;
use crate::text;

/// Below this, output of a few busy steps fills the disk.
const SCARCE: u64 = 1 << 30;
/// Slower than this and every step waits visibly for the disk.
const SLOW_SYNC: Duration = Duration::from_millis(50);
const SYNCS: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Ok,
    /// Nothing depends on it.
    Note,
    Warn,
    Fail,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

struct Finding {
    what: &'static str,
    grade: Grade,
    detail: String,
}

fn finding(what: &'static str, grade: Grade, detail: impl Into<String>) -> Finding {
    Finding { what, grade, detail: detail.into() }
}

pub async fn doctor(setup: &Setup) -> Exit {
    let dir = &setup.place.state_dir;
    let mut findings =
        vec![terminal(), locale(), state_folder(dir), free_space(dir), sync_time(dir), journal(dir), engine(&setup.place).await];
    findings.push(files_limit(setup.place.settings.engine.slots));
    findings.push(processes_limit(setup.place.settings.engine.slots));
    findings.push(freezes(dir));
    findings.push(a_step(setup).await);
    findings.push(programs(setup));
    findings.push(ssh());
    findings.push(ssh_agent());
    findings.push(model(setup).await);
    for one in &findings {
        if setup.out.json {
            setup.out.result(&lines::json(&json!({"check": one.what, "grade": one.grade.word(), "detail": one.detail})));
        } else {
            setup.out.result(&format!("{:4}  {:13} {}", one.grade.word(), one.what, text::safe(&one.detail)));
        }
    }
    if findings.iter().any(|one| one.grade == Grade::Fail) { Exit::Failed } else { Exit::Done }
}

fn terminal() -> Finding {
    let term = std::env::var("TERM").unwrap_or_default();
    if !crate::cli::out::Out::is_on_screen() {
        return finding("terminal", Grade::Note, "output is no terminal: `ouioe run` prints lines, the console needs a screen");
    }
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if term.is_empty() || term == "dumb" => {
            let detail = format!("TERM={term:?} at {}x{}: no full screen, `ouioe run` prints lines", size.ws_col, size.ws_row);
            finding("terminal", Grade::Warn, detail)
        }
        Ok(size) if size.ws_col < 40 || size.ws_row < 10 => {
            finding("terminal", Grade::Warn, format!("{}x{} is small; 80x24 shows everything", size.ws_col, size.ws_row))
        }
        Ok(size) => finding("terminal", Grade::Ok, format!("{term}, {}x{}", size.ws_col, size.ws_row)),
        Err(error) => finding("terminal", Grade::Warn, format!("its size cannot be read: {error}")),
    }
}

fn locale() -> Finding {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match set {
        Some(value) if value.to_lowercase().replace('-', "").contains("utf8") => finding("locale", Grade::Ok, value),
        Some(value) => finding("locale", Grade::Note, format!("{value} is not UTF-8: lines are drawn in ASCII")),
        None => finding("locale", Grade::Note, "none is set: lines are drawn in ASCII; LANG=C.UTF-8 changes that"),
    }
}

fn state_folder(dir: &Path) -> Finding {
    match crate::journal::folder::prepare(dir) {
        Ok(path) => finding("state folder", Grade::Ok, path.display().to_string()),
        Err(error) => finding("state folder", Grade::Fail, format!("could not {error}; another place: --state-dir DIR or OUIOE_STATE_DIR")),
    }
}

fn free_space(dir: &Path) -> Finding {
    match rustix::fs::statvfs(dir) {
        Ok(facts) => {
            let free = facts.f_bavail.saturating_mul(facts.f_frsize);
            let detail = format!("{} MiB free", free >> 20);
            match free {
                free if free < RESERVE_BYTES * 4 => finding("disk", Grade::Fail, format!("{detail}: a journal would stop; make room")),
                free if free < SCARCE => finding("disk", Grade::Warn, format!("{detail}: make room")),
                _ => finding("disk", Grade::Ok, detail),
            }
        }
        Err(error) => finding("disk", Grade::Fail, format!("its free space cannot be read: {error}")),
    }
}

/// What one durable event costs here.
fn sync_time(dir: &Path) -> Finding {
    let path = dir.join(format!("doctor-{}.tmp", std::process::id()));
    let measured = (|| {
        let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        let began = Instant::now();
        for _ in 0..SYNCS {
            file.write_all(&[0; 4_096])?;
            file.sync_data()?;
        }
        Ok::<Duration, std::io::Error>(began.elapsed() / SYNCS)
    })();
    let _ = fs::remove_file(&path);
    match measured {
        Ok(each) if each > SLOW_SYNC => {
            finding("sync", Grade::Warn, format!("{} ms each: every step waits for this disk", each.as_millis()))
        }
        Ok(each) => finding("sync", Grade::Ok, format!("{:.1} ms for 4 KiB to be on disk", each.as_secs_f64() * 1e3)),
        Err(error) => finding("sync", Grade::Fail, format!("could not write and sync a file in {}: {error}", dir.display())),
    }
}

fn journal(dir: &Path) -> Finding {
    let read = Reader::open(dir).and_then(|reader| Ok((reader.head()?, reader.state(crate::machine::apply)?)));
    match read {
        Ok(((seq, head), state)) => {
            let open = state.runs.values().filter(|run| !run.state.is_finished()).count();
            let detail = format!(
                "{} events, {} runs, {open} unfinished, head {}; `ouioe audit verify` checks every event",
                seq,
                state.runs.len(),
                head.short()
            );
            finding("journal", Grade::Ok, detail)
        }
        Err(JournalError::Missing { .. }) => finding("journal", Grade::Ok, "none yet; the first run makes it"),
        Err(error) => finding("journal", Grade::Fail, format!("could not {error}; `ouioe audit verify` says more")),
    }
}

async fn engine(place: &Place) -> Finding {
    let held = holder(&place.state_dir).ok().flatten();
    match (Session::join(place).await, held) {
        (Ok(Some(_)), Some(holder)) => finding("engine", Grade::Ok, format!("process {} answers on its socket", holder.pid)),
        (Ok(Some(_)), None) => finding("engine", Grade::Ok, "one answers on its socket"),
        (Ok(None), None) => finding("engine", Grade::Ok, "none runs; `ouioe` and `ouioe run` start one"),
        (Ok(None), Some(holder)) => finding(
            "engine",
            Grade::Fail,
            format!("process {} holds the journal and does not answer; `ouioe resume --force` takes over", holder.pid),
        ),
        (Err(error), _) => finding("engine", Grade::Fail, format!("could not {error}")),
    }
}

/// A step needs a pipe or two, a record, a spool; the engine some dozens.
/// What keeps steps from starting although nothing is broken.
fn freezes(dir: &Path) -> Finding {
    match super::find::state(dir).map(|state| super::list::frozen(&state)) {
        Ok(frozen) if frozen.is_empty() => finding("freezes", Grade::Ok, "no target is frozen"),
        Ok(frozen) => finding("freezes", Grade::Warn, frozen.join("; ")),
        Err(_) => finding("freezes", Grade::Note, "the journal tells, once it is there"),
    }
}

fn files_limit(slots: u32) -> Finding {
    let (needed, limit) = (u64::from(slots) * 8 + 64, getrlimit(Resource::Nofile).current);
    match limit {
        Some(limit) if limit < needed => finding(
            "open files",
            Grade::Warn,
            format!("{limit} allowed, {needed} wanted for {slots} slots: `ulimit -n {needed}`, or lower engine.slots"),
        ),
        Some(limit) => finding("open files", Grade::Ok, format!("{limit} allowed")),
        None => finding("open files", Grade::Ok, "no limit"),
    }
}

fn processes_limit(slots: u32) -> Finding {
    let needed = u64::from(slots) * 4;
    match getrlimit(Resource::Nproc).current {
        Some(limit) if limit < needed => {
            finding("processes", Grade::Warn, format!("{limit} allowed, {needed} wanted for {slots} slots: `ulimit -u`"))
        }
        Some(limit) => finding("processes", Grade::Ok, format!("{limit} allowed")),
        None => finding("processes", Grade::Ok, "no limit"),
    }
}

/// From plan to exit record, with an engine and a journal of its own beside the real ones.
async fn a_step(setup: &Setup) -> Finding {
    let dir = setup.place.state_dir.join(format!("doctor-{}", std::process::id()));
    let place = Place { state_dir: dir.clone(), ..setup.place.clone() };
    let began = Instant::now();
    let ran = run_true(setup, &place).await;
    let took = began.elapsed();
    let _ = fs::remove_dir_all(&dir);
    match ran {
        Ok(()) => finding("a step", Grade::Ok, format!("planned, approved, run and recorded in {} ms", took.as_millis())),
        Err(why) => finding("a step", Grade::Fail, why),
    }
}

async fn run_true(setup: &Setup, place: &Place) -> Result<(), String> {
    let planning = setup.planning().map_err(|_| "the manifests have faults; `ouioe check` names them".to_owned())?;
    let params = BTreeMap::from([("host".to_owned(), "localhost".to_owned()), ("command".to_owned(), "true".to_owned())]);
    let said = |problems: Vec<crate::model::problem::Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let plan = planning.single("host.run_command", &params).map_err(said)?;
    let plan = planning.prepare(plan).await.map_err(said)?;
    let intent = Intent { text: "doctor".to_owned(), actor: place.actor.clone(), host: String::new(), session: String::new() };
    let consent = Consent::Shown { digest: plan.digest };
    let session = Session::open(place).await.map_err(|error| format!("could not {error}"))?;
    let feed = session.link.follow().await.map_err(|error| format!("could not {error}"))?;
    let submit = Submit { intent, plan: Box::new(plan), consent, attended: false };
    let reply = session.link.send(Command::Submit(submit)).await;
    let Reply::Accepted { run: Some(run), .. } = reply else { return Err(format!("it was not accepted: {reply:?}")) };
    let mut watch = crate::cli::watch::Watch::of(feed);
    let state = loop {
        if let Some(found) = watch.state.runs.get(&run).filter(|found| found.state.is_finished()) {
            break found.state;
        }
        if watch.next().await.is_none() {
            return Err("the engine ended before the step did".to_owned());
        }
    };
    let note = watch.state.runs[&run].steps.first().map(|record| record.note.clone()).unwrap_or_default();
    session.leave().await;
    if state == WorkflowState::Succeeded { Ok(()) } else { Err(format!("it ended {}: {note}", state.word())) }
}

/// Which operations have no program here.
fn programs(setup: &Setup) -> Finding {
    let Ok(planning) = setup.planning() else {
        return finding("operations", Grade::Fail, "the manifests have faults; `ouioe check` names them");
    };
    let all = planning.catalogue.len();
    let bound = planning.catalogue.iter().filter(|one| one.binding.is_some());
    let (mut count, mut missing) = (0, Vec::new());
    for operation in bound {
        match lacks(operation) {
            Some(program) => missing.push(format!("{} ({program})", operation.name)),
            None => count += 1,
        }
    }
    let without = all - count - missing.len();
    let mut detail = format!("{count} of {all} can run here, {without} have no binding");
    if !missing.is_empty() {
        let _ = write!(detail, "; programs are missing for {}", missing.join(", "));
    }
    finding("operations", if missing.is_empty() { Grade::Ok } else { Grade::Note }, detail)
}

fn ssh() -> Finding {
    match Process::new("ssh").arg("-V").stdin(Stdio::null()).output() {
        Ok(output) => finding("ssh", Grade::Ok, String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => {
            finding("ssh", Grade::Note, format!("no client ({error}); steps on other hosts need one: apt-get install openssh-client"))
        }
    }
}

fn ssh_agent() -> Finding {
    match std::env::var("SSH_AUTH_SOCK") {
        Err(_) => finding("ssh agent", Grade::Note, "none; keys without a passphrase are used as ssh finds them"),
        Ok(path) => match UnixStream::connect(&path) {
            Ok(_) => finding("ssh agent", Grade::Ok, path),
            Err(error) => finding("ssh agent", Grade::Warn, format!("{path} does not answer: {error}")),
        },
    }
}

/// Asks the server itself what it has.
async fn model(setup: &Setup) -> Finding {
    let settings = &setup.config.settings.llm;
    let key = setup.config.llm_key().map(|handle| handle.to_string());
    let Some(model) = Model::of(settings, key) else {
        return finding("model", Grade::Note, "none is configured; plans are made without one (llm.kind)");
    };
    let name = model.name();
    let (grade, detail) = match model.look().await {
        Ok((Look::Has, false)) => (Grade::Ok, format!("{name} is there")),
        Ok((Look::Has | Look::Unlisted, true)) => (Grade::Warn, format!("{name}: the key goes there unencrypted; use https in llm.url")),
        Ok((Look::Unlisted, false)) => (Grade::Note, format!("the server answers and lists no models; {name} was not looked for")),
        Ok((Look::Lacks(others), _)) => {
            let all = if others.is_empty() { "none".to_owned() } else { others.into_iter().take(8).collect::<Vec<_>>().join(", ") };
            (Grade::Fail, format!("the server answers and does not have {name}; it has: {all}"))
        }
        Err(fault) => (Grade::Fail, format!("{fault}; plans are made without it")),
    };
    finding("model", grade, detail)
}

/// Of a command binding, the program that is not there.
fn lacks(operation: &Operation) -> Option<&str> {
    let Some(Binding::Command { argv, .. }) = &operation.binding else { return None };
    argv.first().map(String::as_str).filter(|program| resolve(program).is_err())
}
