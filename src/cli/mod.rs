//! The command line: one file per subcommand.

pub mod act;
pub mod exit;
pub mod lines;
pub mod logging;
pub mod out;
pub mod session;
pub mod watch;
