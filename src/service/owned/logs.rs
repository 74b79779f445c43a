//! Rotates logs: the system's `logrotate` where no folder is named, else each `*.log` below the folder by itself.
//!
//! Nothing is ever deleted: what was logged moves into a dated file beside the log, compressed where the machine has gzip.
//! A log that some process holds open is copied and emptied, so that the writer goes on in the same file; any other is
//! renamed and made anew. No process is signalled: to many a HUP means their end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use serde_json::{Value, json};

use super::call::{Call, Done, not_done, now};
use super::program::run;
use crate::model::failure::{Failure, FailureClass};
use crate::policy::rule::is_protected;
use crate::service::builtin::param::{broke, optional};
use crate::service::programs;

/// More than this in one folder is a mistake.
const MOST: usize = 10_000;
const SYSTEM_RULES: &str = "/etc/logrotate.conf";

pub fn rotate(call: &mut Call<'_>) -> Done {
    match optional(call.params, "path") {
        Some(path) => below(call, &path),
        None => by_logrotate(call),
    }
}

fn by_logrotate(call: &mut Call<'_>) -> Done {
    if programs::resolve("logrotate").is_err() {
        return Err(not_done("this machine has no logrotate; install it, or name a folder by `path`"));
    }
    let said = run(call, "logrotate", &["--force", "--verbose", SYSTEM_RULES], &BTreeMap::new())?;
    if !said.is_good() {
        return Err(broke(FailureClass::Unknown, format!("logrotate: {}", said.last_line())));
    }
    Ok(json!({ "rules": SYSTEM_RULES, "via": "logrotate" }))
}

fn below(call: &mut Call<'_>, path: &str) -> Done {
    let root = folder(path, call.protected)?;
    let logs = logs_in(&root)?;
    let held = held_open();
    let stamp = now().to_string().replace([':', '-'], "");
    let stamp = stamp.split('.').next().unwrap_or_default().to_owned();
    let has_gzip = programs::resolve("gzip").is_ok();
    let (mut rotated, mut failed) = (Vec::new(), Vec::new());
    for log in logs {
        let done = rotate_one(&log, &stamp, held.as_ref()).map(|(kept, way)| {
            let packed = has_gzip && run(call, "gzip", &["--", &kept.to_string_lossy()], &BTreeMap::new()).is_ok_and(|said| said.is_good());
            (if packed { PathBuf::from(format!("{}.gz", kept.display())) } else { kept }, way)
        });
        match done {
            Ok((kept, way)) => {
                call.say(&format!("{} -> {} ({way})", log.display(), kept.display()));
                rotated.push(json!({ "log": log.to_string_lossy(), "kept": kept.to_string_lossy(), "way": way }));
            }
            Err(error) => {
                call.say(&format!("left {}: {error}", log.display()));
                failed.push(format!("{}: {error}", log.display()));
            }
        }
    }
    match failed.first() {
        Some(first) => {
            Err(broke(FailureClass::Resource, format!("{} logs rotated, {} could not be: {first}", rotated.len(), failed.len())))
        }
        None => Ok(json!({ "rotated": rotated.len(), "logs": Value::from(rotated), "via": "own" })),
    }
}

fn folder(text: &str, protected: &[String]) -> Result<PathBuf, Failure> {
    let path = Path::new(text);
    if !path.is_absolute() || is_protected(text, protected) {
        return Err(not_done(format!("{text} is not an absolute path, or is protected")));
    }
    let real = path.canonicalize().map_err(|error| not_done(format!("open {text}: {error}")))?;
    if !real.is_dir() || is_protected(&real.to_string_lossy(), protected) {
        return Err(not_done(format!("{text} is no folder, or leads to a protected one")));
    }
    Ok(real)
}

/// Not empty, ours to open, no links, no other file system.
fn logs_in(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |path: &Path, error: io::Error| broke(FailureClass::Resource, format!("read {}: {error}", path.display()));
    let device = fs::symlink_metadata(root).map_err(|error| fail(root, error))?.dev();
    let (mut found, mut folders) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| fail(&folder, error))? {
            let path = entry.map_err(|error| fail(&folder, error))?.path();
            let Ok(about) = fs::symlink_metadata(&path) else { continue };
            if about.is_dir() && about.dev() == device {
                folders.push(path);
            } else if about.is_file() && about.len() > 0 && path.extension().is_some_and(|kind| kind == "log") {
                found.insert(path);
            }
        }
        if found.len() > MOST {
            return Err(not_done(format!("more than {MOST} logs below {}: name a folder with fewer", root.display())));
        }
    }
    Ok(found.into_iter().collect())
}

/// Device and inode of every file that some process holds open; `None` where not all can be seen.
fn held_open() -> Option<BTreeSet<(u64, u64)>> {
    let mut held = BTreeSet::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        if entry.file_name().to_str().is_none_or(|name| name.parse::<u32>().is_err()) {
            continue;
        }
        match fs::read_dir(entry.path().join("fd")) {
            Ok(files) => {
                let files = files.flatten().filter_map(|file| fs::metadata(file.path()).ok());
                held.extend(files.map(|about| (about.dev(), about.ino())));
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return None,
            Err(_) => {}
        }
    }
    Some(held)
}

fn rotate_one(log: &Path, stamp: &str, held: Option<&BTreeSet<(u64, u64)>>) -> io::Result<(PathBuf, &'static str)> {
    let kept = PathBuf::from(format!("{}-{stamp}", log.display()));
    let options = OFlags::NOFOLLOW.bits().cast_signed();
    let mut open = OpenOptions::new().read(true).write(true).custom_flags(options).open(log)?;
    let about = open.metadata()?;
    if held.is_some_and(|held| !held.contains(&(about.dev(), about.ino()))) {
        renameat_with(CWD, log, CWD, &kept, RenameFlags::NOREPLACE)?;
        fresh(log, &about)?;
        return Ok((kept, "renamed"));
    }
    let mut copy = fresh(&kept, &about)?;
    io::copy(&mut open, &mut copy)?;
    copy.sync_all()?;
    open.set_len(0)?;
    Ok((kept, "copied and emptied"))
}

/// A new file with the owner and mode of another; the owner only where we may set it.
fn fresh(path: &Path, like: &fs::Metadata) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let _ = fchown(&file, Some(like.uid()), Some(like.gid()));
    file.set_permissions(fs::Permissions::from_mode(like.mode() & 0o7777))?;
    Ok(file)
}
