//! Names of things: runs, steps, commands, and the counters that order and fence them.
//!
//! Never a bare string or number at a call site.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    /// One workflow: a plan being executed. Six letters and digits, given at submission.
    RunId
);
text_id!(
    /// One step of a plan, unique within it.
    StepId
);
text_id!(
    /// One command, chosen by its sender; sending it twice acts once.
    CmdId
);
text_id!(
    /// One journal file, chosen when it is made.
    JournalId
);
text_id!(
    /// One question put to a person: an approval or a decision.
    RequestId
);
text_id!(
    /// One deadline in engine time.
    TimerId
);

number_id!(
    /// Place of an event in its journal: dense, starts at 1. Zero means "before the first".
    Seq(u64)
);
number_id!(
    /// Which ownership of the journal wrote an event; a lower one can no longer append.
    Epoch(u64)
);
number_id!(
    /// Which try of a step, from 1; fences late reports.
    AttemptNo(u32)
);
number_id!(
    /// Raised only by a person's "do it again"; automatic retries keep it, and with it the effect key.
    Generation(u32)
);
number_id!(
    /// Place of a step in its plan's array.
    StepIx(u32)
);

impl StepIx {
    pub fn at(self) -> usize {
        self.0 as usize
    }
}
