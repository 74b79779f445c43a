//! `ouioe rollback`: ends a run and undoes what can be undone, in reverse.

use clap::Args;

/// End a run and undo what has an undo, last step first
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe rollback k3f9qa --reason 'error rate went up'")]
pub struct RollbackArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Do not ask; what it costs is still shown
    #[arg(short, long)]
    pub yes: bool,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
