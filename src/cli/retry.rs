//! `ouioe retry`: does a failed or unknown step again, knowingly.

use clap::Args;

use super::args::StepAt;

/// Do a failed step, or one whose outcome is unknown, again
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Its effect may then have happened twice: look first with `ouioe log` and `ouioe show`.

Examples:
  ouioe retry k3f9qa backup --reason 'disk was full, now cleared'")]
pub struct RetryArgs {
    #[command(flatten)]
    pub at: StepAt,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
