//! What the stages of one planning did, as they did it: the thinking that is shown.
//!
//! Written only by the stage that did the thing. Nothing reads it back to decide.

use std::cell::RefCell;

use crate::model::why::{ThinkingKind, Thought};

/// Most entries of one planning; a text of a thousand clauses is not told word for word.
const MOST: usize = 400;

#[derive(Clone, Debug, Default)]
pub struct Diary(RefCell<Vec<Thought>>);

impl Diary {
    /// A detail, for debug mode.
    pub fn detail(&self, kind: ThinkingKind, text: impl Into<String>) {
        self.put(kind, text.into(), false);
    }

    /// What came of a stage, shown always.
    pub fn conclude(&self, kind: ThinkingKind, text: impl Into<String>) {
        self.put(kind, text.into(), true);
    }

    fn put(&self, kind: ThinkingKind, text: String, conclusion: bool) {
        let mut all = self.0.borrow_mut();
        if all.len() < MOST {
            all.push(Thought { kind, text, conclusion });
        }
    }

    /// All that was written since the last time.
    pub fn take(&self) -> Vec<Thought> {
        self.0.take()
    }
}
