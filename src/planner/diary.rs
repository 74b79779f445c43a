//! What the stages of one planning did, as they did it: the thinking that is shown.
//!
//! Written only by the stage that did the thing. Nothing reads it back to decide.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::why::{ThinkingKind, Thought};

/// Most entries of one planning; a text of a thousand clauses is not told word for word.
const MOST: usize = 400;

/// Locked, since what plans for a model moves between threads; only one writes at a time.
#[derive(Debug, Default)]
pub struct Diary(Mutex<Vec<Thought>>);

impl Clone for Diary {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.all().clone()))
    }
}

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
        let mut all = self.all();
        if all.len() < MOST {
            all.push(Thought { kind, text, conclusion });
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Thought>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was written since the last time.
    pub fn take(&self) -> Vec<Thought> {
        std::mem::take(&mut *self.all())
    }
}
