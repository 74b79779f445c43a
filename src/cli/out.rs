//! The only place that prints: results on stdout, everything else on stderr.
//!
//! A closed pipe is silent. Text for people is handed in safe; whoever prints outside text passes it through `text` first.

use std::io::{self, IsTerminal as _, Write as _};

#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "four independent flags of the command line")]
pub struct Out {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
}

impl Out {
    /// One line of what was asked for.
    #[expect(clippy::unused_self, reason = "printing is a right that is handed around")]
    pub fn result(&self, line: &str) {
        print(&mut io::stdout().lock(), line);
    }

    /// Several lines, printed as they are.
    #[expect(clippy::unused_self, reason = "printing is a right that is handed around")]
    pub fn block(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stdout.write_all(b"\n");
        }
    }

    #[expect(clippy::unused_self, reason = "printing is a right that is handed around")]
    pub fn bytes(&self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(bytes);
        let _ = stdout.flush();
    }

    /// Progress and remarks.
    pub fn note(&self, line: &str) {
        if !self.quiet {
            print(&mut io::stderr().lock(), line);
        }
    }

    /// What went wrong; never silenced.
    #[expect(clippy::unused_self, reason = "printing is a right that is handed around")]
    pub fn error(&self, line: &str) {
        print(&mut io::stderr().lock(), line);
    }

    /// Somebody sits there: stdin and stderr are terminals.
    pub fn is_interactive(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

/// One write a line, so that lines of several processes do not mix.
fn print(to: &mut impl io::Write, line: &str) {
    let _ = to.write_all(format!("{line}\n").as_bytes());
    let _ = to.flush();
}
