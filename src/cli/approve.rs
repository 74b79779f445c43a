//! `ouioe approve`: says yes to exactly what was shown.

use clap::Args;

use super::args::DigestStart;
use crate::model::ids::{RunId, StepId};

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
    pub run: RunId,
    /// Only this step's gate
    #[arg(value_name = "STEP")]
    pub step: Option<StepId>,
    /// Of what you have seen; anything else is refused
    #[arg(long)]
    pub digest: Option<DigestStart>,
}
