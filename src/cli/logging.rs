//! Log events -> one safe line each, in a file of the day under `STATE/logs`, never on a screen.
//!
//! A line is written before the call returns: the last lines before a crash are the ones that matter, so there is no
//! thread that could lose them. Files are 0600 and of bounded number; several processes append whole lines to the same one.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::text;
use crate::text::redact::Redactor;

/// Days of logs that are kept.
pub const MAX_LOG_FILES: usize = 14;
/// A line that says more says it in a step's output.
const LINE_LIMIT: usize = 16 << 10;
const PREFIX: &str = "ouioe.";
const SUFFIX: &str = ".log";

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("write the log in {folder}: {source}")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("read the log filter `{filter}`: {why}")]
    Filter { filter: String, why: String },
    #[error("start logging: {0}")]
    Twice(#[from] tracing::dispatcher::SetGlobalDefaultError),
}

/// For the whole process, once. `filter` as in `$OUIOE_LOG`: `info`, `debug`, `ouioe::link=trace,warn`.
pub fn start(state_dir: &Path, filter: &str, redactor: Redactor) -> Result<(), LoggingError> {
    let folder = state_dir.join("logs");
    let filter = EnvFilter::try_new(filter).map_err(|error| LoggingError::Filter { filter: text::safe(filter), why: error.to_string() })?;
    let log = DailyLog::open(&folder, redactor, Timestamp::now).map_err(|source| LoggingError::Folder { folder, source })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_timer(Utc).with_writer(log).finish();
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(())
}

struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        write!(out, "{:.3}", Timestamp::now())
    }
}

struct DailyLog {
    folder: PathBuf,
    redactor: Redactor,
    now: fn() -> Timestamp,
    /// The file of the day that is named.
    open: Mutex<(String, File)>,
}

impl DailyLog {
    fn open(folder: &Path, redactor: Redactor, now: fn() -> Timestamp) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let day = day_of(now());
        let file = open_day(folder, &day)?;
        prune(folder)?;
        Ok(Self { folder: folder.to_owned(), redactor, now, open: Mutex::new((day, file)) })
    }

    /// One write, so that lines of several processes never mix.
    fn append(&self, event: &[u8]) -> io::Result<()> {
        let redacted = self.redactor.redact(&String::from_utf8_lossy(event));
        let mut line = text::safe(redacted.trim_end());
        if line.len() > LINE_LIMIT {
            line.truncate(line.floor_char_boundary(LINE_LIMIT));
            line.push('…');
        }
        line.push('\n');
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let today = day_of((self.now)());
        if open.0 != today {
            *open = (today.clone(), open_day(&self.folder, &today)?);
            prune(&self.folder)?;
        }
        open.1.write_all(line.as_bytes())
    }
}

/// One event: the formatter hands it over in one piece.
struct Line<'a>(&'a DailyLog);

impl Write for Line<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.append(event)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for DailyLog {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

fn day_of(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d").to_string()
}

fn open_day(folder: &Path, day: &str) -> io::Result<File> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let path = folder.join(format!("{PREFIX}{day}{SUFFIX}"));
    let file = fs::OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(no_follow).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Only files that are named as ours are.
fn prune(folder: &Path) -> io::Result<()> {
    let mut ours: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder)? {
        ours.extend(entry?.file_name().into_string().ok().filter(|name| is_ours(name)));
    }
    ours.sort_unstable();
    for name in ours.iter().rev().skip(MAX_LOG_FILES) {
        match fs::remove_file(folder.join(name)) {
            // Another process was faster.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    let day = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    day.is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn noon() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }

    fn log_in(folder: &Path, now: fn() -> Timestamp) -> DailyLog {
        DailyLog::open(folder, Redactor::new(vec![b"hunter22".to_vec()]), now).unwrap()
    }

    #[test]
    fn events_become_safe_single_lines_in_a_private_file() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("logs");
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_timer(Utc).with_writer(log_in(&folder, noon)).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(host = "web\x1b[2J\n2026-01-01 forged line", "password is hunter22\u{202e}");
            tracing::info!(text = %"x".repeat(2 * LINE_LIMIT), "long");
        });
        let path = folder.join("ouioe.2026-01-02.log");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("password is [redacted]<U+202E>") && !text.contains('\x1b'), "{text}");
        assert!(text.lines().all(|line| line.len() <= LINE_LIMIT + '…'.len_utf8()));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_new_day_gets_a_new_file_and_old_ones_go() {
        static DAYS: AtomicI64 = AtomicI64::new(0);
        fn clock() -> Timestamp {
            Timestamp::from_second(1_767_355_200 + 86_400 * DAYS.load(Ordering::Relaxed)).unwrap()
        }
        let state = tempfile::tempdir().unwrap();
        for name in ["ouioe.notes.log", "other.2020-01-01.log"] {
            fs::write(state.path().join(name), "mine").unwrap();
        }
        let log = log_in(state.path(), clock);
        for day in 0..20 {
            DAYS.store(day, Ordering::Relaxed);
            log.append(b"line\n").unwrap();
        }
        let mut names: Vec<String> =
            fs::read_dir(state.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names.len(), MAX_LOG_FILES + 2, "{names:?}");
        assert_eq!((names[0].as_str(), names[1].as_str()), ("other.2020-01-01.log", "ouioe.2026-01-08.log"));
    }

    #[test]
    fn a_link_in_the_place_of_the_log_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let elsewhere = state.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        std::os::unix::fs::symlink(&elsewhere, state.path().join("ouioe.2026-01-02.log")).unwrap();
        assert!(DailyLog::open(state.path(), Redactor::new(Vec::new()), noon).is_err());
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    }
}
