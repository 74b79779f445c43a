//! Console or command <-> engine: the same calls in process and over a socket.
//!
//! A link carries what the engine says; it decides nothing and never invents an answer.

pub mod local;
pub mod socket;

use std::io;
use std::sync::Arc;

use crate::engine::handle::{self, Feed, Handle, Reply};
use crate::model::actor::Actor;
use crate::model::command::{Command, Request};
use crate::model::ids::{AttemptNo, CmdId, RunId, StepId};
use crate::model::why::Thinking;
use crate::spool::OutputChunk;

use self::socket::SocketClient;

#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("reach the engine at {address}: {source}")]
    Io { address: String, source: io::Error },
    #[error("talk to the engine at {address}: {why}")]
    Protocol { address: String, why: String },
    #[error("reach the engine: it ended")]
    Gone,
}

/// One way to an engine. Cheap to clone; every clone speaks as the same actor.
#[derive(Clone, Debug)]
pub enum Link {
    InProcess {
        engine: Handle,
        actor: Actor,
    },
    /// The other side knows who asks by itself.
    Socket(SocketClient),
}

impl Link {
    pub async fn send(&self, command: Command) -> Reply {
        self.send_as(handle::new_cmd_id(), command).await
    }

    /// With an id of the caller's, so that asking again is harmless.
    pub async fn send_as(&self, cmd_id: CmdId, command: Command) -> Reply {
        match self {
            Self::InProcess { engine, actor } => engine.request(Request { cmd_id, actor: actor.clone(), command }).await,
            Self::Socket(client) => client.send_as(cmd_id, command).await,
        }
    }

    /// To all who follow the engine; nobody waits for it and nothing answers.
    pub async fn think(&self, thinking: Thinking) {
        match self {
            Self::InProcess { engine, actor } => engine.think(Thinking { asker: actor.to_string(), ..thinking }),
            Self::Socket(client) => client.think(thinking).await,
        }
    }

    pub async fn follow(&self) -> Result<Feed, LinkError> {
        match self {
            Self::InProcess { engine, .. } => engine.follow().await.ok_or(LinkError::Gone),
            Self::Socket(client) => client.follow().await,
        }
    }

    /// At most `max` bytes, and over a socket perhaps fewer: ask again from where they end.
    pub async fn output(&self, run: &RunId, step: &StepId, attempt: AttemptNo, offset: u64, max: usize) -> Result<OutputChunk, LinkError> {
        match self {
            Self::InProcess { engine, .. } => {
                engine.output(run, step, attempt, offset, max).map_err(|source| LinkError::Io { address: "spool".to_owned(), source })
            }
            Self::Socket(client) => client.output(run, step, attempt, offset, max).await,
        }
    }

    /// For the header: where the engine runs.
    pub fn describe(&self) -> Arc<str> {
        match self {
            Self::InProcess { .. } => Arc::from("in process"),
            Self::Socket(client) => Arc::from(format!("socket {}", client.path().display())),
        }
    }
}
