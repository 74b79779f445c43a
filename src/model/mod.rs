//! Nouns: what the rest of the program talks about.
//!
//! Data with small questions on it. No decision, no clock, no file, no hash order.
//! Words are those of the glossary in README; every type here appears in the journal, on the wire or on the screen.

pub mod action;
pub mod actor;
pub mod catalogue;
pub mod command;
pub mod digest;
pub mod effect;
pub mod event;
pub mod expand;
pub mod failure;
pub mod fresh;
pub mod graph;
pub mod hole;
pub mod ids;
pub mod intent;
pub mod item;
pub mod outcome;
pub mod plan;
pub mod problem;
pub mod settings;
pub mod state;
pub mod step_state;
pub mod time;
pub mod verdict;
pub mod why;
