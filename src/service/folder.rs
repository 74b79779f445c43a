//! The folders of attempts, and what a missing one proves.
//!
//! A request that is not there proves "not started" only if nothing but a killed process lies in between: after a power loss
//! it may have been there. So the root remembers, synced, whether every attempt below it was made in this boot.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

const MARK: &str = ".boot";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    boot_id: String,
    /// No attempt of an earlier boot can be open.
    only: bool,
}

pub fn create(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Are all open attempts below `root` of this boot? Called once when an engine starts.
pub fn is_of_this_boot(root: &Path, boot_id: &str) -> io::Result<bool> {
    let fresh = !root.exists();
    create(root)?;
    let known: Option<Mark> = fs::read(root.join(MARK)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match known {
        Some(mark) if mark.boot_id == boot_id => Ok(mark.only),
        Some(_) | None => {
            set(root, boot_id, fresh)?;
            Ok(fresh)
        }
    }
}

/// Every attempt of earlier boots is settled in the journal: from now on absence proves again.
pub fn all_are_of_this_boot(root: &Path, boot_id: &str) -> io::Result<()> {
    set(root, boot_id, true)
}

fn set(root: &Path, boot_id: &str, only: bool) -> io::Result<()> {
    let temporary = root.join(".boot.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(&Mark { boot_id: boot_id.to_owned(), only })?)?;
    file.sync_all()?;
    fs::rename(temporary, root.join(MARK))?;
    File::open(root)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_proves_only_within_one_boot() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("runs");
        assert!(is_of_this_boot(&root, "a").unwrap(), "a new journal");
        assert!(is_of_this_boot(&root, "a").unwrap(), "the next engine of the same boot");
        assert!(!is_of_this_boot(&root, "b").unwrap(), "the machine was started anew");
        assert!(!is_of_this_boot(&root, "b").unwrap(), "and that stays so");
        all_are_of_this_boot(&root, "b").unwrap();
        assert!(is_of_this_boot(&root, "b").unwrap(), "until all is settled");
        fs::remove_file(root.join(MARK)).unwrap();
        assert!(!is_of_this_boot(&root, "b").unwrap(), "a lost mark proves nothing");
    }
}
