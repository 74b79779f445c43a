//! `ouioe check`: settings with their origin, and every fault of the files that make them.

use clap::Args;

use super::args::Global;
use super::exit::Exit;
use super::print::{Pipe, Print};
use crate::config::Config;
use crate::config::environment::Environment;
use crate::config::secrets::redactor;

/// Check the configuration and print where each value came from
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe check
  ouioe check --config new.toml
  ouioe check --json")]
pub struct CheckArgs {}

pub fn check(print: &Print, global: &Global, env: &Environment) -> Exit {
    let config = match Config::load(global.config.as_deref(), env) {
        Ok(config) => config,
        Err(problems) => {
            print.problems(&problems);
            return Exit::Invalid;
        }
    };
    for line in config.shown() {
        let pipe = if print.json {
            print.value(&serde_json::json!({"key": line.key, "value": line.value, "origin": line.origin.to_string(), "doc": line.doc}))
        } else {
            print.result(&format!("{:<28} {:<24} {}", line.key, line.value, line.origin))
        };
        if pipe == Pipe::Closed {
            return Exit::Done;
        }
    }
    let (_, warnings) = redactor(&config.secrets, env);
    print.problems(&warnings);
    Exit::Done
}
