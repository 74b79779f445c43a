//! From a state folder to a running engine, and how one ends.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot;

use super::clock::Clock;
use super::core::Core;
use super::effects::Effects;
use super::followers::Followers;
use super::handle::{Handle, Inbox, Reply};
use crate::journal::{self, AppendError, Journal, JournalError, OpenOptions};
use crate::machine::{Ctx, apply, turn};
use crate::model::command::{Report, Request};
use crate::model::digest::Digest;
use crate::model::ids::{Epoch, JournalId, Seq};
use crate::model::settings::Settings;
use crate::policy::canonical::Canonical;
use crate::service::services::ReportTo;
use crate::service::{ServiceOptions, Services};
use crate::spool::Spools;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("set up the services: {0}")]
    Services(std::io::Error),
    #[error("start the engine's thread: {0}")]
    Thread(std::io::Error),
    #[error("record that the engine started: {0}")]
    Ended(EngineEnd),
    #[error("record that the engine started: {detail}; nothing was begun, make room and try again")]
    Refused { detail: String },
}

/// Why an engine is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineEnd {
    /// In order; the head is what `audit verify --head` compares.
    Stopped { seq: Seq, head: Digest },
    /// A sync failed: exit 74.
    Poisoned { detail: String },
    /// Another engine owns the journal.
    LostEpoch { detail: String },
    /// The thread is gone without a word.
    Panicked,
}

impl fmt::Display for EngineEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped { seq, head } => write!(f, "stopped at event {seq}, head {head}"),
            Self::Poisoned { detail } => write!(f, "the journal is in doubt: {detail}"),
            Self::LostEpoch { detail } => write!(f, "another engine took over: {detail}"),
            Self::Panicked => f.write_str("the engine's thread failed; the log says why"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct EngineOptions {
    pub state_dir: PathBuf,
    pub settings: Settings,
    pub runtime: Runtime,
    /// Re-executed as step runner; `None`: this very program.
    pub exe: Option<PathBuf>,
}

/// A running engine. Dropping it stops nothing: the thread goes on until `Handle::stop`.
#[derive(Debug)]
pub struct Engine {
    pub handle: Handle,
    pub journal: JournalId,
    pub epoch: Epoch,
    pub ended: oneshot::Receiver<EngineEnd>,
}

impl Engine {
    /// Takes the journal, folds it, makes its start durable and reconciles what was in flight.
    pub fn start(options: EngineOptions) -> Result<Self, EngineError> {
        let mut journal = Journal::open(&options.state_dir, OpenOptions::new(apply))?;
        let state = journal.load()?;
        let spools = Spools::new(options.state_dir.join("runs"));
        let (inbox, receiver) = mpsc::channel();
        let services = services(&options, &spools, &journal, &inbox)?;
        let mut core = Core {
            clock: Clock::start(state.now),
            seed: Canonical::new("ouioe.engine.1").bytes(uuid::Uuid::new_v4().as_bytes()).finish().0,
            services,
            followers: Followers::new(inbox.clone(), options.runtime.clone()),
            effects: Effects::default(),
            kept: Vec::new(),
            short: false,
            has_reserve: journal.has_reserve(),
            snapshot_at: state.seq,
            recovering: true,
            settings: options.settings,
            state,
            journal,
        };
        // On the caller's thread: a start that could not be recorded is an error here, and no engine.
        core.take_over(std::process::id())?;
        let (journal, epoch) = (core.state.journal.clone(), core.journal.epoch());
        let (tell, ended) = oneshot::channel();
        thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let end = core.run(&receiver);
                let _ = tell.send(end);
            })
            .map_err(EngineError::Thread)?;
        Ok(Self { handle: Handle::new(inbox, spools), journal, epoch, ended })
    }

    /// What it said at its end.
    pub async fn end(self) -> EngineEnd {
        self.ended.await.unwrap_or(EngineEnd::Panicked)
    }
}

fn services(options: &EngineOptions, spools: &Spools, journal: &Journal, inbox: &mpsc::Sender<Inbox>) -> Result<Services, EngineError> {
    let mut service = ServiceOptions::new(spools.clone(), journal.epoch()).map_err(EngineError::Services)?;
    if let Some(exe) = &options.exe {
        service.exe.clone_from(exe);
    }
    service.protected_paths.clone_from(&options.settings.policy.protected_paths);
    service.hidden.clone_from(&options.settings.engine.hidden);
    let inbox = inbox.clone();
    let report: ReportTo = Arc::new(move |report: Report| {
        // The engine ended: the report is found again from the attempt's folder.
        let _ = inbox.send(Inbox::Report(report));
    });
    Ok(Services::new(service, options.runtime.clone(), report))
}

/// One command without an engine: takes the journal, appends what it causes, starts nothing.
pub fn record_offline(options: &EngineOptions, request: &Request) -> Result<Reply, EngineError> {
    let mut journal = Journal::open(&options.state_dir, OpenOptions::new(apply))?;
    let mut state = journal.load()?;
    let clock = Clock::start(state.now);
    let seed = Canonical::new("ouioe.offline.1").bytes(uuid::Uuid::new_v4().as_bytes()).finish().0;
    let ctx = Ctx { now: clock.now(), seed, settings: &options.settings, may_start: false };
    let turn = match turn(&mut state, request, &ctx) {
        Ok(turn) => turn,
        Err(refusal) => return Ok(Reply::Refused(refusal)),
    };
    let plans = turn.plan.iter().map(|graph| graph.plan.clone()).collect();
    if turn.events.is_empty() {
        return Ok(Reply::Accepted { seq: turn.first, run: turn.run });
    }
    Ok(match journal.append(&journal::Batch { events: turn.events, plans }) {
        Ok(()) => Reply::Accepted { seq: turn.first, run: turn.run },
        Err(AppendError::Refused { detail, .. }) => {
            let why = format!("could not record it: {detail}");
            Reply::Refused(crate::model::command::Refusal::new(crate::model::command::RefusalCode::Unavailable, why))
        }
        Err(AppendError::Unknown { .. } | AppendError::Poisoned { .. }) => Reply::Unknown { cmd_id: request.cmd_id.clone() },
    })
}
