//! `ouioe template`: workflows that are kept under a name.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Workflows kept under a name: list them, look at one, check your own, begin a new one
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe template list
  ouioe template show slow-machine
  ouioe template check")]
pub struct TemplateArgs {
    #[command(subcommand)]
    pub command: TemplateCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum TemplateCommand {
    List(ListArgs),
    Show(ShowArgs),
    Check(CheckArgs),
    New(NewArgs),
}

/// List the templates, one line each; your own stand in for built-in ones of the same name
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe template list
  ouioe template list --json")]
pub struct ListArgs {}

/// Show what a template is asked for with, its parameters, its steps and a command line that runs it
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe template show disk-full-triage
  ouioe template show rolling-restart --json")]
pub struct ShowArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Check template files; without a file, the built-in ones and all of your own
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Every fault is one line on stderr, `file:line:column: message`; the exit code is then 2.

Examples:
  ouioe template check
  ouioe template check nightly.toml weekly.toml")]
pub struct CheckArgs {
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Write a commented template into your templates folder, to be changed; never over a file that is there
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe template new nightly-check")]
pub struct NewArgs {
    #[arg(value_name = "NAME", help = "Small letters, digits and `-`; also the name of the file", value_parser = template_name)]
    pub name: String,
}

fn template_name(text: &str) -> Result<String, String> {
    let good = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if good && text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err("expected small letters, digits and `-`, at most 64".to_owned())
}
