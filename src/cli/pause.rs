//! `ouioe pause`: nothing new starts; what runs goes on.

use clap::Args;

/// Start nothing new in a run; what runs goes on
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe pause k3f9qa")]
pub struct PauseArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
}
