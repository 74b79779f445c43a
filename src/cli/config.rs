//! `ouioe config`: every setting with its value and where that came from; a file to begin with.

use clap::Args;

use super::args::Global;
use super::exit::Exit;
use super::lines;
use super::out::Out;
use crate::config::{Config, Shown, environment::Environment, place::config_folder};
use crate::planner::near;

/// Print the settings, each with where it came from
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
A setting comes from its variable (OUIOE_ENGINE_SLOTS), else the file, else the default.

Examples:
  ouioe config
  ouioe config engine.slots
  ouioe config --defaults > ~/.config/ouioe/config.toml")]
pub struct ConfigArgs {
    /// Only this one, such as engine.slots
    #[arg(value_name = "KEY", conflicts_with = "defaults")]
    pub key: Option<String>,
    /// A configuration file with every default, commented out
    #[arg(long)]
    pub defaults: bool,
}

pub fn config(out: &Out, global: &Global, env: &Environment, args: &ConfigArgs) -> Exit {
    if args.defaults {
        out.block(&Config::default_file());
        return Exit::Done;
    }
    let config = match Config::load(global.config.as_deref(), env) {
        Ok(config) => config,
        Err(problems) => {
            out.problems(&problems);
            return Exit::Usage;
        }
    };
    let lines = config.shown();
    let Some(key) = &args.key else {
        lines.iter().for_each(|line| print(out, line));
        let place = config_folder(global.config.as_deref(), env).map(|dir| dir.display().to_string());
        out.note(&format!("folder: {}", place.unwrap_or_else(|| "none; set HOME or XDG_CONFIG_HOME".to_owned())));
        return Exit::Done;
    };
    if let Some(line) = lines.iter().find(|line| line.key == *key) {
        print(out, line);
        out.note(line.doc);
        return Exit::Done;
    }
    let hint = near::hint(key, lines.iter().map(|line| line.key.as_str()));
    out.error(&format!("there is no setting `{key}`; {}", if hint.is_empty() { "`ouioe config` lists them" } else { &hint }));
    Exit::Usage
}

/// One setting as a line or a value.
pub fn print(out: &Out, line: &Shown) {
    if out.json {
        let value = serde_json::json!({"key": line.key, "value": line.value, "origin": line.origin.to_string(), "doc": line.doc});
        out.result(&lines::json(&value));
    } else {
        out.result(&format!("{:<28} {:<24} {}", line.key, line.value, line.origin));
    }
}
