//! `ouioe note`: a remark in the record of a run.

use clap::Args;

/// Put a remark into the record of a run
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe note k3f9qa 'vendor ticket 4711'")]
pub struct NoteArgs {
    /// As `ouioe runs` lists it, its beginning, or `last`
    #[arg(value_name = "RUN")]
    pub run: String,
    #[arg(value_name = "TEXT")]
    pub text: String,
}
