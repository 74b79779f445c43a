//! Ends the processes of an approved list, and no other.
//!
//! Each is looked at again by its start time, held by a descriptor and only then signalled: a number that was reused since
//! is left alone. TERM first; KILL for what does not listen.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, getpid};
use serde_json::{Value, json};

use super::call::{Call, Done, not_done};
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::host::kill::Item;
use crate::service::builtin::param::broke;
use crate::service::runner::handle::Handle;
use crate::service::runner::proc;

/// Between TERM and KILL, and how long a killed one may take to vanish.
const GRACE: Duration = Duration::from_secs(5);

pub fn kill(call: &mut Call<'_>) -> Done {
    let items =
        call.params.get("items").cloned().ok_or_else(|| not_done("no list of processes was approved: the plan needs its preview"))?;
    let items: Vec<Item> = serde_json::from_value(items).map_err(|error| not_done(format!("read the list of processes: {error}")))?;
    let mut held = Vec::new();
    let mut gone = Vec::new();
    for item in items {
        if let Some(why) = untouchable(item.pid) {
            return Err(not_done(format!("process {} ({}) is {why}", item.pid, item.name)));
        }
        match hold(&item).map_err(|error| broke(FailureClass::Auth, format!("reach process {}: {error}", item.pid)))? {
            Some(fd) => held.push((item, fd)),
            None => gone.push(item.pid),
        }
    }
    let mut ended = Vec::new();
    for (signal, word) in [(Signal::TERM, "TERM"), (Signal::KILL, "KILL")] {
        for (item, fd) in &held {
            send(item, fd, signal)?;
        }
        let deadline = Instant::now() + GRACE;
        held.retain(|(item, fd)| {
            let over = ends_before(fd, deadline);
            if over {
                call.say(&format!("ended {} ({}) by {word}", item.pid, item.name));
                ended.push(json!({ "pid": item.pid, "name": item.name, "by": word }));
            }
            !over
        });
    }
    match held.first() {
        Some((item, _)) => {
            Err(broke(FailureClass::Resource, format!("process {} ({}) does not end, not even by KILL", item.pid, item.name)))
        }
        None => Ok(json!({ "ended": ended, "gone_before": Value::from(gone) })),
    }
}

/// `None`: it ended since the list was made, or the number is another's.
fn hold(item: &Item) -> std::io::Result<Option<Handle>> {
    let Some(pid) = Pid::from_raw(item.pid).filter(|_| proc::is_alive(item.pid, item.start_time)) else {
        return Ok(None);
    };
    match Handle::open(pid) {
        Ok(handle) => Ok(proc::is_alive(item.pid, item.start_time).then_some(handle)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_gone(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

fn send(item: &Item, held: &Handle, signal: Signal) -> Result<(), Failure> {
    match held.signal(signal) {
        Ok(()) => Ok(()),
        Err(error) if is_gone(&error) => Ok(()),
        Err(error) => Err(broke(FailureClass::Auth, format!("signal process {} ({}): {error}", item.pid, item.name))),
    }
}

/// A descriptor of a process becomes readable when it ends.
fn ends_before(held: &Handle, deadline: Instant) -> bool {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let span = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(0), tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::new(held, PollFlags::IN)], Some(&span)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// The first process, this one, and those that wait for it.
fn untouchable(pid: i32) -> Option<&'static str> {
    let mut own = getpid().as_raw_nonzero().get();
    while own > 1 {
        if own == pid {
            return Some("one that this step runs in");
        }
        own = proc::stat(own)?.parent;
    }
    (pid <= 1).then_some("the machine's first process")
}
