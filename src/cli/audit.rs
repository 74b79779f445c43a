//! `ouioe audit`: whether the journal is what was written.

use clap::{Args, Subcommand};

use super::act::Trouble;
use super::exit::Exit;
use super::lines;
use super::out::Out;
use super::session::Place;
use crate::journal;
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

/// What is wrong, by event; else how far the chain holds and its head.
pub fn verify(place: &Place, out: &Out, head: Option<Digest>) -> Result<Exit, Trouble> {
    let report = journal::verify(&place.state_dir, head)?;
    if out.json {
        let findings: Vec<_> = report.findings.iter().map(|it| serde_json::json!({"seq": it.seq, "what": it.what})).collect();
        let value = serde_json::json!({"good": report.good, "head": report.head, "expected_at": report.expected_at, "findings": findings});
        out.result(&lines::json(&value));
    } else if report.is_clean() {
        out.result(&format!("{} events, the chain holds, head {}", report.good, report.head));
    }
    for finding in &report.findings {
        let place = finding.seq.map_or_else(String::new, |seq| format!("event {seq}: "));
        out.error(&format!("{place}{}", finding.what));
    }
    Ok(if report.is_clean() { Exit::Done } else { Exit::JournalUnusable })
}
