//! What `/proc`, or `ps` where there is none, says of processes: who is whose child, since when a process runs, which boot this is.
//!
//! A process id alone names nobody: it is reused. With the start time and the boot id it does.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::journal::ps;

/// The part of `/proc/PID/stat` that is needed to follow and to name a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub parent: i32,
    pub state: char,
    /// Clock ticks since boot.
    pub start_time: u64,
    /// Signals 1 to 31 that it ignores, from the lowest bit.
    pub ignored: u32,
}

impl Stat {
    /// Ended, waiting to be reaped.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

pub fn stat(pid: i32) -> Option<Stat> {
    if !cfg!(target_os = "linux") {
        return ps::one(pid).map(|entry| of(&entry).1);
    }
    // In one piece: the kernel makes the text anew for every read.
    let mut buffer = [0; 1024];
    let count = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut buffer).ok()?;
    parse(&String::from_utf8_lossy(&buffer[..count]))
}

/// The command's name may hold blanks and brackets: fields count from the last one.
fn parse(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let start_time = fields.nth(17)?.parse().ok()?;
    let ignored = fields.nth(10)?.parse::<u64>().ok()?;
    Some(Stat { parent, state, start_time, ignored: u32::try_from(ignored & u64::from(u32::MAX)).ok()? })
}

/// Which signals it ignores is not told there.
fn of(entry: &ps::Entry) -> (i32, Stat) {
    let ps::Entry { pid, parent, state, start_time } = *entry;
    (pid, Stat { parent, state, start_time, ignored: 0 })
}

/// Every process that can be seen, with what is known of it.
pub fn all() -> Vec<(i32, Stat)> {
    if !cfg!(target_os = "linux") {
        return ps::all().unwrap_or_default().iter().map(of).collect();
    }
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

/// Changes with every boot of the machine, so never during a process.
pub fn boot_id() -> io::Result<String> {
    static KNOWN: OnceLock<String> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Ok(known.clone());
    }
    let read =
        if cfg!(target_os = "linux") { fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned() } else { ps::boot_id()? };
    Ok(KNOWN.get_or_init(|| read).clone())
}

/// The very file that this process runs; on Linux also after an upgrade replaced it on disk.
pub fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// Is this process, not another with the same number, still at work?
pub fn is_alive(pid: i32, start_time: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.start_time == start_time && !stat.is_dead())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_do_not_shift_fields() {
        let line = "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 0 0 0 1 2 3 4 20 0 1 0 987654 1 2 3 4 5 6 7 8 9 10 4097 12";
        assert_eq!(parse(line), Some(Stat { parent: 7, state: 'S', start_time: 987_654, ignored: 4097 }));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn this_process_is_alive_and_no_other_with_its_number() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let stat = stat(pid).unwrap();
        assert!(is_alive(pid, stat.start_time));
        assert!(!is_alive(pid, stat.start_time + 1));
    }
}
