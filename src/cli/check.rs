//! `ouioe check`: settings with their origin, and every fault of the files that make them,
//! the user's services and templates too.

use std::path::Path;

use clap::Args;

use super::args::Global;
use super::config::print;
use super::exit::Exit;
use super::lines;
use super::out::Out;
use crate::config::Config;
use crate::config::environment::Environment;
use crate::config::place::config_folder;
use crate::config::secrets::redactor;
use crate::engine::planning;

/// Check the configuration, services and templates, and print where each value came from
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
        print(out, &line);
    }
    let (_, warnings) = redactor(&config.secrets, env);
    out.problems(&warnings);
    files(out, config_folder(global.config.as_deref(), env).as_deref())
}

/// The manifests and templates that planning would read, each fault by file and line.
pub fn files(out: &Out, dir: Option<&Path>) -> Exit {
    let found = planning::check(dir);
    let place = dir.map_or_else(|| "no configuration folder".to_owned(), |dir| dir.display().to_string());
    let own = |files: usize, folder: &str| match files {
        0 => format!("built in; none in {place}/{folder}"),
        1 => format!("built in and 1 file in {place}/{folder}"),
        more => format!("built in and {more} files in {place}/{folder}"),
    };
    for (key, count, origin) in [
        ("services.operations", found.operations, own(found.service_files, "services")),
        ("templates", found.templates, own(found.template_files, "templates")),
    ] {
        if out.json {
            out.result(&lines::json(&serde_json::json!({"key": key, "value": count, "origin": origin})));
        } else {
            out.result(&format!("{key:<28} {count:<24} {origin}"));
        }
    }
    out.problems(&found.problems);
    if found.problems.is_empty() { Exit::Done } else { Exit::Usage }
}
