//! One file per subcommand.

pub mod lines;
pub mod session;
