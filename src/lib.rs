//! ouioe: from a typed intent to an approved, durable, adaptive run.

pub mod adaptation;
pub mod decision;
pub mod engine;
pub mod link;
pub mod machine;
pub mod model;
pub mod policy;
pub mod spool;
