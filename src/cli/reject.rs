//! `ouioe reject`: says no to a plan, a gate or a waiting decision.

use clap::Args;

/// Reject a plan, one step's gate, or a waiting decision
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe reject k3f9qa --reason 'not in business hours'
  ouioe reject k3f9qa drop-table --reason 'wrong database'")]
pub struct RejectArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
