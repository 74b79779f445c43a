//! A state folder that only its owner can touch, on a disk whose locks hold; or a refusal that says why.
//!
//! Follows no symbolic link below the folder. Never opens the database file by itself: closing such a descriptor would drop the locks
//! that `SQLite` holds on the same file in this process.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::error::JournalError;

pub const DATABASE: &str = "journal.sqlite3";
pub const LOCK: &str = "lock";
pub const RESERVE: &str = "reserve";
/// Everything that belongs to the journal; the last two are made by `SQLite`.
const FILES: [&str; 5] = [DATABASE, LOCK, RESERVE, "journal.sqlite3-wal", "journal.sqlite3-shm"];

/// Made where it was absent (0700); checked in every case. The path that comes back holds no symbolic link.
pub fn prepare(dir: &Path) -> Result<PathBuf, JournalError> {
    if !dir.exists() {
        make(dir).map_err(|source| JournalError::Io { doing: "make the state folder", path: dir.to_owned(), source })?;
    }
    inspect(dir)
}

/// Checks without making anything. `Missing` where there is no folder.
pub fn inspect(dir: &Path) -> Result<PathBuf, JournalError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => JournalError::Missing { path: dir.join(DATABASE) },
        _ => JournalError::Io { doing: "look at the state folder", path: dir.to_owned(), source },
    };
    let path = dir.canonicalize().map_err(io)?;
    check_folder(&path)?;
    if let Some(kind) = network_kind(&path) {
        return Err(JournalError::NetworkFileSystem { path, kind });
    }
    FILES.iter().try_for_each(|name| check_file(&path.join(name)))?;
    Ok(path)
}

fn make(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // The umask can only take bits away; put them back so that we can work in it.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    if let Some(parent) = dir.canonicalize()?.parent() {
        fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn check_folder(path: &Path) -> Result<(), JournalError> {
    let io = |source| JournalError::Io { doing: "look at the state folder", path: path.to_owned(), source };
    let refuse = |at: &Path, why: String| Err(JournalError::Unsafe { path: at.to_owned(), why });
    let facts = fs::metadata(path).map_err(io)?;
    let me = rustix::process::geteuid().as_raw();
    if !facts.is_dir() {
        return refuse(path, "it is not a folder".to_owned());
    }
    if facts.uid() != me {
        return refuse(path, format!("it belongs to uid {}, this is uid {me}; name a folder of your own with --state-dir", facts.uid()));
    }
    if facts.mode() & 0o022 != 0 {
        return refuse(
            path,
            format!("others may write into it (mode {:o}); chmod 700 it after checking what is inside", facts.mode() & 0o7777),
        );
    }
    for parent in path.ancestors().skip(1) {
        let facts = fs::metadata(parent).map_err(io)?;
        if facts.mode() & 0o1002 == 0o002 {
            return refuse(
                parent,
                "everybody may rename what is in it; take away the write permission for others or set the sticky bit".to_owned(),
            );
        }
    }
    Ok(())
}

/// An absent file is fine. Read permission for others is taken away; write permission is refused: who knows what they wrote.
fn check_file(path: &Path) -> Result<(), JournalError> {
    let refuse = |why: String| Err(JournalError::Unsafe { path: path.to_owned(), why });
    let facts = match fs::symlink_metadata(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(JournalError::Io { doing: "look at", path: path.to_owned(), source }),
    };
    if !facts.file_type().is_file() {
        return refuse("it is a symbolic link or no plain file; remove it".to_owned());
    }
    if facts.nlink() > 1 {
        return refuse("it has a second name elsewhere (hard link); remove that one".to_owned());
    }
    if facts.uid() != rustix::process::geteuid().as_raw() {
        return refuse(format!("it belongs to uid {}", facts.uid()));
    }
    if facts.mode() & 0o022 != 0 {
        return refuse(format!("others may write to it (mode {:o}); chmod 600 it after checking it", facts.mode() & 0o7777));
    }
    if facts.mode() & 0o7777 != 0o600 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|source| JournalError::Io {
            doing: "restrict",
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(())
}

/// Opens a plain file of ours for reading and writing, 0600 whatever the umask; never through a symbolic link.
pub fn open_private(path: &Path) -> Result<fs::File, JournalError> {
    let io = |source| JournalError::Io { doing: "open", path: path.to_owned(), source };
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
        .map_err(io)?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(io)?;
    check_file(path)?;
    Ok(file)
}

/// Makes an empty database file for `SQLite` to fill, durable in its folder. Only where there was none.
pub fn create_database(dir: &Path) -> Result<(), JournalError> {
    let path = dir.join(DATABASE);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(());
    }
    open_private(&path)?;
    fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(|source| JournalError::Io { doing: "sync", path: dir.to_owned(), source })
}

/// After everything is open: what `SQLite` made is as private as what we made.
pub fn verify_modes(dir: &Path) -> Result<(), JournalError> {
    for name in FILES {
        let path = dir.join(name);
        let Ok(facts) = fs::symlink_metadata(&path) else { continue };
        if facts.mode() & 0o7777 != 0o600 || !facts.file_type().is_file() {
            return Err(JournalError::Unsafe { path, why: format!("it has mode {:o} after opening, expected 600", facts.mode() & 0o7777) });
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn network_kind(path: &Path) -> Option<String> {
    let facts = rustix::fs::statfs(path).ok()?;
    // The type of the field differs between architectures; the magic numbers are 32 bits wide.
    let magic = u32::try_from(facts.f_type & 0xffff_ffff).ok()?;
    if magic == FUSE {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let kind = mount_kind(&mounts, path)?;
        return is_network_fuse(&kind).then_some(kind);
    }
    network_magic(magic).map(str::to_owned)
}

#[cfg(not(target_os = "linux"))]
fn network_kind(path: &Path) -> Option<String> {
    let facts = rustix::fs::statfs(path).ok()?;
    let name: Vec<u8> = facts.f_fstypename.iter().map(|byte| byte.cast_unsigned()).take_while(|byte| *byte != 0).collect();
    let kind = String::from_utf8_lossy(&name).into_owned();
    let is_network = ["nfs", "smbfs", "afpfs", "webdav", "ftp"].contains(&kind.as_str()) || is_network_fuse(&kind);
    is_network.then_some(kind)
}

#[cfg(any(target_os = "linux", test))]
const FUSE: u32 = 0x6573_5546;

/// File systems whose other users sit on other machines, or whose shared memory and locks are not those of this kernel.
/// Numbers: `linux/magic.h` and the file systems' own sources.
pub fn network_magic(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x0000_6969 => "nfs",
        0x0000_517b => "smb",
        0xff53_4d42 => "cifs",
        0xfe53_4d42 => "smb2",
        0x0102_1997 => "9p",
        0x5346_414f | 0x6b41_4653 => "afs",
        0x7375_7245 => "coda",
        0x0000_564c => "ncp",
        0x00c3_6400 => "ceph",
        0x0bd0_0bd0 => "lustre",
        0x0116_1970 => "gfs2",
        0x7461_636f => "ocfs2",
        0x4750_4653 => "gpfs",
        0x1980_0202 => "pvfs2",
        0x786f_4256 => "vboxsf",
        0xbacb_acbc => "vmhgfs",
        _ => return None,
    })
}

/// FUSE programs that talk to another machine.
const REMOTE_FUSE: [&str; 20] = [
    "sshfs",
    "s3fs",
    "rclone",
    "glusterfs",
    "ceph",
    "ceph-fuse",
    "gcsfuse",
    "goofys",
    "davfs",
    "davfs2",
    "curlftpfs",
    "smbnetfs",
    "juicefs",
    "mount-s3",
    "blobfuse",
    "blobfuse2",
    "cvmfs2",
    "moosefs",
    "mfs",
    "vmhgfs-fuse",
];

/// FUSE has one magic number for all; the mount table names the program behind it.
pub fn is_network_fuse(kind: &str) -> bool {
    let Some(name) = kind.strip_prefix("fuse.") else { return false };
    REMOTE_FUSE.contains(&name)
}

/// The type of the deepest mount that holds `path`, from the text of mountinfo.
#[cfg(any(target_os = "linux", test))]
fn mount_kind(mountinfo: &str, path: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let point = left.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&point).then(|| (point.len(), right.split(' ').next().unwrap_or("").to_owned()))
    });
    // Later lines cover earlier ones on the same point.
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_file_systems_are_known_by_number() {
        for (magic, kind) in [
            (0x6969, Some("nfs")),
            (0xff53_4d42, Some("cifs")),
            (0xfe53_4d42, Some("smb2")),
            (0x0102_1997, Some("9p")),
            (0xef53, None),
            (0x0102_1994, None),
            (0x9123_683e, None),
            (0x5846_5342, None),
            (0x794c_7630, None),
            (FUSE, None),
        ] {
            assert_eq!(network_magic(magic), kind, "{magic:#x}");
        }
    }

    #[test]
    fn fuse_is_judged_by_its_program() {
        for (kind, remote) in
            [("fuse.sshfs", true), ("fuse.rclone", true), ("fuse.gocryptfs", false), ("fuseblk", false), ("virtiofs", false)]
        {
            assert_eq!(is_network_fuse(kind), remote, "{kind}");
        }
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:50 / /home/a\\040b rw shared:1 - fuse.sshfs host: rw\n";
        assert_eq!(mount_kind(mounts, Path::new("/home/a b/state")).as_deref(), Some("fuse.sshfs"));
        assert_eq!(mount_kind(mounts, Path::new("/home/c")).as_deref(), Some("ext4"));
    }
}
