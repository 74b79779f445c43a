//! `ouioe done`: a person did the step by hand.

use clap::Args;

use super::args::StepAt;

/// Mark a step as done by hand
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe done k3f9qa restart --evidence 'restarted from the BMC, health page is green'")]
pub struct DoneArgs {
    #[command(flatten)]
    pub at: StepAt,
    /// How you know, for the record
    #[arg(long)]
    pub evidence: String,
}
