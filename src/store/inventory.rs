//! The inventory of one state folder. Every call opens the file anew: what another process imported counts at once.
//!
//! `localhost` is always in it, also where there is no file yet.

use std::io;
use std::path::PathBuf;

use rusqlite::{Connection, TransactionBehavior, params};

use super::asset::{Asset, Kind, LOCALHOST, Window};
use super::database;
use crate::model::time::{Millis, Stamp};
use crate::planner::near;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("open the inventory {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("use the inventory {path}: {source}")]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error("use {path}: it is no inventory of this program, or a newer one (version {found}, known is {known})")]
    NotOurs { path: PathBuf, found: i64, known: i64 },
    #[error("find {name} in the inventory{hint}")]
    Unknown { name: String, hint: String },
    #[error("remove localhost: it is the machine that this runs on")]
    Localhost,
}

/// What a list is narrowed to; all that is named must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub kind: Option<Kind>,
    pub group: Option<String>,
    pub environment: Option<String>,
    pub tag: Option<String>,
}

impl Filter {
    pub fn hosts() -> Self {
        Self { kind: Some(Kind::Host), ..Self::default() }
    }

    pub fn takes(&self, asset: &Asset) -> bool {
        self.kind.is_none_or(|kind| kind == asset.kind)
            && self.group.as_ref().is_none_or(|group| asset.groups.contains(group))
            && self.environment.as_ref().is_none_or(|environment| asset.environment.as_ref() == Some(environment))
            && self.tag.as_ref().is_none_or(|tag| asset.tags.contains(tag))
    }
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: usize,
    pub changed: usize,
    pub same: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Inventory {
    dir: PathBuf,
}

impl Inventory {
    pub fn at(state_dir: impl Into<PathBuf>) -> Self {
        Self { dir: state_dir.into() }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.join(database::FILE)
    }

    fn fail(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path();
        move |source| StoreError::Database { path: path.clone(), source }
    }

    /// By name.
    pub fn all(&self) -> Result<Vec<Asset>, StoreError> {
        match database::open_reader(&self.dir)? {
            Some(conn) => database::read_all(&conn).map_err(self.fail()),
            None => Ok(vec![Asset::localhost()]),
        }
    }

    pub fn list(&self, filter: &Filter) -> Result<Vec<Asset>, StoreError> {
        Ok(self.all()?.into_iter().filter(|asset| filter.takes(asset)).collect())
    }

    pub fn get(&self, name: &str) -> Result<Asset, StoreError> {
        let all = self.all()?;
        match all.iter().find(|asset| asset.name == name) {
            Some(found) => Ok(found.clone()),
            None => Err(unknown(name, &all)),
        }
    }

    /// All of them or, where one cannot be written, none. What is known of others stays.
    pub fn import(&self, assets: &[Asset]) -> Result<Counts, StoreError> {
        self.change(|conn| {
            let known = database::read_all(conn)?;
            let mut counts = Counts::default();
            for asset in assets {
                let before = known.iter().find(|one| one.name == asset.name);
                let asset = with_windows_of(before, asset);
                match before {
                    Some(before) if *before == asset => counts.same += 1,
                    Some(_) => counts.changed += 1,
                    None => counts.added += 1,
                }
                database::put(conn, &asset)?;
            }
            Ok(counts)
        })
    }

    /// `false`: it carried the tag already.
    pub fn tag(&self, name: &str, tag: &str) -> Result<bool, StoreError> {
        self.known(name)?;
        self.change(|conn| Ok(conn.execute("INSERT OR IGNORE INTO label VALUES (?1, 'tag', ?2)", params![name, tag])? > 0))
    }

    /// In place of the window that holds now, if one does; planned ones stay.
    pub fn set_maintenance(&self, name: &str, now: Stamp, span: Option<Millis>) -> Result<Window, StoreError> {
        self.known(name)?;
        let window = Window::starting(now, span);
        self.change(|conn| {
            end_windows(conn, name, now)?;
            database::put_window(conn, name, &window)
        })?;
        Ok(window)
    }

    /// `false`: it was in no maintenance.
    pub fn clear_maintenance(&self, name: &str, now: Stamp) -> Result<bool, StoreError> {
        self.known(name)?;
        self.change(|conn| Ok(end_windows(conn, name, now)? > 0))
    }

    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        if name == LOCALHOST {
            return Err(StoreError::Localhost);
        }
        self.known(name)?;
        self.change(|conn| conn.execute("DELETE FROM asset WHERE name = ?1", [name]).map(drop))
    }

    fn known(&self, name: &str) -> Result<(), StoreError> {
        self.get(name).map(drop)
    }

    fn change<T>(&self, change: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let fail = self.fail();
        let mut conn = database::open_writer(&self.dir)?;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&fail)?;
        let done = change(&tx).map_err(&fail)?;
        tx.commit().map_err(&fail)?;
        Ok(done)
    }
}

/// A file that says nothing of maintenance does not end one.
fn with_windows_of(before: Option<&Asset>, asset: &Asset) -> Asset {
    match before {
        Some(before) if asset.maintenance.is_empty() => Asset { maintenance: before.maintenance.clone(), ..asset.clone() },
        Some(_) | None => asset.clone(),
    }
}

fn end_windows(conn: &Connection, name: &str, now: Stamp) -> rusqlite::Result<usize> {
    conn.execute("DELETE FROM maintenance WHERE asset = ?1 AND from_ms <= ?2 AND (until_ms IS NULL OR until_ms > ?2)", params![name, now.0])
}

fn unknown(name: &str, known: &[Asset]) -> StoreError {
    let near = near::hint(name, known.iter().map(|asset| asset.name.as_str()));
    let hint = if near.is_empty() { String::new() } else { format!(" ({near})") };
    StoreError::Unknown { name: name.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn host(name: &str, environment: Option<&str>, groups: &[&str]) -> Asset {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Asset { environment: environment.map(str::to_owned), groups, ..Asset::new(name, Kind::Host) }
    }

    fn names(assets: Vec<Asset>) -> Vec<String> {
        assets.into_iter().map(|asset| asset.name).collect()
    }

    #[test]
    fn what_was_kept_is_read_back_by_any_filter() {
        let dir = tempfile::tempdir().unwrap();
        let inventory = Inventory::at(dir.path().join("state"));
        assert_eq!(names(inventory.all().unwrap()), ["localhost"], "before anything was kept");
        assert!(!inventory.path().exists(), "looking makes no file");
        let assets =
            [host("web-2", Some("staging"), &["web"]), host("web-1", Some("production"), &["web", "edge"]), host("db-1", None, &[])];
        assert_eq!(inventory.import(&assets).unwrap(), Counts { added: 3, ..Counts::default() });
        assert_eq!(inventory.import(&assets[..1]).unwrap(), Counts { same: 1, ..Counts::default() });
        assert_eq!(inventory.get("web-1").unwrap(), assets[1]);
        let group = |name: &str| Filter { group: Some(name.to_owned()), ..Filter::hosts() };
        assert_eq!(names(inventory.list(&group("web")).unwrap()), ["web-1", "web-2"]);
        assert_eq!(names(inventory.list(&Filter { environment: Some("staging".into()), ..group("web") }).unwrap()), ["web-2"]);
        assert_eq!(names(inventory.list(&Filter { kind: Some(Kind::Service), ..Filter::default() }).unwrap()), [""; 0]);
        assert_eq!(inventory.get("web-3").unwrap_err().to_string(), "find web-3 in the inventory (nearest: web-1, web-2)");
    }

    #[test]
    fn tags_and_maintenance_change_one_asset_only() {
        let dir = tempfile::tempdir().unwrap();
        let inventory = Inventory::at(dir.path());
        inventory.import(&[host("a", None, &[]), host("b", None, &[])]).unwrap();
        assert_eq!((inventory.tag("a", "hot").unwrap(), inventory.tag("a", "hot").unwrap()), (true, false));
        inventory.set_maintenance("a", Stamp(1_000), Some(Millis(500))).unwrap();
        inventory.set_maintenance("a", Stamp(1_200), None).unwrap();
        let a = inventory.get("a").unwrap();
        assert_eq!((a.maintenance.len(), a.in_maintenance(Stamp(5_000))), (1, true), "the second takes the place of the first");
        assert_eq!(inventory.get("b").unwrap(), host("b", None, &[]));
        assert_eq!(
            (inventory.clear_maintenance("a", Stamp(1_300)).unwrap(), inventory.clear_maintenance("a", Stamp(1_300)).unwrap()),
            (true, false)
        );
        inventory.remove("a").unwrap();
        assert!(matches!(inventory.tag("a", "x"), Err(StoreError::Unknown { .. })));
        assert!(matches!(inventory.remove("localhost"), Err(StoreError::Localhost)));
        assert_eq!(names(inventory.all().unwrap()), ["b", "localhost"]);
    }

    #[test]
    fn the_file_is_private_and_a_foreign_one_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let inventory = Inventory::at(dir.path());
        inventory.tag("localhost", "here").unwrap();
        assert_eq!(std::fs::metadata(inventory.path()).unwrap().mode() & 0o777, 0o600);
        assert!(inventory.get("localhost").unwrap().tags.contains("here"));

        let other = tempfile::tempdir().unwrap();
        let foreign = Inventory::at(other.path());
        Connection::open(foreign.path()).unwrap().execute_batch("CREATE TABLE theirs(a)").unwrap();
        assert!(matches!(foreign.all(), Err(StoreError::NotOurs { .. })));
        assert!(matches!(foreign.tag("localhost", "x"), Err(StoreError::Io { .. } | StoreError::NotOurs { .. })));

        let third = tempfile::tempdir().unwrap();
        let linked = Inventory::at(third.path());
        symlink(inventory.path(), linked.path()).unwrap();
        assert!(linked.all().is_err() && linked.tag("localhost", "x").is_err(), "never through a link");
    }

    #[test]
    fn two_writers_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let inventory = Inventory::at(dir.path());
                scope.spawn(move || {
                    for number in 0..25 {
                        inventory.tag("localhost", &format!("t{writer}-{number}")).unwrap();
                    }
                });
            }
        });
        assert_eq!(Inventory::at(dir.path()).get("localhost").unwrap().tags.len(), 100);
    }
}
