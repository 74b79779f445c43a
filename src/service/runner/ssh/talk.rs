//! One call: greeting, payload, the step's output, orders to stop -> how far it got and what `ssh` ended with.
//!
//! The limits of the step are kept here, by orders to the host. A link that does not carry them is ended in the end; what that
//! means for the step is for the host's record to say.

use std::io;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use rustix::process::WaitStatus;

use super::hearing::{Hearing, Stage};
use super::link::Link;
use crate::model::effect::Start;
use crate::model::failure::{ExitFacts, FailureClass};
use crate::service::runner::alarm::now;
use crate::service::runner::entry::{Refused, refused};
use crate::service::runner::limits::Limits;
use crate::service::runner::signals::Signals;
use crate::service::runner::stream::Streams;
use crate::service::runner::supervise::VANISH;
use crate::service::runner::tree;

#[derive(Clone, Copy, Debug)]
enum Phase {
    Running,
    /// The host was told to ask the step to end.
    Stopping {
        kill_at: Duration,
    },
    /// The host was told to kill it.
    Killing {
        end_at: Duration,
    },
    /// The local `ssh` was killed.
    Ending {
        give_up_at: Duration,
    },
}

pub struct Talk<'a> {
    link: Link,
    hearing: Hearing,
    payload: Vec<u8>,
    dir: &'a Path,
    signals: &'a Signals,
    streams: &'a mut Streams,
    cut: Option<&'static str>,
    phase: Phase,
    limits: Limits,
}

/// What a call came to.
pub struct Talked {
    pub stage: Stage,
    /// The status of `ssh`, which is that of the step where the link held.
    pub code: Option<i32>,
    /// The last thing that was said beside the step, and all of it.
    pub said: String,
    all_said: String,
    /// Without the status.
    pub exit: ExitFacts,
}

impl<'a> Talk<'a> {
    pub fn new(
        child: Child,
        payload: Vec<u8>,
        start: &Start,
        dir: &'a Path,
        signals: &'a Signals,
        streams: &'a mut Streams,
    ) -> io::Result<Self> {
        Ok(Self {
            link: Link::new(child)?,
            hearing: Hearing::new(),
            payload,
            dir,
            signals,
            streams,
            cut: None,
            phase: Phase::Running,
            limits: Limits::of(start),
        })
    }

    pub fn run(mut self) -> io::Result<Talked> {
        while !self.link.is_over() && !matches!(self.phase, Phase::Ending { give_up_at } if give_up_at <= now()) {
            let deadline = self.next_deadline();
            let Self { link, hearing, streams, limits, signals, .. } = &mut self;
            link.turn(signals, deadline, &mut |side, bytes| {
                limits.hear();
                hearing.hear(side, bytes, &mut |side, bytes| streams.push(side, bytes));
            })?;
            self.tell();
            self.obey();
            self.pass_deadlines();
        }
        // A helper of `ssh` (`ProxyCommand`) has nothing more to do.
        tree::kill();
        Ok(self.talked())
    }

    /// The payload goes out once somebody listens, and never where the step was called off before.
    fn tell(&mut self) {
        if self.hearing.stage == Stage::Ready && self.cut.is_none() && !self.payload.is_empty() {
            self.link.send(&std::mem::take(&mut self.payload));
        }
        if self.hearing.stage == Stage::Ready && self.payload.is_empty() && !self.link.holds_back() {
            self.hearing.stage = Stage::Sent;
        }
        if self.hearing.is_too_noisy() && self.hearing.stage == Stage::Greeting {
            self.end();
        }
    }

    fn obey(&mut self) {
        if self.signals.take_now() {
            self.cut_by("stop");
            self.kill();
        } else if self.signals.take_term() {
            if matches!(self.phase, Phase::Running) {
                self.limits.take_grace(self.dir);
                self.stop("stop");
            } else {
                self.kill();
            }
        }
    }

    fn pass_deadlines(&mut self) {
        let now = now();
        match self.phase {
            Phase::Running => self.limits.passed(now).into_iter().for_each(|limit| self.stop(limit)),
            Phase::Stopping { kill_at } if kill_at <= now => self.kill(),
            Phase::Killing { end_at } if end_at <= now => self.end(),
            Phase::Stopping { .. } | Phase::Killing { .. } | Phase::Ending { .. } => {}
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Running => self.limits.deadline(),
            Phase::Stopping { kill_at: at } | Phase::Killing { end_at: at } | Phase::Ending { give_up_at: at } => Some(at),
        }
    }

    fn cut_by(&mut self, why: &'static str) {
        if self.link.status().is_none() && self.cut.is_none() {
            self.cut = Some(why);
        }
    }

    fn stop(&mut self, why: &'static str) {
        self.cut_by(why);
        if self.is_told() {
            self.link.send(b"stop\n");
            self.phase = Phase::Stopping { kill_at: self.limits.kill_at() };
        } else {
            self.end();
        }
    }

    fn kill(&mut self) {
        match self.phase {
            Phase::Running | Phase::Stopping { .. } if self.is_told() => {
                self.link.send(b"kill\n");
                self.phase = Phase::Killing { end_at: now() + VANISH };
            }
            Phase::Running | Phase::Stopping { .. } => self.end(),
            Phase::Killing { .. } | Phase::Ending { .. } => {}
        }
    }

    fn end(&mut self) {
        tree::kill();
        self.phase = Phase::Ending { give_up_at: now() + VANISH };
    }

    /// Half a payload starts nothing.
    fn is_told(&self) -> bool {
        match self.hearing.stage {
            Stage::Greeting | Stage::Ready => false,
            Stage::Sent | Stage::Held | Stage::Refused(_) | Stage::Started => true,
        }
    }

    fn talked(self) -> Talked {
        let exit = ExitFacts { wall_ms: self.limits.wall(), cut: self.cut.map(str::to_owned), ..ExitFacts::default() };
        let code = self.link.status().and_then(WaitStatus::exit_status);
        Talked { said: self.hearing.said(), all_said: self.hearing.all_said(), stage: self.hearing.stage, code, exit }
    }
}

impl Talked {
    /// For a call in which the host was never told of the step.
    pub fn never_began(&self, host: &str) -> Refused {
        match (self.exit.cut.as_deref(), self.code) {
            (Some("stop"), _) => refused(FailureClass::Permanent, "stopped before it started".to_owned()),
            (Some(limit), _) => refused(FailureClass::Timeout, format!("{host} was not ready within its {limit} limit")),
            // The login shell ran, but no shell of ours.
            (None, Some(code)) if code != super::NOT_THE_STEPS => {
                refused(FailureClass::Config, format!("{host} runs no /bin/sh for us (status {code}): {}", self.said))
            }
            (None, _) if self.said.is_empty() => refused(FailureClass::DependencyDown, format!("ssh to {host} ended without a word")),
            (None, _) => refused(class_of(&self.all_said), format!("ssh to {host}: {}", self.said)),
        }
    }
}

/// By the words of OpenSSH 7 to 10.
fn class_of(said: &str) -> FailureClass {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["Permission denied", "Too many authentication failures", "No more authentication methods"]) {
        FailureClass::Auth
    } else if has(&["Host key verification failed", "Could not resolve hostname", "onfiguration option", "Can't open user config", "Bad "])
    {
        FailureClass::Config
    } else {
        FailureClass::DependencyDown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_ssh_tell_who_must_act() {
        for (said, class) in [
            ("root@h: Permission denied (publickey).", FailureClass::Auth),
            ("ssh: connect to host h port 22: Connection refused", FailureClass::DependencyDown),
            ("kex_exchange_identification: Connection closed by remote host", FailureClass::DependencyDown),
            ("ssh: Could not resolve hostname h: Name or service not known", FailureClass::Config),
            ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", FailureClass::Config),
            ("/x: line 1: Bad configuration option: foo", FailureClass::Config),
        ] {
            assert_eq!(class_of(said), class, "{said}");
        }
    }
}
