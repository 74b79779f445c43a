//! What is wrong with a file or a plan, and where: the one shape of every such message.
//!
//! Data, not an error type: checks return all problems they find, in the order of the file.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// File name, or `plan` for a plan that has none.
    pub origin: String,
    /// From 1; 0 where the line is not known.
    pub line: u32,
    /// In characters, from 1; 0 where it is not known.
    pub column: u32,
    /// Stable word for programs, such as `unknown_operation`.
    pub code: String,
    pub message: String,
    /// What to do next; empty where nothing is known.
    pub help: String,
}

impl Problem {
    pub fn new(origin: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { origin: origin.into(), code: code.into(), message: message.into(), ..Self::default() }
    }

    pub fn at(mut self, line: u32, column: u32) -> Self {
        (self.line, self.column) = (line, column);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Problem {
    /// `file:line: message`, as compilers print it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.origin, self.message)?,
            line => write!(f, "{}:{line}: {}", self.origin, self.message)?,
        }
        if self.help.is_empty() { Ok(()) } else { write!(f, " ({})", self.help) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_file_line_and_message() {
        let problem = Problem::new("a.toml", "unknown_field", "unknown field `stepz`");
        assert_eq!(problem.to_string(), "a.toml: unknown field `stepz`");
        assert_eq!(problem.at(3, 1).help("nearest: steps").to_string(), "a.toml:3: unknown field `stepz` (nearest: steps)");
    }
}
