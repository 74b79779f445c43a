//! `ouioe skip`: goes on without a step.

use clap::Args;

use super::args::StepAt;

/// Go on without a step; steps that read its output are skipped too
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe skip k3f9qa notify --reason 'chat is down'")]
pub struct SkipArgs {
    #[command(flatten)]
    pub at: StepAt,
    /// Do not ask; what it costs is still shown
    #[arg(short, long)]
    pub yes: bool,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
