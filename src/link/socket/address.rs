//! Where the engine of a journal listens, and how others find it.
//!
//! The socket stands in the runtime folder, else in the state folder, else (path too long for a socket) under `/tmp`;
//! `STATE/address` names it, so that a console with another environment finds it too. Only the holder of the journal's
//! lock listens, so a socket that is already there is a dead engine's.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::link::LinkError;
use crate::model::ids::JournalId;
use crate::policy::canonical::Canonical;

/// `sun_path` holds 108 bytes on Linux and 104 on macOS.
const LONGEST_PATH: usize = 100;
const POINTER: &str = "address";

/// A bound socket. Dropping it takes the socket away, if it is still ours.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: UnixListener,
    path: PathBuf,
    pointer: PathBuf,
    inode: u64,
}

impl Listener {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // After a take-over the path belongs to the next engine.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(&self.pointer);
        }
    }
}

/// To be called by the holder of the journal's lock alone: it removes the socket of an engine that is gone.
/// `runtime_dir`: see [`runtime_dir`].
pub fn listen(journal: &JournalId, state_dir: &Path, runtime_dir: Option<&Path>) -> Result<Listener, LinkError> {
    listen_at(&place(journal, state_dir, runtime_dir)?, state_dir)
}

/// The user's folder for sockets, made at login and gone at logout.
pub fn runtime_dir() -> Option<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
}

/// Where the last engine of this state folder listens or listened; `None`: none ever did, or it ended in order.
pub fn last_known(state_dir: &Path) -> Result<Option<PathBuf>, LinkError> {
    let pointer = state_dir.join(POINTER);
    match fs::read(&pointer) {
        Ok(bytes) => Ok(Some(PathBuf::from(OsStr::from_bytes(&bytes)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(trouble(&pointer, source)),
    }
}

fn listen_at(path: &Path, state_dir: &Path) -> Result<Listener, LinkError> {
    let bound = || -> io::Result<Listener> {
        remove_stale(path)?;
        let socket = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        let pointer = write_pointer(state_dir, path)?;
        Ok(Listener { socket, path: path.to_owned(), pointer, inode: fs::symlink_metadata(path)?.ino() })
    };
    bound().map_err(|source| trouble(path, source))
}

/// The first folder that is ours and fits.
fn place(journal: &JournalId, state_dir: &Path, runtime: Option<&Path>) -> Result<PathBuf, LinkError> {
    let name = format!("{}.sock", &Canonical::new("ouioe.socket.1").text(journal.as_str()).finish().to_string()[..16]);
    let own = rustix::process::geteuid().as_raw();
    // `sudo` and `su` may leave the variable of another user.
    if let Some(runtime) = runtime.filter(|folder| fs::metadata(folder).is_ok_and(|found| found.is_dir() && found.uid() == own)) {
        let folder = runtime.join("ouioe");
        let path = folder.join(&name);
        if fits(&path) && private_folder(&folder, own).is_ok() {
            return Ok(path);
        }
    }
    let path = state_dir.join("engine.sock");
    if fits(&path) {
        return Ok(path);
    }
    let folder = PathBuf::from(format!("/tmp/ouioe-{own}"));
    private_folder(&folder, own).map_err(|source| trouble(&folder, source))?;
    Ok(folder.join(name))
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= LONGEST_PATH
}

/// Made or found: a real folder of ours that nobody else may enter.
fn private_folder(folder: &Path, own: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == own && found.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "it must be a folder of yours with mode 0700"))
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket stands there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// By rename, so that a reader never finds half a path.
fn write_pointer(state_dir: &Path, path: &Path) -> io::Result<PathBuf> {
    let pointer = state_dir.join(POINTER);
    let draft = state_dir.join(format!("{POINTER}.new"));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    io::Write::write_all(&mut file, path.as_os_str().as_bytes())?;
    fs::rename(&draft, &pointer)?;
    Ok(pointer)
}

fn trouble(path: &Path, source: io::Error) -> LinkError {
    LinkError::Io { address: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    fn bound(path: &Path, state: &Path) -> Listener {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _inside = runtime.enter();
        listen_at(path, state).unwrap()
    }

    #[test]
    fn the_runtime_folder_comes_first_and_is_private() {
        let (state, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = place(&"j1".into(), state.path(), Some(runtime.path())).unwrap();
        assert!(path.starts_with(runtime.path().join("ouioe")), "{path:?}");
        assert_eq!(mode(&runtime.path().join("ouioe")), 0o700);
        assert_ne!(path, place(&"j2".into(), state.path(), Some(runtime.path())).unwrap(), "one socket a journal");

        fs::set_permissions(runtime.path().join("ouioe"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = place(&"j1".into(), state.path(), Some(runtime.path())).unwrap();
        assert_eq!(path, state.path().join("engine.sock"), "a folder that others may enter is not used");
        assert_eq!(place(&"j1".into(), state.path(), None).unwrap(), path);
        assert_eq!(place(&"j1".into(), state.path(), Some(&state.path().join("gone"))).unwrap(), path);
    }

    #[test]
    fn a_long_state_folder_gets_a_short_socket() {
        let path = place(&"j1".into(), &PathBuf::from("/").join("d".repeat(120)), None).unwrap();
        assert!(path.starts_with("/tmp") && fits(&path), "{path:?}");
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn a_dead_socket_is_replaced_and_anything_else_is_not() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("engine.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = bound(&path, state.path());
        assert_eq!(mode(&path), 0o600);
        assert_eq!(last_known(state.path()).unwrap().as_deref(), Some(path.as_path()));
        drop(listener);
        assert!(!path.exists());
        assert_eq!(last_known(state.path()).unwrap(), None);

        fs::write(&path, "precious").unwrap();
        let refused = listen_at(&path, state.path()).expect_err("a file is in the way").to_string();
        assert!(refused.contains("engine.sock: something that is no socket"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn an_engine_that_was_replaced_leaves_the_new_socket_alone() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("engine.sock");
        let old = bound(&path, state.path());
        let new = bound(&path, state.path());
        drop(old);
        assert!(path.exists());
        assert!(last_known(state.path()).unwrap().is_some());
        drop(new);
        assert!(!path.exists());
    }
}
