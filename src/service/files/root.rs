//! The folder that is cleaned: a real one, not protected, entered without following any link.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};

use crate::policy::rule::is_protected;
use crate::service::builtin::Params;

pub struct Root {
    pub path: PathBuf,
    pub dir: OwnedFd,
    pub device: rustix::fs::Dev,
}

pub const ENTER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

pub fn open(params: &Params, protected: &[String]) -> Result<Root, String> {
    let text = params.get("path").and_then(|value| value.as_str()).ok_or("`path` is missing")?;
    let path = Path::new(text);
    if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Err(format!("{text} is not an absolute path without `..`"));
    }
    if is_protected(text, protected) {
        return Err(format!("{text} is protected, or holds what is"));
    }
    let real = path.canonicalize().map_err(|error| format!("open {text}: {error}"))?;
    let plain: PathBuf = path.components().collect();
    if real != plain {
        return Err(format!("{text} goes through a link; name the folder itself: {}", real.display()));
    }
    let dir = rustix::fs::open(&real, ENTER, Mode::empty()).map_err(|error| format!("open {text}: {error}"))?;
    let device = rustix::fs::fstat(&dir).map_err(|error| format!("look at {text}: {error}"))?.st_dev;
    Ok(Root { path: real, dir, device })
}

impl Root {
    /// The folder that holds `relative`, reached name by name, and the last name.
    pub fn parent_of<'p>(&self, relative: &'p Path) -> Result<(OwnedFd, &'p OsStr), String> {
        let mut names = Vec::new();
        for part in relative.components() {
            match part {
                Component::Normal(name) => names.push(name),
                Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
                    return Err("its path leaves the folder".to_owned());
                }
            }
        }
        let (last, folders) = names.split_last().ok_or("its path is empty")?;
        let mut dir = self.dir.try_clone().map_err(|error| error.to_string())?;
        for folder in folders {
            dir = openat(&dir, *folder, ENTER, Mode::empty()).map_err(|error| error.to_string())?;
        }
        Ok((dir, last))
    }
}
