//! Intent -> plan, question or refusal; templates and plan files -> the same plans, checked by the same rules.
//!
//! Pure: no clock, file or network. Nothing is bound or started here; text never lowers an approval.

mod ask;
pub mod catalogue_file;
mod choose;
mod compose;
pub mod grammar;
mod guard;
mod index;
mod matching;
pub mod near;
mod pipeline;
mod score;
mod segment;
mod slots;
pub mod source;
pub mod template;
mod token;
mod words;

pub use ask::{Ask, World};
pub use pipeline::{plan, policy_in_force};
pub use source::Format;
pub use template::Template;
