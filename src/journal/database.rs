//! The file's form: identity, version, tables, the two sealed rows, and how a connection is set up.
//!
//! A newer or foreign file is recognised before anything is locked, recovered or written.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use rusqlite::{DEFAULT_NAME, wal::CheckpointMode};

use super::chain::Link;
use super::error::JournalError;
use super::process::Holder;
use crate::model::digest::Digest;
use crate::model::ids::{Epoch, JournalId, Seq};
use crate::policy::canonical::Canonical;

/// `ouio`, so that `file` and other programs can tell whose it is.
const APPLICATION_ID: i64 = 0x6f75_696f;
const FORMAT_VERSION: i64 = 1;
/// For a writer that meets a foreign lock, and for a reader that meets a recovery.
const BUSY: Duration = Duration::from_secs(5);

/// Exactly as `sqlite_schema` keeps it; `verify` compares. One index more comes from the primary key of `plans`.
pub const SCHEMA: [(&str, &str); 6] = [
    (
        "meta",
        "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK (one = 1), journal TEXT NOT NULL, pid INTEGER NOT NULL, \
         start_time INTEGER NOT NULL, uid INTEGER NOT NULL, boot TEXT NOT NULL, seal BLOB NOT NULL) STRICT",
    ),
    (
        "head",
        "CREATE TABLE head(one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, seq INTEGER NOT NULL, \
         hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT",
    ),
    (
        "events",
        "CREATE TABLE events(seq INTEGER PRIMARY KEY, run TEXT, payload TEXT, hash BLOB NOT NULL, erased BLOB, stand_in TEXT) STRICT",
    ),
    ("plans", "CREATE TABLE plans(digest BLOB PRIMARY KEY, body TEXT NOT NULL, body_hash BLOB NOT NULL) STRICT"),
    ("snapshots", "CREATE TABLE snapshots(seq INTEGER PRIMARY KEY, fold INTEGER NOT NULL, body TEXT NOT NULL, seal BLOB NOT NULL) STRICT"),
    ("events_run", "CREATE INDEX events_run ON events(run) WHERE run IS NOT NULL"),
];

/// Who the journal is and who owns it, as last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    pub journal: JournalId,
    pub owner: Holder,
}

/// The end of the journal and who may extend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub epoch: Epoch,
    pub link: Link,
}

impl Head {
    pub fn seal(&self) -> Digest {
        Canonical::new("ouioe.head.1").number(self.epoch.0).number(self.link.seq.0).digest(&self.link.hash).finish()
    }
}

fn meta_seal(meta: &Meta) -> Digest {
    let owner = &meta.owner;
    Canonical::new("ouioe.meta.1")
        .text(meta.journal.as_str())
        .number(u64::from(owner.pid))
        .number(owner.start_time)
        .number(u64::from(owner.uid))
        .text(&owner.boot_id)
        .finish()
}

/// Looks at identity and version without a lock, a recovery or a file of its own.
pub fn refuse_foreign(path: &Path) -> Result<(), JournalError> {
    if std::fs::metadata(path).map_or(0, |facts| facts.len()) == 0 {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(immutable_uri(path), flags).map_err(|e| JournalError::database("open", path, e))?;
    match check_version(&conn, path) {
        // The file alone may be half of a checkpoint that the log completes; only opening it together with the log can tell.
        Err(JournalError::Damaged { .. }) => Ok(()),
        other => other,
    }
}

fn immutable_uri(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        let _ = match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => write!(uri, "{}", char::from(*byte)),
            _ => write!(uri, "%{byte:02x}"),
        };
    }
    uri + "?immutable=1"
}

/// A file without identity and tables is one whose making was interrupted; it passes.
fn check_version(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let fail = |error| match error {
        rusqlite::Error::SqliteFailure(code, _) if code.code == rusqlite::ErrorCode::NotADatabase => {
            JournalError::NotOurs { path: path.to_owned() }
        }
        other => JournalError::database("open", path, other),
    };
    let application = number(conn, "PRAGMA application_id").map_err(fail)?;
    let found = number(conn, "PRAGMA user_version").map_err(fail)?;
    if application != APPLICATION_ID {
        let is_unmade = application == 0 && found == 0 && number(conn, "SELECT count(*) FROM sqlite_schema").map_err(fail)? == 0;
        return if is_unmade { Ok(()) } else { Err(JournalError::NotOurs { path: path.to_owned() }) };
    }
    if found > FORMAT_VERSION {
        return Err(JournalError::NewerFormat { path: path.to_owned(), found, known: FORMAT_VERSION });
    }
    if found < 1 {
        return Err(JournalError::Damaged { path: path.to_owned(), detail: format!("format version {found}") });
    }
    Ok(())
}

fn number(conn: &Connection, sql: &str) -> rusqlite::Result<i64> {
    conn.query_row(sql, [], |row| row.get(0))
}

/// Opens for writing; makes the tables where there are none. The caller holds the lock.
pub fn open_writer(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error| JournalError::database("open", path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = Connection::open_with_flags(path, flags).map_err(fail)?;
    set_up(&conn).map_err(fail)?;
    check_version(&conn, path)?;
    if number(&conn, "PRAGMA application_id").map_err(fail)? == 0 {
        create(&mut conn).map_err(|error| JournalError::database("make", path, error))?;
    }
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(fail)?;
    if mode != "wal" {
        return Err(JournalError::Unsafe {
            path: path.to_owned(),
            why: format!("the write-ahead log is not to be had (journal mode {mode})"),
        });
    }
    Ok(conn)
}

pub fn open_reader(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error| JournalError::database("open", path, error);
    if !path.exists() {
        return Err(JournalError::Missing { path: path.to_owned() });
    }
    refuse_foreign(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags).map_err(fail)?;
    set_up(&conn).map_err(fail)?;
    check_version(&conn, path)?;
    if number(&conn, "PRAGMA application_id").map_err(fail)? == 0 {
        return Err(JournalError::Missing { path: path.to_owned() });
    }
    Ok(conn)
}

/// Memory maps stay off: a read error must be an error code, not a signal.
fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA wal_autocheckpoint=0; \
         PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA cache_size=-16384;",
    )
}

/// One transaction under the rollback journal, so that the main file's first page has identity and version from the start.
fn create(conn: &mut Connection) -> rusqlite::Result<()> {
    let meta = Meta { journal: JournalId::new(uuid::Uuid::now_v7().to_string()), owner: Holder::this_process() };
    let head = Head { epoch: Epoch(0), link: Link::genesis(&meta.journal) };
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", FORMAT_VERSION)?;
    for (_, sql) in SCHEMA {
        tx.execute(sql, [])?;
    }
    tx.execute(
        "INSERT INTO meta(one, journal, pid, start_time, uid, boot, seal) VALUES (1, ?1, 0, 0, 0, '', x'')",
        [meta.journal.as_str()],
    )?;
    tx.execute("INSERT INTO head(one, epoch, seq, hash, seal) VALUES (1, 0, 0, x'', x'')", [])?;
    write_meta(&tx, &meta)?;
    write_head(&tx, &head)?;
    tx.commit()
}

pub fn read_meta(conn: &Connection, path: &Path) -> Result<Meta, JournalError> {
    let read = conn.query_row("SELECT journal, pid, start_time, uid, boot, seal FROM meta WHERE one = 1", [], |row| {
        let owner = Holder { pid: row.get(1)?, start_time: row.get::<_, i64>(2)?.cast_unsigned(), uid: row.get(3)?, boot_id: row.get(4)? };
        Ok((Meta { journal: JournalId::new(row.get::<_, String>(0)?), owner }, digest(row, 5)?))
    });
    match read.map_err(|error| JournalError::database("read", path, error))? {
        (meta, seal) if seal == meta_seal(&meta) => Ok(meta),
        _ => Err(JournalError::Damaged { path: path.to_owned(), detail: "its identity does not match its seal".to_owned() }),
    }
}

fn write_meta(conn: &Connection, meta: &Meta) -> rusqlite::Result<()> {
    let Holder { pid, start_time, uid, boot_id } = &meta.owner;
    let sql = "UPDATE meta SET pid = ?1, start_time = ?2, uid = ?3, boot = ?4, seal = ?5 WHERE one = 1";
    conn.execute(sql, params![pid, start_time.cast_signed(), uid, boot_id, meta_seal(meta).0])?;
    Ok(())
}

pub fn read_head(conn: &Connection, path: &Path) -> Result<Head, JournalError> {
    let read = conn.query_row("SELECT epoch, seq, hash, seal FROM head WHERE one = 1", [], |row| {
        let link = Link { seq: Seq(row.get::<_, i64>(1)?.cast_unsigned()), hash: digest(row, 2)? };
        Ok((Head { epoch: Epoch(row.get::<_, i64>(0)?.cast_unsigned()), link }, digest(row, 3)?))
    });
    match read.map_err(|error| JournalError::database("read", path, error))? {
        (head, seal) if seal == head.seal() => Ok(head),
        _ => Err(JournalError::Damaged { path: path.to_owned(), detail: "its end does not match its seal".to_owned() }),
    }
}

fn write_head(conn: &Connection, head: &Head) -> rusqlite::Result<()> {
    let sql = "UPDATE head SET epoch = ?1, seq = ?2, hash = ?3, seal = ?4 WHERE one = 1";
    conn.execute(sql, params![head.epoch.0.cast_signed(), head.link.seq.0.cast_signed(), head.link.hash.0, head.seal().0])?;
    Ok(())
}

/// Moves the end forward, only where it is still `from`; `false`: somebody else owns the journal or has extended it.
pub fn move_head(conn: &Connection, from: &Head, to: &Head) -> rusqlite::Result<bool> {
    let sql = "UPDATE head SET seq = ?1, hash = ?2, seal = ?3 WHERE one = 1 AND epoch = ?4 AND seq = ?5 AND hash = ?6";
    let mut statement = conn.prepare_cached(sql)?;
    let seq = |head: &Head| head.link.seq.0.cast_signed();
    let changed =
        statement.execute(params![seq(to), to.link.hash.0, to.seal().0, from.epoch.0.cast_signed(), seq(from), from.link.hash.0])?;
    Ok(changed == 1)
}

/// Takes the journal from whoever had it: from here on no older epoch can append.
pub fn raise_epoch(conn: &mut Connection, path: &Path) -> Result<(Meta, Head), JournalError> {
    let fail = |error| JournalError::database("take", path, error);
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let meta = Meta { owner: Holder::this_process(), ..read_meta(&tx, path)? };
    let last = read_head(&tx, path)?;
    let head = Head { epoch: last.epoch.next(), ..last };
    write_meta(&tx, &meta).and_then(|()| write_head(&tx, &head)).map_err(fail)?;
    tx.commit().map_err(fail)?;
    Ok((meta, head))
}

/// Copies the whole log into the database, syncs it and empties the log. After an engine that ended in doubt the log may hold pages that the
/// kernel shows but never wrote (a failed sync marks them clean); copying is what makes them durable or gone.
pub fn settle(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    match conn.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::TRUNCATE) {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            Err(JournalError::NotSettled { path: path.to_owned() })
        }
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) => Err(JournalError::Full { path: path.to_owned() }),
        Err(error) => Err(JournalError::database("settle the log of", path, error)),
    }
}

/// Tells after each commit how many pages the log holds.
pub fn watch_log(conn: &mut Connection, mut pages: impl FnMut(u32) + Send + 'static) -> rusqlite::Result<()> {
    conn.wal_hook(Some(move |_: &mut Wal, count: i32| {
        pages(u32::try_from(count).unwrap_or(0));
        Ok(())
    }))
}

pub fn checkpoint(conn: &Connection) -> rusqlite::Result<()> {
    conn.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::PASSIVE).map(|_| ())
}

/// Leaves the log as it is when the connection closes.
pub fn keep_log(conn: &Connection) {
    let _ = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

pub fn digest(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Digest> {
    row.get(at).map(Digest)
}
