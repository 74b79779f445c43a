//! `ouioe audit`: whether the journal is what was written.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::act::Trouble;
use super::exit::Exit;
use super::lines;
use super::out::Out;
use super::session::Place;
use crate::journal::{self, Reader};
use crate::model::digest::Digest;
use crate::model::ids::Seq;

/// Check the journal for changes made behind the engine's back
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe audit verify
  ouioe audit export --out audit.jsonl")]
pub struct AuditArgs {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    Verify(VerifyArgs),
    Export(ExportArgs),
}

/// Every event as a line of JSON with its place in the chain, for an archive that can be checked elsewhere
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Each line has the event, its payload hash and the chain's hash after it, which covers the hash before, the number and the payload
hash: lines cut out, added or moved are found without the journal. The head goes to stderr; keep it elsewhere.

Examples:
  ouioe audit export > audit.jsonl
  ouioe audit export --out /srv/archive/audit.jsonl --after 12000")]
pub struct ExportArgs {
    /// A new file, readable by its owner alone; an existing one is not touched
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Only events after this one
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
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

/// Each event is checked against the one before it as it is written.
pub fn export(place: &Place, out: &Out, args: &ExportArgs) -> Result<Exit, Trouble> {
    let reader = Reader::open(&place.state_dir)?;
    let mut file = match &args.out {
        Some(path) => Some(private(path).map_err(|error| {
            Trouble::new(Exit::Usage, format!("could not write {}: {error}; name a file that does not exist yet", path.display()))
        })?),
        None => None,
    };
    let mut trouble = None;
    let head = reader.export(Seq(args.after), |line| {
        let line = lines::json(&line);
        match &mut file {
            Some(file) => trouble = trouble.take().or(writeln!(file, "{line}").err()),
            None => out.result(&line),
        }
        trouble.is_none() && !out.reader_left()
    })?;
    if let Some(error) = trouble.or_else(|| {
        file.and_then(|file| file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all()).err())
    }) {
        return Err(Trouble::new(Exit::JournalUnusable, format!("could not write the export: {error}")));
    }
    out.note(&format!("head {head}"));
    Ok(Exit::Done)
}

fn private(path: &Path) -> std::io::Result<BufWriter<File>> {
    File::options().write(true).create_new(true).mode(0o600).open(path).map(BufWriter::new)
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
