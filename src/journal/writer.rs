//! The one writer: batches of events -> durable entries.
//!
//! An append is accepted, refused (nothing of it is or will be durable) or unknown (only a restart can tell). After an unknown one nothing
//! more is written: the kernel drops what a failed sync could not write and calls it clean (Rebello et al., USENIX ATC 2020).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi, params};

use super::chain::{self, Link};
use super::database::{self, Head};
use super::entry;
use super::error::{AppendError, JournalError, RefusedKind};
use super::folder;
use super::lock::Lock;
use super::replay::{self, Fold};
use super::reserve::{RESERVE_BYTES, Reserve};
use super::snapshot;
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::ids::{Epoch, JournalId, Seq};
use crate::model::plan::Plan;
use crate::model::state::State;
use crate::policy::digest::plan_digest;

/// How many events the engine lets pass between snapshots: a start folds at most this many after reading the newest (measured 0.4 s and
/// 0.2 s at 8,000 runs). Writing one stops appends meanwhile (0.15 s at 8,000 runs, about 1.3 KB a run), so one more belongs where an engine stops.
pub const SNAPSHOT_EVERY: u64 = 50_000;

/// Log pages before a checkpoint: three syncs in some 700 single-event batches. It also keeps the log's index within the first block that
/// `SQLite` allocates (4,062 pages), so that a full disk is met before the commit and not after it.
const CHECKPOINT_PAGES: u32 = 2_000;

/// Appends between two looks for space to set aside again.
const LOOK_FOR_SPACE: u32 = 32;

#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    pub fold: Fold,
    /// Space kept back for reports on a full disk.
    pub reserve_bytes: u64,
    /// Pages (4 KiB) that the log may hold before they are copied into the database.
    pub checkpoint_pages: u32,
}

impl OpenOptions {
    pub fn new(fold: Fold) -> Self {
        Self { fold, reserve_bytes: RESERVE_BYTES, checkpoint_pages: CHECKPOINT_PAGES }
    }
}

/// What becomes durable together. Plans are written before the events that name them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub events: Vec<Arc<Event>>,
    pub plans: Vec<Arc<Plan>>,
}

/// Owns the journal of one folder until it is dropped.
#[derive(Debug)]
pub struct Journal {
    // Closed before the lock is let go.
    conn: Connection,
    path: PathBuf,
    id: JournalId,
    head: Head,
    fold: Fold,
    reserve: Reserve,
    log_pages: Arc<AtomicU32>,
    checkpoint_pages: u32,
    checkpoint_at: u32,
    appends: u32,
    poisoned: Option<String>,
    _lock: Lock,
}

impl Journal {
    /// Creates or opens, takes the lock, makes durable what the last engine wrote, raises the epoch.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<Self, JournalError> {
        let dir = folder::prepare(dir)?;
        let lock = Lock::take(&dir)?;
        let path = dir.join(folder::DATABASE);
        folder::create_database(&dir)?;
        database::refuse_foreign(&path)?;
        let mut conn = database::open_writer(&path)?;
        let mut reserve = Reserve::new(&dir, options.reserve_bytes);
        // The last engine may have left a full disk: the reserve is there so that the next one can still begin.
        match database::settle(&conn, &path) {
            Err(JournalError::Full { .. }) if reserve.release() => database::settle(&conn, &path)?,
            other => other?,
        }
        let (meta, head) = database::raise_epoch(&mut conn, &path)?;
        let log_pages = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&log_pages);
        database::watch_log(&mut conn, move |pages| told.store(pages, Ordering::Relaxed))
            .map_err(|error| JournalError::database("watch the log of", &path, error))?;
        folder::verify_modes(&dir)?;
        Ok(Self {
            conn,
            path,
            id: meta.journal,
            head,
            fold: options.fold,
            reserve,
            log_pages,
            checkpoint_pages: options.checkpoint_pages,
            checkpoint_at: options.checkpoint_pages,
            appends: 0,
            poisoned: None,
            _lock: lock,
        })
    }

    pub fn id(&self) -> &JournalId {
        &self.id
    }

    pub fn epoch(&self) -> Epoch {
        self.head.epoch
    }

    /// The last durable event and the chain's hash there.
    pub fn head(&self) -> (Seq, Digest) {
        (self.head.link.seq, self.head.link.hash)
    }

    /// The state after the last durable event.
    pub fn load(&mut self) -> Result<State, JournalError> {
        let (state, link) = replay::load(&self.conn, &self.path, self.fold)?;
        if link != self.head.link {
            return Err(replay::ends_elsewhere(&self.path, &link, &self.head.link));
        }
        Ok(state)
    }

    /// `false`: the disk was full and is not yet free again, so only reports should be appended. Looks for space.
    pub fn has_reserve(&mut self) -> bool {
        self.reserve.restore()
    }

    /// One transaction, one sync. An empty batch does nothing.
    pub fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        if let Some(detail) = &self.poisoned {
            return Err(AppendError::Poisoned { detail: detail.clone() });
        }
        if batch.events.is_empty() && batch.plans.is_empty() {
            return Ok(());
        }
        let to = self.write(batch).map_err(|refused| self.roll_back(refused))?;
        if let Err(error) = self.conn.execute_batch("COMMIT") {
            return Err(self.commit_failed(&error));
        }
        // Only after the commit: of a refused batch the next event takes the number.
        self.head = to;
        self.tidy();
        Ok(())
    }

    /// Everything but the commit. The head moves only where it is still ours.
    fn write(&self, batch: &Batch) -> Result<Head, Refused> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        for plan in &batch.plans {
            self.write_plan(plan)?;
        }
        let mut link = self.head.link;
        let mut insert = self.conn.prepare_cached("INSERT INTO events(seq, run, payload, hash) VALUES (?1, ?2, ?3, ?4)")?;
        for event in &batch.events {
            if event.seq != link.seq.next() {
                return Err(Refused::invalid(format!("event {} does not follow event {}", event.seq, link.seq)));
            }
            let payload = serde_json::to_string(&**event).map_err(|error| Refused::invalid(format!("event {}: {error}", event.seq)))?;
            link = link.next(&chain::payload_hash(payload.as_bytes()));
            let run = event.run.as_ref().map(crate::model::ids::RunId::as_str);
            insert.execute(params![link.seq.0.cast_signed(), run, payload, link.hash.0])?;
        }
        let to = Head { link, ..self.head };
        if !database::move_head(&self.conn, &self.head, &to)? {
            let detail = "another engine has taken this journal over".to_owned();
            return Err(Refused { kind: RefusedKind::LostEpoch, detail });
        }
        Ok(to)
    }

    /// Reads its own bytes back first: a plan whose digest does not survive being written could never be run.
    fn write_plan(&self, plan: &Plan) -> Result<(), Refused> {
        let invalid = |why: String| Refused::invalid(format!("plan {}: {why}", plan.digest.short()));
        let body = serde_json::to_string(plan).map_err(|error| invalid(error.to_string()))?;
        let back: Plan = serde_json::from_str(&body).map_err(|error| invalid(error.to_string()))?;
        if plan_digest(&back) != plan.digest {
            return Err(invalid("its digest is not that of its content as written".to_owned()));
        }
        let mut insert = self.conn.prepare_cached("INSERT OR IGNORE INTO plans(digest, body, body_hash) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![plan.digest.0, body, chain::payload_hash(body.as_bytes()).0])?;
        Ok(())
    }

    /// Nothing was committed. A transaction that does not even go away leaves the connection in doubt.
    fn roll_back(&mut self, refused: Refused) -> AppendError {
        if refused.kind == RefusedKind::Full {
            self.reserve.release();
        }
        if !self.conn.is_autocommit() && self.conn.execute_batch("ROLLBACK").is_err() && !self.conn.is_autocommit() {
            self.poison("a refused transaction could not be taken back".to_owned());
        }
        AppendError::Refused { kind: refused.kind, detail: refused.detail }
    }

    /// Commit writes all pages, the one with the commit mark last, then syncs. A write that failed left that page incomplete, and a lock that
    /// was not to be had left it unwritten; whatever else fails may come after the sync has begun.
    fn commit_failed(&mut self, error: &rusqlite::Error) -> AppendError {
        let detail = describe(error);
        if let Some(kind) = certain_refusal(error) {
            return self.roll_back(Refused { kind, detail });
        }
        self.poison(detail.clone());
        AppendError::Unknown { detail }
    }

    fn poison(&mut self, detail: String) {
        database::keep_log(&self.conn);
        self.poisoned = Some(detail);
    }

    /// After a commit: the batch is durable whatever happens here.
    fn tidy(&mut self) {
        self.appends = self.appends.wrapping_add(1);
        if !self.reserve.is_ready() && self.appends.is_multiple_of(LOOK_FOR_SPACE) {
            self.reserve.restore();
        }
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < self.checkpoint_pages {
            self.checkpoint_at = self.checkpoint_pages;
        }
        if pages >= self.checkpoint_at {
            // Whatever keeps it from finishing (a reader, a full disk) may be gone some pages later.
            self.checkpoint_at = pages.saturating_add(self.checkpoint_pages);
            self.checkpoint();
        }
    }

    fn checkpoint(&mut self) {
        match database::checkpoint(&self.conn) {
            Ok(()) => {}
            Err(error) if certain_refusal(&error).is_some() => {}
            Err(error) => self.poison(describe(&error)),
        }
    }

    /// A shortcut for the next start, in a transaction of its own. Fails without harm.
    pub fn snapshot(&mut self, state: &State) -> Result<(), JournalError> {
        let fail = |why: String| JournalError::Snapshot { path: self.path.clone(), seq: state.seq, why };
        if let Some(detail) = &self.poisoned {
            return Err(fail(format!("the journal cannot be trusted since {detail}")));
        }
        if state.journal != self.id || state.seq > self.head.link.seq || state.seq == Seq(0) {
            return Err(fail(format!("the state is not one of this journal, which ends at {}", self.head.link.seq)));
        }
        let body = serde_json::to_string(state).map_err(|error| fail(error.to_string()))?;
        let link = entry::link_at(&self.conn, &self.path, Link::genesis(&self.id), state.seq)?;
        let path = self.path.clone();
        self.in_transaction(|conn| snapshot::write(conn, &link, &body))
            .map_err(|error| JournalError::database("write a snapshot to", &path, error))
    }

    /// Replaces the payload of one event by `stand_in` (the same event with the leaked text taken out) and drops every snapshot. The
    /// chain still holds; `verify` lists the event as erased.
    pub fn erase(&mut self, stand_in: &Event) -> Result<(), JournalError> {
        let fail = |why: String| JournalError::Erase { path: self.path.clone(), seq: stand_in.seq, why };
        let before = entry::link_at(&self.conn, &self.path, Link::genesis(&self.id), Seq(stand_in.seq.0.saturating_sub(1)))?;
        let mut found = None;
        entry::walk(&self.conn, &self.path, before, 1, |entry, _| {
            let payload_hash = match entry.content {
                entry::Content::Kept(payload) => chain::payload_hash(payload),
                entry::Content::Erased { payload_hash, .. } => payload_hash,
            };
            found = Some((entry.event(&self.path)?, payload_hash));
            Ok(())
        })?;
        let (old, payload_hash) = found.ok_or_else(|| fail("there is no such event".to_owned()))?;
        if (Event { fact: old.fact.clone(), ..stand_in.clone() }) != old || stand_in.fact.kind() != old.fact.kind() {
            return Err(fail("only its data may differ".to_owned()));
        }
        let text = serde_json::to_string(stand_in).map_err(|error| fail(error.to_string()))?;
        let sealed = entry::seal_erased(&payload_hash, text.as_bytes());
        let path = self.path.clone();
        let erase = |conn: &Connection| {
            conn.execute_batch("DELETE FROM snapshots")?;
            let sql = "UPDATE events SET payload = NULL, erased = ?1, stand_in = ?2 WHERE seq = ?3";
            conn.execute(sql, params![sealed, text, stand_in.seq.0.cast_signed()]).map(|_| ())
        };
        // Freed bytes are overwritten, and the log, which still holds the old page, is emptied.
        let done = self.conn.pragma_update(None, "secure_delete", true).and_then(|()| self.in_transaction(erase));
        done.map_err(|error| JournalError::database("erase in", &path, error))?;
        database::settle(&self.conn, &path)
    }

    /// For writes beside the chain; they too are refused once another engine owns the journal.
    fn in_transaction(&mut self, write: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let head = self.head;
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !database::move_head(&tx, &head, &head)? {
            return Err(rusqlite::Error::StatementChangedRows(0));
        }
        write(&tx)?;
        let done = tx.commit();
        if let Err(error) = &done
            && certain_refusal(error).is_none()
        {
            self.poison(describe(error));
        }
        if done.as_ref().is_err_and(|error| certain_refusal(error) == Some(RefusedKind::Full)) {
            self.reserve.release();
        }
        self.tidy();
        done
    }
}

/// Why a batch was not committed.
struct Refused {
    kind: RefusedKind,
    detail: String,
}

impl Refused {
    fn invalid(detail: String) -> Self {
        Self { kind: RefusedKind::Invalid, detail }
    }
}

impl From<rusqlite::Error> for Refused {
    /// Before COMMIT every error leaves nothing durable.
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::SystemIoFailure) => RefusedKind::Io,
            _ => certain_refusal(&error).unwrap_or(RefusedKind::Database),
        };
        Self { kind, detail: describe(&error) }
    }
}

/// The errors of COMMIT that prove that the commit mark was not written in full.
fn certain_refusal(error: &rusqlite::Error) -> Option<RefusedKind> {
    match error.sqlite_error()?.extended_code {
        ffi::SQLITE_FULL => Some(RefusedKind::Full),
        ffi::SQLITE_IOERR_WRITE => Some(RefusedKind::Io),
        ffi::SQLITE_BUSY | ffi::SQLITE_BUSY_SNAPSHOT | ffi::SQLITE_BUSY_TIMEOUT => Some(RefusedKind::Busy),
        _ => None,
    }
}

fn describe(error: &rusqlite::Error) -> String {
    match error.sqlite_error() {
        Some(code) => format!("{error} (code {})", code.extended_code),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As measured with strace on the bundled `SQLite`; see the commit that added this.
    #[test]
    fn only_a_write_that_failed_proves_that_nothing_was_committed() {
        for (code, expected) in [
            (ffi::SQLITE_FULL, Some(RefusedKind::Full)),
            (ffi::SQLITE_IOERR_WRITE, Some(RefusedKind::Io)),
            (ffi::SQLITE_BUSY, Some(RefusedKind::Busy)),
            (ffi::SQLITE_IOERR_FSYNC, None),
            (ffi::SQLITE_IOERR_SHMSIZE, None),
            (ffi::SQLITE_IOERR_SHMMAP, None),
            (ffi::SQLITE_NOMEM, None),
            (ffi::SQLITE_CORRUPT, None),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(certain_refusal(&error), expected, "{code}");
        }
    }
}
