//! One file per subcommand.

pub mod exit;
pub mod lines;
pub mod out;
pub mod session;
pub mod watch;
