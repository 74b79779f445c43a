//! Who a process is, beyond its number: numbers are given out again.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ps;

/// The process that holds a journal, as it wrote itself into the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// Clock ticks after boot, from `/proc`, or the second by `ps`; with the boot id it tells a process from a later one with the same number.
    pub start_time: u64,
    pub uid: u32,
    pub boot_id: String,
}

impl Holder {
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self { pid, start_time: start_time(pid).unwrap_or(0), uid: rustix::process::geteuid().as_raw(), boot_id: boot_id() }
    }

    /// The very process that wrote this is still there. A zombie is not: it holds nothing any more.
    pub fn is_alive(&self) -> bool {
        self.boot_id == boot_id() && start_time(self.pid) == Some(self.start_time) && self.start_time != 0
    }

    /// Has this file open, as the kernel tells.
    pub fn has_open(&self, file: impl AsFd) -> bool {
        let Ok(wanted) = file.as_fd().try_clone_to_owned().and_then(|file| fs::File::from(file).metadata()) else { return false };
        let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", self.pid)) else { return false };
        entries.flatten().filter_map(|entry| fs::metadata(entry.path()).ok()).any(|it| it.ino() == wanted.ino() && it.dev() == wanted.dev())
    }

    /// Real, effective, saved and file-system uid are all the same one.
    pub fn runs_as(&self, uid: u32) -> bool {
        let Ok(status) = fs::read_to_string(format!("/proc/{}/status", self.pid)) else { return false };
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("Uid:")) else { return false };
        line.split_whitespace().count() == 4 && line.split_whitespace().all(|one| one.parse() == Ok(uid))
    }
}

/// `None`: no such process, or it has ended and waits to be collected.
pub fn start_time(pid: u32) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        let found = ps::one(i32::try_from(pid).ok()?)?;
        return (found.state != 'Z').then_some(found.start_time);
    }
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    start_time_in(&stat)
}

/// Field 22; counted from the last `)`, because the name before it may hold anything.
fn start_time_in(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

pub fn boot_id() -> String {
    if !cfg!(target_os = "linux") {
        return ps::boot_id().unwrap_or_default();
    }
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_forge_a_start_time() {
        let tail = "1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 9";
        assert_eq!(start_time_in(&format!("7 (ouioe) S 1 {tail}")), start_time_in(&format!("7 (a) S 1 2) R 3) S 1 {tail}")));
        assert_eq!(start_time_in(&format!("7 (ouioe) S 1 {tail}")), Some(4711));
        assert_eq!(start_time_in(&format!("7 (ouioe) Z 1 {tail}")), None);
        assert_eq!(start_time_in("7 (ouioe"), None);
    }

    #[test]
    fn this_process_is_alive_and_a_number_given_out_again_is_not() {
        let me = Holder::this_process();
        assert!(me.is_alive() && me.runs_as(me.uid));
        assert!(!Holder { start_time: me.start_time + 1, ..me.clone() }.is_alive());
        assert!(!Holder { boot_id: "another boot".to_owned(), ..me }.is_alive());
    }
}
