//! The console on a real terminal: this test binary runs itself under a pty, with the real fold as engine.
//!
//! Nothing waits for time to pass: the parent waits for text on its screen, for the child's end or for its report.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ouioe::console::{self, Exit, UiSettings, Wiring};
use ouioe::engine::handle::{Feed, FeedItem, Handle, Inbox};
use ouioe::link::Link;
use ouioe::machine;
use ouioe::model::command::Consent;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::state::State;
use ouioe::spool::Spools;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::world::{Engine, ana, deploy};

const CHILD: &str = "OUIOE_TEST_CONSOLE_CHILD";
const HOLDER: &str = "OUIOE_TEST_CONSOLE_HOLDER";
const WAIT: Duration = Duration::from_secs(20);

/// Answers as the engine's thread does; steps end only when a test says so.
fn serve(mut engine: Engine, inbox: mpsc::Receiver<Inbox>) {
    let mut followers: Vec<tokio::sync::mpsc::Sender<FeedItem>> = Vec::new();
    for message in inbox {
        match message {
            Inbox::Request(request, answer) => {
                let (reply, items) = engine.request(request.actor, request.command);
                for item in items {
                    followers.retain(|follower| follower.try_send(item.clone()).is_ok());
                }
                let _ = answer.send(reply);
            }
            Inbox::Follow(answer) => {
                let (items, receiver) = tokio::sync::mpsc::channel(64);
                followers.push(items);
                let state = Arc::new(engine.state.clone());
                let _ = answer.send(Feed { journal: state.journal.clone(), state, items: receiver });
            }
            Inbox::Stop(answer) => drop(answer.send(())),
            Inbox::Thinking(_) | Inbox::Rejoin(_) | Inbox::Report(_) | Inbox::Head(_) => {}
        }
    }
}

fn broken_fold(_: &mut State, _: &ouioe::model::event::Event) {
    panic!("the fold broke \u{1b}[31m on purpose");
}

/// Not a test of its own: what the others run under a pty. It reports to the file that its variable names.
#[test]
fn child_of_the_pty_tests() {
    let Some(report) = std::env::var_os(CHILD) else { return };
    let scene = std::env::var("OUIOE_TEST_SCENE").unwrap_or_default();
    let mut engine = Engine::new();
    if scene.contains("paused") {
        let plan = deploy();
        let (run, _) = engine.submit(&plan, Consent::Shown { digest: plan.digest });
        engine.fail(&run, "preflight", ouioe::model::failure::Certainty::FailedKnown);
    }
    let (sender, inbox) = mpsc::channel();
    std::thread::spawn(move || serve(engine, inbox));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let link = Link::InProcess { engine: Handle::new(sender, Spools::new("/nonexistent")), actor: ana() };
    let wiring = Wiring {
        improve: None,
        link,
        plan_intent: Arc::new(|_, _| Box::pin(async { PlanOutcome::Plan { approval_required: false, plan: Box::new(deploy()) } })),
        fold: if scene.contains("broken") { broken_fold } else { machine::apply },
        render: |workflow, action| machine::rendered(workflow, action).map_err(|error| error.detail().to_owned()),
        anew: Arc::new(|plan| Box::pin(async move { Ok((*plan).clone()) })),
        revise: Arc::new(|plan, _, _| Box::pin(async move { Ok((*plan).clone()) })),
        past: Arc::new(|_| Box::pin(async { Ok(Vec::new()) })),
        rejoin: Arc::new(|| Box::pin(async { Err("reach another engine: this test has one".to_owned()) })),
        catalogue: Arc::default(),
        limits: ouioe::model::settings::EngineSettings::default(),
        actor: ana(),
        host: "prod".to_owned(),
        settings: UiSettings::from_env(|name| std::env::var(name).ok()),
        in_process: true,
        seen: None,
        runtime: runtime.handle().clone(),
    };
    let exit = console::run(wiring);
    let mut told = format!("{exit:?}");
    if matches!(exit, Ok(Exit::Hangup)) {
        for fd in 0..3 {
            let link = std::fs::read_link(format!("/proc/self/fd/{fd}")).expect("an open descriptor");
            let _ = write!(told, " {}", link.display());
        }
        let _ = write!(told, " cpu {}ms", cpu_of_the_next(Duration::from_millis(300)).as_millis());
    }
    std::fs::write(&report, told).expect("report");
}

/// Processor time that this process uses in the given time.
fn cpu_of_the_next(span: Duration) -> Duration {
    let used = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let before = used();
    std::thread::sleep(span);
    used().saturating_sub(before)
}

struct Tty {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    folder: tempfile::TempDir,
}

struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Tty {
    /// `before` is a line of shell that runs first, such as `trap '' HUP`.
    fn start(scene: &str, before: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let report = folder.path().join("report");
        Self::start_reporting(scene, before, report, folder)
    }

    fn start_reporting(scene: &str, before: &str, report: PathBuf, folder: tempfile::TempDir) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).expect("a pty");
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", &format!("{before}\nexec \"$0\" --exact console::pty::child_of_the_pty_tests --nocapture")]);
        command.arg(std::env::current_exe().expect("this binary"));
        for (name, value) in [("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8"), ("OUIOE_TEST_SCENE", scene)] {
            command.env(name, value);
        }
        command.env(CHILD, report);
        for name in ["SSH_CONNECTION", "TMUX", "NO_COLOR"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).expect("the child");
        drop(pair.slave);
        let seen = Arc::new((Mutex::new(Seen { screen: vt100::Parser::new(24, 80, 0), bytes: Vec::new() }), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        std::thread::spawn({
            let seen = seen.clone();
            move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = reader.read(&mut buffer) {
                    let mut state = seen.0.lock().expect("no panic in here");
                    state.screen.process(&buffer[..count]);
                    state.bytes.extend(&buffer[..count]);
                    seen.1.notify_all();
                }
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { master: pair.master, keys, child, seen, folder }
    }

    fn wait(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let seen = self.seen.0.lock().expect("no panic in here");
        let (seen, timeout) = self.seen.1.wait_timeout_while(seen, WAIT, |seen| !holds(seen)).expect("no panic in here");
        assert!(!timeout.timed_out(), "no {what} on:\n{}", seen.screen.screen().contents());
    }

    /// Waits for the next byte, so long at most.
    fn writes_within(&self, span: Duration) -> bool {
        let seen = self.seen.0.lock().expect("no panic in here");
        let before = seen.bytes.len();
        self.seen.1.wait_timeout_while(seen, span, |seen| seen.bytes.len() == before).is_ok_and(|(_seen, timeout)| !timeout.timed_out())
    }

    fn shows(&self, text: &str) {
        self.wait(text, |seen| seen.screen.screen().contents().contains(text));
    }

    fn press(&mut self, bytes: &str) {
        self.keys.write_all(bytes.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().expect("no panic in here").bytes.clone()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.process_id().expect("a pid")).expect("a pid")).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("it lives");
    }

    /// What the child reported before it ended.
    fn report(&mut self) -> String {
        self.child.wait().expect("it ends");
        std::fs::read_to_string(self.folder.path().join("report")).unwrap_or_default()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Where each of the two stands, first and last.
fn place(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|window| window == wanted)
}

fn count(bytes: &[u8], wanted: &str) -> usize {
    bytes.windows(wanted.len()).filter(|window| *window == wanted.as_bytes()).count()
}

fn is_restored(tty: &Tty) {
    tty.wait("end of the screen", |seen| place(&seen.bytes, b"\x1b[?1049l").is_some());
    let bytes = &tty.bytes();
    for (entered, left) in [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?2004h", "\x1b[?2004l"), ("\x1b[?1004h", "\x1b[?1004l")] {
        assert_eq!((count(bytes, entered), count(bytes, left)), (1, 1), "{entered:?}");
        assert!(place(bytes, entered.as_bytes()) < place(bytes, left.as_bytes()));
    }
    assert!(place(bytes, b"\x1b[?25h").is_some(), "the cursor is back");
}

#[test]
fn typed_ahead_keys_run_nothing_and_a_deliberate_one_does() {
    let mut tty = Tty::start("empty", "");
    tty.shows("what is to be done?");
    tty.press("deploy checkout\r\r\r\r");
    tty.shows("NOTHING RUNS YET");
    tty.shows("runs it");
    tty.press("\r");
    tty.shows("RUNNING 0/10");
    tty.press("q");
    tty.shows("Leave: what becomes of the runs?");
    tty.shows("acts on");
    tty.press("l");
    assert_eq!(tty.report(), "Ok(Headless)");
    is_restored(&tty);
}

#[test]
fn the_terminal_is_given_back_as_it_was() {
    let mut tty = Tty::start("empty", "");
    let before = tty.master.get_termios().expect("modes");
    tty.shows("what is to be done?");
    assert_ne!(tty.master.get_termios(), Some(before.clone()), "raw");
    tty.press("\x1b");
    tty.shows("no runs yet");
    tty.press("q");
    assert_eq!(tty.report(), "Ok(Quit)");
    assert_eq!(tty.master.get_termios(), Some(before));
    is_restored(&tty);
}

/// Without a full screen there is one sentence, and the terminal is not touched.
#[test]
fn without_a_screen_it_says_so() {
    let mut dumb = Tty::start("empty", "TERM=dumb; export TERM");
    let told = dumb.report();
    assert!(told.contains("NoTerminal") && told.contains("dumb"), "{told}");
    assert_eq!(count(&dumb.bytes(), "\x1b["), 0);
    let mut piped = Tty::start("empty", "exec </dev/null");
    let told = piped.report();
    assert!(told.contains("NoTerminal"), "{told}");
}

#[test]
fn sigterm_restores_and_parks() {
    let mut tty = Tty::start("paused", "");
    tty.shows("what is to be done?");
    tty.signal(rustix::process::Signal::TERM);
    assert_eq!(tty.report(), "Ok(Park)");
    is_restored(&tty);
}

#[test]
fn a_panic_restores_first_and_is_readable() {
    let mut tty = Tty::start("broken", "");
    tty.shows("what is to be done?");
    tty.press("deploy\r");
    tty.shows("runs it");
    tty.press("\r");
    tty.child.wait().expect("it ends");
    tty.wait("the panic", |seen| place(&seen.bytes, b"on purpose").is_some());
    let bytes = tty.bytes();
    assert!(place(&bytes, b"\x1b[?1049l") < place(&bytes, b"on purpose"));
    is_restored(&tty);
}

/// Not a test of its own: it holds the terminal of a console until that stands, and ends with it.
#[test]
fn holder_of_the_pty_tests() {
    let Some(report) = std::env::var_os(HOLDER) else { return };
    let before = std::env::var("OUIOE_TEST_BEFORE").unwrap_or_default();
    let tty = Tty::start_reporting("paused", &before, PathBuf::from(report), tempfile::tempdir().expect("a folder"));
    tty.shows("what is to be done?");
    // No destructor may kill the console, and every copy of the terminal's other end must go.
    std::process::exit(0);
}

/// With SIGHUP at its default, ignored and handled by a shell above: the console lets go and uses no processor.
#[test]
fn a_terminal_that_is_gone_is_let_go_of() {
    for before in ["", "trap '' HUP", "trap 'true' HUP"] {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("report");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        let mut holder = std::process::Command::new(std::env::current_exe().expect("this binary"));
        holder.args(["--exact", "console::pty::holder_of_the_pty_tests", "--nocapture"]);
        holder.env(HOLDER, &fifo).env("OUIOE_TEST_BEFORE", before).stdout(std::process::Stdio::null());
        assert!(holder.status().expect("it runs").success(), "{before:?}");
        let (told, report) = mpsc::channel();
        std::thread::spawn(move || told.send(std::fs::read_to_string(fifo).expect("a report")));
        let report = report.recv_timeout(WAIT).unwrap_or_else(|_| panic!("the console stands without a terminal ({before:?})"));
        let (start, cpu) = report.split_once(" cpu ").unwrap_or_else(|| panic!("{before:?}: {report:?}"));
        assert_eq!(start, "Ok(Hangup) /dev/null /dev/null /dev/null", "{before:?}");
        let cpu: u64 = cpu.trim_end_matches("ms").parse().expect("ms");
        assert!(cpu < 60, "{cpu} ms of 300 ms: something spins ({before:?})");
    }
}

#[test]
fn sighup_alone_lets_go_too() {
    let mut tty = Tty::start("empty", "");
    tty.shows("what is to be done?");
    tty.signal(rustix::process::Signal::HUP);
    assert!(tty.report().starts_with("Ok(Hangup) /dev/null"));
    is_restored(&tty);
}

/// A run that waits for a person, looked at: no byte, no wake-up.
#[test]
fn idle_is_idle() {
    let mut tty = Tty::start("paused", "");
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("waits on you");
    tty.press("\r");
    tty.shows("needs a decision");
    tty.shows("press A to open it");
    let pid = tty.child.process_id().expect("a pid");
    let switches = || -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it lives");
        let of_task = |task: std::fs::DirEntry| {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:").map(str::to_owned));
            line.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        tasks.flatten().map(of_task).sum()
    };
    // What was on its way has settled once a whole window passes without a byte or a wake-up.
    let quiet = |tty: &Tty| {
        (0..10).any(|_| {
            let before = switches();
            !tty.writes_within(Duration::from_secs(1)) && switches() == before
        })
    };
    assert!(quiet(&tty), "wake-ups or bytes in every one of ten seconds");
    tty.press("A");
    tty.shows("acts on");
    assert!(quiet(&tty), "an open dialog wakes the console");
    tty.press("\x1b");
    for (key, shown) in [("6", "oldest first"), ("4", "newest first"), (":", "pane Inbox")] {
        tty.wait("pane without a dialog", |seen| !seen.screen.screen().contents().contains("acts on"));
        tty.press(key);
        tty.shows(shown);
        assert!(quiet(&tty), "{shown}: looking wakes the console");
    }
}

#[test]
fn resizing_ends_with_the_right_screen() {
    let mut tty = Tty::start("paused", "");
    tty.shows("what is to be done?");
    tty.press("\x1b");
    tty.shows("waits on you");
    let sizes = [(1, 1), (200, 60), (20, 5), (3, 2), (120, 40), (10, 24), (80, 24)];
    for (cols, rows) in sizes.into_iter().cycle().take(35) {
        // The recorder's own screen breaks below a few cells; the program is told the true size.
        tty.seen.0.lock().expect("no panic in here").screen.screen_mut().set_size(rows.max(24), cols.max(80));
        tty.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("a new size");
    }
    tty.press("\x0c");
    tty.shows("press A to open it");
    tty.press("?");
    tty.shows("help: every key that does something");
    tty.press("q");
    tty.shows("waits on you");
}

/// The system ignores a stop of a group that nobody could continue: the console comes back by itself.
#[test]
fn suspending_gives_the_terminal_back_and_takes_it_again() {
    let mut tty = Tty::start("paused", "");
    tty.shows("what is to be done?");
    tty.press("\x1a");
    tty.wait("a second start", |seen| count(&seen.bytes, "\x1b[?1049h") == 2);
    tty.shows("what is to be done?");
    assert_eq!(count(&tty.bytes(), "\x1b[?1049l"), 1);
}

#[test]
fn a_megabyte_of_paste_is_text() {
    let mut tty = Tty::start("empty", "");
    tty.shows("what is to be done?");
    tty.press("\x1b[200~");
    for _ in 0..1024 {
        tty.press(&"y\r".repeat(512));
    }
    tty.press("\x1b[201~");
    tty.shows("found no room");
    assert!(!String::from_utf8_lossy(&tty.bytes()).contains("planning"));
}
