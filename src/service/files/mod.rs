//! Files that steps remove or replace: the list that is approved, and the removal of exactly that.

pub mod archive;
pub mod clean;
pub mod list;

mod root;
