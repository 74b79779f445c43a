//! Where snapshots of a configured folder lie, and which one a restore would take: its list is part of what is approved.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::settings::PolicySettings;
use crate::policy::rule::is_protected;
use crate::service::builtin::param::{optional, text, wrong};
use crate::service::builtin::setting;
use crate::service::builtin::{Answer, Params, World};
use crate::service::runner::program::digest_of;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub snapshot: String,
    pub path: String,
    pub sha256: Digest,
    pub bytes: u64,
    /// What is replaced.
    pub folder: String,
}

/// As the settings have it; never one that no step may change.
pub fn folder_of(params: &Params, target: &str) -> Result<PathBuf, Failure> {
    let folders = setting::find(params, "folders").and_then(Value::as_object);
    let named = folders.and_then(|folders| folders.get(target)?.as_str());
    let Some(named) = named else {
        let known: Vec<&String> = folders.into_iter().flat_map(|folders| folders.keys()).collect();
        return Err(wrong(format!("the setting `folders` names no {target}; it names {known:?}")));
    };
    let folder = Path::new(named);
    let is_plain = folder.is_absolute() && folder.components().all(|part| !matches!(part, std::path::Component::ParentDir));
    if !is_plain || is_protected(named, &PolicySettings::default().protected_paths) {
        return Err(wrong(format!("{named} is not an absolute path, or is protected")));
    }
    Ok(folder.to_owned())
}

/// The folder of a target's archives.
pub fn shelf(state_dir: &Path, params: &Params, target: &str) -> Result<PathBuf, Failure> {
    let is_name = target.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) && !target.starts_with('.');
    if target.is_empty() || !is_name {
        return Err(wrong(format!("`target` is no name: {target}")));
    }
    let kept = setting::find(params, "keep").and_then(Value::as_str).filter(|keep| !keep.is_empty());
    Ok(kept.map_or_else(|| state_dir.join("snapshots"), PathBuf::from).join(target))
}

/// Preview of a restore: the named snapshot, or the latest one.
pub fn preview(params: &Params, world: &World) -> Answer {
    let target = text(params, "target")?;
    let folder = folder_of(params, &target)?;
    let shelf = shelf(&world.state_dir, params, &target)?;
    let entries = fs::read_dir(&shelf).into_iter().flatten().flatten();
    let name = |entry: &fs::DirEntry| Some(entry.file_name().to_str()?.strip_suffix(".tar.gz")?.to_owned());
    let mut known: Vec<String> = entries.filter_map(|entry| name(&entry)).collect();
    known.sort();
    let wanted = match optional(params, "snapshot").filter(|named| !matches!(named.as_str(), "latest" | "last")) {
        Some(named) => known.iter().find(|id| **id == named),
        None => known.last(),
    };
    let Some(id) = wanted else {
        return Err(wrong(format!("no such snapshot of {target} in {}; there are {known:?}", shelf.display())));
    };
    let path = shelf.join(format!("{id}.tar.gz"));
    let read = |error: std::io::Error| wrong(format!("read {}: {error}", path.display()));
    let file = File::open(&path).map_err(read)?;
    let (sha256, bytes) = (digest_of(&file).map_err(read)?, file.metadata().map_err(read)?.len());
    let noted = fs::read_to_string(shelf.join(format!("{id}.tar.gz.sha256"))).unwrap_or_default();
    if noted.split(' ').next() != Some(sha256.to_string().as_str()) {
        return Err(wrong(format!("{} is not as it was saved: its checksum differs", path.display())));
    }
    let (path, folder) = (path.to_string_lossy().into_owned(), folder.to_string_lossy().into_owned());
    Ok(json!({ "items": [Item { snapshot: id.clone(), path, sha256, bytes, folder }] }))
}
