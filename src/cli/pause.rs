//! `ouioe pause`: nothing new starts, in the run or from a step on; what runs goes on.

use clap::Args;

/// Start nothing new in a run, or in a step and all that depends on it; what runs goes on
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe pause k3f9qa
  ouioe pause k3f9qa deploy-2")]
pub struct PauseArgs {
    /// As `ouioe runs` lists it, its beginning, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only this step and what depends on it
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
}
