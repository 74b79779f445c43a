//! The only place that prints: results on stdout, everything else on stderr.
//!
//! Text passes the sanitiser here too, so that no caller can forget it; doing it twice changes nothing. A reader that left
//! (`| head`) is no error: what only looks ends, what runs goes on.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write};
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::problem::Problem;
use crate::text;
use crate::text::redact::Redactor;

/// Longest line of input, in bytes; the rest counts as the next.
const LINE_CAP: u64 = 2 << 20;

/// Set once stdout could not be written to.
static READER_LEFT: AtomicBool = AtomicBool::new(false);

/// A narrower terminal breaks lines by itself.
const LEAST_COLUMNS: usize = 20;

static HIDDEN: OnceLock<Redactor> = OnceLock::new();

#[derive(Clone, Debug, Default)]
pub struct Out {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
}

/// Values of secrets never reach a screen or a pipe, wherever a text that holds them came from. Once, before the first print
/// that could.
pub fn hide(secrets: Redactor) {
    let _ = HIDDEN.set(secrets);
}

/// Which standard descriptors a terminal is behind.
#[derive(Clone, Copy, Debug)]
pub struct Terminals {
    pub input: bool,
    pub output: bool,
    pub errors: bool,
}

impl Out {
    /// One line of what was asked for; with `--json` it is JSON, whose values stay as they are.
    pub fn result(&self, line: &str) {
        let line = if self.json { text::safe_json(line) } else { text::safe(line) };
        note_reader(put_line(&mut io::stdout().lock(), &self.fitted(&line)));
    }

    /// On a terminal long lines go on at a word, below where they began.
    fn fitted(&self, block: &str) -> String {
        match self.columns().filter(|_| !self.json) {
            Some(columns) => fit(block, columns),
            None => block.to_owned(),
        }
    }

    /// Of the terminal that results go to; `None`: a pipe or a file, which takes all.
    pub fn columns(&self) -> Option<usize> {
        columns_of(rustix::stdio::stdout())
    }

    /// What is cut where a terminal ends, whole where none is.
    pub fn cut(&self, line: &str) -> String {
        self.columns().map_or_else(|| line.to_owned(), |columns| text::clip(line, columns))
    }

    /// Several lines.
    pub fn block(&self, block: &str) {
        note_reader(put_line(&mut io::stdout().lock(), &self.fitted(text::safe_block(block).trim_end_matches('\n'))));
    }

    /// A step's output, already safe or wanted byte for byte.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        note_reader(stdout.write_all(bytes).and_then(|()| stdout.flush()));
    }

    /// Progress and remarks.
    pub fn note(&self, block: &str) {
        if !self.quiet {
            say(block);
        }
    }

    /// What went wrong; never silenced.
    pub fn error(&self, block: &str) {
        say(block);
    }

    pub fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            self.error(&problem.to_string());
        }
    }

    /// Nobody reads the results any more.
    pub fn reader_left(&self) -> bool {
        READER_LEFT.load(Ordering::Relaxed)
    }

    /// One line from the person at the terminal; what was typed before the question is thrown away. `None`: they hung up.
    pub fn ask(&self, question: &str) -> Option<String> {
        // Before the question, not after it: a quick answer is an answer.
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        let question = text::safe_block(question);
        let fitted = columns_of(rustix::stdio::stderr()).map_or_else(|| question.clone(), |columns| fit(&question, columns));
        let _ = write!(io::stderr().lock(), "{fitted}");
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line),
        }
    }

    /// The next line of input, whenever it was typed. `None`: there is no more.
    pub fn line(&self, prompt: &str) -> Option<String> {
        let _ = write!(io::stderr().lock(), "{}", text::safe_block(prompt));
        let mut line = String::new();
        let read = io::stdin().lock().take(LINE_CAP).read_line(&mut line);
        read.is_ok_and(|count| count > 0).then_some(line)
    }

    pub fn terminals() -> Terminals {
        Terminals { input: io::stdin().is_terminal(), output: io::stdout().is_terminal(), errors: io::stderr().is_terminal() }
    }

    /// A screen could be drawn there.
    pub fn is_on_screen() -> bool {
        let Terminals { input, output, .. } = Self::terminals();
        input && output
    }

    /// Somebody sits there: stdin and stderr are terminals.
    pub fn is_interactive(&self) -> bool {
        let Terminals { input, errors, .. } = Self::terminals();
        !self.json && input && errors
    }
}

fn say(block: &str) {
    // Nobody can be told that stderr is gone.
    let block = text::safe_block(block);
    let fitted = columns_of(rustix::stdio::stderr()).map_or_else(|| block.clone(), |columns| fit(&block, columns));
    let _ = put_line(&mut io::stderr().lock(), &fitted);
}

fn columns_of(fd: BorrowedFd<'_>) -> Option<usize> {
    rustix::termios::tcgetwinsize(fd).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns >= LEAST_COLUMNS)
}

/// Breaks lines at blanks alone: a word that is too long, such as a path, stays whole and can be copied.
fn fit(block: &str, columns: usize) -> String {
    block.split('\n').map(|line| fit_line(line, columns)).collect::<Vec<_>>().join("\n")
}

fn fit_line(line: &str, columns: usize) -> String {
    if text::width(line) <= columns {
        return line.to_owned();
    }
    let indent = (line.len() - line.trim_start_matches(' ').len()).min(columns / 2) + 2;
    let (mut out, mut cells) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        if cells > indent && cells + text::width(word.trim_end()) > columns {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            cells = indent;
        }
        out.push_str(word);
        cells += text::width(word);
    }
    out
}

/// One write a line, so that lines of several processes do not mix.
fn put_line(to: &mut impl Write, line: &str) -> io::Result<()> {
    let hidden = HIDDEN.get().map(|secrets| secrets.redact(line));
    to.write_all(format!("{}\n", hidden.as_deref().unwrap_or(line)).as_bytes())?;
    to.flush()
}

fn note_reader(written: io::Result<()>) {
    if let Err(error) = written {
        READER_LEFT.store(true, Ordering::Relaxed);
        if error.kind() != io::ErrorKind::BrokenPipe {
            tracing::warn!(%error, "could not print");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_words_below_their_beginning() {
        for (line, columns, expected) in [
            ("short", 20, "short"),
            ("one two three four five", 12, "one two\n  three four\n  five"),
            ("  indented words go on below", 16, "  indented words\n    go on below"),
            ("see /a/very/long/path/that/nobody/may/break now", 20, "see\n  /a/very/long/path/that/nobody/may/break\n  now"),
            ("ends with a question: ", 22, "ends with a question: "),
            ("日本 日本 日本", 9, "日本 日本\n  日本"),
        ] {
            assert_eq!(fit(line, columns), expected, "{line}");
        }
    }
}
