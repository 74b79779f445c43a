//! The one integration binary: one link, one run.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails shall panic and say where; helpers have no #[test] of their own"
)]

mod architecture;
#[path = "../checker/mod.rs"]
mod checker;
mod console;
mod digests;
mod e2e;
mod engine;
mod explain;
mod faults;
mod flood;
mod groups;
mod http;
mod journal;
mod journals;
mod judge;
mod llm;
mod machine;
mod moot;
mod past;
mod planner;
mod planner_files;
mod planner_notation;
mod rig;
mod runner;
mod service;
mod services;
mod socket;
mod source;
mod ssh;
mod templates;
