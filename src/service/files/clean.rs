//! Removal of the files of an approved list, and of nothing else.
//!
//! Each is looked at again just before: one that changed, was replaced or vanished since the list was made stays untouched
//! and is reported. Never globs, never follows a link, never removes a folder.

use std::io::Write;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, statat, unlinkat};
use serde_json::{Value, json};

use super::list::{ITEMS, Item, item};
use super::root::{Root, open};
use crate::service::builtin::Params;
use crate::text;

/// Files left alone that a result names; the rest is counted.
const NAMED: usize = 100;

enum Left {
    /// As it should be: it is not what was approved any more.
    Changed(String),
    Failed(String),
}

pub fn clean(params: &Params, protected: &[String], log: &mut dyn Write) -> Result<Value, String> {
    let items = params.get("items").cloned().ok_or("no list of files was approved: the plan needs its preview")?;
    let items: Vec<Item> = serde_json::from_value(items).map_err(|error| format!("read the list of files: {error}"))?;
    if items.len() > ITEMS {
        return Err(format!("the list has {} files, at most {ITEMS} can be approved", items.len()));
    }
    let root = open(params, protected)?;
    let (mut removed, mut freed, mut left, mut failed) = (0_u64, 0_u64, Vec::new(), Vec::new());
    for listed in &items {
        let (list, why) = match remove(&root, listed) {
            Ok(()) => {
                (removed, freed) = (removed + 1, freed + listed.size);
                let _ = writeln!(log, "removed {}", text::safe(&listed.path));
                continue;
            }
            Err(Left::Changed(why)) => (&mut left, why),
            Err(Left::Failed(why)) => (&mut failed, why),
        };
        let _ = writeln!(log, "left {}: {why}", text::safe(&listed.path));
        list.push(json!({ "path": listed.path, "why": why }));
    }
    if !failed.is_empty() {
        return Err(format!("{removed} files removed, {} could not be, {} left as they changed", failed.len(), left.len()));
    }
    let left_count = left.len();
    left.truncate(NAMED);
    Ok(json!({ "removed": removed, "freed_bytes": freed, "left_count": left_count, "left": left }))
}

fn remove(root: &Root, listed: &Item) -> Result<(), Left> {
    let (dir, name) = root.parent_of(Path::new(&listed.path)).map_err(Left::Changed)?;
    let stat = match statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(error) => return Err(Left::Changed(error.to_string())),
    };
    let same = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && stat.st_dev == root.device
        && item(Path::new(&listed.path), &stat).is_some_and(|now| now == *listed);
    if !same {
        return Err(Left::Changed("it changed since the list was made".to_owned()));
    }
    unlinkat(&dir, name, AtFlags::empty()).map_err(|error| Left::Failed(error.to_string()))
}
