//! `ouioe resume`: continues a paused run, or everything that an engine left unfinished.

use clap::Args;

/// Continue a paused run; without RUN, everything that an engine left unfinished
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Stays in the foreground until every run is settled or waits for a person.

Examples:
  ouioe resume
  ouioe resume k3f9qa
  ouioe resume k3f9qa deploy-2
  ouioe resume --force")]
pub struct ResumeArgs {
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Only this paused step and what depends on it
    #[arg(value_name = "STEP", requires = "run")]
    pub step: Option<String>,
    /// Take the journal from an engine that does not answer: it is killed
    #[arg(long)]
    pub force: bool,
}
