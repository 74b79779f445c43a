//! A process started by anybody -> one that nobody's terminal, signals or open files reach.
//!
//! The runner's own files are private (umask 077); a step gets 022, as a service manager would give it.

use std::fs;
use std::os::fd::RawFd;

use rustix::fs::Mode;
use rustix::process;

/// Each part is tried; one that the system refuses costs isolation, not the step.
pub fn isolate() {
    let _ = process::setsid();
    process::umask(Mode::RWXG | Mode::RWXO);
    let _ = process::chdir("/");
    #[cfg(target_os = "linux")]
    let _ = process::set_child_subreaper(Some(process::getpid()));
}

/// Secrets in memory: no core file, no reading by other processes of the same user.
pub fn hide_memory() {
    let none = process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = process::setrlimit(process::Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = process::set_dumpable_behavior(process::DumpableBehavior::NotDumpable);
}

/// Runs `spawn` under the umask that steps get. One thread: nobody else makes files meanwhile.
pub fn with_step_umask<T>(spawn: impl FnOnce() -> T) -> T {
    process::umask(Mode::WGRP | Mode::WOTH);
    let done = spawn();
    process::umask(Mode::RWXG | Mode::RWXO);
    done
}

/// Before anything of ours is open: all but standard input, output and error came from whoever started us.
pub fn close_inherited() {
    let Ok(entries) = fs::read_dir(if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" }) else {
        return;
    };
    let open: Vec<RawFd> = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        // The listing's own descriptor is closed by now.
        let _ = nix::unistd::close(fd);
    }
}
