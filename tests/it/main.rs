//! The one integration binary: one link, one run.

mod architecture;
mod machine;
mod planner;
mod planner_files;
mod source;
