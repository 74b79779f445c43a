//! The step runner: a small process that owns one attempt, from its claim to its exit record.
//!
//! No tokio, no logging, no arguments parser, one thread. It outlives the engine that started it.

pub mod claim;
pub mod entry;
pub mod environment;
pub mod handle;
#[cfg(target_os = "linux")]
pub mod host;
pub mod limits;
pub mod proc;
pub mod program;
pub mod record;
pub mod request;
pub mod secrets;
pub mod ssh;
pub mod supervise;
pub mod tree;

mod alarm;
#[cfg(target_os = "linux")]
mod fork;
mod prepare;
mod signals;
mod stream;

/// No other system forks a sibling: runners are started directly.
#[cfg(not(target_os = "linux"))]
pub mod host {
    pub const ARGUMENT: &str = "__runner-host";

    pub fn main() -> i32 {
        super::entry::UNUSABLE
    }
}

use std::ffi::OsStr;

/// What the first argument of this program says it is, carried out; `None` for any other.
pub fn dispatch(first: &OsStr) -> Option<i32> {
    match first.to_str()? {
        entry::ARGUMENT => Some(entry::main()),
        host::ARGUMENT => Some(host::main()),
        _ => None,
    }
}
