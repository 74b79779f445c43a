//! What a model may choose from, what its answer comes to, and whether that is better than the plan that stands.
//!
//! A model is one more proposer: its plan passes the grammar, the validator and the policy of all plans, and two rules more.
//! It may only name operations that it was offered, and only targets that the operator's words or the inventory name.

mod better;
mod candidates;
mod ground;
mod read;

pub use better::{Sampled, Verdict, agreed, better};
pub use candidates::{MOST as MOST_CANDIDATES, candidates};
pub use read::{Answer, read};
