//! The loop: commands in, durable events out, effects brought about.

pub mod handle;
