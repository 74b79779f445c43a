//! Cleaning up files: the list that is approved, and the removal of exactly that.

pub mod clean;
pub mod list;

mod root;
