//! `ouioe audit`: whether the journal is what was written.

use clap::{Args, Subcommand};

use crate::model::digest::Digest;

/// Check the journal for changes made behind the engine's back
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe audit verify")]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    Verify(VerifyArgs),
}

/// Follow the chain of hashes through every event
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
A journal cut short or wholly rewritten by its owner is only found by a head that was kept elsewhere.

Examples:
  ouioe audit verify
  ouioe audit verify --head 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
pub struct VerifyArgs {
    /// What an engine printed at its end, all 64 digits
    #[arg(long, value_name = "DIGEST", value_parser = whole_digest)]
    pub head: Option<Digest>,
}

fn whole_digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text).ok_or_else(|| "expected 64 hex digits".to_owned())
}
