//! Options -> one choice with its reasons and the losers.
//!
//! `decide` rules between proposals of plans by eight roles; `choose` between ways to go on after a failure.
//! Nothing is asked or started here, and the order in which options are handed in never matters.

mod choice;
mod decide;
mod proposal;
mod role;

pub use choice::{Candidate, Choice, choose, vetoes};
pub use decide::decide;
pub use proposal::{Evidence, Origin, Proposal, Record, THRESHOLD, Word};
