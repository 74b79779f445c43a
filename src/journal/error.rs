//! What can go wrong between us and the disk. A refused append changed nothing; an unknown one may have.

use std::io;
use std::path::PathBuf;

use super::process::Holder;
use crate::model::digest::Digest;
use crate::model::ids::Seq;

/// Finishes the sentence "could not ...".
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{doing} {path}: {source}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("trust {path}: {why}")]
    Unsafe { path: PathBuf, why: String },
    #[error(
        "keep a journal in {path}: it is on a network file system ({kind}), where locks and shared memory do not hold; name a local folder with --state-dir"
    )]
    NetworkFileSystem { path: PathBuf, kind: String },
    #[error("open {path}: there is no journal; an engine makes it when it first starts")]
    Missing { path: PathBuf },
    #[error("open {path}: it is not a journal of ouioe, nothing was changed; move it away or name another --state-dir")]
    NotOurs { path: PathBuf },
    #[error("open {path}: its format is {found}, this build knows up to {known}, nothing was changed; use a newer ouioe")]
    NewerFormat { path: PathBuf, found: i64, known: i64 },
    #[error("take the journal {path}: {}", held_by(.holder.as_ref()))]
    Held { path: PathBuf, holder: Option<Holder> },
    #[error("{doing} {path}: {source}")]
    Database { doing: &'static str, path: PathBuf, source: rusqlite::Error },
    #[error("read {path}: the file is damaged ({detail}); nothing was changed, `ouioe audit verify` shows how far it is good")]
    Damaged { path: PathBuf, detail: String },
    #[error("read event {seq} of {path}: {why}; nothing was changed, `ouioe audit verify` shows how far it is good")]
    BadEntry { path: PathBuf, seq: Seq, why: String },
    #[error(
        "understand event {seq} of {path}: {why}; its bytes are as they were written, so use the ouioe that wrote it, or look with `ouioe audit verify`"
    )]
    Undecodable { path: PathBuf, seq: Seq, why: String },
    #[error("read event {seq} of {path}: its version is {found}, this build reads up to {known}; use a newer ouioe")]
    EventTooNew { path: PathBuf, seq: Seq, found: u16, known: u16 },
    #[error("read plan {digest} of {path}: {why}; nothing was changed, `ouioe audit verify` tells more")]
    BadPlan { path: PathBuf, digest: Digest, why: String },
    #[error(
        "settle what the last engine wrote in {path}: another program is reading it and does not let go; end that program and try again"
    )]
    NotSettled { path: PathBuf },
    #[error("settle what the last engine wrote in {path}: the disk is full; free some space and try again, nothing is lost")]
    Full { path: PathBuf },
    #[error("write a snapshot at event {seq} of {path}: {why}")]
    Snapshot { path: PathBuf, seq: Seq, why: String },
    #[error("erase event {seq} of {path}: {why}")]
    Erase { path: PathBuf, seq: Seq, why: String },
    #[error("take over from process {pid}: {why}")]
    TakeOver { pid: u32, why: String },
}

fn held_by(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { pid, uid, .. }) => {
            format!("process {pid} (uid {uid}) holds it; attach to its engine, stop it, or force a take-over")
        }
        None => "another process holds it and has not said who it is; try again".to_owned(),
    }
}

/// Why an append was refused before its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// No space. The reserve has been released, so that reports still fit.
    Full,
    /// Somebody else keeps the database locked.
    Busy,
    /// Another engine owns the journal now. Nothing of ours can ever be appended again.
    LostEpoch,
    /// The disk refused a write before anything was synced.
    Io,
    /// The batch is not what may come next; a defect of the caller.
    Invalid,
    /// The database said no for another reason.
    Database,
}

#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Nothing of the batch is durable or ever will be. The caller refolds.
    #[error("append: {detail}; nothing was recorded")]
    Refused { kind: RefusedKind, detail: String },
    /// It may or may not be on disk; only a restart can tell. The journal is poisoned from here on.
    #[error("tell whether the append is on disk: {detail}; restart to see")]
    Unknown { detail: String },
    /// An earlier append or checkpoint ended in doubt. Nothing of this batch was tried.
    #[error("append: the journal cannot be trusted since {detail}; restart")]
    Poisoned { detail: String },
}

impl JournalError {
    /// Turns a database error met while `doing` something into the case that people can act on.
    pub(super) fn database(doing: &'static str, path: &std::path::Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Damaged { path, detail: source.to_string() }
            }
            _ if is_type_error(&source) => Self::Damaged { path, detail: source.to_string() },
            _ => Self::Database { doing, path, source },
        }
    }
}

/// A column that holds another type than the schema says: only damage does that.
fn is_type_error(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}
