//! `ouioe forget`: a run is no lesson any more.

use clap::Args;

/// Let no plan learn from a finished run any more; its record stays
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
What the run taught is left out from the next plan on, in open consoles too: the plan that it remembers, how long its steps
took, how often they failed. The journal keeps the run and this order for the audit. `ouioe memory` lists what counts.

Examples:
  ouioe forget k3f9qa
  ouioe forget last --reason 'was a rehearsal'")]
pub struct ForgetArgs {
    /// As `ouioe memory` lists it, its beginning, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    /// For the record
    #[arg(long, default_value = "")]
    pub reason: String,
}
