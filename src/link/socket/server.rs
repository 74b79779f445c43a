//! Connections of this user's consoles and commands -> the engine's inbox, and its events back.
//!
//! The engine never waits for a connection: a follower that reads too slowly loses its feed's place and starts again from a
//! state. Who asks is the uid that the kernel names, whatever the message says. Reports do not come in this way.

use std::collections::BTreeSet;
use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use super::address::Listener;
use super::frame::{Frames, encode};
use super::protocol::{FromEngine, Hello, ToEngine, bytes_as_text};
use crate::engine::handle::{FeedItem, Handle, Reply};
use crate::link::local::actor_of;
use crate::model::actor::Actor;
use crate::model::command::{Command, Refusal, RefusalCode, Request};
use crate::model::digest::Digest;
use crate::model::ids::{CmdId, Epoch, JournalId};
use crate::model::state::State;
use crate::model::why::Thinking;

/// Encoded messages that wait for one connection's reader.
const QUEUE: usize = 64;
/// Commands of one connection that wait for their answer.
const IN_FLIGHT: usize = 64;
/// Bytes of step output in one answer.
const OUTPUT_AT_ONCE: usize = 64 << 10;
const CMD_ID_LIMIT: usize = 64;
/// A plan of a hundred steps thinks some five hundred thoughts.
const THOUGHTS_AT_ONCE: usize = 2_000;
const THOUGHTS_SPAN: Duration = Duration::from_secs(1);
/// After a failed accept (no descriptors left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const WRITE_AT_ONCE: usize = 256 << 10;

/// Whose engine it is, and what a connection may cost.
#[derive(Clone, Debug)]
pub struct Served {
    pub journal: JournalId,
    pub incarnation: Epoch,
    pub connections: usize,
    /// For the first line, and for reading our last ones.
    pub patience: Duration,
}

impl Served {
    pub fn new(journal: JournalId, incarnation: Epoch) -> Self {
        Self { journal, incarnation, connections: 256, patience: Duration::from_secs(5) }
    }
}

/// Until it is dropped, which closes every connection.
pub async fn serve(listener: Listener, engine: Handle, served: Served) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(served.connections));
    loop {
        tokio::select! {
            accepted = listener.socket.accept() => match accepted {
                Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => drop(connections.spawn(attend(stream, place, engine.clone(), served.clone()))),
                    Err(_) => turn_away(&stream),
                },
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a connection ended badly");
            },
        }
    }
}

fn turn_away(stream: &UnixStream) {
    let why = "too many consoles are attached; close one".to_owned();
    if let Ok(line) = encode(&FromEngine::Closed { why }) {
        // It fits the empty buffer of a new connection, or the peer is gone.
        let _ = stream.try_write(&line);
    }
}

async fn attend(stream: UnixStream, place: OwnedSemaphorePermit, engine: Handle, served: Served) {
    let peer = stream.peer_cred().map(|peer| peer.uid());
    let (read, mut write) = stream.into_split();
    // Given back before the stream closes: who sees it closed may come again.
    let _place = place;
    let (out, queue) = mpsc::channel(QUEUE);
    let writing = write_out(&mut write, queue);
    tokio::pin!(writing);
    let talking = async {
        let peer_uid = match peer {
            Ok(uid) if uid == rustix::process::geteuid().as_raw() => uid,
            Ok(_) => return say(&out, FromEngine::Closed { why: "this engine serves another user".to_owned() }).await,
            Err(error) => return say(&out, FromEngine::Closed { why: format!("could not tell who asks: {error}") }).await,
        };
        let mut connection = Connection::new(engine, actor_of(peer_uid), out.clone());
        if let Err(why) = connection.converse(read, &served).await {
            say(&out, FromEngine::Closed { why }).await;
        }
    };
    tokio::select! {
        // The peer is gone: what it asked for is dropped.
        () = &mut writing => return,
        () = talking => drop(out),
    }
    let _ = tokio::time::timeout(served.patience, writing).await;
}

/// Until nobody has anything to say, or the peer cannot be written to.
async fn write_out(write: &mut OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(mut lines) = queue.recv().await {
        while lines.len() < WRITE_AT_ONCE
            && let Ok(more) = queue.try_recv()
        {
            lines.extend(more);
        }
        if write.write_all(&lines).await.is_err() {
            return;
        }
    }
}

/// Waits while the peer has not read enough; the engine does not wait for this.
async fn say(out: &mpsc::Sender<Vec<u8>>, message: FromEngine) {
    let encoded = match message {
        // May take long, so not on a thread that answers others.
        FromEngine::State(_) | FromEngine::Resync(_) | FromEngine::Plan(_) => {
            tokio::task::spawn_blocking(move || encode(&message)).await.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
        }
        short => encode(&short),
    };
    match encoded {
        // Nobody reads any more: the connection is about to end.
        Ok(lines) => drop(out.send(lines).await),
        Err(error) => tracing::error!(%error, "could not encode a message"),
    }
}

struct Connection {
    engine: Handle,
    actor: Actor,
    out: mpsc::Sender<Vec<u8>>,
    /// Answers under way; dropped with the connection.
    answers: JoinSet<()>,
    in_flight: Arc<Semaphore>,
    feed: Option<AbortHandle>,
    hears_thinking: bool,
    /// Thoughts of this connection in the span that began then.
    thoughts: (Instant, usize),
}

impl Connection {
    fn new(engine: Handle, actor: Actor, out: mpsc::Sender<Vec<u8>>) -> Self {
        Self {
            engine,
            actor,
            out,
            answers: JoinSet::new(),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
            feed: None,
            hears_thinking: false,
            thoughts: (Instant::now(), 0),
        }
    }

    /// `Err`: why we close the connection, for its last line.
    async fn converse(&mut self, read: OwnedReadHalf, served: &Served) -> Result<(), String> {
        let mut frames = Frames::new(read);
        let hello = Hello::new(Some(served.journal.clone()), Some(served.incarnation));
        say(&self.out, FromEngine::Hello(hello.clone())).await;
        match tokio::time::timeout(served.patience, frames.next()).await {
            Ok(Ok(Some(ToEngine::Hello(theirs)))) => {
                hello.refuses(&theirs).map_or(Ok(()), Err)?;
                self.hears_thinking = theirs.hears_thinking;
            }
            Ok(Ok(Some(_))) => return Err("the first line must be a hello".to_owned()),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("no hello came".to_owned()),
        }
        while let Some(message) = frames.next().await.map_err(|error| error.to_string())? {
            while self.answers.try_join_next().is_some() {}
            self.take(message).await?;
        }
        // The peer says no more, but may still wait for answers.
        if let Some(feed) = self.feed.take() {
            feed.abort();
        }
        while self.answers.join_next().await.is_some() {}
        Ok(())
    }

    async fn take(&mut self, message: ToEngine) -> Result<(), String> {
        match message {
            ToEngine::Hello(_) => return Err("hello is said once".to_owned()),
            ToEngine::Command { ask, cmd_id, command } => self.command(ask, cmd_id, *command).await,
            ToEngine::Follow => {
                let feed = self.answers.spawn(feed(self.engine.clone(), self.out.clone(), self.hears_thinking));
                if let Some(earlier) = self.feed.replace(feed) {
                    earlier.abort();
                }
            }
            ToEngine::Thinking(thinking) => self.think(*thinking),
            ToEngine::Output { ask, run, step, attempt, offset, max } => {
                let (engine, out) = (self.engine.clone(), self.out.clone());
                let permit = Arc::clone(&self.in_flight).acquire_owned().await;
                self.answers.spawn(async move {
                    let read = move || engine.output(&run, &step, attempt, offset, max.min(OUTPUT_AT_ONCE));
                    let chunk = tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
                    let answer = match chunk {
                        Ok(chunk) => {
                            FromEngine::Output { ask, offset: chunk.offset, total: chunk.total, bytes: bytes_as_text(&chunk.bytes) }
                        }
                        Err(error) => FromEngine::NoOutput { ask, why: error.to_string() },
                    };
                    say(&out, answer).await;
                    drop(permit);
                });
            }
        }
        Ok(())
    }

    /// In the name of who is connected; more than people read is left out.
    fn think(&mut self, thinking: Thinking) {
        let (begun, count) = &mut self.thoughts;
        if begun.elapsed() > THOUGHTS_SPAN {
            (*begun, *count) = (Instant::now(), 0);
        }
        *count += 1;
        if *count <= THOUGHTS_AT_ONCE {
            self.engine.think(Thinking { asker: self.actor.to_string(), ..thinking });
        }
    }

    async fn command(&mut self, ask: u64, cmd_id: CmdId, command: Command) {
        let command = match vouched(&self.actor, &cmd_id, command) {
            Ok(command) => command,
            Err(refusal) => return say(&self.out, FromEngine::Refused { ask, refusal }).await,
        };
        let permit = Arc::clone(&self.in_flight).acquire_owned().await;
        let (engine, out) = (self.engine.clone(), self.out.clone());
        let request = Request { cmd_id, actor: self.actor.clone(), command };
        let mut reply = Box::pin(async move { engine.request(request).await });
        // Asked for before the next line is read: commands of one connection keep their order.
        let first = poll_fn(|context| Poll::Ready(reply.as_mut().poll(context))).await;
        self.answers.spawn(async move {
            let reply = match first {
                Poll::Ready(reply) => reply,
                Poll::Pending => reply.await,
            };
            say(&out, answer(ask, reply)).await;
            drop(permit);
        });
    }
}

/// What the sender may not say of itself is put right or refused.
fn vouched(actor: &Actor, cmd_id: &CmdId, mut command: Command) -> Result<Command, Refusal> {
    if cmd_id.as_str().is_empty() || cmd_id.as_str().len() > CMD_ID_LIMIT {
        return Err(Refusal::new(RefusalCode::Invalid, format!("a command id has 1 to {CMD_ID_LIMIT} bytes")));
    }
    if matches!(command, Command::Report(_)) {
        return Err(Refusal::new(RefusalCode::Denied, "reports come from the engine itself, not over a link"));
    }
    if let Command::Submit(submit) = &mut command {
        submit.intent.actor = actor.clone();
    }
    Ok(command)
}

fn answer(ask: u64, reply: Reply) -> FromEngine {
    match reply {
        Reply::Accepted { seq, run } => FromEngine::Accepted { ask, seq, run },
        Reply::Refused(refusal) => FromEngine::Refused { ask, refusal },
        Reply::Unknown { cmd_id: _ } => FromEngine::Unknown { ask },
        Reply::Gone => FromEngine::Gone { reason: "the engine ended before it answered".to_owned() },
    }
}

async fn feed(engine: Handle, out: mpsc::Sender<Vec<u8>>, hears: bool) {
    let Some(mut feed) = engine.follow().await else {
        return say(&out, FromEngine::Gone { reason: "the engine ended".to_owned() }).await;
    };
    let mut known = BTreeSet::new();
    say_plans(&out, &feed.state, &mut known).await;
    say(&out, FromEngine::State(feed.state)).await;
    while let Some(item) = feed.items.recv().await {
        match item {
            FeedItem::Plan(graph) => {
                if known.insert(graph.plan.digest) {
                    say(&out, FromEngine::Plan(Arc::clone(&graph.plan))).await;
                }
            }
            FeedItem::Event(event) => say(&out, FromEngine::Event(event)).await,
            FeedItem::Thinking(thinking) if hears => say(&out, FromEngine::Thinking(thinking)).await,
            FeedItem::Thinking(_) => {}
            FeedItem::Resync(state) => {
                say_plans(&out, &state, &mut known).await;
                say(&out, FromEngine::Resync(state)).await;
            }
            FeedItem::Gone { reason } => return say(&out, FromEngine::Gone { reason }).await,
        }
    }
    say(&out, FromEngine::Gone { reason: "the engine ended".to_owned() }).await;
}

async fn say_plans(out: &mpsc::Sender<Vec<u8>>, state: &State, known: &mut BTreeSet<Digest>) {
    let graphs = state.plans.values().chain(state.runs.values().filter_map(|workflow| workflow.graph.as_ref()));
    for graph in graphs {
        if known.insert(graph.plan.digest) {
            say(out, FromEngine::Plan(Arc::clone(&graph.plan))).await;
        }
    }
}
