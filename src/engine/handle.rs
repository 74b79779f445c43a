//! How the rest of the program reaches the engine's thread: send a command, follow the events, read a step's output.
//!
//! Never waits for the disk: replies come when the batch is durable. A follower that stops reading is dropped to resync.

use std::sync::Arc;
use std::sync::mpsc;

use tokio::sync::{mpsc as feed, oneshot};

use crate::model::actor::Actor;
use crate::model::command::{Command, Refusal, Report, Request};
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::graph::Graph;
use crate::model::ids::{AttemptNo, CmdId, JournalId, RunId, Seq, StepId};
use crate::model::state::State;
use crate::model::why::Thinking;
use crate::spool::{OutputChunk, Spools};

/// Events that a follower may leave unread before it is dropped to resync.
pub const FEED_DEPTH: usize = 1_024;

#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Durable, with the first event that it caused; `run` where one was made or addressed.
    Accepted {
        seq: Seq,
        run: Option<RunId>,
    },
    Refused(Refusal),
    /// The sync failed: it may or may not be on disk. Asking again with the same command id is harmless.
    Unknown {
        cmd_id: CmdId,
    },
    /// The engine ended before it answered.
    Gone,
}

#[derive(Clone, Debug)]
pub enum FeedItem {
    /// A body that the next events name by its digest: known before they are applied, with `State::know_plan`.
    Plan(Arc<Graph>),
    Event(Arc<Event>),
    /// What somebody else's planning thinks; left out where there is no room for it.
    Thinking(Arc<Thinking>),
    /// Read too slowly, or the engine refolded: start again from this state.
    Resync(Arc<State>),
    /// The engine ended; `reason` for people.
    Gone {
        reason: String,
    },
}

/// A state and every event after it, in order, without a gap.
#[derive(Debug)]
pub struct Feed {
    pub journal: JournalId,
    pub state: Arc<State>,
    pub items: feed::Receiver<FeedItem>,
}

/// What reaches the engine's thread. One queue keeps the order.
#[derive(Debug)]
pub enum Inbox {
    Request(Request, oneshot::Sender<Reply>),
    Report(Report),
    Follow(oneshot::Sender<Feed>),
    Thinking(Arc<Thinking>),
    Head(oneshot::Sender<(Seq, Digest)>),
    /// A follower that was dropped to resync reads again.
    Rejoin(u64),
    /// Answer what is queued, append `engine_stopped`, end. Stops no step.
    Stop(oneshot::Sender<()>),
}

#[derive(Clone, Debug)]
pub struct Handle {
    inbox: mpsc::Sender<Inbox>,
    spools: Spools,
}

impl Handle {
    pub fn new(inbox: mpsc::Sender<Inbox>, spools: Spools) -> Self {
        Self { inbox, spools }
    }

    pub async fn request(&self, request: Request) -> Reply {
        let (reply, answer) = oneshot::channel();
        if self.inbox.send(Inbox::Request(request, reply)).is_err() {
            return Reply::Gone;
        }
        answer.await.unwrap_or(Reply::Gone)
    }

    /// `None`: the engine ended.
    pub async fn follow(&self) -> Option<Feed> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Inbox::Follow(reply)).ok()?;
        answer.await.ok()
    }

    /// Told to all who follow; never waited for, and kept nowhere.
    pub fn think(&self, thinking: Thinking) {
        let _ = self.inbox.send(Inbox::Thinking(Arc::new(thinking.bounded())));
    }

    pub fn report(&self, report: Report) {
        // The engine ended: the report is found again from the attempt's folder.
        let _ = self.inbox.send(Inbox::Report(report));
    }

    pub async fn stop(&self) {
        let (reply, answer) = oneshot::channel();
        if self.inbox.send(Inbox::Stop(reply)).is_ok() {
            let _ = answer.await;
        }
    }

    pub fn output(&self, run: &RunId, step: &StepId, attempt: AttemptNo, offset: u64, max: usize) -> std::io::Result<OutputChunk> {
        self.spools.read(run, step, attempt, offset, max)
    }
}

/// For senders that have no id of their own.
pub fn new_cmd_id() -> CmdId {
    CmdId::new(uuid::Uuid::now_v7().to_string())
}

/// A command with a fresh id.
pub fn request(actor: Actor, command: Command) -> Request {
    Request { cmd_id: new_cmd_id(), actor, command }
}
