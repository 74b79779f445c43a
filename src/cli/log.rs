//! `ouioe log`: what the steps of a run wrote.

use clap::Args;

/// Print what a run's steps wrote
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe log k3f9qa
  ouioe log k3f9qa backup -f
  ouioe log k3f9qa backup --attempt 1
  ouioe log k3f9qa backup --raw > backup.out
  ouioe log k3f9qa --json | jq -r .text")]
pub struct LogArgs {
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only this step
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Go on until the step has ended
    #[arg(short, long, requires = "step")]
    pub follow: bool,
    /// This attempt instead of the last
    #[arg(long, value_name = "N", requires = "step", value_parser = clap::value_parser!(u32).range(1..))]
    pub attempt: Option<u32>,
    /// Byte for byte, with control characters; not on a terminal
    #[arg(long, requires = "step")]
    pub raw: bool,
}
