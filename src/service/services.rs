//! Effects of the engine -> work at services -> reports.
//!
//! Every start is answered by exactly one `Finished`, every reconcile by one `Reconciled` (and `Finished` where it still ran).
//! Ending the engine stops nothing that has a process of its own.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;

use super::attempt::{self, Runner, Spawned};
use super::builtin;
use super::host::RunnerHost;
use super::options::ServiceOptions;
use super::reconcile::{self, Seen};
use super::{control, folder, outcome, programs};
use crate::model::action::Action;
use crate::model::command::{AttemptOutcome, Found, Report};
use crate::model::effect::{AttemptRef, Start};
use crate::model::failure::{Certainty, FailureClass};
use crate::model::step_state::StopWhy;
use crate::model::time::Millis;
use crate::policy::digest::action_digest;

pub type ReportTo = Arc<dyn Fn(Report) + Send + Sync>;

/// What a stop reaches.
enum Live {
    /// Not spawned yet; `Some`: to be stopped as soon as it is.
    Starting(Option<(StopWhy, Millis)>),
    Runner(Runner),
    /// In this process.
    Task(Option<tokio::task::AbortHandle>),
}

struct Inner {
    options: ServiceOptions,
    host: RunnerHost,
    runtime: Handle,
    report: ReportTo,
    live: Mutex<BTreeMap<AttemptRef, Live>>,
    /// A missing request proves that nothing was started.
    same_boot: AtomicBool,
    closed: AtomicBool,
    world: builtin::World,
}

#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

impl Services {
    /// `report` is called from tasks of `runtime`, and from within `start` where the answer needs no waiting.
    pub fn new(options: ServiceOptions, runtime: Handle, report: ReportTo) -> Self {
        // A root that cannot be made or marked proves nothing; starts will say why they fail.
        let same_boot = folder::is_of_this_boot(options.spools.root(), &options.boot_id).unwrap_or(false);
        let world = builtin::World::beside(options.spools.root());
        let inner = Inner {
            host: RunnerHost::new(options.exe.clone()),
            options,
            runtime,
            report,
            live: Mutex::default(),
            same_boot: AtomicBool::new(same_boot),
            closed: AtomicBool::new(false),
            world,
        };
        Self { inner: Arc::new(inner) }
    }

    pub fn start(&self, start: Start) {
        if action_digest(&start.action) != start.digest {
            let refused = outcome::not_started(FailureClass::Config, "what would run is not what the intent names");
            return self.inner.finished(&start.at, refused);
        }
        match &start.action {
            Action::Unbound { hint } => {
                let refused = outcome::not_started(FailureClass::Config, hint);
                self.inner.finished(&start.at, refused);
            }
            Action::Builtin { owned: false, .. } => self.start_here(start),
            Action::Builtin { owned: true, .. } | Action::Command { .. } | Action::Ssh { .. } => self.start_runner(start),
        }
    }

    /// What became of an attempt of an earlier engine; adopts it where it still runs.
    pub fn reconcile(&self, start: Start) {
        let inner = Arc::clone(&self.inner);
        self.inner.runtime.spawn(async move { inner.reconcile(&start).await });
    }

    /// Asks the attempt to end; its `Finished` follows. Nothing where it has ended already.
    pub fn stop(&self, at: &AttemptRef, why: StopWhy, grace: Millis) {
        let mut live = self.inner.live();
        match live.get_mut(at) {
            Some(Live::Starting(stop)) => *stop = Some((why, grace)),
            Some(Live::Runner(runner)) => {
                let _ = runner.stop(&self.inner.dir(at), why, grace);
            }
            Some(Live::Task(task)) => {
                if let Some(task) = task {
                    task.abort();
                }
                live.remove(at);
                drop(live);
                self.inner.finished(at, outcome::failed(Certainty::FailedKnown, FailureClass::Permanent, "stopped by request"));
            }
            None => {}
        }
    }

    /// For an intent that was called off before its start was handed over; its `Finished` follows.
    pub fn never_started(&self, at: &AttemptRef) {
        self.inner.finished(at, outcome::not_started(FailureClass::Permanent, "called off before it started"));
    }

    /// No report any more; runners go on and are found again.
    pub fn shutdown(&self) {
        self.inner.closed.store(true, Ordering::SeqCst);
    }

    /// No attempt of an earlier boot is open any more, so that missing files prove again that nothing was started.
    pub fn all_reconciled(&self) -> io::Result<()> {
        if !self.inner.same_boot.swap(true, Ordering::SeqCst) {
            folder::all_are_of_this_boot(self.inner.options.spools.root(), &self.inner.options.boot_id)?;
        }
        Ok(())
    }

    fn start_runner(&self, start: Start) {
        self.inner.live().insert(start.at.clone(), Live::Starting(None));
        let inner = Arc::clone(&self.inner);
        self.inner.runtime.spawn(async move {
            let outcome = inner.carry_out(&start).await;
            inner.share_connection(&start, &outcome);
            inner.finished(&start.at, outcome);
        });
    }

    fn start_here(&self, start: Start) {
        let Action::Builtin { name, params, .. } = &start.action else {
            return;
        };
        if let Some(answer) = builtin::at_once(name, params) {
            return self.inner.answer(&start, answer);
        }
        self.inner.live().insert(start.at.clone(), Live::Task(None));
        let inner = Arc::clone(&self.inner);
        let at = start.at.clone();
        let task = self.inner.runtime.spawn(async move { inner.call(&start).await });
        if let Some(Live::Task(slot)) = self.inner.live().get_mut(&at) {
            *slot = Some(task.abort_handle());
        }
    }
}

impl Inner {
    fn live(&self) -> MutexGuard<'_, BTreeMap<AttemptRef, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dir(&self, at: &AttemptRef) -> PathBuf {
        self.options.spools.attempt_dir(&at.run, &at.step, at.attempt)
    }

    fn tell(&self, report: Report) {
        if !self.closed.load(Ordering::SeqCst) {
            (self.report)(report);
        }
    }

    fn finished(&self, at: &AttemptRef, outcome: AttemptOutcome) {
        self.live().remove(at);
        self.tell(Report::Finished { run: at.run.clone(), step: at.step.clone(), attempt: at.attempt, outcome: Box::new(outcome) });
    }

    fn answer(&self, start: &Start, answer: builtin::Answer) {
        let outcome = match answer {
            Ok(result) => outcome::of_result(start, result),
            Err(failure) => AttemptOutcome::Failed { failure, exit: None, spool: None, error_tail: String::new() },
        };
        self.finished(&start.at, outcome);
    }

    async fn call(&self, start: &Start) {
        let Action::Builtin { name, params, .. } = &start.action else {
            return;
        };
        let work = builtin::call(name, params.clone(), &self.world);
        let answer = match start.timeout_ms {
            Millis(0) => work.await,
            Millis(ms) => tokio::time::timeout(std::time::Duration::from_millis(ms), work).await.unwrap_or_else(|_| {
                let detail = format!("ended by its timeout limit after {}", start.timeout_ms);
                Err(outcome::failure(Certainty::FailedKnown, FailureClass::Timeout, detail))
            }),
        };
        // A stop that came first has answered.
        if self.live().remove(&start.at).is_some() {
            self.answer(start, answer);
        }
    }

    async fn carry_out(&self, start: &Start) -> AttemptOutcome {
        let dir = self.dir(&start.at);
        let seen = match &start.action {
            Action::Command { program, .. } | Action::Ssh { ssh: program, .. } => programs::stamp_of(program),
            Action::Builtin { .. } | Action::Unbound { .. } => None,
        };
        match attempt::request(&self.options, start, &dir, seen) {
            Ok(()) => {}
            // Requested before: what became of that counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return self.settle(start).await,
            Err(error) => return outcome::not_started(FailureClass::Resource, format!("write the request in {}: {error}", dir.display())),
        }
        let spawned = match self.host.spawn(&dir).await {
            Ok(spawned) => spawned,
            Err(error) => return outcome::not_started(FailureClass::Resource, format!("start the step runner: {error}")),
        };
        if let Some(runner) = &spawned.runner {
            self.watch(&start.at, runner);
        }
        spawned.ended().await;
        self.settle(start).await
    }

    /// The host was reached: the next step shall find it nearer.
    fn share_connection(&self, start: &Start, outcome: &AttemptOutcome) {
        let was_reached = match outcome {
            AttemptOutcome::Succeeded { .. } => true,
            AttemptOutcome::Failed { failure, .. } => failure.certainty == Certainty::FailedKnown,
        };
        if was_reached && matches!(start.action, Action::Ssh { .. }) {
            let (state_dir, action) = (self.world.state_dir.clone(), start.action.clone());
            self.runtime.spawn_blocking(move || control::open(&state_dir, &action));
        }
    }

    fn watch(&self, at: &AttemptRef, runner: &Runner) {
        let before = self.live().insert(at.clone(), Live::Runner(runner.clone()));
        if let Some(Live::Starting(Some((why, grace)))) = before {
            let _ = runner.stop(&self.dir(at), why, grace);
        }
    }

    /// The outcome of an attempt whose runner ended; waits where another one has claimed it.
    async fn settle(&self, start: &Start) -> AttemptOutcome {
        loop {
            match self.look(start).into_outcome() {
                Ok(outcome) => return outcome,
                Err(claim) => {
                    if let Some(runner) = Runner::adopt(&claim) {
                        self.watch(&start.at, &runner);
                        if let Err(error) = runner.ended().await {
                            return outcome::failed(Certainty::Unknown, FailureClass::Unknown, format!("watch its runner: {error}"));
                        }
                        Spawned::reap_claimant(&claim);
                    }
                }
            }
        }
    }

    fn look(&self, start: &Start) -> Seen {
        reconcile::look(&self.dir(&start.at), start, &self.options.boot_id, self.same_boot.load(Ordering::SeqCst))
    }

    async fn reconcile(&self, start: &Start) {
        if !start.action.is_owned() {
            let detail = "it ran inside an engine that is gone".to_owned();
            return self.reconciled(&start.at, Found::NothingKnown { detail });
        }
        let seen = self.look(start);
        let adopted = match &seen {
            Seen::Running(claim) => Runner::adopt(claim),
            Seen::Recorded(_) | Seen::NotStarted | Seen::Nothing(_) => return self.reconciled(&start.at, seen.into_found()),
        };
        match adopted {
            Some(runner) => {
                self.watch(&start.at, &runner);
                self.reconciled(&start.at, seen.into_found());
                let outcome = self.settle(start).await;
                self.finished(&start.at, outcome);
            }
            // It ended between the two looks: what it left is final now.
            None => self.reconciled(&start.at, self.look(start).into_found()),
        }
    }

    fn reconciled(&self, at: &AttemptRef, found: Found) {
        self.tell(Report::Reconciled { run: at.run.clone(), step: at.step.clone(), attempt: at.attempt, found: Box::new(found) });
    }
}
