//! Results on stdout, everything else on stderr: the only place that writes to them.
//!
//! Text for people passes the sanitiser here, JSON is escaped here, so no caller can forget it. A reader that went away
//! (`| head`) is no error: what looks ends, what runs goes on.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::args::Global;
use crate::model::problem::Problem;
use crate::text;

/// Whether anybody still reads what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pipe {
    Open,
    /// A command that only shows things ends now.
    Closed,
}

type Sink = Mutex<Box<dyn Write + Send>>;

pub struct Print {
    out: Sink,
    err: Sink,
    quiet: bool,
    pub json: bool,
    /// Somebody can be asked: stdin and stderr are a terminal.
    pub interactive: bool,
}

impl Print {
    pub fn new(global: &Global) -> Self {
        let interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { interactive, ..Self::to(Box::new(io::stdout()), Box::new(io::stderr()), global) }
    }

    /// Not interactive.
    pub fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, global: &Global) -> Self {
        Self { out: Mutex::new(out), err: Mutex::new(err), quiet: global.quiet, json: global.json, interactive: false }
    }

    /// Part of the result, for people; may have several lines.
    pub fn result(&self, block: &str) -> Pipe {
        put(&self.out, format!("{}\n", text::safe_block(block)).as_bytes())
    }

    /// Part of the result, for programs: one value a line.
    pub fn value(&self, value: &impl Serialize) -> Pipe {
        match serde_json::to_string(value) {
            Ok(json) => put(&self.out, format!("{}\n", text::safe_json(&json)).as_bytes()),
            Err(error) => {
                self.error(&format!("could not write it as JSON: {error}"));
                Pipe::Open
            }
        }
    }

    /// A step's output for people: as it is but for what acts on a terminal.
    pub fn output(&self, bytes: &[u8]) -> Pipe {
        put(&self.out, text::safe_bytes(bytes).as_bytes())
    }

    /// A step's output byte for byte, for programs; the caller has made sure that stdout is no terminal.
    pub fn raw_output(&self, bytes: &[u8]) -> Pipe {
        put(&self.out, bytes)
    }

    /// What goes on, and what to do next; silent with `-q`.
    pub fn note(&self, block: &str) {
        if !self.quiet {
            self.say(block);
        }
    }

    pub fn error(&self, message: &str) {
        self.say(&format!("ouioe: {message}"));
    }

    pub fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            self.say(&problem.to_string());
        }
    }

    fn say(&self, block: &str) {
        // Nobody can be told that stderr is gone.
        let _ = put(&self.err, format!("{}\n", text::safe_block(block)).as_bytes());
    }
}

fn put(sink: &Sink, bytes: &[u8]) -> Pipe {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    match sink.write_all(bytes).and_then(|()| sink.flush()) {
        Ok(()) => Pipe::Open,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                tracing::warn!(%error, "could not print");
            }
            Pipe::Closed
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pages(global: &Global) -> (Print, Page, Page) {
        let (out, err) = (Page::default(), Page::default());
        (Print::to(Box::new(out.clone()), Box::new(err.clone()), global), out, err)
    }

    #[test]
    fn results_and_words_go_apart_and_nothing_acts() {
        let (print, out, err) = pages(&Global::default());
        assert_eq!(print.result("web\x1b[2J\nok"), Pipe::Open);
        assert_eq!(print.value(&serde_json::json!({"host": "a\u{9b}2J\u{202e}"})), Pipe::Open);
        assert_eq!(print.output(b"\xff\x1b]0;x\x07\n"), Pipe::Open);
        print.note("hint\r");
        print.error("could not do it");
        print.problems(&[Problem::new("a.toml", "x", "bad \x07").at(3, 1)]);
        assert_eq!(out.text(), "web^[[2J\nok\n{\"host\":\"a\\u009b2J\\u202e\"}\n<ff>^[]0;x^G\n");
        assert_eq!(err.text(), "hint^M\nouioe: could not do it\na.toml:3: bad ^G\n");
    }

    #[test]
    fn quiet_keeps_errors_only() {
        let (print, _, err) = pages(&Global { quiet: true, ..Global::default() });
        print.note("hint");
        print.error("trouble");
        assert_eq!(err.text(), "ouioe: trouble\n");
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        let err = Page::default();
        let print = Print::to(Box::new(Gone), Box::new(err.clone()), &Global::default());
        assert_eq!(print.result("x"), Pipe::Closed);
        assert_eq!(err.text(), "");
    }
}
