//! The loop: commands in, durable events out, effects brought about.
//!
//! One thread owns journal and state. A batch is what arrived during the last sync; nothing is acknowledged, published or
//! started before its commit. Stopping is an effect: ending the engine stops no step.

mod batch;
mod clock;
mod core;
mod effects;
mod followers;
mod groups;
pub mod handle;
pub mod past;
pub mod planning;
pub mod proposing;
mod start;
pub mod telling;
mod template_files;

pub use start::{Engine, EngineEnd, EngineError, EngineOptions, record_offline};
