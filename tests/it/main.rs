//! The one integration binary: one link, one run.

mod architecture;
mod rig;
mod runner;
mod service;
mod source;
