//! Outcome -> text for people, stable JSON for programs, dot and mermaid for drawings.
//!
//! Every outside string passes `text::safe`; nothing is left out without saying so.

mod difference;
mod drawing;
mod fold;
mod json;
mod people;
mod value;
pub mod why;

pub use difference::{Change, difference};
pub use drawing::{dot, mermaid};
pub use fold::Folded;
pub use json::json;
pub use people::{is_folded, text, whole, whole_action};
pub use value::value_lines;
