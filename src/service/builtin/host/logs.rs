//! Lines of the journal, or of files below `/var/log` where there is none.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::model::failure::FailureClass;
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::{broke, optional, span, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};

/// Bytes of the newest lines that a result keeps, and of a file's end that are read.
const KEPT: usize = 32 << 10;
const READ: u64 = 1 << 20;

struct Wanted {
    service: Option<String>,
    since_s: Option<u64>,
    pattern: Option<String>,
}

pub fn read_logs(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let since_s = span(&params, "since")?.map(|span| span.0 / 1_000);
        let wanted = Wanted { service: optional(&params, "service"), since_s, pattern: optional(&params, "pattern") };
        if wanted.service.as_deref().is_some_and(|service| service.contains('/') || service.starts_with(['-', '.'])) {
            return Err(wrong("`service` is no name of a service"));
        }
        let has_journal = ["/var/log/journal", "/run/log/journal"].iter().any(|path| Path::new(path).exists());
        let answer = if has_journal { from_journal(&wanted).await } else { None };
        answer.unwrap_or_else(|| from_files(&wanted))
    })
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
    let paths: Vec<PathBuf> = match &wanted.service {
        Some(service) => {
            let own =
                [format!("/var/log/{service}.log"), format!("/var/log/{service}/{service}.log"), format!("/var/log/{service}/error.log")];
            own.iter().map(PathBuf::from).collect()
        }
        None => ["/var/log/syslog", "/var/log/messages"].map(PathBuf::from).to_vec(),
    };
    let Some(path) = paths.iter().find(|path| path.is_file()) else {
        return Err(broke(FailureClass::Config, format!("no journal, and none of {paths:?} exists")));
    };
    let text = end_of(path).map_err(|error| broke(FailureClass::Resource, format!("read {}: {error}", path.display())))?;
    Ok(answer(wanted, &text, &path.to_string_lossy(), wanted.since_s.is_none()))
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
