//! A configured folder -> an archive with its checksum; and an approved archive back into its place.
//!
//! A restore unpacks beside the folder and swaps the two in one step: who looks finds the old or the new, never a mixture. What
//! was there before stays, under another name.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};

use super::call::{Call, Done, not_done, now};
use super::program::run;
use crate::model::failure::{Failure, FailureClass};
use crate::policy::rule::is_protected;
use crate::service::builtin::param::{broke, text};
use crate::service::files::archive::{Item, folder_of, shelf};
use crate::service::runner::program::digest_of;

pub fn snapshot(call: &mut Call<'_>) -> Done {
    let target = text(call.params, "target")?;
    let folder = folder_of(call.params, &target)?;
    let shelf = shelf(call.state_dir, call.params, &target)?;
    DirBuilder::new().recursive(true).mode(0o700).create(&shelf).map_err(|error| io_trouble("make", &shelf, &error))?;
    let id = format!("{target}-{}", stamp());
    let (open, done) = (shelf.join(format!("{id}.part")), shelf.join(format!("{id}.tar.gz")));
    let (from, to) = (folder.to_string_lossy().into_owned(), open.to_string_lossy().into_owned());
    let said = tar(call, &["--create", "--gzip", "--numeric-owner", "--one-file-system", "--file", &to, "--directory", &from, "."])?;
    if said != Some(0) {
        let _ = fs::remove_file(&open);
        let why = if said == Some(1) { "files changed while they were read" } else { "tar could not read all of it" };
        return Err(broke(FailureClass::Resource, format!("save {from}: {why}")));
    }
    let trouble = |error: io::Error| io_trouble("keep", &done, &error);
    fs::set_permissions(&open, Permissions::from_mode(0o600)).map_err(trouble)?;
    let file = File::open(&open).map_err(trouble)?;
    file.sync_all().map_err(trouble)?;
    let (sha256, bytes) = (digest_of(&file).map_err(trouble)?, file.metadata().map_err(trouble)?.len());
    fs::write(shelf.join(format!("{id}.tar.gz.sha256")), format!("{sha256}  {id}.tar.gz\n")).map_err(trouble)?;
    fs::rename(&open, &done).map_err(trouble)?;
    call.say(&format!("{} is {bytes} bytes, sha256 {sha256}", done.display()));
    Ok(json!({ "snapshot": id, "target": target, "path": done.to_string_lossy(), "bytes": bytes, "sha256": sha256 }))
}

/// Only what was shown and approved: that archive, with that content, into that folder.
pub fn restore(call: &mut Call<'_>) -> Done {
    let item = approved(call)?;
    let folder = PathBuf::from(&item.folder);
    if folder_of(call.params, &text(call.params, "target")?)? != folder || is_protected(&item.folder, call.protected) {
        return Err(not_done(format!("{} is not the folder that was approved, or is protected", item.folder)));
    }
    let archive = File::open(&item.path).map_err(|error| not_done(format!("open {}: {error}", item.path)))?;
    if digest_of(&archive).map_err(|error| not_done(format!("read {}: {error}", item.path)))? != item.sha256 {
        return Err(not_done(format!("{} is not what was approved: its checksum differs", item.path)));
    }
    let (fresh, before) = (beside(&folder, "restoring"), beside(&folder, "before"));
    let trouble = |error: io::Error| io_trouble("make", &fresh, &error);
    DirBuilder::new().mode(0o700).create(&fresh).map_err(trouble)?;
    let unpacked = tar(
        call,
        &[
            "--extract",
            "--gzip",
            "--preserve-permissions",
            "--numeric-owner",
            "--file",
            &item.path,
            "--directory",
            &fresh.to_string_lossy(),
        ],
    );
    if !matches!(unpacked, Ok(Some(0))) {
        let _ = fs::remove_dir_all(&fresh);
        unpacked?;
        return Err(broke(FailureClass::Resource, format!("unpack {}: tar failed; {} is as it was", item.path, item.folder)));
    }
    let kept = swap(&fresh, &folder, &before).map_err(|error| {
        let _ = fs::remove_dir_all(&fresh);
        broke(FailureClass::Resource, format!("put it in place of {}: {error}; it is as it was", item.folder))
    })?;
    call.say(&format!("{} is restored from {}", item.folder, item.snapshot));
    let kept = kept.then(|| before.to_string_lossy().into_owned());
    Ok(json!({ "restored": item.snapshot, "folder": item.folder, "sha256": item.sha256, "before": kept }))
}

/// `false`: there was none before.
fn swap(fresh: &Path, folder: &Path, before: &Path) -> io::Result<bool> {
    match renameat_with(CWD, fresh, CWD, folder, RenameFlags::EXCHANGE) {
        Ok(()) => fs::rename(fresh, before).map(|()| true),
        Err(rustix::io::Errno::NOENT) => fs::rename(fresh, folder).map(|()| false),
        Err(error) => Err(error.into()),
    }
}

fn approved(call: &Call<'_>) -> Result<Item, Failure> {
    let items = call.params.get("items").and_then(Value::as_array).and_then(|items| items.first().cloned());
    let item = items.ok_or_else(|| not_done("no snapshot was approved: the plan needs its preview"))?;
    serde_json::from_value(item).map_err(|error| not_done(format!("read what was approved: {error}")))
}

fn beside(folder: &Path, word: &str) -> PathBuf {
    PathBuf::from(format!("{}.{word}-{}", folder.display(), stamp()))
}

/// `20260102T030405Z`
fn stamp() -> String {
    let now = now().to_string();
    let digits = now.split('.').next().unwrap_or(&now).replace(['-', ':'], "");
    format!("{digits}Z")
}

fn tar(call: &mut Call<'_>, args: &[&str]) -> Result<Option<i32>, Failure> {
    run(call, "tar", args, &BTreeMap::new()).map(|said| said.code)
}

fn io_trouble(verb: &str, path: &Path, error: &io::Error) -> Failure {
    broke(FailureClass::Resource, format!("{verb} {}: {error}", path.display()))
}
