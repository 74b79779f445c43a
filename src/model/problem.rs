//! What is wrong with a file or a plan, and where: the one shape of every such message.
//!
//! Data, not an error type: checks return all problems they find, in the order of the file.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::EffectClass;
use super::ids::StepId;

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
    /// Of plans: where in it, and what would mend it. Boxed, since problems travel as errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Box<Defect>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// As `steps[2].params.host`.
    pub path: String,
    /// What would make it good again, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<Repair>,
}

/// One edit of a plan; `step` is a place from 0. Only ever suggested: a repaired plan is another plan and is checked anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Repair {
    SetOperation {
        step: usize,
        operation: String,
    },
    /// To what the catalogue declares.
    SetEffect {
        step: usize,
        effect: EffectClass,
    },
    RenameParam {
        step: usize,
        from: String,
        to: String,
    },
    SetParam {
        step: usize,
        name: String,
        value: Value,
    },
    RemoveParam {
        step: usize,
        name: String,
    },
    AddNeed {
        step: usize,
        need: StepId,
    },
    RenameNeed {
        step: usize,
        from: StepId,
        to: StepId,
    },
    RemoveNeed {
        step: usize,
        need: StepId,
    },
    /// Every `${steps.FROM.…}` of the step.
    RenameReference {
        step: usize,
        from: StepId,
        to: StepId,
    },
    JoinAny {
        step: usize,
    },
    RenameStep {
        step: usize,
        to: StepId,
    },
    RemoveStep {
        step: usize,
    },
}

impl Problem {
    pub fn new(origin: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { origin: origin.into(), code: code.into(), message: message.into(), ..Self::default() }
    }

    pub fn at(mut self, line: u32, column: u32) -> Self {
        (self.line, self.column) = (line, column);
        self
    }

    /// Inside the plan.
    pub fn inside(mut self, path: impl Into<String>) -> Self {
        self.defect = Some(Box::new(Defect { path: path.into(), repair: None }));
        self
    }

    /// Empty for a plan as a whole and for files.
    pub fn path(&self) -> &str {
        self.defect.as_ref().map_or("", |defect| &defect.path)
    }

    pub fn repair(&self) -> Option<&Repair> {
        self.defect.as_ref()?.repair.as_ref()
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
