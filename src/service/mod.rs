//! Effects -> reports: bindings, manifests, builtins and the step runner.

pub mod attempt;
pub mod bind;
pub mod builtin;
pub mod control;
pub mod files;
pub mod folder;
pub mod host;
pub mod listing;
pub mod manifest;
pub mod options;
pub mod outcome;
pub mod owned;
pub mod preview;
pub mod programs;
pub mod reading;
pub mod reconcile;
pub mod runner;
pub mod services;
pub mod verdict;

pub use bind::{bind, bind_over};
pub use options::ServiceOptions;
pub use preview::preview;
pub use services::Services;
