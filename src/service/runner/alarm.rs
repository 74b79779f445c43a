//! One deadline that wakes a poll. Counts suspended time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::time::{ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

pub struct Alarm {
    timer: OwnedFd,
    armed: Option<Duration>,
}

impl Alarm {
    pub fn new() -> io::Result<Self> {
        let timer = rustix::time::timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        Ok(Self { timer, armed: None })
    }

    /// The timer is set anew only for an earlier deadline: one that moves away costs nothing but a wake-up too many.
    pub fn set(&mut self, wanted: Option<Duration>) -> io::Result<()> {
        let soon_enough = match (self.armed, wanted) {
            (_, None) => true,
            (Some(armed), Some(wanted)) => armed <= wanted,
            (None, Some(_)) => false,
        };
        if soon_enough {
            return Ok(());
        }
        let at = wanted.unwrap_or_default().max(Duration::from_nanos(1));
        let it_value = Timespec { tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(at.subsec_nanos()) };
        let spec = Itimerspec { it_interval: Timespec::default(), it_value };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &spec)?;
        self.armed = wanted;
        Ok(())
    }

    /// After a poll.
    pub fn clear(&mut self) {
        let mut ticks = [0; 8];
        if rustix::io::read(&self.timer, &mut ticks).is_ok() {
            self.armed = None;
        }
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

/// Since boot, suspended time included.
pub fn now() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
