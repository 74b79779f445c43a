//! The command line: one file per subcommand; `print` alone writes to stdout and stderr, `exit` alone knows the codes.

pub mod approve;
pub mod args;
pub mod audit;
pub mod cancel;
pub mod check;
pub mod done;
pub mod events;
pub mod exit;
pub mod lines;
pub mod log;
pub mod logging;
pub mod pause;
pub mod plan;
pub mod print;
pub mod reject;
pub mod resume;
pub mod retry;
pub mod rollback;
pub mod run;
pub mod runs;
pub mod session;
pub mod show;
pub mod skip;
