//! `ouioe approve`: says yes to exactly what was shown.

use clap::Args;

use super::args::digest_start;

/// Approve a plan, or one step's gate, as it was shown
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Without --digest what waits is shown and you are asked; without a terminal that is refused.

Examples:
  ouioe approve k3f9qa --digest 1f0c9a2e
  ouioe approve k3f9qa drop-table --digest 77ab01ce
  ouioe approve k3f9qa")]
pub struct ApproveArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only this step's gate
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Of what you have seen; anything else is refused
    #[arg(long, value_parser = digest_start)]
    pub digest: Option<String>,
}
