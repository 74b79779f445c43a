//! The step runner: a small process that owns one attempt, from its claim to its exit record.
//!
//! No tokio, no logging, no arguments parser, one thread. It outlives the engine that started it.

pub mod claim;
pub mod entry;
pub mod environment;
pub mod proc;
pub mod program;
pub mod record;
pub mod request;
pub mod secrets;
pub mod supervise;

mod prepare;
mod signals;
mod stream;
mod tree;

pub use entry::main;
