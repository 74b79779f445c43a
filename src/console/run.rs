//! Threads, clock and terminal around the model.
//!
//! The console's thread sleeps until a message or the model's own deadline: nothing is polled, an idle console writes no
//! byte. It never waits for the terminal or the engine, so a hang-up is acted on within milliseconds.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant, SystemTime};

use ratatui::layout::Rect;

use super::app::{App, Dirty, Now, Setup};
use super::errand::Errands;
use super::hangup::{Signals, Told, release_terminal, suspend};
use super::input::{Heard, Reader, Stopper};
use super::screen::Screen;
use super::terminal::{self, Session, Writer, Written};
use super::theme::Theme;
use super::update::{self, Deed, Msg, Rejoined, next_wake, update};
use super::view::view;
use super::wiring::{ConsoleError, Exit, Joined, Wiring};
use crate::model::time::{Millis, Stamp};

/// After a stop signal to ourselves; one that the system ignores (no job control) must not leave a dead screen.
const STOP_WAIT: Duration = Duration::from_millis(300);
/// Messages folded before the next frame, so that a flood of events cannot hold back a key.
const BATCH: usize = 512;

pub enum Event {
    Joined(Box<Joined>),
    Model(Box<Msg>, Instant),
    Told(Told),
    TerminalGone,
    Written(Written),
}

/// Runs the console on this thread until the operator leaves or the terminal is gone. The runtime must be another's: its
/// workers carry the link.
pub fn run(wiring: Wiring) -> Result<Exit, ConsoleError> {
    if !terminal::is_terminal() {
        return Err(ConsoleError::NoTerminal { why: "standard input and output are no terminal".to_owned() });
    }
    if wiring.settings.term.is_empty() || wiring.settings.term == "dumb" {
        return Err(ConsoleError::NoTerminal { why: format!("the terminal type {:?} has no full screen", wiring.settings.term) });
    }
    let theme = theme(&wiring)?;
    let feed = wiring.runtime.block_on(wiring.link.follow())?;
    let (events, queue) = mpsc::channel();
    let signals = Signals::listen(&wiring.runtime, told_to(&events))?;
    terminal::restore_on_panic();
    let (reader, stopper) = Reader::new(terminal::input()?).map_err(std::io::Error::from)?;
    let session = Session::enter()?;
    start_reader(reader, events.clone())?;
    let writer = Writer::start({
        let events = events.clone();
        move |written| drop(events.send(Event::Written(written)))
    })?;
    let errands = Errands { wiring, events, console: uuid::Uuid::new_v4().to_string(), improving: None };
    errands.forward_feed(feed.items);
    let wiring = &errands.wiring;
    let mut app = App::new(Setup {
        state: Arc::unwrap_or_clone(feed.state),
        settings: wiring.settings.clone(),
        theme,
        actor: wiring.actor.clone(),
        host: wiring.host.clone(),
        link: wiring.link.describe(),
        in_process: wiring.in_process,
        fold: wiring.fold,
        render: wiring.render,
        catalogue: wiring.catalogue.clone(),
        limits: wiring.limits.clone(),
        size: terminal::size(),
    });
    app.other.model = wiring.improve.as_ref().map(|(model, _)| model.clone());
    let screen = Screen::new(Rect::new(0, 0, app.size.0, app.size.1), wiring.settings.bracket);
    let console = Console {
        app,
        screen,
        errands,
        writer,
        session: Some(session),
        begun: Instant::now(),
        writing: None,
        last_frame: None,
        budget: Budget::default(),
        bell: false,
        _stopper: stopper,
        _signals: signals,
    };
    console.live(&queue)
}

fn theme(wiring: &Wiring) -> Result<Theme, ConsoleError> {
    if let Some((name, text)) = &wiring.settings.theme_file {
        return Theme::parse(name, text).map_err(|why| ConsoleError::Theme { why });
    }
    let name = &wiring.settings.theme;
    Theme::named(name).ok_or_else(|| ConsoleError::Theme { why: format!("there is none called {name}; `ouioe theme list` names them") })
}

fn told_to(events: &Sender<Event>) -> impl Fn(Told) + Clone + Send + 'static {
    let events = events.clone();
    move |told| drop(events.send(Event::Told(told)))
}

fn start_reader(reader: Reader, events: Sender<Event>) -> std::io::Result<()> {
    let tell = move |heard| match heard {
        Heard::Inputs(inputs, at) => inputs.into_iter().for_each(|input| drop(events.send(Event::Model(Box::new(Msg::Input(input)), at)))),
        Heard::Gone => drop(events.send(Event::TerminalGone)),
    };
    std::thread::Builder::new().name("console-input".to_owned()).spawn(move || reader.run(tell))?;
    Ok(())
}

/// Bytes that frames may still cost; keys are never held back.
#[derive(Default)]
struct Budget {
    spent: VecDeque<(Instant, usize)>,
}

impl Budget {
    fn spend(&mut self, now: Instant, bytes: usize) {
        self.spent.push_back((now, bytes));
    }

    /// When the last second's bytes are below the limit again.
    fn free_at(&mut self, now: Instant, limit: u32) -> Option<Instant> {
        while self.spent.front().is_some_and(|(at, _)| now.duration_since(*at) >= Duration::from_secs(1)) {
            self.spent.pop_front();
        }
        let spent: usize = self.spent.iter().map(|(_, bytes)| bytes).sum();
        let full = limit > 0 && spent >= limit as usize;
        full.then(|| self.spent.front().map(|(at, _)| *at + Duration::from_secs(1))).flatten()
    }
}

struct Console {
    app: App,
    screen: Screen,
    errands: Errands,
    writer: Writer,
    /// Absent while suspended.
    session: Option<Session>,
    begun: Instant,
    /// Number of the frame that the writer has.
    writing: Option<u64>,
    last_frame: Option<Instant>,
    budget: Budget,
    bell: bool,
    _stopper: Stopper,
    _signals: Signals,
}

impl Console {
    fn live(mut self, queue: &Receiver<Event>) -> Result<Exit, ConsoleError> {
        update::begin(&mut self.app, self.errands.wiring.seen);
        loop {
            self.draw();
            let mut next = self.wait(queue);
            let mut taken = 0;
            while let Some(event) = next {
                if let Some(exit) = self.take(event, queue)? {
                    return Ok(exit);
                }
                taken += 1;
                next = if taken < BATCH { queue.try_recv().ok() } else { None };
            }
            // In a flood of messages the wait never times out, so each batch is followed by a look at the clock.
            if let Some(exit) = self.tell(Msg::Tick, Instant::now(), queue)? {
                return Ok(exit);
            }
        }
    }

    fn now(&self, at: Instant) -> Now {
        let since = at.saturating_duration_since(self.begun);
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Now { mono: Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)), wall: Stamp(i64::try_from(wall).unwrap_or(i64::MAX)) }
    }

    /// Sleeps until something happens or the model wants to know the time.
    fn wait(&mut self, queue: &Receiver<Event>) -> Option<Event> {
        let now = Instant::now();
        let model = next_wake(&self.app, self.now(now)).map(|at| self.begun + Duration::from_millis(at.0));
        let until = [model, self.frame_due(now)].into_iter().flatten().min();
        let Some(until) = until else { return queue.recv().ok() };
        queue.recv_timeout(until.saturating_duration_since(now)).ok()
    }

    /// When the owed frame may be drawn; `None`: none is owed, or the writer is busy and will wake us.
    fn frame_due(&mut self, now: Instant) -> Option<Instant> {
        if self.writing.is_some() || self.session.is_none() {
            return None;
        }
        match self.app.dirty {
            Dirty::Clean => None,
            Dirty::Now => Some(now),
            Dirty::Soon => {
                let capped = self.last_frame.map_or(now, |at| at + Duration::from_millis(self.app.settings.frame_gap.0));
                let budget = self.budget.free_at(now, self.app.settings.max_bytes_per_s);
                Some(capped.max(budget.unwrap_or(now)).max(now))
            }
        }
    }

    fn draw(&mut self) {
        let now = Instant::now();
        if self.frame_due(now).is_none_or(|due| due > now) {
            return;
        }
        let (buffer, cursor) = view(&self.app, self.now(now));
        let mut bytes = self.screen.frame(buffer, cursor);
        if std::mem::take(&mut self.bell) {
            bytes.push(0x07);
        }
        self.app.dirty = Dirty::Clean;
        self.last_frame = Some(now);
        let frame = self.app.frame;
        self.app.frame += 1;
        // Nothing to write is as good as written: what waits for being shown must not wait for the next change.
        if bytes.is_empty() {
            let _ = self.errands.events.send(Event::Model(Box::new(Msg::FrameWritten { frame }), now));
            return;
        }
        self.budget.spend(now, bytes.len());
        self.writing = Some(frame);
        self.writer.write(bytes);
    }

    fn take(&mut self, event: Event, queue: &Receiver<Event>) -> Result<Option<Exit>, ConsoleError> {
        match event {
            Event::Model(msg, at) => self.tell(*msg, at, queue),
            Event::Joined(joined) => self.joined(*joined, queue),
            Event::Written(written) => self.written(&written, queue),
            Event::TerminalGone | Event::Told(Told::Hangup) => self.hang_up().map(Some),
            Event::Told(Told::Terminate) => Ok(Some(self.terminated())),
            Event::Told(Told::Resized) => self.tell(Msg::Resized { size: terminal::size() }, Instant::now(), queue),
            Event::Told(Told::Continued) => self.come_back(queue),
        }
    }

    fn written(&mut self, written: &Written, queue: &Receiver<Event>) -> Result<Option<Exit>, ConsoleError> {
        let frame = self.writing.take();
        if written.result.is_err() {
            return self.hang_up().map(Some);
        }
        // A line that took long for this frame gets the next one later.
        if written.took > Duration::from_millis(50) {
            self.last_frame = Some(Instant::now() + written.took);
        }
        frame.map_or(Ok(None), |frame| self.tell(Msg::FrameWritten { frame }, Instant::now(), queue))
    }

    /// The terminal is let go before anything else is done; nothing reads or writes it afterwards.
    fn hang_up(&mut self) -> Result<Exit, ConsoleError> {
        // Dropping restores what can be restored; a terminal that is gone refuses it, and that is all right.
        drop(self.session.take());
        release_terminal()?;
        Ok(Exit::Hangup)
    }

    fn terminated(&mut self) -> Exit {
        drop(self.session.take());
        match (self.errands.wiring.in_process, self.app.unfinished().next().is_some()) {
            (false, _) => Exit::Detach,
            (true, true) => Exit::Park,
            (true, false) => Exit::Quit,
        }
    }

    fn tell(&mut self, msg: Msg, at: Instant, queue: &Receiver<Event>) -> Result<Option<Exit>, ConsoleError> {
        let now = self.now(at);
        for deed in update(&mut self.app, msg, now) {
            match deed {
                Deed::Leave(exit) => {
                    drop(self.session.take());
                    return Ok(Some(exit));
                }
                Deed::Suspend => {
                    if let Some(exit) = self.suspend(queue)? {
                        return Ok(Some(exit));
                    }
                }
                other => self.carry_out(other),
            }
        }
        Ok(None)
    }

    /// What needs no answer from the terminal.
    fn carry_out(&mut self, deed: Deed) {
        match deed {
            Deed::Repaint => self.repaint(),
            Deed::Rejoin => self.errands.rejoin(),
            Deed::Bell => {
                self.bell = true;
                self.app.mark(Dirty::Soon);
            }
            Deed::Plan { ask, text } => self.errands.plan(ask, text),
            Deed::Improve { ask, text, standing } => self.errands.improve(ask, text, *standing),
            Deed::StopImproving => self.errands.stop_improving(),
            Deed::Send { order, command } => self.errands.send(order, *command),
            Deed::Read { source, offset } => self.errands.read(source, offset),
            Deed::Save { source, path } => self.errands.save(source, path),
            Deed::Past { run } => self.errands.past(run),
            Deed::Anew { run, plan } => self.errands.anew(run, plan),
            Deed::Revise { plan, step, set, target } => {
                let making = (self.errands.wiring.revise)(plan, step, set);
                self.errands.revise(target, making);
            }
            Deed::Leave(_) | Deed::Suspend => {}
        }
    }

    fn repaint(&mut self) {
        self.screen.forget(Rect::new(0, 0, self.app.size.0, self.app.size.1));
        self.app.mark(Dirty::Now);
    }

    /// Hands the terminal back, stops, and takes it again when continued.
    fn suspend(&mut self, queue: &Receiver<Event>) -> Result<Option<Exit>, ConsoleError> {
        drop(self.session.take());
        if self.errands.wiring.in_process && self.app.unfinished().next().is_some() {
            say_suspended();
        }
        suspend()?;
        let until = Instant::now() + STOP_WAIT;
        loop {
            match queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Event::Told(Told::Continued)) | Err(_) => return self.come_back(queue),
                Ok(Event::TerminalGone | Event::Told(Told::Hangup)) => return self.hang_up().map(Some),
                Ok(Event::Told(Told::Terminate)) => return Ok(Some(self.terminated())),
                Ok(Event::Written(_)) => self.writing = None,
                Ok(Event::Joined(joined)) => drop(self.joined(*joined, queue)?),
                Ok(Event::Model(msg, at)) if !matches!(*msg, Msg::Input(_)) => {
                    let now = self.now(at);
                    let deeds = update(&mut self.app, *msg, now);
                    for deed in deeds {
                        self.carry_out(deed);
                    }
                }
                // Keys pressed at the shell are not ours; the size is asked for on the way back.
                Ok(Event::Model(..) | Event::Told(Told::Resized)) => {}
            }
        }
    }

    /// The shell, or whoever stopped us, may have changed size and modes.
    fn come_back(&mut self, queue: &Receiver<Event>) -> Result<Option<Exit>, ConsoleError> {
        drop(self.session.take());
        // A hang-up continues its processes too, and this signal may be the first to come.
        let Ok(session) = Session::enter() else { return self.hang_up().map(Some) };
        self.session = Some(session);
        self.tell(Msg::Resized { size: terminal::size() }, Instant::now(), queue)
    }

    /// Everything that is asked from now on goes to the new engine.
    fn joined(&mut self, joined: Joined, queue: &Receiver<Event>) -> Result<Option<Exit>, ConsoleError> {
        let Joined { link, in_process, feed } = joined;
        (self.errands.wiring.link, self.errands.wiring.in_process) = (link, in_process);
        self.errands.forward_feed(feed.items);
        let rejoined = Rejoined { link: self.errands.wiring.link.describe(), in_process, state: feed.state };
        self.tell(Msg::Rejoined(Ok(rejoined)), Instant::now(), queue)
    }
}

/// The engine stops with its process: whoever asks it for anything meanwhile waits in vain.
fn say_suspended() {
    let what = "ouioe is suspended and its engine with it: steps that run go on, nothing new starts until `fg`";
    let _ = writeln!(io::stderr(), "{what}");
}
