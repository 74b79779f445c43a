//! What the subcommands do, apart from how their arguments are written.

pub mod ask;
pub mod asset;
pub mod doctor;
pub mod find;
pub mod intervene;
pub mod list;
pub mod memory;
pub mod output;
pub mod resume;
pub mod revise;
pub mod run;
pub mod show;
pub mod template;
pub mod weigh;

use super::exit::Exit;
use super::session::SessionError;
use crate::engine::{EngineEnd, EngineError};
use crate::journal::JournalError;
use crate::link::LinkError;
use crate::text;

/// One sentence for people and the exit code that goes with it.
#[derive(Debug)]
pub struct Trouble {
    pub exit: Exit,
    /// Finishes "could not …"; several lines where several things are wrong.
    pub what: String,
}

impl Trouble {
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into() }
    }

    /// As it is printed on stderr.
    pub fn sentence(&self) -> String {
        text::safe_block(&self.what)
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        let exit = match error {
            JournalError::Held { .. } => Exit::Unreachable,
            _ => Exit::JournalUnusable,
        };
        Self::new(exit, format!("could not {error}"))
    }
}

impl From<SessionError> for Trouble {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Engine(EngineError::Journal(error)) => error.into(),
            SessionError::Engine(EngineError::Ended(end)) => end.into(),
            SessionError::Engine(error) => Self::new(Exit::JournalUnusable, format!("could not {error}")),
            SessionError::Link(error) => error.into(),
            SessionError::Silent { .. } => Self::new(Exit::Unreachable, format!("could not {error}")),
        }
    }
}

impl From<LinkError> for Trouble {
    fn from(error: LinkError) -> Self {
        Self::new(Exit::Unreachable, format!("could not {error}"))
    }
}

impl From<EngineEnd> for Trouble {
    fn from(end: EngineEnd) -> Self {
        let exit = match end {
            EngineEnd::Stopped { .. } => Exit::Unreachable,
            EngineEnd::Poisoned { .. } | EngineEnd::LostEpoch { .. } | EngineEnd::Panicked => Exit::JournalUnusable,
        };
        Self::new(exit, format!("the engine ended: {end}; `ouioe resume` goes on from what is recorded"))
    }
}
