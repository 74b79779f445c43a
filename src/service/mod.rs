//! Effects -> reports: bindings, manifests, builtins and the step runner.

pub mod attempt;
pub mod builtin;
pub mod folder;
pub mod options;
pub mod outcome;
pub mod owned;
pub mod programs;
pub mod reconcile;
pub mod runner;
pub mod services;
pub mod verdict;

pub use options::ServiceOptions;
pub use services::Services;
