//! State folder + effect ledger + what was acknowledged -> everything that must never be true and is.
//!
//! Shares no code with `src/`: its own way into the file, its own JSON, its own chain, its own fold. Reads a copy, so that
//! judging changes nothing. The rules are those of the design (sections 1, 2 and 8), not those of the code.

pub mod chain;
mod fold;
mod journal;
mod ledger;
mod rules;

pub use journal::Journal;
pub use ledger::Ledger;
pub use rules::{Acked, Verdict, judge};
