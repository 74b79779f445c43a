//! A command's way to an engine: joins the one that runs, else hosts one in this process.
//!
//! Whoever hosts stays until every run is settled or waits for a person. Ending stops no step: what still runs is found again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::engine::handle::{Feed, FeedItem, Reply};
use crate::engine::{Engine, EngineEnd, EngineError, EngineOptions, record_offline};
use crate::journal::JournalError;
use crate::link::socket::{self, SocketClient};
use crate::link::{Link, LinkError};
use crate::machine::{apply, is_quiet};
use crate::model::actor::Actor;
use crate::model::command::{Command, Request};
use crate::model::settings::Settings;
use crate::model::state::State;

/// How long a holder that does not answer yet is given to open its socket.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("reach the engine: {holder}, and it does not answer; `ouioe resume --force` takes over from it")]
    Silent { holder: String },
}

/// Where and as whom.
#[derive(Clone, Debug)]
pub struct Place {
    pub state_dir: PathBuf,
    pub settings: Settings,
    pub actor: Actor,
}

impl Place {
    pub fn engine_options(&self) -> EngineOptions {
        EngineOptions {
            state_dir: self.state_dir.clone(),
            settings: self.settings.clone(),
            runtime: tokio::runtime::Handle::current(),
            exe: None,
        }
    }
}

/// An engine in this process, with its socket.
struct Hosted {
    engine: Engine,
    server: Option<JoinHandle<()>>,
}

pub struct Session {
    pub link: Link,
    hosted: Option<Hosted>,
}

impl Session {
    pub async fn open(place: &Place) -> Result<Self, SessionError> {
        let started = std::time::Instant::now();
        loop {
            if let Some(session) = Self::join(place).await? {
                return Ok(session);
            }
            match Engine::start(place.engine_options()) {
                Ok(engine) => return Ok(Self::host(place, engine)),
                Err(EngineError::Journal(JournalError::Held { holder, .. })) => {
                    if started.elapsed() > PATIENCE {
                        let holder = holder.map_or_else(|| "another process".to_owned(), |it| format!("process {}", it.pid));
                        return Err(SessionError::Silent { holder: format!("{holder} holds the journal") });
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Only an engine that runs already.
    pub async fn join(place: &Place) -> Result<Option<Self>, SessionError> {
        let client = SocketClient::connect(&place.state_dir, None).await?;
        Ok(client.map(|client| Self { link: Link::Socket(client), hosted: None }))
    }

    fn host(place: &Place, engine: Engine) -> Self {
        tracing::info!(journal = %engine.journal, epoch = %engine.epoch, "hosts the engine");
        let link = Link::InProcess { engine: engine.handle.clone(), actor: place.actor.clone() };
        // Without a socket nobody can join; the run itself goes on.
        let listener = socket::listen(&engine.journal, &place.state_dir, socket::runtime_dir().as_deref());
        let server = match listener {
            Ok(listener) => {
                let served = socket::Served::new(engine.journal.clone(), engine.epoch);
                Some(tokio::spawn(socket::serve(listener, engine.handle.clone(), served)))
            }
            Err(error) => {
                tracing::warn!(%error, "nobody can join this engine");
                None
            }
        };
        Self { link, hosted: Some(Hosted { engine, server }) }
    }

    pub fn is_host(&self) -> bool {
        self.hosted.is_some()
    }

    /// One command; without an engine it is recorded and starts nothing.
    pub async fn tell(place: &Place, command: Command) -> Result<(Reply, Heard), SessionError> {
        if let Some(session) = Self::join(place).await? {
            return Ok((session.link.send(command).await, Heard::ByEngine));
        }
        let request = Request { cmd_id: crate::engine::handle::new_cmd_id(), actor: place.actor.clone(), command };
        match record_offline(&place.engine_options(), &request) {
            Ok(reply) => Ok((reply, Heard::Recorded)),
            Err(EngineError::Journal(JournalError::Held { .. })) => {
                let session = Self::open(place).await?;
                Ok((session.link.send_as(request.cmd_id, request.command).await, Heard::ByEngine))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Stays until the others' runs are settled too, then ends the engine in order. `None`: it was not ours.
    pub async fn close(self) -> Option<EngineEnd> {
        if self.hosted.is_some()
            && let Ok(feed) = self.link.follow().await
        {
            until_settled(feed).await;
        }
        self.leave().await
    }

    /// Ends the engine now; runs that are not settled stay parked.
    pub async fn leave(self) -> Option<EngineEnd> {
        let Hosted { engine, server } = self.hosted?;
        engine.handle.stop().await;
        let end = engine.end().await;
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
        Some(end)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    ByEngine,
    /// Durable, but nobody carries it out before `ouioe resume`.
    Recorded,
}

/// Nothing moves any more without a person.
pub fn is_settled(state: &State) -> bool {
    state.runs.values().all(is_quiet)
}

async fn until_settled(feed: Feed) {
    let Feed { state, mut items, .. } = feed;
    let mut state = Arc::unwrap_or_clone(state);
    while !is_settled(&state) {
        match items.recv().await {
            Some(item) => fold(&mut state, item),
            None => return,
        }
    }
}

/// Keeps a copy of the state in step with a feed.
pub fn fold(state: &mut State, item: FeedItem) {
    match item {
        FeedItem::Plan(graph) => state.know_plan(graph),
        FeedItem::Event(event) => apply(state, &event),
        FeedItem::Resync(fresh) => *state = Arc::unwrap_or_clone(fresh),
        FeedItem::Thinking(_) | FeedItem::Gone { .. } => {}
    }
}
