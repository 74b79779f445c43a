//! A console's end of the socket: questions with their answers on one connection, each feed on one of its own.
//!
//! A lost connection is told, never papered over: what was under way is `Gone`, and only the next question connects again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::address::last_known;
use super::frame::{Frames, encode};
use super::protocol::{FromEngine, Hello, ToEngine, text_as_bytes};
use crate::engine::handle::{FEED_DEPTH, Feed, FeedItem, Reply};
use crate::link::LinkError;
use crate::model::command::Command;
use crate::model::digest::Digest;
use crate::model::graph::Graph;
use crate::model::ids::{AttemptNo, CmdId, JournalId, RunId, Seq, StepId};
use crate::model::state::State;
use crate::model::why::Thinking;
use crate::spool::OutputChunk;
use crate::text;

/// A stopped engine still lets the kernel accept; it is given up after this.
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// Cheap to clone; the clones share their connection.
#[derive(Clone, Debug)]
pub struct SocketClient {
    peer: Arc<Peer>,
    questions: Arc<tokio::sync::Mutex<Option<Questions>>>,
}

#[derive(Debug)]
struct Peer {
    path: PathBuf,
    journal: JournalId,
    asked: AtomicU64,
    hears_thinking: bool,
}

type Waiting = Arc<Mutex<Option<BTreeMap<u64, oneshot::Sender<FromEngine>>>>>;

/// One connection for questions. `None` in `waiting`: it is lost.
#[derive(Debug)]
struct Questions {
    write: OwnedWriteHalf,
    waiting: Waiting,
    reader: AbortHandle,
}

impl Drop for Questions {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl SocketClient {
    /// `Ok(None)`: no engine listens. `journal`: refuse any other.
    pub async fn connect(state_dir: &Path, journal: Option<&JournalId>) -> Result<Option<Self>, LinkError> {
        let Some(path) = last_known(state_dir)? else { return Ok(None) };
        let stream = match UnixStream::connect(&path).await {
            Ok(stream) => stream,
            Err(error) if is_nobody(&error) => return Ok(None),
            Err(source) => return Err(LinkError::Io { address: path.display().to_string(), source }),
        };
        Self::over(stream, path, journal).await.map(Some)
    }

    async fn over(stream: UnixStream, path: PathBuf, journal: Option<&JournalId>) -> Result<Self, LinkError> {
        let (frames, write, theirs) = greet(stream, &path, journal).await?;
        let journal = theirs.journal.ok_or_else(|| protocol(&path, "it does not say whose engine it is"))?;
        let peer = Arc::new(Peer { path, journal, asked: AtomicU64::new(0), hears_thinking: theirs.hears_thinking });
        let questions = Questions::new(frames, write);
        Ok(Self { peer, questions: Arc::new(tokio::sync::Mutex::new(Some(questions))) })
    }

    pub fn journal(&self) -> &JournalId {
        &self.peer.journal
    }

    pub fn path(&self) -> &Path {
        &self.peer.path
    }

    pub async fn send_as(&self, cmd_id: CmdId, command: Command) -> Reply {
        let command = Box::new(command);
        let sent_id = cmd_id.clone();
        match self.ask(move |ask| ToEngine::Command { ask, cmd_id: sent_id, command }).await {
            Ok(FromEngine::Accepted { seq, run, .. }) => Reply::Accepted { seq, run },
            Ok(FromEngine::Refused { refusal, .. }) => Reply::Refused(refusal),
            Ok(FromEngine::Unknown { .. }) => Reply::Unknown { cmd_id },
            Ok(_) | Err(_) => Reply::Gone,
        }
    }

    /// May bring fewer bytes than asked for.
    pub async fn output(&self, run: &RunId, step: &StepId, attempt: AttemptNo, offset: u64, max: usize) -> Result<OutputChunk, LinkError> {
        let (run, step) = (run.clone(), step.clone());
        match self.ask(move |ask| ToEngine::Output { ask, run, step, attempt, offset, max }).await? {
            FromEngine::Output { offset, total, bytes, .. } => {
                let bytes = text_as_bytes(&bytes).ok_or_else(|| protocol(&self.peer.path, "output that is no bytes"))?;
                Ok(OutputChunk { offset, bytes, total, dropped: 0 })
            }
            FromEngine::NoOutput { why, .. } => Err(protocol(&self.peer.path, &why)),
            _ => Err(protocol(&self.peer.path, "an answer to another question")),
        }
    }

    pub async fn follow(&self) -> Result<Feed, LinkError> {
        let mut follower = Follower::start(Arc::clone(&self.peer)).await?;
        let state = follower.first_state().await?;
        let (out, items) = mpsc::channel(FEED_DEPTH);
        tokio::spawn(follower.run(state.seq, out));
        Ok(Feed { journal: self.peer.journal.clone(), state, items })
    }

    /// Left out where the engine does not know of it, or the connection is busy or lost: the next question connects again.
    pub async fn think(&self, thinking: Thinking) {
        if !self.peer.hears_thinking {
            return;
        }
        let Ok(lines) = encode(&ToEngine::Thinking(Box::new(thinking.bounded()))) else { return };
        let Ok(mut held) = self.questions.try_lock() else { return };
        let Some(questions) = held.as_mut().filter(|questions| !questions.is_lost()) else { return };
        if questions.write.write_all(&lines).await.is_err() {
            *held = None;
        }
    }

    async fn ask(&self, question: impl FnOnce(u64) -> ToEngine) -> Result<FromEngine, LinkError> {
        let ask = self.peer.asked.fetch_add(1, Ordering::Relaxed);
        let lines = encode(&question(ask)).map_err(|error| protocol(&self.peer.path, &error.to_string()))?;
        let answer = {
            let mut held = self.questions.lock().await;
            if held.as_ref().is_none_or(Questions::is_lost) {
                let (frames, write, _) = self.peer.dial().await?;
                *held = Some(Questions::new(frames, write));
            }
            let Some(questions) = held.as_mut() else { return Err(LinkError::Gone) };
            let answer = questions.expect(ask);
            // Cut off in the middle of a line the connection is of no more use; the reader notices and empties `waiting`.
            if questions.write.write_all(&lines).await.is_err() {
                *held = None;
                return Err(LinkError::Gone);
            }
            answer
        };
        answer.await.map_err(|_| LinkError::Gone)
    }
}

impl Peer {
    async fn dial(&self) -> Result<(Frames<OwnedReadHalf>, OwnedWriteHalf, Hello), LinkError> {
        match UnixStream::connect(&self.path).await {
            Ok(stream) => greet(stream, &self.path, Some(&self.journal)).await,
            Err(error) if is_nobody(&error) => Err(LinkError::Gone),
            Err(source) => Err(LinkError::Io { address: self.path.display().to_string(), source }),
        }
    }
}

fn is_nobody(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused)
}

/// `why` may come from the other side.
fn protocol(path: &Path, why: &str) -> LinkError {
    LinkError::Protocol { address: path.display().to_string(), why: text::safe(why) }
}

/// Both sides say hello; who listens must be this user, since others may write where sockets stand.
async fn greet(
    stream: UnixStream,
    path: &Path,
    journal: Option<&JournalId>,
) -> Result<(Frames<OwnedReadHalf>, OwnedWriteHalf, Hello), LinkError> {
    let io = |source| LinkError::Io { address: path.display().to_string(), source };
    if stream.peer_cred().map_err(io)?.uid() != rustix::process::geteuid().as_raw() {
        return Err(protocol(path, "it belongs to another user"));
    }
    let (read, mut write) = stream.into_split();
    let mut frames = Frames::new(read);
    let ours = Hello::new(journal.cloned(), None);
    let lines = encode(&ToEngine::Hello(ours.clone())).map_err(|error| protocol(path, &error.to_string()))?;
    // A peer that closes at once says why in its last line, which is read below.
    let written = write.write_all(&lines).await;
    match tokio::time::timeout(HELLO_LIMIT, frames.next()).await {
        Ok(Ok(Some(FromEngine::Hello(theirs)))) => match ours.refuses(&theirs) {
            None => written.map(|()| (frames, write, theirs)).map_err(io),
            Some(why) => Err(protocol(path, &why)),
        },
        Ok(Ok(Some(FromEngine::Closed { why }))) => Err(protocol(path, &why)),
        Ok(Ok(Some(_))) => Err(protocol(path, "its first line is no hello")),
        Ok(Ok(None)) => Err(LinkError::Gone),
        Ok(Err(error)) => Err(protocol(path, &error.to_string())),
        Err(_) => Err(protocol(path, "it does not answer; it may be stopped, and `ouioe resume --force` takes over from it")),
    }
}

impl Questions {
    fn new(frames: Frames<OwnedReadHalf>, write: OwnedWriteHalf) -> Self {
        let waiting: Waiting = Arc::new(Mutex::new(Some(BTreeMap::new())));
        let reader = tokio::spawn(route_answers(frames, Arc::clone(&waiting))).abort_handle();
        Self { write, waiting, reader }
    }

    fn is_lost(&self) -> bool {
        locked(&self.waiting).is_none()
    }

    /// Ends in an error at once where the connection is lost.
    fn expect(&self, ask: u64) -> oneshot::Receiver<FromEngine> {
        let (sender, answer) = oneshot::channel();
        if let Some(waiting) = locked(&self.waiting).as_mut() {
            waiting.insert(ask, sender);
        }
        answer
    }
}

fn locked(waiting: &Waiting) -> std::sync::MutexGuard<'_, Option<BTreeMap<u64, oneshot::Sender<FromEngine>>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn route_answers(mut frames: Frames<OwnedReadHalf>, waiting: Waiting) {
    while let Ok(Some(message)) = frames.next::<FromEngine>().await {
        let ask = match &message {
            FromEngine::Accepted { ask, .. }
            | FromEngine::Refused { ask, .. }
            | FromEngine::Unknown { ask }
            | FromEngine::Output { ask, .. }
            | FromEngine::NoOutput { ask, .. } => *ask,
            FromEngine::Gone { .. } | FromEngine::Closed { .. } => break,
            FromEngine::Hello(_)
            | FromEngine::Plan(_)
            | FromEngine::State(_)
            | FromEngine::Event(_)
            | FromEngine::Thinking(_)
            | FromEngine::Resync(_) => continue,
        };
        let asker = locked(&waiting).as_mut().and_then(|waiting| waiting.remove(&ask));
        // Who asked may have gone away since.
        asker.map(|asker| asker.send(message));
    }
    locked(&waiting).take();
}

/// One feed: the connection, and the plans that it brought.
struct Follower {
    peer: Arc<Peer>,
    frames: Frames<OwnedReadHalf>,
    /// Kept open: the other side ends the feed when it closes.
    _write: OwnedWriteHalf,
    plans: BTreeMap<Digest, Arc<Graph>>,
}

enum Ended {
    /// The engine, or the connection to it.
    Gone(String),
    /// Whoever read the feed.
    Unread,
    /// An event is missing.
    Gap,
}

impl Follower {
    async fn start(peer: Arc<Peer>) -> Result<Self, LinkError> {
        let (frames, mut write, _) = peer.dial().await?;
        let lines = encode(&ToEngine::Follow).map_err(|error| protocol(&peer.path, &error.to_string()))?;
        write.write_all(&lines).await.map_err(|source| LinkError::Io { address: peer.path.display().to_string(), source })?;
        Ok(Self { peer, frames, _write: write, plans: BTreeMap::new() })
    }

    async fn first_state(&mut self) -> Result<Arc<State>, LinkError> {
        loop {
            match self.frames.next::<FromEngine>().await {
                Ok(Some(FromEngine::Plan(plan))) => drop(self.keep(plan)),
                Ok(Some(FromEngine::State(state))) => return Ok(self.with_plans(state)),
                Ok(Some(FromEngine::Closed { why })) => return Err(protocol(&self.peer.path, &why)),
                Ok(Some(FromEngine::Gone { .. }) | None) => return Err(LinkError::Gone),
                Ok(Some(_)) => return Err(protocol(&self.peer.path, "a feed that does not begin with a state")),
                Err(error) => return Err(protocol(&self.peer.path, &error.to_string())),
            }
        }
    }

    async fn run(mut self, mut seq: Seq, out: mpsc::Sender<FeedItem>) {
        loop {
            let reason = match self.pass(&mut seq, &out).await {
                Ended::Unread => return,
                Ended::Gone(reason) => reason,
                Ended::Gap => match self.again().await {
                    Ok(state) => {
                        seq = state.seq;
                        if out.send(FeedItem::Resync(state)).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    Err(error) => error.to_string(),
                },
            };
            let _ = out.send(FeedItem::Gone { reason: text::safe(&reason) }).await;
            return;
        }
    }

    async fn again(&mut self) -> Result<Arc<State>, LinkError> {
        *self = Self::start(Arc::clone(&self.peer)).await?;
        self.first_state().await
    }

    async fn pass(&mut self, seq: &mut Seq, out: &mpsc::Sender<FeedItem>) -> Ended {
        loop {
            let message = tokio::select! {
                message = self.frames.next() => message,
                () = out.closed() => return Ended::Unread,
            };
            let item = match message {
                Ok(Some(FromEngine::Plan(plan))) => FeedItem::Plan(self.keep(plan)),
                Ok(Some(FromEngine::Event(event))) => {
                    if event.seq != seq.next() {
                        return Ended::Gap;
                    }
                    *seq = event.seq;
                    FeedItem::Event(event)
                }
                Ok(Some(FromEngine::Thinking(thinking))) => {
                    // Whoever reads slowly loses thoughts, not events.
                    if out.capacity() > FEED_DEPTH / 2 {
                        let _ = out.try_send(FeedItem::Thinking(thinking));
                    }
                    continue;
                }
                Ok(Some(FromEngine::Resync(state))) => {
                    *seq = state.seq;
                    FeedItem::Resync(self.with_plans(state))
                }
                Ok(Some(FromEngine::Gone { reason } | FromEngine::Closed { why: reason })) => return Ended::Gone(reason),
                Ok(Some(_)) => return Ended::Gone("the engine said something that is no part of a feed".to_owned()),
                Ok(None) => return Ended::Gone("the engine ended".to_owned()),
                Err(error) => return Ended::Gone(error.to_string()),
            };
            if out.send(item).await.is_err() {
                return Ended::Unread;
            }
        }
    }

    fn keep(&mut self, plan: Arc<crate::model::plan::Plan>) -> Arc<Graph> {
        let graph = Arc::new(Graph::of(plan));
        self.plans.insert(graph.plan.digest, Arc::clone(&graph));
        graph
    }

    /// States travel without plan bodies.
    fn with_plans(&self, mut state: Arc<State>) -> Arc<State> {
        let known = Arc::make_mut(&mut state);
        for graph in self.plans.values() {
            known.know_plan(Arc::clone(graph));
        }
        state
    }
}
