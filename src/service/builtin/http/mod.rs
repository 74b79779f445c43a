//! Reads over HTTP: status, latency, content.

pub mod check;
pub mod client;
pub mod get;
pub mod latency;

mod address;
