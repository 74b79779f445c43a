//! Log events -> one safe line each, in a file of the day under `STATE/logs`, never on a screen.
//!
//! A line is written before the call returns: the last lines before a crash are the ones that matter, so there is no
//! thread that could lose them. Several processes append whole lines to the same file. Files are 0600 because `main` sets
//! the umask; rolling and the bounded number are tracing-appender's.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
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

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("make the log folder {folder}: {source}")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("open the log in {folder}: {source}")]
    File { folder: PathBuf, source: InitError },
    #[error("read the log filter `{filter}`: {why}; `info` or `ouioe::link=trace,warn` are some")]
    Filter { filter: String, why: String },
    #[error("start logging: {0}")]
    Twice(#[from] tracing::dispatcher::SetGlobalDefaultError),
}

impl LoggingError {
    /// Nothing else in the folder will work either.
    pub fn is_about_permission(&self) -> bool {
        matches!(self, Self::Folder { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// For the whole process, once. `filter` as in `$OUIOE_LOG`: `info`, `debug`, `ouioe::link=trace,warn`.
pub fn start(state_dir: &Path, filter: &str, redactor: Redactor) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(filter).map_err(|error| LoggingError::Filter { filter: text::safe(filter), why: error.to_string() })?;
    let log = Log::of(state_dir, redactor)?;
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

struct Log {
    folder: PathBuf,
    redactor: Redactor,
    /// Not opened before there is a state folder: a look at nothing leaves nothing behind.
    files: OnceLock<RollingFileAppender>,
}

impl Log {
    fn of(state_dir: &Path, redactor: Redactor) -> Result<Self, LoggingError> {
        let log = Self { folder: state_dir.join("logs"), redactor, files: OnceLock::new() };
        log.files()?;
        Ok(log)
    }

    /// `None` as long as nothing made the state folder.
    fn files(&self) -> Result<Option<&RollingFileAppender>, LoggingError> {
        if self.files.get().is_none() && self.folder.parent().is_some_and(Path::is_dir) {
            // Another thread may be first: then its files stay.
            let _ = self.files.set(open(&self.folder)?);
        }
        Ok(self.files.get())
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
        match self.files().map_err(io::Error::other)? {
            Some(files) => files.make_writer().write_all(line.as_bytes()),
            None => Ok(()),
        }
    }
}

fn open(folder: &Path) -> Result<RollingFileAppender, LoggingError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| LoggingError::Folder { folder: folder.to_owned(), source })?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("ouioe")
        .filename_suffix("log")
        .max_log_files(MAX_LOG_FILES)
        .build(folder)
        .map_err(|source| LoggingError::File { folder: folder.to_owned(), source })
}

/// One event: the formatter hands it over in one piece.
struct Line<'a>(&'a Log);

impl Write for Line<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.append(event)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn log_in(state: &Path) -> Log {
        Log::of(state, Redactor::new(vec![b"hunter22".to_vec()])).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn events_become_safe_single_lines_of_bounded_length() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("logs");
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_timer(Utc).with_writer(log_in(state.path())).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(host = "web\x1b[2J\n2026-01-01 forged line", "password is hunter22\u{202e}");
            tracing::info!(text = %"x".repeat(2 * LINE_LIMIT), "long");
        });
        let names = names(&folder);
        let [name] = names.as_slice() else { panic!("{names:?}") };
        let day = name.strip_prefix("ouioe.").and_then(|rest| rest.strip_suffix(".log")).unwrap();
        assert!(day.parse::<jiff::civil::Date>().is_ok(), "{name}");
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("password is [redacted]<U+202E>") && !text.contains('\x1b'), "{text}");
        assert!(text.lines().all(|line| line.len() <= LINE_LIMIT + '…'.len_utf8()));
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn old_days_go_and_what_is_not_ours_stays() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("logs");
        fs::create_dir(&folder).unwrap();
        for day in 1..=20 {
            fs::write(folder.join(format!("ouioe.2020-01-{day:02}.log")), "old").unwrap();
        }
        fs::write(folder.join("other.2020-01-01.txt"), "mine").unwrap();
        log_in(state.path()).append(b"line").unwrap();
        let names = names(&folder);
        assert_eq!(names.len(), MAX_LOG_FILES + 1, "{names:?}");
        assert!(names.contains(&"other.2020-01-01.txt".to_owned()));
    }

    #[test]
    fn it_begins_once_there_is_a_state_folder_and_makes_none() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        let log = log_in(&state);
        log.append(b"nobody keeps this").unwrap();
        assert!(!state.exists());
        fs::create_dir(&state).unwrap();
        log.append(b"kept").unwrap();
        let names = names(&state.join("logs"));
        assert_eq!(fs::read_to_string(state.join("logs").join(&names[0])).unwrap(), "kept\n");
    }

    #[test]
    fn a_folder_that_cannot_be_is_told() {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("logs"), "a file").unwrap();
        assert!(matches!(Log::of(state.path(), Redactor::new(Vec::new())), Err(LoggingError::Folder { .. })));
    }
}
