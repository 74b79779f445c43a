//! Space set aside while there is plenty, given back when the disk is full, so that what already happened can still be recorded.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder;

/// Enough for some thousand reports.
pub const RESERVE_BYTES: u64 = 1 << 20;
/// Set aside again only when this many times its size is free: else it would take back at once what it just gave.
const AMPLE: u64 = 4;

#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
    ready: bool,
}

impl Reserve {
    /// `dir` as `folder::prepare` gave it. Without space the journal still opens, only without a reserve.
    pub fn new(dir: &Path, bytes: u64) -> Self {
        let mut reserve = Self { path: dir.join(folder::RESERVE), bytes, ready: false };
        reserve.restore();
        reserve
    }

    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Gives the space back to the file system. `false`: there was none left to give.
    pub fn release(&mut self) -> bool {
        self.ready = false;
        fs::symlink_metadata(&self.path).is_ok_and(|facts| facts.len() > 0) && fs::remove_file(&self.path).is_ok()
    }

    pub fn restore(&mut self) -> bool {
        if !self.ready {
            self.ready = self.is_set_aside() || (self.is_space_ample() && self.set_aside());
        }
        self.ready
    }

    fn is_set_aside(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|facts| facts.len() == self.bytes)
    }

    fn is_space_ample(&self) -> bool {
        let Some(Ok(facts)) = self.path.parent().map(rustix::fs::statvfs) else { return false };
        facts.f_bavail.saturating_mul(facts.f_frsize) >= self.bytes.saturating_mul(AMPLE)
    }

    fn set_aside(&self) -> bool {
        let Ok(file) = folder::open_private(&self.path) else { return false };
        let done = allocate(&file, self.bytes);
        if !done {
            let _ = fs::remove_file(&self.path);
        }
        done
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &fs::File, bytes: u64) -> bool {
    rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes).is_ok()
}

/// Writes zeros: elsewhere a longer file need not have blocks behind it.
#[cfg(not(target_os = "linux"))]
fn allocate(mut file: &fs::File, bytes: u64) -> bool {
    use std::io::Write as _;
    let block = vec![0; 64 << 10];
    (0..bytes.div_ceil(block.len() as u64)).all(|_| file.write_all(&block).is_ok()) && file.set_len(bytes).is_ok()
}
