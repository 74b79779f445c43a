//! Lines of the journal, or of files below `/var/log` where there is none.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::{broke, optional, span, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

/// Bytes of the newest lines that a result keeps, and of a file's end that are read.
const KEPT: usize = 32 << 10;
const READ: u64 = 1 << 20;

struct Wanted {
    service: Option<String>,
    since_s: Option<u64>,
    pattern: Option<String>,
    path: Option<PathBuf>,
}

pub fn read_logs(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let since_s = span(&params, "since")?.map(|span| span.0 / 1_000);
        let wanted =
            Wanted { service: optional(&params, "service"), since_s, pattern: optional(&params, "pattern"), path: path_of(&params)? };
        if wanted.service.as_deref().is_some_and(|service| service.contains('/') || service.starts_with(['-', '.'])) {
            return Err(wrong("`service` is no name of a service"));
        }
        let answer = if wanted.path.is_none() && has_journal() { from_journal(&wanted).await } else { None };
        answer.unwrap_or_else(|| from_files(&wanted))
    })
}

/// A log by its name or its place: other files are not read by way of this.
fn path_of(params: &Params) -> Result<Option<PathBuf>, Failure> {
    let Some(text) = optional(params, "path") else { return Ok(None) };
    let path = std::fs::canonicalize(&text).map_err(|error| wrong(format!("open {text}: {error}")))?;
    let among_logs =
        path.parent().into_iter().flat_map(Path::components).any(|part| ["log", "logs"].iter().any(|name| part.as_os_str() == *name));
    if !path.is_file() || !(among_logs || path.extension().is_some_and(|kind| kind == "log")) {
        return Err(wrong(format!("not a log: {text} is no file *.log and in no folder log or logs")));
    }
    Ok(Some(path))
}

/// The folder alone is there on machines that keep no journal, too.
fn has_journal() -> bool {
    let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let machines = ["/var/log/journal", "/run/log/journal"].into_iter().flat_map(|path| entries(Path::new(path)).collect::<Vec<_>>());
    machines.flat_map(|machine| entries(&machine).collect::<Vec<_>>()).any(|file| file.extension().is_some_and(|kind| kind == "journal"))
}

async fn from_journal(wanted: &Wanted) -> Option<Answer> {
    let since = wanted.since_s.map(|seconds| format!("--since=-{seconds}s"));
    let unit = wanted.service.as_ref().map(|service| format!("--unit={service}"));
    let mut args = vec!["--no-pager", "--quiet", "--output=short-iso", "--lines=2000"];
    args.extend(since.iter().chain(&unit).map(String::as_str));
    Some(match capture("journalctl", &args).await? {
        Ok(shown) if shown.code == Some(0) => Ok(answer(wanted, &shown.stdout, "journal", true)),
        Ok(shown) => Err(broke(FailureClass::Resource, format!("journalctl: {}", shown.stderr.trim()))),
        Err(failure) => Err(failure),
    })
}

/// Files do not tell the time of a line in one way: `since` cannot narrow them, and the answer says so.
fn from_files(wanted: &Wanted) -> Answer {
    let system = ["/var/log/syslog", "/var/log/messages"].map(PathBuf::from);
    let paths: Vec<PathBuf> = match (&wanted.path, &wanted.service) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(service)) => {
            let own =
                [format!("/var/log/{service}.log"), format!("/var/log/{service}/{service}.log"), format!("/var/log/{service}/error.log")];
            own.iter().map(PathBuf::from).collect()
        }
        (None, None) => Vec::new(),
    };
    let Some(path) = paths.iter().chain(&system).find(|path| path.is_file()) else {
        let paths = [&paths[..], &system].concat();
        return Err(broke(FailureClass::Config, format!("no journal, and none of {paths:?} exists")));
    };
    let text = end_of(path).map_err(|error| broke(FailureClass::Resource, format!("read {}: {error}", path.display())))?;
    let text = match &wanted.service {
        Some(service) if system.contains(path) => text.lines().filter(|line| is_of(line, service)).collect::<Vec<_>>().join("\n"),
        Some(_) | None => text,
    };
    Ok(answer(wanted, &text, &path.to_string_lossy(), wanted.since_s.is_none()))
}

/// `Jan  2 03:04:05 host sshd[77]: …`, or without the number.
fn is_of(line: &str, service: &str) -> bool {
    line.match_indices(service).any(|(at, _)| line[..at].ends_with(' ') && line[at + service.len()..].starts_with(['[', ':']))
}

fn end_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(READ);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn answer(wanted: &Wanted, text: &str, source: &str, since_applied: bool) -> serde_json::Value {
    let fits = |line: &&str| wanted.pattern.as_deref().is_none_or(|pattern| line.contains(pattern));
    let lines: Vec<&str> = text.lines().filter(fits).collect();
    let mut size = 0;
    let newest = lines.iter().rev().take_while(|line| {
        size += line.len() + 1;
        size <= KEPT
    });
    let kept = newest.count();
    let logs = lines[lines.len() - kept..].join("\n");
    json!({ "logs": logs, "lines": kept, "found": lines.len(), "cut": kept < lines.len(), "source": source, "since_applied": since_applied })
}

/// Of another machine, which has chosen the lines.
pub fn told(host: &Told<'_>) -> Answer {
    let everything = Wanted { service: None, since_s: None, pattern: None, path: None };
    let since_applied = host.part("since_applied").is_ok_and(|word| word.trim() == "yes");
    let mut answer = answer(&everything, host.part("lines")?, host.part("source")?.trim(), since_applied);
    let found = host.number("found")?;
    answer["cut"] = json!(found > answer["lines"].as_f64().unwrap_or(0.0));
    answer["found"] = json!(found.max(0.0).round().to_string().parse::<u64>().unwrap_or(0));
    Ok(answer)
}
