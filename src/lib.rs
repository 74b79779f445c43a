//! ouioe: from a typed intent to an approved, durable, adaptive run.

pub mod engine;
pub mod link;
pub mod model;
pub mod planner;
pub mod policy;
pub mod spool;
