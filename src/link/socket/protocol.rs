//! What consoles and engines say to each other, as JSON.
//!
//! Fields are only added, with defaults. `FOLD_VERSION` in `Hello` guards the meaning of states and events.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::command::{Command, Refusal};
use crate::model::event::Event;
use crate::model::ids::{AttemptNo, CmdId, Epoch, JournalId, RunId, Seq, StepId};
use crate::model::plan::Plan;
use crate::model::state::{FOLD_VERSION, State};
use crate::model::why::Thinking;

/// The first line of both sides, sent without waiting for the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The engine's journal; of a console: the one that it expects, if it expects one.
    pub journal: Option<JournalId>,
    /// Which ownership of the journal speaks.
    #[serde(default)]
    pub incarnation: Option<Epoch>,
    pub fold_version: u32,
    /// Of the program, for people.
    pub version: String,
    /// It knows the message `thinking`; to others none is sent.
    #[serde(default)]
    pub hears_thinking: bool,
}

impl Hello {
    pub fn new(journal: Option<JournalId>, incarnation: Option<Epoch>) -> Self {
        Self { journal, incarnation, fold_version: FOLD_VERSION, version: env!("CARGO_PKG_VERSION").to_owned(), hears_thinking: true }
    }

    /// Why the two cannot talk, in one sentence; `None`: they can.
    pub fn refuses(&self, other: &Self) -> Option<String> {
        if self.fold_version != other.fold_version {
            let (mine, theirs) = (self.fold_version, other.fold_version);
            let versions = format!("ouioe {} and {}", self.version, other.version);
            return Some(format!(
                "states of version {theirs} cannot be read as version {mine}: use the same program on both sides ({versions})"
            ));
        }
        match (&self.journal, &other.journal) {
            (Some(mine), Some(theirs)) if mine != theirs => Some(format!("this is journal {mine}, not {theirs}")),
            _ => None,
        }
    }
}

/// `ask` is the sender's number for its question; the answer repeats it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToEngine {
    Hello(Hello),
    Command {
        ask: u64,
        cmd_id: CmdId,
        command: Box<Command>,
    },
    /// The state and every event after it; asking again starts again.
    Follow,
    /// Has no answer.
    Thinking(Box<Thinking>),
    Output {
        ask: u64,
        run: RunId,
        step: StepId,
        attempt: AttemptNo,
        offset: u64,
        max: usize,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromEngine {
    Hello(Hello),
    Accepted {
        ask: u64,
        seq: Seq,
        run: Option<RunId>,
    },
    Refused {
        ask: u64,
        refusal: Refusal,
    },
    /// The sync failed: it may or may not be on disk.
    Unknown {
        ask: u64,
    },
    /// Sent once a follower, before the state or event that names it.
    Plan(Arc<Plan>),
    State(Arc<State>),
    Event(Arc<Event>),
    Thinking(Arc<Thinking>),
    /// Start again from this state.
    Resync(Arc<State>),
    Output {
        ask: u64,
        offset: u64,
        total: u64,
        /// Each byte is the character of the same number.
        bytes: String,
    },
    NoOutput {
        ask: u64,
        why: String,
    },
    /// The engine ended.
    Gone {
        reason: String,
    },
    /// The last line before the engine closes the connection.
    Closed {
        why: String,
    },
}

pub fn bytes_as_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// `None`: a character that is no byte.
pub fn text_as_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_as_text() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(text_as_bytes(&bytes_as_text(&bytes)), Some(bytes));
        assert_eq!(text_as_bytes("ā"), None);
    }

    #[test]
    fn other_versions_and_journals_are_refused_in_one_sentence() {
        let mine = Hello::new(Some("a".into()), None);
        assert_eq!(mine.refuses(&Hello::new(None, None)), None);
        assert_eq!(mine.refuses(&Hello::new(Some("b".into()), None)).as_deref(), Some("this is journal a, not b"));
        let newer = Hello { fold_version: FOLD_VERSION + 1, ..mine.clone() };
        assert!(mine.refuses(&newer).is_some_and(|why| why.contains("same program on both sides")));
    }
}
