//! What the stages of one planning did, as they did it: the thinking that is shown.
//!
//! Written only by the stage that did the thing. Nothing reads it back to decide.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::why::{ThinkingKind, Thought};

/// Most entries of one planning; a text of a thousand clauses is not told word for word.
const MOST: usize = 400;

/// Told each entry when it is written; must not wait.
#[derive(Clone)]
pub struct Listener(pub Arc<dyn Fn(&Thought) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// Locked, since what plans for a model moves between threads; only one writes at a time.
#[derive(Debug, Default)]
pub struct Diary {
    entries: Mutex<Vec<Thought>>,
    listener: Option<Listener>,
    /// What is only tried is not told.
    quiet: AtomicBool,
}

impl Clone for Diary {
    fn clone(&self) -> Self {
        Self { entries: Mutex::new(self.all().clone()), listener: self.listener.clone(), quiet: AtomicBool::new(false) }
    }
}

impl Diary {
    pub fn heard_by(listener: Listener) -> Self {
        Self { listener: Some(listener), ..Self::default() }
    }

    /// A detail, for debug mode.
    pub fn detail(&self, kind: ThinkingKind, text: impl Into<String>) {
        self.put(kind, text.into(), false);
    }

    /// What came of a stage, shown always.
    pub fn conclude(&self, kind: ThinkingKind, text: impl Into<String>) {
        self.put(kind, text.into(), true);
    }

    fn put(&self, kind: ThinkingKind, text: String, conclusion: bool) {
        if self.quiet.load(Ordering::Relaxed) {
            return;
        }
        let mut all = self.all();
        if all.len() >= MOST {
            return;
        }
        let thought = Thought { kind, text, conclusion };
        if let Some(Listener(tell)) = &self.listener {
            tell(&thought);
        }
        all.push(thought);
    }

    /// Runs something of which nothing is told.
    pub fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        self.quiet.store(true, Ordering::Relaxed);
        let made = work();
        self.quiet.store(false, Ordering::Relaxed);
        made
    }

    fn all(&self) -> MutexGuard<'_, Vec<Thought>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was written since the last time.
    pub fn take(&self) -> Vec<Thought> {
        std::mem::take(&mut *self.all())
    }
}
