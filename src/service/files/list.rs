//! Preview of a clean-up: every file below a folder that is old enough, with what tells it from any other.
//!
//! Regular files only; no link is followed, no other file system entered, nothing is changed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, FileType, Mode, Stat, openat, statat};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::root::{ENTER, Root, open};
use crate::model::failure::{Certainty, FailureClass};
use crate::model::settings::PolicySettings;
use crate::model::time::Millis;
use crate::service::builtin::{Answer, Params};
use crate::service::outcome::failure;

/// More than this nobody can approve knowingly.
pub const ITEMS: usize = 10_000;

/// One file of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Below the folder.
    pub path: String,
    pub inode: u64,
    pub size: u64,
    pub modified_ns: i64,
}

pub fn preview(params: &Params) -> Answer {
    // The folder is checked again, with the configured paths, by the runner that removes.
    let listed = open(params, &PolicySettings::default().protected_paths).and_then(|root| candidates(&root, params));
    match listed {
        Ok(items) => Ok(json!({ "items": items })),
        Err(why) => Err(failure(Certainty::NotStarted, FailureClass::Config, why)),
    }
}

fn candidates(root: &Root, params: &Params) -> Result<Vec<Item>, String> {
    let before = limit(params)?;
    let mut items = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = |error: rustix::io::Errno| format!("read {}: {error}", root.path.join(&folder).display());
        let dir = enter(root, &folder).map_err(at)?;
        for entry in Dir::read_from(&dir).map_err(at)? {
            let entry = entry.map_err(at)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let path = folder.join(name);
            let Ok(stat) = statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory if stat.st_dev == root.device => folders.push(path),
                FileType::RegularFile => items.extend(item(&path, &stat).filter(|item| item.modified_ns < before)),
                _ => {}
            }
            if items.len() > ITEMS {
                return Err(format!(
                    "more than {ITEMS} files below {}: name a folder with fewer, or a longer `older_than`",
                    root.path.display()
                ));
            }
        }
    }
    items.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(items)
}

fn enter(root: &Root, folder: &Path) -> Result<std::os::fd::OwnedFd, rustix::io::Errno> {
    let mut dir = openat(&root.dir, ".", ENTER, Mode::empty())?;
    for name in folder {
        dir = openat(&dir, name, ENTER, Mode::empty())?;
    }
    Ok(dir)
}

/// `None` for a name that is not UTF-8: it could not be shown, so it cannot be approved.
pub fn item(path: &Path, stat: &Stat) -> Option<Item> {
    let modified_ns = i64::try_from(i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec)).ok()?;
    Some(Item { path: path.to_str()?.to_owned(), inode: stat.st_ino, size: u64::try_from(stat.st_size).ok()?, modified_ns })
}

fn limit(params: &Params) -> Result<i64, String> {
    let age = match params.get("older_than") {
        None | Some(Value::Null) => Millis(0),
        Some(Value::String(text)) => Millis::parse(text).ok_or_else(|| format!("`older_than` is no span of time: {text}"))?,
        Some(other) => return Err(format!("`older_than` is no span of time: {other}")),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let before = now.saturating_sub(u128::from(age.0) * 1_000_000);
    i64::try_from(before).map_err(|error| error.to_string())
}
