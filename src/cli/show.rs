//! `ouioe show`: one run with its steps, questions and results.

use clap::Args;

/// Show one run: its steps, what it waits for, and why
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe show k3f9qa
  ouioe show k3f9qa --json")]
pub struct ShowArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
}
