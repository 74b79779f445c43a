//! `ouioe take-back`: an approved step that is still held waits for approval again.

use clap::Args;

use super::args::StepAt;

/// Take an approved step back while its hold lasts: it waits for approval again
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Once the step runs, the answer is `ouioe cancel`.

Examples:
  ouioe take-back k3f9qa wipe")]
pub struct TakeBackArgs {
    #[command(flatten)]
    pub at: StepAt,
}
