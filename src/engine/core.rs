//! The engine's thread.
//!
//! A refused append (full disk, busy) drops the working state and refolds: requests are refused, reports are kept and
//! tried again, no new effect starts. A failed sync ends the engine: nobody is told yes, and only a restart can tell.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::batch::Batch;
use super::clock::Clock;
use super::effects::Effects;
use super::followers::Followers;
use super::handle::{Inbox, Reply};
use super::start::{EngineEnd, EngineError};
use crate::journal::{self, AppendError, Journal, RefusedKind, SNAPSHOT_EVERY};
use crate::machine::{Ctx, Turn, turn};
use crate::model::actor::Actor;
use crate::model::command::{Command, Refusal, Report, Request};
use crate::model::ids::{CmdId, RunId, Seq};
use crate::model::settings::Settings;
use crate::model::state::{State, StepRecord};
use crate::policy::canonical::Canonical;
use crate::service::Services;

/// Messages of one batch at most, so that a flood cannot keep replies waiting.
const BATCH_CAP: usize = 1_024;
/// Between two tries to append reports that a full disk refused.
const RETRY: Duration = Duration::from_secs(1);
/// Longest wait for a timer: the waiting clock stops while the machine sleeps, engine time does not.
const LONGEST_NAP: Duration = Duration::from_mins(1);

pub(super) struct Core {
    pub(super) journal: Journal,
    pub(super) state: State,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) seed: [u8; 32],
    pub(super) services: Services,
    pub(super) followers: Followers,
    pub(super) effects: Effects,
    /// Reports that are not durable yet.
    pub(super) kept: Vec<Report>,
    /// The disk was full and the reserve is not set aside again: what room there is belongs to reports, nothing starts.
    pub(super) short: bool,
    /// There was room for a reserve when the engine started; where there never was, nobody waits for one.
    pub(super) has_reserve: bool,
    pub(super) snapshot_at: Seq,
    /// Attempts of earlier engines are still being found out.
    pub(super) recovering: bool,
}

/// The journal took the batch, or did not, or ended the engine.
enum Appended {
    Yes,
    Refused(String),
    End(EngineEnd),
}

impl Core {
    pub(super) fn run(mut self, inbox: &Receiver<Inbox>) -> EngineEnd {
        let end = self.serve(inbox);
        self.services.shutdown();
        self.followers.tell_end(&end.to_string());
        info!(%end, "engine ended");
        end
    }

    fn serve(&mut self, inbox: &Receiver<Inbox>) -> EngineEnd {
        loop {
            let mut messages = match self.wait(inbox) {
                Ok(message) => vec![message],
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return self.stop(),
            };
            // All that waits shares one sync: the disk is waited for once, not once a command.
            while messages.len() < BATCH_CAP
                && let Ok(message) = inbox.try_recv()
            {
                messages.push(message);
            }
            if let Some(end) = self.batch(messages) {
                return end;
            }
        }
    }

    /// Blocks for ever where nothing is due.
    fn wait(&self, inbox: &Receiver<Inbox>) -> Result<Inbox, RecvTimeoutError> {
        let due = self.state.next_due().map(|(due, _)| Duration::from_millis(due.since(self.clock.now()).0).min(LONGEST_NAP));
        // A timer that cannot be recorded stays due: it waits with the reports.
        let due = due.filter(|_| self.kept.is_empty());
        let retry = (self.short || !self.kept.is_empty()).then_some(RETRY);
        match [due, retry].into_iter().flatten().min() {
            Some(nap) => inbox.recv_timeout(nap),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn batch(&mut self, messages: Vec<Inbox>) -> Option<EngineEnd> {
        if !self.kept.is_empty()
            && let Some(end) = self.retry_kept()
        {
            return Some(end);
        }
        if self.short && self.kept.is_empty() && self.journal.has_reserve() {
            self.short = false;
            info!("there is room again");
            if let Some(end) = self.wake() {
                return Some(end);
            }
        }
        let mut batch = Batch::default();
        let (mut follows, mut rejoins, mut stops) = (Vec::new(), Vec::new(), Vec::new());
        self.fire_timers(&mut batch);
        for message in messages {
            match message {
                Inbox::Request(request, reply) => self.request(&request, reply, &mut batch),
                Inbox::Report(report) => self.report(report, &mut batch),
                Inbox::Follow(reply) => follows.push(reply),
                Inbox::Thinking(thinking) => self.followers.think(&thinking),
                Inbox::Rejoin(id) => rejoins.push(id),
                Inbox::Head(reply) => {
                    let _ = reply.send(self.journal.head());
                }
                Inbox::Stop(reply) => stops.push(reply),
            }
        }
        if let Appended::End(end) = self.append(batch) {
            return Some(end);
        }
        // After the append: whoever joins has this batch in the state that he is given, and in no event after it.
        for reply in follows {
            let _ = reply.send(self.followers.join(&self.state));
        }
        for id in rejoins {
            self.followers.rejoin(id, &self.state);
        }
        (!stops.is_empty()).then(|| {
            let end = self.stop();
            for reply in stops {
                let _ = reply.send(());
            }
            end
        })
    }

    fn request(&mut self, request: &Request, reply: oneshot::Sender<Reply>, batch: &mut Batch) {
        let answer = match self.turn(request) {
            Ok(turn) => {
                let answer = Reply::Accepted { seq: turn.first, run: turn.run.clone() };
                batch.take(turn);
                answer
            }
            Err(refusal) => Reply::Refused(refusal),
        };
        batch.answer(reply, request.cmd_id.clone(), answer);
    }

    fn report(&mut self, report: Report, batch: &mut Batch) {
        // A report is fenced by attempt and timer ids: no id of its own is remembered, so none is made.
        let request = Request { cmd_id: CmdId::new(""), actor: Actor::Engine, command: Command::Report(report) };
        match self.turn(&request) {
            Ok(turn) => {
                batch.take(turn);
                if let Command::Report(report) = request.command {
                    batch.reports.push(report);
                }
            }
            Err(refusal) => info!(why = %refusal.why, "a report changed nothing"),
        }
    }

    fn fire_timers(&mut self, batch: &mut Batch) {
        if !self.kept.is_empty() {
            return;
        }
        if let Some(by_ms) = self.clock.stepped() {
            self.report(Report::ClockStepped { by_ms }, batch);
        }
        while let Some((_, timer)) = self.state.next_due().filter(|(due, _)| *due <= self.clock.now()) {
            let timer = timer.clone();
            self.report(Report::TimerFired { timer }, batch);
        }
    }

    fn turn(&mut self, request: &Request) -> Result<Turn, Refusal> {
        // Another one for each command, and never stored: what came of it stands in the event, so a replay needs no seed.
        let seed = Canonical::new("ouioe.seed.1").bytes(&self.seed).number(self.state.seq.0).finish().0;
        // With reports waiting for space, what they lead to is recorded and started later.
        let may_start = self.kept.is_empty() && !self.short;
        let ctx = Ctx { now: self.clock.now(), seed, settings: &self.settings, may_start };
        turn(&mut self.state, request, &ctx)
    }

    fn append(&mut self, mut batch: Batch) -> Appended {
        if batch.events.is_empty() {
            batch.acknowledge();
            return Appended::Yes;
        }
        let plans = batch.plans.iter().map(|graph| graph.plan.clone()).collect();
        match self.journal.append(&journal::Batch { events: batch.events.clone(), plans }) {
            Ok(()) => {
                // From here on it is durable: only now may anybody hear of it, and only now may it touch the world.
                batch.acknowledge();
                self.followers.publish(&batch.plans, &batch.events);
                self.effects.bring_about(&self.state, batch.runs().iter(), &self.settings.engine, &self.services);
                self.keep_snapshots();
                self.look_if_recovered();
                Appended::Yes
            }
            Err(AppendError::Refused { kind: RefusedKind::LostEpoch, detail }) => {
                batch.refuse(&detail);
                Appended::End(EngineEnd::LostEpoch { detail })
            }
            Err(AppendError::Refused { kind, detail }) => {
                self.short |= self.has_reserve && kind == RefusedKind::Full;
                self.refold(batch, &detail)
            }
            Err(AppendError::Unknown { detail } | AppendError::Poisoned { detail }) => {
                error!(%detail, "the journal is in doubt");
                batch.leave_open();
                Appended::End(EngineEnd::Poisoned { detail })
            }
        }
    }

    /// Nothing of the batch happened: back to what the disk says.
    fn refold(&mut self, mut batch: Batch, detail: &str) -> Appended {
        warn!(%detail, "append refused");
        batch.refuse(&format!("could not record it: {detail}"));
        self.kept.extend(std::mem::take(&mut batch.reports));
        let plans = std::mem::take(&mut self.state.plans);
        match self.journal.load() {
            Ok(state) => {
                self.state = state;
                for graph in plans.into_values() {
                    self.state.know_plan(graph);
                }
                Appended::Refused(detail.to_owned())
            }
            Err(error) => Appended::End(EngineEnd::Poisoned { detail: error.to_string() }),
        }
    }

    /// Reports first and alone; once they are durable, what they led to may start.
    fn retry_kept(&mut self) -> Option<EngineEnd> {
        let mut batch = Batch::default();
        let kept = self.kept.clone();
        for report in kept {
            self.report(report, &mut batch);
        }
        // They are still in `kept`: a refusal would put them there a second time.
        let waiting = std::mem::take(&mut batch.reports);
        match self.append(batch) {
            Appended::End(end) => Some(end),
            Appended::Refused(_) => None,
            Appended::Yes => {
                info!(count = waiting.len(), "reports are durable after all");
                self.kept.clear();
                if self.short { None } else { self.wake() }
            }
        }
    }

    /// Looks again at every run: something may start that could not be recorded before.
    fn wake(&mut self) -> Option<EngineEnd> {
        let seed = Canonical::new("ouioe.seed.1").bytes(&self.seed).number(self.state.seq.0).finish().0;
        let ctx = Ctx { now: self.clock.now(), seed, settings: &self.settings, may_start: true };
        let events = crate::machine::wake(&mut self.state, &ctx);
        match self.append(Batch::of(events)) {
            Appended::End(end) => Some(end),
            Appended::Yes | Appended::Refused(_) => None,
        }
    }

    /// Once nothing of an earlier engine is open, missing files prove again that nothing was started.
    fn look_if_recovered(&mut self) {
        if !self.recovering {
            return;
        }
        let epoch = self.state.epoch;
        let is_old = |record: &StepRecord| record.last.as_ref().is_some_and(|last| last.epoch != epoch);
        self.recovering = self.state.runs.values().any(|run| run.live.iter().any(|ix| is_old(run.step(*ix))));
        if !self.recovering
            && let Err(error) = self.services.all_reconciled()
        {
            warn!(%error, "the attempts' folder could not be marked as settled");
        }
    }

    fn keep_snapshots(&mut self) {
        if self.state.seq.0 - self.snapshot_at.0 >= SNAPSHOT_EVERY {
            self.snapshot();
        }
    }

    fn snapshot(&mut self) {
        self.snapshot_at = self.state.seq;
        if let Err(error) = self.journal.snapshot(&self.state) {
            // A start takes longer; nothing is lost.
            warn!(%error, "no snapshot");
        }
    }

    /// The first batch of an engine: what was in flight is now to be found out. Without it in the journal nothing begins:
    /// what an earlier engine started would look like our own.
    pub(super) fn take_over(&mut self, pid: u32) -> Result<(), EngineError> {
        match self.record_start(pid) {
            Appended::End(end) => return Err(EngineError::Ended(end)),
            // The first refusal of a full disk lets go of the reserve.
            Appended::Refused(_) => match self.record_start(pid) {
                Appended::End(end) => return Err(EngineError::Ended(end)),
                Appended::Refused(detail) => return Err(EngineError::Refused { detail }),
                Appended::Yes => {}
            },
            Appended::Yes => {}
        }
        let runs: BTreeSet<RunId> = self.state.runs.keys().cloned().collect();
        self.effects.bring_about(&self.state, runs.iter(), &self.settings.engine, &self.services);
        Ok(())
    }

    fn record_start(&mut self, pid: u32) -> Appended {
        let epoch = self.journal.epoch();
        let mut batch = Batch::default();
        self.report(Report::EngineStarted { epoch, pid, version: env!("CARGO_PKG_VERSION").to_owned() }, &mut batch);
        let appended = self.append(batch);
        // The start is no report of a step: a second try makes its own.
        self.kept.clear();
        appended
    }

    fn stop(&mut self) -> EngineEnd {
        let mut batch = Batch::default();
        self.report(Report::EngineStopped, &mut batch);
        // A farewell that a full disk refuses keeps nobody: the next engine does without it.
        if let Appended::End(end) = self.append(batch) {
            return end;
        }
        self.snapshot();
        let (seq, head) = self.journal.head();
        EngineEnd::Stopped { seq, head }
    }
}
