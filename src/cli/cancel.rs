//! `ouioe cancel`: ends a run; what runs is stopped.

use clap::Args;

/// End a run: what runs is stopped, recovery steps still run
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe cancel k3f9qa --reason 'wrong host'
  ouioe cancel k3f9qa --now")]
pub struct CancelArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Without grace, and without recovery steps
    #[arg(long)]
    pub now: bool,
    /// Do not ask; what it costs is still shown
    #[arg(short, long)]
    pub yes: bool,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
