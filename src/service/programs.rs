//! Program name -> absolute path and digest, remembered while its file does not change.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::runner::program::{SEARCH_PATH, digest_of};
use super::runner::request::FileStamp;
use crate::model::action::Program;
use crate::model::digest::Digest;

/// A file changed more recently than this could change again without a new time stamp.
const SETTLED: Duration = Duration::from_secs(2);

fn known() -> &'static Mutex<HashMap<PathBuf, (FileStamp, Digest)>> {
    static KNOWN: OnceLock<Mutex<HashMap<PathBuf, (FileStamp, Digest)>>> = OnceLock::new();
    KNOWN.get_or_init(Mutex::default)
}

/// An absolute name is taken as it is; another is searched where steps would find it, never in the engine's own `PATH`.
pub fn resolve(name: &str) -> io::Result<Program> {
    let path = if name.starts_with('/') { PathBuf::from(name) } else { search(name)? };
    let sha256 = digest(&path)?;
    Ok(Program { path: path.to_string_lossy().into_owned(), sha256 })
}

fn search(name: &str) -> io::Result<PathBuf> {
    let found = SEARCH_PATH.split(':').map(|dir| Path::new(dir).join(name)).find(|path| path.is_file());
    found
        .filter(|_| !name.contains('/'))
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no program {name} in {SEARCH_PATH}")))
}

fn digest(path: &Path) -> io::Result<Digest> {
    let file = File::open(path)?;
    let stamp = FileStamp::of(&file)?;
    if let Some((seen, digest)) = known().lock().unwrap_or_else(PoisonError::into_inner).get(path)
        && *seen == stamp
    {
        return Ok(*digest);
    }
    let digest = digest_of(&file)?;
    if is_settled(&stamp) && FileStamp::of(&file)? == stamp {
        known().lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), (stamp, digest));
    }
    Ok(digest)
}

fn is_settled(stamp: &FileStamp) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(SETTLED);
    stamp.changed_ns.max(stamp.modified_ns) < i128::try_from(now.as_nanos()).unwrap_or(i128::MAX)
}

/// The file that had this very digest, for a runner that may then trust an unchanged file unread.
pub fn stamp_of(program: &Program) -> Option<FileStamp> {
    // Hashed before this engine's time: once now, and every later start is cheap.
    digest(Path::new(&program.path)).ok()?;
    let known = known().lock().unwrap_or_else(PoisonError::into_inner);
    let (stamp, digest) = known.get(Path::new(&program.path))?;
    (*digest == program.sha256).then(|| stamp.clone())
}
