//! How long a step may run, be silent, and take to end: the same here and on another machine. Deadlines count suspended time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::alarm::now;
use crate::model::effect::Start;
use crate::model::time::Millis;

/// File by which an engine names the grace of the stop that it signals, in milliseconds.
pub const STOP_FILE: &str = "stop";

pub struct Limits {
    began: Duration,
    heard: Duration,
    timeout: Duration,
    silence: Duration,
    grace: Duration,
}

impl Limits {
    /// From now on.
    pub fn of(start: &Start) -> Self {
        let (began, span) = (now(), |ms: Millis| Duration::from_millis(ms.0));
        let [timeout, silence, grace] = [start.timeout_ms, start.silence_ms, start.grace_ms].map(span);
        Self { began, heard: began, timeout, silence, grace }
    }

    /// The step has said something.
    pub fn hear(&mut self) {
        self.heard = now();
    }

    /// The limit that it has passed.
    pub fn passed(&self, now: Duration) -> Option<&'static str> {
        let is_past = |from: Duration, span: Duration| !span.is_zero() && from + span <= now;
        if is_past(self.began, self.timeout) {
            return Some("timeout");
        }
        is_past(self.heard, self.silence).then_some("silence")
    }

    /// Of a step that goes on.
    pub fn deadline(&self) -> Option<Duration> {
        let limit = |from: Duration, span: Duration| (!span.is_zero()).then(|| from + span);
        limit(self.began, self.timeout).into_iter().chain(limit(self.heard, self.silence)).min()
    }

    /// Whoever stops it may have named another grace.
    pub fn take_grace(&mut self, dir: &Path) {
        let named = fs::read_to_string(dir.join(STOP_FILE)).ok().and_then(|text| text.trim().parse().ok());
        self.grace = named.map_or(self.grace, Duration::from_millis);
    }

    /// When one that was asked to end is killed.
    pub fn kill_at(&self) -> Duration {
        now() + self.grace
    }

    pub fn wall(&self) -> Millis {
        Millis(u64::try_from(now().saturating_sub(self.began).as_millis()).unwrap_or(u64::MAX))
    }
}
