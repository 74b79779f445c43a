//! What fills a disk: the heaviest folders and files below a path, on its own file system only.
//!
//! Sizes are blocks on the disk, as `du` counts them; a file with several names counts once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::load::share;
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::{broke, optional, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

const SHOWN: usize = 15;
/// A folder that holds little beside one other one says nothing that this one does not.
const MOSTLY: u64 = 90;

pub fn largest_files(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let path = optional(&params, "path").unwrap_or_else(|| "/".to_owned());
        if !path.starts_with('/') {
            return Err(wrong(format!("`path` is not absolute: {path}")));
        }
        let stop = Ending(Arc::default());
        let given_up = stop.0.clone();
        let walk = tokio::task::spawn_blocking(move || Walk::over(Path::new(&path), &given_up));
        let walk = walk.await.map_err(|error| broke(FailureClass::Unknown, format!("the walk broke off: {error}")))??;
        Ok(of(&walk.root, &walk.folders, walk.files, walk.unread))
    })
}

/// Nobody waits any more: a walk through millions of files ends, too.
struct Ending(Arc<AtomicBool>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Walk {
    root: String,
    /// KiB with all that is below.
    folders: BTreeMap<String, u64>,
    files: Vec<(u64, String)>,
    unread: usize,
}

impl Walk {
    fn over(root: &Path, stop: &AtomicBool) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| wrong(format!("look at {}: {error}", root.display()));
        let root = fs::canonicalize(root).map_err(cannot)?;
        let about = fs::metadata(&root).map_err(cannot)?;
        if !about.is_dir() {
            return Err(wrong(format!("{} is no folder", root.display())));
        }
        let (mut walk, device) = (Self { root: root.display().to_string(), ..Self::default() }, about.dev());
        let (mut waiting, mut seen): (Vec<PathBuf>, BTreeSet<u64>) = (vec![root], BTreeSet::new());
        while let Some(folder) = waiting.pop() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            walk.add(&folder, fs::symlink_metadata(&folder).map_or(0, |about| about.blocks()));
            let Ok(entries) = fs::read_dir(&folder) else {
                walk.unread += 1;
                continue;
            };
            for entry in entries.flatten() {
                let Ok(about) = entry.metadata() else { continue };
                if about.dev() != device || about.nlink() > 1 && !about.is_dir() && !seen.insert(about.ino()) {
                    continue;
                }
                if about.is_dir() {
                    waiting.push(entry.path());
                } else {
                    walk.add(&folder, about.blocks());
                    walk.keep(about.blocks() / 2, &entry.path());
                }
            }
        }
        Ok(walk)
    }

    /// To the folder and those that it is in.
    fn add(&mut self, folder: &Path, blocks: u64) {
        let root = self.root.clone();
        let up = folder.ancestors().take_while(|at| at.starts_with(&root));
        for at in up {
            *self.folders.entry(at.display().to_string()).or_default() += blocks;
        }
    }

    fn keep(&mut self, kib: u64, path: &Path) {
        if self.files.len() < SHOWN || self.files.last().is_some_and(|(least, _)| kib > *least) {
            self.files.push((kib, path.display().to_string()));
            self.files.sort_by(|one, two| two.cmp(one));
            self.files.truncate(SHOWN);
        }
    }
}

/// Of another machine: what its `du` says of folders that hold at least a hundredth of all, and of the largest files.
pub fn told(host: &Told<'_>) -> Answer {
    let rows = |name: &str| -> Result<Vec<(u64, String)>, Failure> {
        let row = |line: &str| line.split_once('\t').and_then(|(kib, path)| Some((kib.parse().ok()?, path.to_owned())));
        Ok(host.part(name)?.lines().filter_map(row).collect())
    };
    let root = host.part("path")?.trim_end_matches('\n');
    let folders = rows("folders")?.into_iter().map(|(kib, path)| (path, kib * 2)).collect();
    let unread = host.part("unread")?.trim().parse().unwrap_or(0);
    Ok(of(root, &folders, rows("files")?, unread))
}

/// Folders in blocks of 512 bytes, files in KiB.
fn of(root: &str, folders: &BTreeMap<String, u64>, mut files: Vec<(u64, String)>, unread: usize) -> Value {
    let total = folders.get(root).copied().unwrap_or(0);
    let row = |kib: u64, path: &str| json!({ "path": path, "size_kib": kib, "share_percent": share(kib, total / 2) });
    let heavy: Vec<(u64, &String)> =
        folders.iter().filter(|(path, blocks)| *path != root && **blocks * 100 >= total).map(|(path, blocks)| (*blocks, path)).collect();
    let passes_on = |blocks: u64, path: &str| {
        let below = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        heavy.iter().any(|(inner, other)| below(other) && inner * 100 >= blocks * MOSTLY)
    };
    let mut places: Vec<(u64, &String)> = heavy.iter().copied().filter(|(blocks, path)| !passes_on(*blocks, path)).collect();
    places.sort_by_key(|(blocks, path)| (std::cmp::Reverse(*blocks), *path));
    files.sort_by(|one, two| two.cmp(one));
    let mut said = json!({
        "path": root,
        "total_kib": total / 2,
        "folders": places.into_iter().take(SHOWN).map(|(blocks, path)| row(blocks / 2, path)).collect::<Vec<_>>(),
        "by_size": files.iter().take(SHOWN).map(|(kib, path)| row(*kib, path)).collect::<Vec<_>>(),
    });
    if unread > 0 {
        said["why"] = json!(format!("{unread} folders could not be read: more may be in them"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_where_the_weight_lies_is_named_and_not_all_above_it() {
        let folders =
            [("/", 2000), ("/var", 1900), ("/var/lib", 1880), ("/var/lib/a", 1000), ("/var/lib/b", 800), ("/etc", 10), ("/x", 30)];
        let folders = folders.map(|(path, kib)| (path.to_owned(), kib * 2)).into();
        let said = of("/", &folders, vec![(5, "/etc/f".to_owned()), (700, "/var/lib/a/g".to_owned())], 0);
        let paths = |key: &str| said[key].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(paths("folders"), ["/var/lib", "/var/lib/a", "/var/lib/b", "/x"], "{said}");
        assert_eq!(paths("by_size"), ["/var/lib/a/g", "/etc/f"]);
        assert_eq!((&said["total_kib"], &said["folders"][0]["share_percent"]), (&json!(2000), &json!(94.0)));
        assert!(said.get("why").is_none());
    }
}
