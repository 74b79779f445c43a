//! A running step -> how it ended, with every limit enforced and nobody left behind.
//!
//! One thread, one poll, no wake-up without a cause: output, a signal, a deadline. Deadlines count suspended time.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitStatus};

use super::alarm::{Alarm, now};
use super::limits::Limits;
use super::signals::Signals;
use super::stream::{Side, Streams};
use super::tree;
use crate::model::effect::Start;
use crate::model::failure::ExitFacts;
use crate::model::time::Millis;
use crate::service::owned;

/// How long helpers of a step that ended (a `tee` behind a shell) may finish by themselves.
pub(super) const LINGER: Duration = Duration::from_millis(100);
/// Between two rounds of KILL, and how long a killed process may take to vanish before it counts as left over.
const SWEEP: Duration = Duration::from_millis(50);
pub(super) const VANISH: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
enum Phase {
    Running,
    /// The step's process ended, descendants did not.
    Lingering {
        until: Duration,
    },
    Terminating {
        kill_at: Duration,
    },
    Killing {
        sweep_at: Duration,
        give_up_at: Duration,
    },
}

pub struct Supervisor<'a> {
    dir: &'a Path,
    signals: &'a Signals,
    streams: &'a mut Streams,
    alarm: Alarm,
    pipes: [(Side, Option<OwnedFd>); 2],
    main: Pid,
    /// What a step that went well leaves running is what it was for.
    leaves: bool,
    status: Option<WaitStatus>,
    cut: Option<&'static str>,
    phase: Phase,
    limits: Limits,
    buffer: Vec<u8>,
}

impl<'a> Supervisor<'a> {
    pub fn new(mut child: Child, start: &Start, dir: &'a Path, signals: &'a Signals, streams: &'a mut Streams) -> io::Result<Self> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        let out = child.stdout.take().map(OwnedFd::from);
        let err = child.stderr.take().map(OwnedFd::from);
        for pipe in [&out, &err].into_iter().flatten() {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(Self {
            dir,
            signals,
            streams,
            alarm: Alarm::new()?,
            pipes: [(Side::Out, out), (Side::Err, err)],
            main: pid,
            leaves: owned::leaves_running(&start.action),
            status: None,
            cut: None,
            phase: Phase::Running,
            limits: Limits::of(start),
            // Not filled with zeros: a silent step touches none of it.
            buffer: Vec::with_capacity(64 << 10),
        })
    }

    /// Returns when no descendant is left, or none that could be ended.
    pub fn run(mut self) -> io::Result<ExitFacts> {
        let left_over = loop {
            if let Some(left_over) = self.look() {
                break left_over;
            }
            self.wait()?;
            self.read(4);
        };
        // All that the pipes still hold; they do not block, so one who could not be ended holds nobody up.
        self.read(usize::MAX);
        Ok(self.facts(left_over))
    }

    /// What signals, ended children and passed deadlines ask for. `Some`: it is over.
    fn look(&mut self) -> Option<u32> {
        self.signals.clear();
        let reaped = tree::reap(self.main);
        self.status = reaped.main.or(self.status);
        // Before any signal is looked at: a stop that comes when all is over has cut nothing.
        if reaped.nobody_left {
            return Some(0);
        }
        if self.signals.take_now() {
            self.cut_by("stop");
            self.begin_kill();
        } else if self.signals.take_term() {
            self.stop();
        }
        if self.leaves && self.cut.is_none() && self.status.is_some_and(|status| status.exit_status() == Some(0)) {
            return Some(0);
        }
        if self.status.is_some() && matches!(self.phase, Phase::Running) {
            self.phase = Phase::Lingering { until: now() + LINGER };
        }
        self.pass_deadlines()
    }

    fn stop(&mut self) {
        if matches!(self.phase, Phase::Terminating { .. } | Phase::Killing { .. }) {
            return self.begin_kill();
        }
        self.cut_by("stop");
        self.limits.take_grace(self.dir);
        self.begin_term();
    }

    fn pass_deadlines(&mut self) -> Option<u32> {
        let now = now();
        let passed = self.limits.passed(now);
        match self.phase {
            Phase::Running if passed.is_some() => {
                passed.into_iter().for_each(|limit| self.cut_by(limit));
                self.begin_term();
            }
            Phase::Lingering { until } if until <= now => self.begin_term(),
            Phase::Terminating { kill_at } if kill_at <= now => self.begin_kill(),
            Phase::Killing { give_up_at, .. } if give_up_at <= now => {
                return Some(u32::try_from(tree::descendants().len()).unwrap_or(u32::MAX));
            }
            Phase::Killing { sweep_at, give_up_at } if sweep_at <= now => {
                tree::kill();
                self.phase = Phase::Killing { sweep_at: now + SWEEP, give_up_at };
            }
            Phase::Running | Phase::Lingering { .. } | Phase::Terminating { .. } | Phase::Killing { .. } => {}
        }
        None
    }

    /// A step that ended by itself was not cut, whatever becomes of those it left behind.
    fn cut_by(&mut self, why: &'static str) {
        if self.status.is_none() && self.cut.is_none() {
            self.cut = Some(why);
        }
    }

    fn begin_term(&mut self) {
        tree::terminate();
        self.phase = Phase::Terminating { kill_at: self.limits.kill_at() };
    }

    fn begin_kill(&mut self) {
        if matches!(self.phase, Phase::Killing { .. }) {
            return;
        }
        tree::kill();
        let now = now();
        self.phase = Phase::Killing { sweep_at: now + SWEEP, give_up_at: now + VANISH };
    }

    fn next_deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Running => self.limits.deadline(),
            Phase::Lingering { until } => Some(until),
            Phase::Terminating { kill_at } => Some(kill_at),
            Phase::Killing { sweep_at, give_up_at } => Some(sweep_at.min(give_up_at)),
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        self.alarm.set(self.next_deadline())?;
        let mut fds = vec![PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN), PollFd::new(&self.alarm, PollFlags::IN)];
        fds.extend(self.pipes.iter().filter_map(|(_, pipe)| Some(PollFd::from_borrowed_fd(pipe.as_ref()?.as_fd(), PollFlags::IN))));
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.alarm.clear();
        Ok(())
    }

    /// At most `rounds` buffers of each stream, so that no stream starves signals and deadlines.
    fn read(&mut self, rounds: usize) {
        for (side, slot) in &mut self.pipes {
            for _ in 0..rounds {
                let Some(pipe) = slot else {
                    break;
                };
                self.buffer.clear();
                match rustix::io::read(pipe, spare_capacity(&mut self.buffer)) {
                    Ok(count) if count > 0 => {
                        self.streams.push(*side, &self.buffer);
                        self.limits.hear();
                    }
                    Err(Errno::AGAIN) => break,
                    Err(Errno::INTR) => {}
                    Ok(_) | Err(_) => *slot = None,
                }
            }
        }
    }

    fn facts(&self, left_over: u32) -> ExitFacts {
        let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).ok();
        let user_ms = usage.map_or(0, |usage| nix::sys::time::TimeValLike::num_milliseconds(&usage.user_time()));
        ExitFacts {
            code: self.status.and_then(WaitStatus::exit_status),
            signal: self.status.and_then(WaitStatus::terminating_signal),
            wall_ms: self.limits.wall(),
            user_ms: Millis(u64::try_from(user_ms).unwrap_or(0)),
            max_rss_kib: usage.map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0)),
            cut: self.cut.map(str::to_owned),
            left_over,
        }
    }
}
