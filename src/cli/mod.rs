//! The command line: arguments in one file per subcommand, what they do in `act`; `out` alone prints, `exit` alone knows the codes.

pub mod act;
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
pub mod out;
pub mod pause;
pub mod plan;
pub mod reject;
pub mod resume;
pub mod retry;
pub mod rollback;
pub mod run;
pub mod runs;
pub mod session;
pub mod show;
pub mod skip;
pub mod watch;
