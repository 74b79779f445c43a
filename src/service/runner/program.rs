//! The program that was approved -> the file that is executed, or a refusal.
//!
//! The file is opened once: what was hashed is what the kernel executes, by way of `/proc/self/fd/N` under the program's
//! own name. A script (`#!`) is opened again by its interpreter, by path: between the check and that opening somebody who
//! may write the file could still change it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::request::FileStamp;
use crate::model::action::Program;
use crate::model::digest::Digest;

/// Where `command` bindings look for programs, and what a step gets as `PATH`.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A file whose content is the approved one.
pub struct Checked {
    file: File,
    path: PathBuf,
}

/// `seen`: the file as it was when its digest was taken by an engine of this boot.
pub fn check(program: &Program, seen: Option<&FileStamp>) -> Result<Checked, String> {
    let path = PathBuf::from(&program.path);
    let file = File::open(&path).map_err(|error| format!("open {}: {error}", program.path))?;
    let trusted = seen.is_some_and(|seen| FileStamp::of(&file).is_ok_and(|now| now == *seen));
    if !trusted {
        let found = digest_of(&file).map_err(|error| format!("read {}: {error}", program.path))?;
        if found != program.sha256 {
            return Err(format!(
                "program changed since approval: {} is {}, approved was {}",
                program.path,
                found.short(),
                program.sha256.short()
            ));
        }
    }
    Ok(Checked { file, path })
}

pub fn digest_of(mut file: &File) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest(hash.finalize().into())),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Checked {
    /// What to hand to exec while this value lives. `links`: a private folder for links that give processes their usual
    /// name; each is made once and serves every later runner.
    pub fn executable(&self, links: &Path) -> PathBuf {
        let link = if self.is_elf() { self.link_in(links).ok() } else { None };
        link.unwrap_or_else(|| self.path.clone())
    }

    fn is_elf(&self) -> bool {
        let mut magic = [0; 4];
        self.file.read_exact_at(&mut magic, 0).is_ok() && magic == *b"\x7fELF"
    }

    fn link_in(&self, links: &Path) -> io::Result<PathBuf> {
        let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let fd = self.file.as_raw_fd().to_string();
        let folder = links.join(&fd);
        let (link, target) = (folder.join(name), Path::new("/proc/self/fd").join(&fd));
        if fs::read_link(&link).is_ok_and(|known| known == target) {
            return Ok(link);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        match symlink(&target, &link) {
            // Another runner was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && fs::read_link(&link)? == target => Ok(link),
            made => made.map(|()| link),
        }
    }
}
