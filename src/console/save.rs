//! A step's output -> a new file, byte for byte.
//!
//! Never writes over anything and follows no link in the last part of the path; only the operator may read the file.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use super::output::{CHUNK, Source};
use crate::link::Link;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub path: String,
    pub bytes: u64,
    /// Bytes that the spool had not kept.
    pub lost: u64,
}

/// An error finishes the sentence "could not …".
pub async fn save(link: &Link, source: &Source, typed: &str) -> Result<Saved, String> {
    let path = place(typed);
    let named = path.display().to_string();
    let create = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = create.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => format!("save to {named}: it is there already, and is not written over; name another"),
        _ => format!("save to {named}: {error}"),
    })?;
    let mut saved = Saved { path: named.clone(), bytes: 0, lost: 0 };
    let mut offset = 0;
    loop {
        let chunk = link.output(&source.run, &source.step, source.attempt, offset, CHUNK).await;
        let chunk = chunk.map_err(|error| format!("read all of the output: {error}; {named} has its first {} bytes", saved.bytes))?;
        if chunk.bytes.is_empty() {
            break;
        }
        saved.lost += chunk.offset.saturating_sub(offset);
        file.write_all(&chunk.bytes).map_err(|error| format!("write all of {named}: {error}"))?;
        saved.bytes += chunk.bytes.len() as u64;
        offset = chunk.next_offset();
    }
    file.sync_all().map_err(|error| format!("write all of {named}: {error}"))?;
    Ok(saved)
}

/// `~/` is the home folder, as in a shell.
fn place(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        (Some(_) | None, _) => PathBuf::from(typed),
    }
}
