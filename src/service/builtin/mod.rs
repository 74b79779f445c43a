//! Functions of ours that operations are bound to.

pub mod basic;
pub mod registry;

pub use registry::{Answer, Params, World, at_once, call, find};
