//! How far asking is, told while it goes on. No text of the model is in it: what it says is not known to be sound yet.

/// Each is told when it becomes true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The question is on its way; `round` counts from 1, above it are repairs.
    Asks { round: u32 },
    /// Pieces of the answer so far; most servers send one for each token.
    Hears { pieces: u64 },
    /// An answer is whole: what the server counted in it.
    Counted { tokens_in: Option<u64>, tokens_out: Option<u64> },
    /// The answer is wrong, and is given back with so many faults; the first in words.
    Objects { faults: usize, first: String },
    /// The same question is put again after a fault that may pass.
    Waits { why: String },
}
