//! Functions of ours that operations are bound to.

pub mod asset;
pub mod basic;
pub mod capture;
pub mod host;
pub mod http;
pub mod job;
pub mod network;
pub mod param;
pub mod registry;
pub mod setting;

pub use registry::{Answer, Params, World, at_once, call, find, names};
