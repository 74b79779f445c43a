//! A host that was left in mid-step -> what its record says of the attempt. A few calls over some seconds.

use std::io;
use std::time::Duration;

use super::hearing::READY;
use super::link::Link;
use super::{Caller, payload, script};
use crate::service::runner::alarm::now;
use crate::service::runner::request::RunnerRequest;
use crate::service::runner::signals::Signals;
use crate::service::runner::stream::Side;
use crate::service::runner::tree;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Ended, with this status.
    Exit(i32),
    /// It did not begin, and never will.
    Never,
    /// At work, under this process id of the host.
    Running(u32),
    /// At neither work nor end: it was killed with all that watched it, or the host was started anew.
    Gone,
    /// Taken, but no process seen yet.
    Starting,
    Unreachable,
}

/// Before each call: a link that was cut is often back at once, a host that restarts its sshd a little later.
const PAUSES: [Duration; 5] =
    [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// For one call, with what connecting takes.
const PATIENCE: Duration = Duration::from_secs(15);
const ANSWER_CAP: usize = 1 << 20;

/// A stop ends the asking, not the step.
pub fn ask(caller: &Caller<'_>, request: &RunnerRequest, signals: &Signals) -> Fate {
    let mut fate = Fate::Unreachable;
    for pause in PAUSES {
        if rest(pause, signals) {
            break;
        }
        // One that was seen at work and now cannot be reached is still the one that may be at work.
        if let Ok(Some(found)) = once(caller, request, signals) {
            fate = found;
        }
        if matches!(fate, Fate::Exit(_) | Fate::Never) {
            break;
        }
    }
    fate
}

/// `true`: somebody is in a hurry.
fn rest(pause: Duration, signals: &Signals) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let until = now() + pause;
    loop {
        if signals.take_term() || signals.take_now() {
            return true;
        }
        let left = until.saturating_sub(now());
        if left.is_zero() {
            return false;
        }
        let span = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(left.subsec_nanos()) };
        let _ = poll(&mut [PollFd::new(signals, PollFlags::IN)], Some(&span));
        signals.clear();
    }
}

/// `None`: no answer that is one.
fn once(caller: &Caller<'_>, request: &RunnerRequest, signals: &Signals) -> io::Result<Option<Fate>> {
    // Over a connection of its own: a shared one may be the very one that hangs.
    let child =
        caller.call(&script::ask(), Some(&["-S", "none"].map(str::to_owned))).map_err(|refused| io::Error::other(refused.detail))?;
    let mut link = Link::new(child)?;
    link.send(&payload::about(&request.start.effect_key, request.start.at.attempt));
    let deadline = now() + PATIENCE;
    let mut answer = Vec::new();
    while !link.is_over() && now() < deadline {
        link.turn(signals, Some(deadline), &mut |side, bytes| {
            if side == Side::Out && answer.len() < ANSWER_CAP {
                answer.extend(bytes);
            }
        })?;
    }
    tree::kill();
    Ok(fate_of(&answer))
}

fn fate_of(answer: &[u8]) -> Option<Fate> {
    let at = answer.windows(READY.len()).position(|window| window == READY)?;
    let text = std::str::from_utf8(&answer[at + READY.len()..]).ok()?;
    let line = text.strip_suffix('\n')?;
    Some(match line.split_once(' ') {
        Some(("exit", status)) => Fate::Exit(status.parse().ok()?),
        Some(("running", pid)) => Fate::Running(pid.parse().ok()?),
        None if line == "never" => Fate::Never,
        None if line == "gone" => Fate::Gone,
        None if line == "starting" => Fate::Starting,
        Some(_) | None => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_counts() {
        for (answer, fate) in [
            ("motd\n\nouioe-ready 1\nexit 7\n", Some(Fate::Exit(7))),
            ("\nouioe-ready 1\nrunning 42\n", Some(Fate::Running(42))),
            ("\nouioe-ready 1\nnever\n", Some(Fate::Never)),
            ("\nouioe-ready 1\nexit 7", None),
            ("\nouioe-ready 1\nexit x\n", None),
            ("\nouioe-ready 1\n", None),
            ("never\n", None),
            ("", None),
        ] {
            assert_eq!(fate_of(answer.as_bytes()), fate, "{answer:?}");
        }
    }
}
