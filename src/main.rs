//! The runner is dispatched before anything else is set up.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == "__runner") {
        return ExitCode::from(u8::try_from(ouioe::service::runner::main()).unwrap_or(1));
    }
    ExitCode::SUCCESS
}
