//! The one integration binary.

mod planner;
