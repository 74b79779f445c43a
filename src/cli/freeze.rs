//! `ouioe freeze` and `ouioe thaw`: nothing new starts on a target, whatever run it belongs to.

use clap::Args;

/// Start nothing new on a host or other target, in any run
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe freeze web-3 --reason 'disk is being replaced'")]
pub struct FreezeArgs {
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}

/// End a freeze: what waited for the target goes on
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe thaw web-3")]
pub struct ThawArgs {
    #[arg(value_name = "TARGET")]
    pub target: String,
}
