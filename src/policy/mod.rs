//! What may run, who may say so, and the exact bytes that they said it of.
//!
//! Risk comes from declared effect classes, arguments, targets and environment; never from anybody's prose.

pub mod canonical;
pub mod consent;
pub mod digest;
pub mod harm;
pub mod role;
pub mod rule;
