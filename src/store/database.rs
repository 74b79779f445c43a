//! The file of the inventory: identity, version, tables, rows.
//!
//! Private (0600), never opened through a link; a foreign or newer file is refused before anything is written.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row, params};

use super::asset::{Asset, Kind, LOCALHOST, Window};
use super::inventory::StoreError;
use crate::model::time::Stamp;

pub const FILE: &str = "assets.sqlite3";
/// `ouia`, so that `file` and other programs can tell whose it is.
const APPLICATION_ID: i64 = 0x6f75_6961;
const FORMAT_VERSION: i64 = 1;
/// For a writer that meets another one.
const BUSY: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
CREATE TABLE asset(name TEXT PRIMARY KEY, kind TEXT NOT NULL, address TEXT, user TEXT, port INTEGER, environment TEXT,
    owner TEXT, contact TEXT, note TEXT) STRICT;
CREATE TABLE label(asset TEXT NOT NULL REFERENCES asset(name) ON DELETE CASCADE, kind TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (asset, kind, value)) STRICT, WITHOUT ROWID;
CREATE TABLE maintenance(asset TEXT NOT NULL REFERENCES asset(name) ON DELETE CASCADE, from_ms INTEGER NOT NULL,
    until_ms INTEGER, PRIMARY KEY (asset, from_ms)) STRICT, WITHOUT ROWID;
";

pub fn open_writer(dir: &Path) -> Result<Connection, StoreError> {
    let path = dir.join(FILE);
    let io = |source: io::Error| StoreError::Io { path: path.clone(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
    let private = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match private {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => restrict(&path).map_err(io)?,
        Err(error) => return Err(io(error)),
    }
    let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let fail = |source| StoreError::Database { path: path.clone(), source };
    conn.execute_batch("PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL").map_err(fail)?;
    if version(&conn, &path)? == 0 {
        create(&conn).map_err(fail)?;
    }
    Ok(conn)
}

/// `None` where nothing was ever kept.
pub fn open_reader(dir: &Path) -> Result<Option<Connection>, StoreError> {
    // Wired to no state folder: never the current one by accident.
    if dir.as_os_str().is_empty() {
        return Ok(None);
    }
    let path = dir.join(FILE);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Io { path, source }),
        Ok(about) if about.len() == 0 => return Ok(None),
        Ok(_) => {}
    }
    let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok((version(&conn, &path)? > 0).then_some(conn))
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    let fail = |source| StoreError::Database { path: path.to_owned(), source };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags).map_err(fail)?;
    conn.busy_timeout(BUSY).map_err(fail)?;
    Ok(conn)
}

/// A file that others may write to is not trusted; one that they may only read is closed to them.
fn restrict(path: &Path) -> io::Result<()> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_file() || about.permissions().mode() & 0o022 != 0 {
        return Err(io::Error::other("it is no plain file that only its owner may write to"));
    }
    if about.permissions().mode() & 0o777 == 0o600 { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(0o600)) }
}

/// 0: an empty file.
fn version(conn: &Connection, path: &Path) -> Result<i64, StoreError> {
    // In one statement, so of one moment: another writer may be making the file ours.
    let sql = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version";
    let read = conn.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
    let (application, found, tables) = read.map_err(|source| StoreError::Database { path: path.to_owned(), source })?;
    let is_empty = application == 0 && found == 0 && tables == 0;
    match (is_empty, application == APPLICATION_ID && (1..=FORMAT_VERSION).contains(&found)) {
        (true, _) => Ok(0),
        (false, true) => Ok(found),
        (false, false) => Err(StoreError::NotOurs { path: path.to_owned(), found, known: FORMAT_VERSION }),
    }
}

fn create(conn: &Connection) -> rusqlite::Result<()> {
    // Another process may have been faster since the version was read.
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let known: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if known == 0 {
        conn.execute_batch(SCHEMA)?;
        conn.execute("INSERT INTO asset(name, kind) VALUES (?1, 'host')", [LOCALHOST])?;
        conn.pragma_update(None, "application_id", APPLICATION_ID)?;
        conn.pragma_update(None, "user_version", FORMAT_VERSION)?;
    }
    conn.execute_batch("COMMIT")
}

/// Every asset with all that belongs to it, by name.
pub fn read_all(conn: &Connection) -> rusqlite::Result<Vec<Asset>> {
    let sql = "SELECT name, kind, address, user, port, environment, owner, contact, note FROM asset ORDER BY name";
    let mut assets = conn.prepare(sql)?.query_map([], asset)?.collect::<rusqlite::Result<Vec<Asset>>>()?;
    let at = |assets: &[Asset], name: &str| assets.binary_search_by(|asset| asset.name.as_str().cmp(name)).ok();
    let mut labels = conn.prepare("SELECT asset, kind, value FROM label")?;
    let mut rows = labels.query([])?;
    while let Some(row) = rows.next()? {
        let (name, kind, value): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(at) = at(&assets, &name) {
            labels_of(&mut assets[at], &kind).map(|labels| labels.insert(value));
        }
    }
    let mut windows = conn.prepare("SELECT asset, from_ms, until_ms FROM maintenance")?;
    let mut rows = windows.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let window = Window { from: Stamp(row.get(1)?), until: row.get::<_, Option<i64>>(2)?.map(Stamp) };
        if let Some(at) = at(&assets, &name) {
            assets[at].maintenance.insert(window);
        }
    }
    Ok(assets)
}

fn asset(row: &Row<'_>) -> rusqlite::Result<Asset> {
    let kind: String = row.get(1)?;
    Ok(Asset {
        name: row.get(0)?,
        kind: Kind::parse(&kind).unwrap_or_default(),
        address: row.get(2)?,
        user: row.get(3)?,
        port: row.get(4)?,
        environment: row.get(5)?,
        owner: row.get(6)?,
        contact: row.get(7)?,
        note: row.get(8)?,
        ..Asset::default()
    })
}

fn labels_of<'a>(asset: &'a mut Asset, kind: &str) -> Option<&'a mut std::collections::BTreeSet<String>> {
    match kind {
        "group" => Some(&mut asset.groups),
        "tag" => Some(&mut asset.tags),
        "need" => Some(&mut asset.depends_on),
        _ => None,
    }
}

/// In place of all that was known of it. Part of the caller's transaction.
pub fn put(conn: &Connection, asset: &Asset) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM asset WHERE name = ?1", [&asset.name])?;
    conn.execute(
        "INSERT INTO asset VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            asset.name,
            asset.kind.word(),
            asset.address,
            asset.user,
            asset.port,
            asset.environment,
            asset.owner,
            asset.contact,
            asset.note
        ],
    )?;
    for (kind, values) in [("group", &asset.groups), ("tag", &asset.tags), ("need", &asset.depends_on)] {
        for value in values {
            conn.execute("INSERT INTO label VALUES (?1, ?2, ?3)", params![asset.name, kind, value])?;
        }
    }
    for window in &asset.maintenance {
        put_window(conn, &asset.name, window)?;
    }
    Ok(())
}

pub fn put_window(conn: &Connection, name: &str, window: &Window) -> rusqlite::Result<()> {
    let until = window.until.map(|until| until.0);
    conn.execute("INSERT OR REPLACE INTO maintenance VALUES (?1, ?2, ?3)", params![name, window.from.0, until]).map(drop)
}
