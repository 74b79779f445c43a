//! Rings the bell of every terminal on which this user's console runs. The screen stays as it is.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use rustix::fs::OFlags;
use serde_json::json;

use super::call::{Call, Done, not_done};

pub fn ring(call: &mut Call<'_>) -> Done {
    let mut rung = 0_u32;
    for terminal in terminals() {
        let flags = (OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
        let written = OpenOptions::new().write(true).custom_flags(flags).open(&terminal).and_then(|mut tty| tty.write_all(b"\x07"));
        match written {
            Ok(()) => rung += 1,
            Err(error) => call.say(&format!("{}: {error}", terminal.display())),
        }
    }
    match rung {
        0 => Err(not_done("no terminal of this user shows ouioe")),
        _ => Ok(json!({ "terminals": rung })),
    }
}

/// Of processes that are this very program, run by this user, and were given a terminal.
fn terminals() -> BTreeSet<PathBuf> {
    let identity = |path: &str| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    let (own, me) = (identity("/proc/self/exe"), rustix::process::geteuid().as_raw());
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = pids.filter(|pid| {
        let is_mine = fs::metadata(format!("/proc/{pid}")).is_ok_and(|about| about.uid() == me);
        is_mine && own.is_some() && identity(&format!("/proc/{pid}/exe")) == own
    });
    let is_terminal = |path: &PathBuf| path.starts_with("/dev/pts") || path.to_string_lossy().starts_with("/dev/tty");
    ours.filter_map(|pid| [1, 0, 2].iter().find_map(|fd| fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok().filter(is_terminal))).collect()
}
