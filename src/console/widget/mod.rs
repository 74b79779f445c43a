//! Parts that panes and dialogs are made of. Each draws only the rows that are visible.

pub mod editor;
pub mod json_tree;
pub mod log;
pub mod rail;
pub mod scroll;
pub mod wrap;
