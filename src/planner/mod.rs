//! Intent -> plan, question or refusal; templates and plan files -> the same plans, checked by the same rules.
//!
//! Pure: no clock, file or network. Nothing is bound or started here; text never lowers an approval.

mod account;
mod ask;
pub mod catalogue_file;
mod choose;
mod complete;
mod compose;
mod diary;
mod each_host;
mod fresh;
pub mod grammar;
mod growth;
mod guard;
mod index;
pub mod inputs;
mod judge;
mod lead;
mod matching;
pub mod memory;
mod mend;
pub mod near;
pub mod optimise;
mod pace;
mod pipeline;
pub mod plan_file;
pub mod propose;
pub mod render;
pub mod repair;
mod revise;
mod score;
mod segment;
mod settle;
mod single;
mod slots;
pub mod source;
mod spread;
mod step_file;
mod strangers;
pub mod template;
mod token;
mod validate;
mod whereabouts;
mod words;

pub use ask::{Ask, Members, World};
pub use diary::Listener;
pub use judge::Experience;
pub use pipeline::{explain, plan, policy_in_force};
pub use revise::{again, revise};
pub use settle::settle;
pub use single::single;
pub use source::Format;
pub use spread::spread;
pub use template::Template;
pub use validate::{Limits, validate};
pub use whereabouts::settle_environment;
