//! Engine time: UTC when the engine started, advanced by a clock that counts sleep and that nobody can set.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::model::time::Stamp;

/// A difference below this is drift, not a step.
const STEP_MS: i64 = 5_000;

#[derive(Debug)]
pub(super) struct Clock {
    anchor: i64,
    boot: i64,
    /// How far the wall clock is known to be ahead of engine time.
    offset: i64,
}

impl Clock {
    /// Starts at the wall clock, but never before what the journal has seen.
    pub(super) fn start(last: Stamp) -> Self {
        let wall = wall_ms();
        // A clock that was set back must not make new events older than those before them.
        let anchor = wall.max(last.0);
        Self { anchor, boot: boot_ms(), offset: wall - anchor }
    }

    pub(super) fn now(&self) -> Stamp {
        Stamp(self.anchor + boot_ms() - self.boot)
    }

    /// How far somebody set the wall clock since it was last looked at.
    pub(super) fn stepped(&mut self) -> Option<i64> {
        let offset = wall_ms() - self.now().0;
        let step = offset - self.offset;
        (step.abs() > STEP_MS).then(|| {
            self.offset = offset;
            step
        })
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn boot_ms() -> i64 {
    #[cfg(target_os = "linux")]
    // Counts while the machine sleeps, so a backoff of an hour is over after an hour.
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let now = clock_gettime(clock);
    now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}
