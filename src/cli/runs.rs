//! `ouioe runs`: the list of runs.

use clap::Args;

/// List the runs, newest last
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe runs
  ouioe runs --unfinished
  ouioe runs --json")]
pub struct RunsArgs {
    /// Only those that are not finished
    #[arg(long)]
    pub unfinished: bool,
}
