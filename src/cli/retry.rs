//! `ouioe retry`: does a failed or unknown step again, knowingly.

use clap::Args;

use super::args::{Assignment, StepAt, digest_start};

/// Do a failed step, or one whose outcome is unknown, again
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Its effect may then have happened twice: look first with `ouioe log` and `ouioe show`.
With --set the plan gets another revision, in which this step alone has other parameters: it is shown, and nothing runs before you
agree to it.

Examples:
  ouioe retry k3f9qa backup --reason 'disk was full, now cleared'
  ouioe retry k3f9qa backup --set target=/mnt/spare")]
pub struct RetryArgs {
    #[command(flatten)]
    pub at: StepAt,
    /// Another value for a parameter of the step
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<Assignment>,
    /// Of the revision that was shown; any other is refused
    #[arg(long, requires = "set", value_parser = digest_start)]
    pub digest: Option<String>,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
