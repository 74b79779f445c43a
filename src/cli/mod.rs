//! The command line: one file per subcommand.

pub mod lines;
pub mod logging;
pub mod session;
