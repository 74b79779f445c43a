//! The runner is dispatched first; then arguments -> wired parts -> exit code.

use std::process::ExitCode;

use clap::Parser as _;
use ouioe::cli::args::Cli;
use ouioe::cli::completions;
use ouioe::cli::dispatch::{dispatch, wrong_words};
use ouioe::service::runner;

fn main() -> ExitCode {
    // Before arguments, runtime or logging: a step must cost next to nothing.
    if let Some(status) = std::env::args_os().nth(1).and_then(|first| runner::dispatch(&first)) {
        return ExitCode::from(u8::try_from(status).unwrap_or(1));
    }
    completions::answer();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Somebody was first: then it is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::try_parse() {
        Ok(cli) => dispatch(cli).into(),
        Err(error) => wrong_words(&error).into(),
    }
}
