//! One deadline that wakes a poll. Counts suspended time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::time::ClockId;

pub struct Alarm {
    timer: timer::Timer,
    armed: Option<Duration>,
}

impl Alarm {
    pub fn new() -> io::Result<Self> {
        Ok(Self { timer: timer::new()?, armed: None })
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
        timer::set(&self.timer, at)?;
        self.armed = wanted;
        Ok(())
    }

    /// After a poll.
    pub fn clear(&mut self) {
        if timer::is_over(&self.timer) {
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
    let time = rustix::time::clock_gettime(CLOCK);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
/// Goes on while the machine sleeps, on this family of systems.
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// A timerfd.
#[cfg(target_os = "linux")]
mod timer {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

    pub type Timer = OwnedFd;

    pub fn new() -> io::Result<Timer> {
        Ok(rustix::time::timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?)
    }

    pub fn set(timer: &Timer, at: Duration) -> io::Result<()> {
        let it_value = Timespec { tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(at.subsec_nanos()) };
        let spec = Itimerspec { it_interval: Timespec::default(), it_value };
        rustix::time::timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &spec)?;
        Ok(())
    }

    pub fn is_over(timer: &Timer) -> bool {
        rustix::io::read(timer, &mut [0; 8]).is_ok()
    }
}

/// A kqueue with one timer.
#[cfg(not(target_os = "linux"))]
mod timer {
    use std::io;
    use std::time::Duration;

    use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};

    pub type Timer = Kqueue;

    pub fn new() -> io::Result<Timer> {
        Ok(Kqueue::new()?)
    }

    pub fn set(timer: &Timer, at: Duration) -> io::Result<()> {
        let span = at.saturating_sub(super::now()).as_nanos();
        let span = isize::try_from(span).unwrap_or(isize::MAX);
        let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
        timer.kevent(&[KEvent::new(0, EventFilter::EVFILT_TIMER, flags, FilterFlag::NOTE_NSECONDS, span, 0)], &mut [], None)?;
        Ok(())
    }

    pub fn is_over(timer: &Timer) -> bool {
        let none = KEvent::new(0, EventFilter::EVFILT_TIMER, EvFlags::empty(), FilterFlag::empty(), 0, 0);
        let at_once = nix::libc::timespec { tv_sec: 0, tv_nsec: 0 };
        timer.kevent(&[], &mut [none], Some(at_once)).is_ok_and(|count| count > 0)
    }
}
