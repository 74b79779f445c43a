//! `ouioe events`: the journal as lines.

use clap::Args;

/// Print what happened, event by event
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe events
  ouioe events k3f9qa -f
  ouioe events --after 120 --json")]
pub struct EventsArgs {
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Go on with what happens now
    #[arg(short, long)]
    pub follow: bool,
    /// Only events after this number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
}
