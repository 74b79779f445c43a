//! The program on a terminal of its own: what it wrote, what stands on the screen, keys, hang-up.
//!
//! The master side is held by one descriptor of ours, so that letting go of it is a real hang-up.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use super::home::{Home, PATIENCE, kill, until};

/// Cells each way of the screen that the test keeps: the emulator cannot wrap within one. The program is told the true size.
const LEAST: u16 = 4;

pub struct Tty {
    master: Option<Arc<OwnedFd>>,
    reader: Option<JoinHandle<()>>,
    stop: Option<std::io::PipeWriter>,
    pub child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    pub started: Instant,
}

pub struct Seen {
    pub screen: vt100::Parser,
    pub bytes: Vec<u8>,
    /// When the first byte came.
    pub first: Option<Instant>,
}

impl Seen {
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }
}

/// How the terminal and its surroundings are.
pub struct How<'a> {
    pub size: (u16, u16),
    pub env: &'a [(&'a str, &'a str)],
    /// Shell text in which `"$0" "$@"` is the program with its arguments; empty: no shell.
    pub shell: &'a str,
}

impl Default for How<'_> {
    fn default() -> Self {
        Self { size: (80, 24), env: &[], shell: "" }
    }
}

impl Tty {
    pub fn start(home: &Home, args: &[&str]) -> Self {
        Self::start_as(home, args, &How::default())
    }

    pub fn start_as(home: &Home, args: &[&str], how: &How<'_>) -> Self {
        let (cols, rows) = how.size;
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a pty");
        let mut command = if how.shell.is_empty() {
            CommandBuilder::new(home.program())
        } else {
            let mut shell = CommandBuilder::new("/bin/sh");
            shell.args(["-c", how.shell]);
            shell.arg(home.program());
            shell
        };
        command.args(args);
        command.env_clear();
        command.cwd(home.path(""));
        command.env("TERM", "xterm-256color");
        for (name, value) in home.env() {
            command.env(name, value);
        }
        for (name, value) in how.env {
            command.env(name, value);
        }
        let master = copy_of(pair.master.as_raw_fd().expect("a descriptor"));
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the child");
        drop(pair);
        let master = Arc::new(master);
        let seen = Seen { screen: vt100::Parser::new(rows.max(LEAST), cols.max(LEAST), 0), bytes: Vec::new(), first: None };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let (stopped, stop) = std::io::pipe().expect("a pipe");
        let reader = std::thread::spawn({
            let (seen, master) = (seen.clone(), master.clone());
            move || read(&master, &stopped, &seen)
        });
        Self { master: Some(master), reader: Some(reader), stop: Some(stop), child, seen, started }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().expect("no panic in here")
    }

    #[track_caller]
    pub fn wait(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let (seen, timeout) = self.seen.1.wait_timeout_while(self.seen(), PATIENCE, |seen| !holds(seen)).expect("no panic in here");
        let text = seen.text();
        drop(seen);
        assert!(!timeout.timed_out(), "no {what} on:\n{text}");
    }

    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.wait(text, |seen| seen.text().contains(text));
    }

    pub fn text(&self) -> String {
        self.seen().text()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// In one write.
    pub fn press(&self, keys: &str) {
        let master = self.master.as_ref().expect("not hung up");
        let mut rest = keys.as_bytes();
        while !rest.is_empty() {
            let count = rustix::io::write(master, rest).expect("the terminal takes keys");
            rest = &rest[count..];
        }
    }

    /// A key that is dropped for a moment after something was shown, or after another that was: pressed again while nothing answers.
    #[track_caller]
    pub fn press_until(&self, keys: &str, answers: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        let answered = |seen: &mut Seen| answers.iter().any(|answer| seen.text().contains(answer));
        while Instant::now() < deadline {
            self.press(keys);
            let wait = self.seen.1.wait_timeout_while(self.seen(), Duration::from_secs(1), |seen| !answered(seen));
            if !wait.expect("no panic in here").1.timed_out() {
                return;
            }
        }
        panic!("no {answers:?} on:\n{}", self.text());
    }

    pub fn resize(&self, (cols, rows): (u16, u16)) {
        self.seen().screen.screen_mut().set_size(rows.max(LEAST), cols.max(LEAST));
        let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.master.as_ref().expect("not hung up"), size).expect("a new size");
    }

    /// The terminal's modes, as text to compare.
    pub fn modes(&self) -> String {
        let modes: Termios = tcgetattr(self.master.as_ref().expect("not hung up")).expect("modes");
        format!("{:?} {:?} {:?} {:?}", modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes)
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.process_id().expect("a pid")).expect("a pid")
    }

    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only tests that read /proc use it"))]
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Does it, without being asked to?
    pub fn ends(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("its state").is_some() {
                self.end();
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Its exit code; a signal is 1000 and more.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        let status = until("the end of the program on a terminal", || self.child.try_wait().expect("its state"));
        // What it wrote last is read before anybody looks.
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        match status.signal() {
            Some(_) => 1_000,
            None => i32::try_from(status.exit_code()).expect("an exit code"),
        }
    }

    /// The connection is gone: nobody holds the other end any more.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only tests that read /proc use it"))]
    pub fn hang_up(&mut self) {
        drop(self.stop.take());
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        let master = self.master.take().expect("not hung up");
        drop(Arc::into_inner(master).expect("the only copy"));
    }
}

/// Until the other end is closed by all, or we are told to let go.
fn read(master: &OwnedFd, stopped: &std::io::PipeReader, seen: &(Mutex<Seen>, Condvar)) {
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [PollFd::new(master, PollFlags::IN), PollFd::from_borrowed_fd(stopped.as_fd(), PollFlags::IN)];
        poll(&mut fds, None).expect("poll");
        if !fds[1].revents().is_empty() {
            return;
        }
        let Ok(count @ 1..) = rustix::io::read(master, &mut buffer) else { return };
        let mut state = seen.0.lock().expect("no panic in here");
        state.first.get_or_insert_with(Instant::now);
        state.screen.process(&buffer[..count]);
        state.bytes.extend(&buffer[..count]);
        seen.1.notify_all();
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        drop(self.stop.take());
    }
}

/// Another descriptor of the same open file.
#[cfg(target_os = "linux")]
fn copy_of(fd: std::os::fd::RawFd) -> OwnedFd {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let ours = pidfd_open(getpid(), PidfdFlags::empty()).expect("ourselves");
    pidfd_getfd(ours, fd, PidfdGetfdFlags::empty()).expect("a copy")
}

#[cfg(not(target_os = "linux"))]
fn copy_of(fd: std::os::fd::RawFd) -> OwnedFd {
    std::fs::OpenOptions::new().read(true).write(true).open(format!("/dev/fd/{fd}")).expect("a copy").into()
}
