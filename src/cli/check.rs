//! `ouioe check`: settings with their origin, and every fault of the files that make them.

use clap::Args;

use super::args::Global;
use super::exit::Exit;
use super::lines;
use super::out::Out;
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

pub fn check(out: &Out, global: &Global, env: &Environment) -> Exit {
    let config = match Config::load(global.config.as_deref(), env) {
        Ok(config) => config,
        Err(problems) => {
            out.problems(&problems);
            return Exit::Usage;
        }
    };
    for line in config.shown() {
        if out.json {
            let value = serde_json::json!({"key": line.key, "value": line.value, "origin": line.origin.to_string(), "doc": line.doc});
            out.result(&lines::json(&value));
        } else {
            out.result(&format!("{:<28} {:<24} {}", line.key, line.value, line.origin));
        }
    }
    let (_, warnings) = redactor(&config.secrets, env);
    out.problems(&warnings);
    Exit::Done
}
