//! The socket with a test double of the engine behind it: what it refuses, and that nobody can make it wait.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc as inbox;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as feed, oneshot};
use tokio::task::JoinHandle;

use ouioe::engine::handle::{FEED_DEPTH, Feed, FeedItem, Handle, Inbox, Reply, new_cmd_id};
use ouioe::link::socket::{Served, SocketClient, listen, serve};
use ouioe::link::{Link, LinkError, local};
use ouioe::model::actor::Actor;
use ouioe::model::command::{Command, Consent, Refusal, RefusalCode, Report, Request, Submit};
use ouioe::model::digest::Digest;
use ouioe::model::event::{Event, Fact};
use ouioe::model::graph::Graph;
use ouioe::model::ids::{AttemptNo, Epoch, Seq};
use ouioe::model::intent::Intent;
use ouioe::model::plan::{Plan, PlanSource};
use ouioe::model::state::State;
use ouioe::model::time::Stamp;
use ouioe::model::why::{Thinking, ThinkingKind, Thought};
use ouioe::spool::Spools;

/// Longer than any of these tests needs; only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

/// Test double of the engine's thread: it answers the inbox by fixed rules and folds nothing.
///
/// Note "refuse …" is refused, "unknown" is unknown, "silence" is never answered, "go" ends the engine; anything else is
/// accepted with the next number.
struct TestEngine {
    seen: Vec<Request>,
    unanswered: Vec<oneshot::Sender<Reply>>,
    followers: Vec<feed::Sender<FeedItem>>,
    state: State,
}

impl TestEngine {
    fn run(state: State, messages: inbox::Receiver<Inbox>, seen: &inbox::Sender<Request>) {
        let mut engine = Self { seen: Vec::new(), unanswered: Vec::new(), followers: Vec::new(), state };
        for message in messages {
            match message {
                Inbox::Request(request, reply) => {
                    let _ = seen.send(request.clone());
                    if !engine.answer(&request, reply) {
                        return;
                    }
                    engine.seen.push(request);
                }
                Inbox::Follow(reply) => engine.follow(reply),
                Inbox::Thinking(thinking) => {
                    engine.followers.retain(|follower| follower.try_send(FeedItem::Thinking(Arc::clone(&thinking))).is_ok());
                }
                Inbox::Rejoin(_) | Inbox::Report(_) => {}
                Inbox::Head(reply) => drop(reply.send((engine.state.seq, Digest::ZERO))),
                Inbox::Stop(done) => {
                    for follower in &engine.followers {
                        let _ = follower.try_send(FeedItem::Gone { reason: "stopped as asked".to_owned() });
                    }
                    let _ = done.send(());
                    return;
                }
            }
        }
    }

    fn answer(&mut self, request: &Request, reply: oneshot::Sender<Reply>) -> bool {
        let text = match &request.command {
            Command::Note { text, .. } => text.as_str(),
            _ => "",
        };
        let answer = match text {
            "go" => return false,
            "silence" => {
                self.unanswered.push(reply);
                return true;
            }
            "unknown" => Reply::Unknown { cmd_id: request.cmd_id.clone() },
            refused if refused.starts_with("refuse") => Reply::Refused(Refusal::new(RefusalCode::WrongState, refused)),
            _ => {
                self.publish(text);
                Reply::Accepted { seq: self.state.seq, run: Some("r1".into()) }
            }
        };
        let _ = reply.send(answer);
        true
    }

    /// Drops a follower that reads too slowly to a resync, as the engine does.
    fn publish(&mut self, text: &str) {
        self.state.seq = self.state.seq.next();
        let fact = Fact::NoteAdded { text: text.to_owned() };
        let event = event(self.state.seq, fact);
        self.followers.retain(|follower| follower.try_send(FeedItem::Event(Arc::new(event.clone()))).is_ok());
    }

    fn follow(&mut self, reply: oneshot::Sender<Feed>) {
        let (sender, items) = feed::channel(FEED_DEPTH);
        let feed = Feed { journal: self.state.journal.clone(), state: Arc::new(self.state.clone()), items };
        if reply.send(feed).is_ok() {
            self.followers.push(sender);
        }
    }
}

fn event(seq: Seq, fact: Fact) -> Event {
    Event { v: 1, seq, at: Stamp(0), run: None, step: None, attempt: None, actor: Actor::Engine, cmd: None, fact }
}

fn plan(title: &str, digest: u8, steps_text: usize) -> Plan {
    Plan {
        digest: Digest([digest; 32]),
        revision: 1,
        why: Box::default(),
        title: title.to_owned(),
        intent: "x".repeat(steps_text),
        source: PlanSource::Intent,
        environment: None,
        approval_required: false,
        steps: Vec::new(),
    }
}

/// A served socket in a folder of its own.
struct Bench {
    folder: tempfile::TempDir,
    runtime: Runtime,
    handle: Handle,
    seen: inbox::Receiver<Request>,
    path: PathBuf,
    server: JoinHandle<()>,
}

impl Bench {
    fn new() -> Self {
        Self::with(State::new("j1".into()), |served| served)
    }

    fn with(state: State, change: impl FnOnce(Served) -> Served) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (send, messages) = inbox::channel();
        let (tell, seen) = inbox::channel();
        std::thread::spawn(move || TestEngine::run(state, messages, &tell));
        let handle = Handle::new(send, Spools::new(folder.path().join("runs")));
        let listener = {
            let _inside = runtime.enter();
            listen(&"j1".into(), folder.path(), None).unwrap()
        };
        let path = listener.path().to_owned();
        let service = change(Served::new("j1".into(), Epoch(3)));
        let server = runtime.spawn(serve(listener, handle.clone(), service));
        Self { folder, runtime, handle, seen, path, server }
    }

    fn client(&self) -> SocketClient {
        self.block(SocketClient::connect(self.folder.path(), None)).unwrap().expect("the engine listens")
    }

    fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(HANG, future).await.expect("no hang") })
    }

    fn raw(&self) -> Raw {
        Raw::connect(&self.path)
    }

    /// Proof that the engine and the listener still work.
    fn assert_alive(&self) {
        let reply = self.block(self.client().send_as(new_cmd_id(), note("alive")));
        assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
    }
}

/// A peer that writes what it likes.
struct Raw {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Raw {
    fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        Self { stream, lines }
    }

    fn greeted(path: &Path) -> Self {
        let mut raw = Self::connect(path);
        raw.say(&hello());
        assert_eq!(raw.line()["hello"]["journal"], "j1");
        raw
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.stream, "{message}").unwrap();
    }

    /// `Null`: the connection was closed.
    fn line(&mut self) -> Value {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => Value::Null,
            Ok(_) => serde_json::from_str(&line).unwrap(),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Value::Null,
            Err(error) => panic!("{error}"),
        }
    }

    /// The one sentence before the end.
    fn closed_why(&mut self) -> String {
        loop {
            let line = self.line();
            if let Some(why) = line["closed"]["why"].as_str() {
                assert_eq!(self.line(), Value::Null, "closed after its last line");
                return why.to_owned();
            }
            assert!(!line["hello"].is_null(), "closed without a word: {line}");
        }
    }
}

fn hello() -> Value {
    json!({"hello": {"journal": null, "fold_version": ouioe::model::state::FOLD_VERSION, "version": "test"}})
}

fn note(text: &str) -> Command {
    Command::Note { run: "r1".into(), text: text.to_owned() }
}

#[test]
fn replies_come_back_as_in_process() {
    let bench = Bench::new();
    let link = Link::Socket(bench.client());
    bench.block(async {
        assert_eq!(link.send(note("a")).await, Reply::Accepted { seq: Seq(1), run: Some("r1".into()) });
        assert_eq!(link.send(note("refuse: no")).await, Reply::Refused(Refusal::new(RefusalCode::WrongState, "refuse: no")));
        assert_eq!(link.send_as("c7".into(), note("unknown")).await, Reply::Unknown { cmd_id: "c7".into() });
        assert_eq!(link.send(note("go")).await, Reply::Gone);
    });
}

#[test]
fn the_kernel_says_who_asks() {
    let bench = Bench::new();
    let mallory = Actor::Local { uid: 4_242, name: "mallory".to_owned() };
    let submit = Submit {
        intent: Intent { text: "x".to_owned(), actor: mallory, host: "h".to_owned(), session: String::new() },
        plan: Box::new(plan("p", 1, 10)),
        consent: Consent::None,
        attended: false,
    };
    bench.block(bench.client().send_as("c1".into(), Command::Submit(submit)));
    let request = bench.seen.recv_timeout(HANG).unwrap();
    assert_eq!(request.actor, local::local_actor());
    assert!(matches!(request.command, Command::Submit(submit) if submit.intent.actor == local::local_actor()));
}

#[test]
fn reports_and_odd_ids_are_refused() {
    let bench = Bench::new();
    let client = bench.client();
    for (cmd_id, command) in [("c1", Command::Report(Report::EngineStopped)), ("", note("a")), (&*"x".repeat(65), note("a"))] {
        let reply = bench.block(client.send_as(cmd_id.into(), command));
        assert!(matches!(&reply, Reply::Refused(_)), "{reply:?}");
    }
    assert!(bench.seen.try_recv().is_err(), "nothing reached the engine");
}

#[test]
fn a_feed_brings_the_state_its_plans_and_every_event() {
    let mut state = State::new("j1".into());
    state.know_plan(Arc::new(Graph::of(Arc::new(plan("known", 7, 600_000)))));
    let bench = Bench::with(state, |served| served);
    let client = bench.client();
    bench.block(async {
        let mut feed = client.follow().await.unwrap();
        assert_eq!(feed.journal, "j1".into());
        assert_eq!(feed.state.plans[&Digest([7; 32])].plan.title, "known", "a plan that takes several lines");
        for at in 1..=3 {
            client.send_as(new_cmd_id(), note(&format!("n{at}"))).await;
        }
        for at in 1..=3 {
            let Some(FeedItem::Event(event)) = feed.items.recv().await else { panic!("an event") };
            assert_eq!((event.seq, &event.fact), (Seq(at), &Fact::NoteAdded { text: format!("n{at}") }));
        }
        bench.handle.stop().await;
        assert!(matches!(feed.items.recv().await, Some(FeedItem::Gone { reason }) if reason == "stopped as asked"));
    });
}

fn thinking(text: &str) -> Thinking {
    let thought = Thought { kind: ThinkingKind::Analysis, text: text.to_owned(), conclusion: true };
    Thinking { asker: "mallory(4242)".to_owned(), console: "c1".to_owned(), ask: 7, intent: "i".repeat(10_000), thought }
}

#[test]
fn what_one_console_thinks_reaches_the_others_in_the_name_that_the_kernel_knows() {
    let bench = Bench::new();
    let (asks, watches) = (bench.client(), bench.client());
    let mut old = Raw::greeted(&bench.path);
    old.say(&json!("follow"));
    assert!(!old.line()["state"].is_null());
    bench.block(async {
        let mut feed = watches.follow().await.unwrap();
        asks.think(thinking("2 clauses")).await;
        let Some(FeedItem::Thinking(heard)) = feed.items.recv().await else { panic!("a thought") };
        assert_eq!((heard.asker.as_str(), heard.ask, heard.thought.text.as_str()), (&*local::local_actor().to_string(), 7, "2 clauses"));
        assert_eq!(heard.intent.chars().count(), 201, "cut");
        // A flood of thoughts is thinned; the event behind it comes, and nobody is dropped for them.
        for _ in 0..5_000 {
            asks.think(thinking("again")).await;
        }
        assert!(matches!(asks.send_as(new_cmd_id(), note("behind")).await, Reply::Accepted { .. }));
        let mut heard = 0;
        while let Some(FeedItem::Thinking(_)) = feed.items.recv().await {
            heard += 1;
        }
        println!("{heard} of 5000 thoughts were told");
        assert!((1..5_000).contains(&heard), "{heard}");
    });
    // Who does not know the message hears events alone.
    assert!(!old.line()["event"].is_null());
}

/// The engine side of a feed by hand: plans before the events that name them, resync, a gap.
#[test]
fn plans_resyncs_and_gaps_reach_the_follower() {
    let folder = tempfile::tempdir().unwrap();
    let (send, messages) = inbox::channel();
    let handle = Handle::new(send, Spools::new(folder.path()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = {
        let _inside = runtime.enter();
        listen(&"j1".into(), folder.path(), None).unwrap()
    };
    let server = runtime.spawn(serve(listener, handle, Served::new("j1".into(), Epoch(1))));
    let client = runtime.block_on(SocketClient::connect(folder.path(), None)).unwrap().unwrap();
    let follower = runtime.spawn(async move { client.follow().await.unwrap() });

    let next_feed = |state: State| {
        let Ok(Inbox::Follow(reply)) = messages.recv_timeout(HANG) else { panic!("a follower") };
        let (items, received) = feed::channel(FEED_DEPTH);
        reply.send(Feed { journal: "j1".into(), state: Arc::new(state), items: received }).unwrap();
        items
    };
    let items = next_feed(State::new("j1".into()));
    let mut feed = runtime.block_on(follower).unwrap();
    let graph = Arc::new(Graph::of(Arc::new(plan("new", 9, 10))));
    let mut later = State { seq: Seq(5), ..State::new("j1".into()) };
    later.know_plan(graph.clone());
    items.blocking_send(FeedItem::Plan(graph.clone())).unwrap();
    items.blocking_send(FeedItem::Event(Arc::new(event(Seq(1), Fact::WorkflowStarted {})))).unwrap();
    items.blocking_send(FeedItem::Resync(Arc::new(later.clone()))).unwrap();
    items.blocking_send(FeedItem::Event(Arc::new(event(Seq(8), Fact::WorkflowStarted {})))).unwrap();

    let mut next = || runtime.block_on(async { tokio::time::timeout(HANG, feed.items.recv()).await.unwrap().unwrap() });
    assert!(matches!(next(), FeedItem::Plan(got) if got.plan == graph.plan));
    assert!(matches!(next(), FeedItem::Event(got) if got.seq == Seq(1)));
    assert!(matches!(next(), FeedItem::Resync(got) if *got == later), "with the plan body that was sent before");
    // Seq 6 and 7 never came: the client asks for a new start by itself.
    let _items = next_feed(State { seq: Seq(8), ..later });
    assert!(matches!(next(), FeedItem::Resync(got) if got.seq == Seq(8)));

    server.abort();
    assert!(matches!(next(), FeedItem::Gone { .. }));
}

#[test]
fn output_comes_byte_for_byte() {
    let bench = Bench::new();
    let spools = Spools::new(bench.folder.path().join("runs"));
    let (run, step, attempt) = ("r1".into(), "s1".into(), AttemptNo(1));
    let folder = spools.attempt_dir(&run, &step, attempt);
    std::fs::create_dir_all(&folder).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    std::fs::write(folder.join("out"), &bytes).unwrap();

    let link = Link::Socket(bench.client());
    let mut got = Vec::new();
    bench.block(async {
        while got.len() < bytes.len() {
            let chunk = link.output(&run, &step, attempt, got.len() as u64, 1 << 20).await.unwrap();
            assert_eq!((chunk.offset, chunk.total), (got.len() as u64, 200_000));
            assert!(!chunk.bytes.is_empty());
            got.extend(chunk.bytes);
        }
        assert_eq!(link.output(&run, &"none".into(), attempt, 0, 9).await.unwrap().bytes, b"");
    });
    assert!(got == bytes);
}

#[test]
fn commands_of_one_connection_keep_their_order() {
    let bench = Bench::new();
    let mut raw = Raw::greeted(&bench.path);
    for ask in 0..200 {
        raw.say(&json!({"command": {"ask": ask, "cmd_id": format!("c{ask}"), "command": note("a")}}));
        // More are under way than may be: the answers are read while asking goes on.
        if ask >= 50 {
            assert!(!raw.line()["accepted"].is_null());
        }
    }
    let order: Vec<String> = (0..200).map(|_| bench.seen.recv_timeout(HANG).unwrap().cmd_id.to_string()).collect();
    assert_eq!(order, (0..200).map(|ask| format!("c{ask}")).collect::<Vec<_>>());
}

#[test]
fn garbage_closes_the_connection_with_one_sentence() {
    let bench = Bench::new();
    let cases: BTreeMap<&str, Vec<u8>> = BTreeMap::from([
        ("a line is not UTF-8", b"\xff\xfe\n".to_vec()),
        ("a line is not a message", b"GET / HTTP/1.1\r\n".to_vec()),
        ("the connection ended within a line", b"{\"follow".to_vec()),
        ("a line is longer than 1024 KiB", vec![b'['; 2 << 20]),
        ("hello is said once", format!("{}\n", hello()).into_bytes()),
    ]);
    for (why, bytes) in cases {
        let mut raw = Raw::greeted(&bench.path);
        // The engine may close before everything is written.
        let _ = raw.stream.write_all(&bytes);
        let _ = raw.stream.shutdown(std::net::Shutdown::Write);
        let found = raw.closed_why();
        assert!(found.starts_with(why), "{found} != {why}");
    }
    let mut raw = bench.raw();
    raw.say(&json!("follow"));
    assert_eq!(raw.closed_why(), "the first line must be a hello");
    bench.assert_alive();
}

#[test]
fn a_line_of_100_megabytes_is_cut_short() {
    let bench = Bench::new();
    let mut raw = Raw::greeted(&bench.path);
    let piece = vec![b'x'; 1 << 20];
    let written = (0..100).take_while(|_| raw.stream.write_all(&piece).is_ok()).count();
    assert!(written < 10, "the engine read {written} MiB of one line");
    assert!(raw.closed_why().starts_with("a line is longer"));
    bench.assert_alive();
}

#[test]
fn other_versions_and_journals_are_refused() {
    let bench = Bench::new();
    let mut raw = bench.raw();
    raw.say(&json!({"hello": {"journal": null, "fold_version": 999, "version": "9.9"}}));
    assert!(raw.closed_why().contains("use the same program on both sides"));

    let refused = bench.block(SocketClient::connect(bench.folder.path(), Some(&"other".into()))).expect_err("another journal");
    assert!(refused.to_string().contains("this is journal other, not j1"), "{refused}");
}

#[test]
fn half_open_peers_are_let_go() {
    let bench = Bench::with(State::new("j1".into()), |served| Served { patience: Duration::from_millis(50), ..served });
    let mut silent = bench.raw();
    let mut half = bench.raw();
    half.stream.write_all(b"{\"hello\":").unwrap();
    assert_eq!(silent.closed_why(), "no hello came");
    assert_eq!(half.closed_why(), "no hello came");
    drop(bench.raw());
    bench.assert_alive();
}

#[test]
fn a_follower_that_never_reads_makes_nobody_wait() {
    let bench = Bench::new();
    let mut stuck = Raw::greeted(&bench.path);
    stuck.say(&json!("follow"));
    // Its answer comes back when the engine has taken both.
    stuck.say(&json!({"command": {"ask": 1, "cmd_id": "c1", "command": note("a")}}));
    bench.seen.recv_timeout(HANG).unwrap();

    let client = bench.client();
    let large = "x".repeat(10_000);
    bench.block(async {
        for _ in 0..FEED_DEPTH + 500 {
            assert!(matches!(client.send_as(new_cmd_id(), note(&large)).await, Reply::Accepted { .. }));
        }
        // A fresh follower is served at once while the other still holds its connection.
        assert_eq!(client.follow().await.unwrap().state.seq, Seq(FEED_DEPTH as u64 + 501));
    });
}

#[test]
fn two_hundred_connections_are_served_and_no_more_than_allowed() {
    let bench = Bench::with(State::new("j1".into()), |served| Served { connections: 200, ..served });
    let mut all: Vec<Raw> = (0..200).map(|_| Raw::greeted(&bench.path)).collect();
    assert!(bench.raw().closed_why().starts_with("too many consoles are attached"));
    for (ask, raw) in all.iter_mut().enumerate() {
        raw.say(&json!({"command": {"ask": ask, "cmd_id": format!("c{ask}"), "command": note("a")}}));
    }
    for (ask, raw) in all.iter_mut().enumerate() {
        assert_eq!(raw.line()["accepted"]["ask"], ask);
    }
    // One that leaves makes room; its end is seen by the end of its stream.
    let mut leaver = all.pop().unwrap();
    leaver.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(leaver.line(), Value::Null);
    Raw::greeted(&bench.path);
}

#[test]
fn answers_still_come_after_the_peer_said_its_last_word() {
    let bench = Bench::new();
    let mut raw = bench.raw();
    write!(raw.stream, "{}\n{}\n", hello(), json!({"command": {"ask": 4, "cmd_id": "c1", "command": note("a")}})).unwrap();
    raw.stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    raw.lines.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#"{"accepted":{"ask":4"#), "{answer}");
}

#[test]
fn a_lost_engine_is_told_and_the_next_one_is_found() {
    let mut bench = Bench::new();
    let client = bench.client();
    let waiting = bench.runtime.spawn({
        let client = client.clone();
        async move { client.send_as(new_cmd_id(), note("silence")).await }
    });
    bench.seen.recv_timeout(HANG).unwrap();
    bench.server.abort();
    let ended = bench.runtime.block_on(&mut bench.server);
    assert!(ended.is_err_and(|error| error.is_cancelled()));
    assert_eq!(bench.block(waiting).unwrap(), Reply::Gone);

    // Seen as gone by the next question too, and by a newcomer.
    assert_eq!(bench.block(client.send_as(new_cmd_id(), note("a"))), Reply::Gone);
    assert!(bench.block(SocketClient::connect(bench.folder.path(), None)).unwrap().is_none());
    assert!(matches!(bench.block(client.follow()), Err(LinkError::Gone)));

    let listener = {
        let _inside = bench.runtime.enter();
        listen(&"j1".into(), bench.folder.path(), None).unwrap()
    };
    bench.runtime.spawn(serve(listener, bench.handle.clone(), Served::new("j1".into(), Epoch(4))));
    let reply = bench.block(client.send_as(new_cmd_id(), note("b")));
    assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
}

/// Needs root to become somebody else; without it the kernel's refusal is what keeps others out.
#[cfg(target_os = "linux")]
#[test]
fn another_user_is_turned_away() {
    let bench = Bench::new();
    for (path, mode) in [(bench.folder.path(), 0o755), (&*bench.path, 0o666)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let path = bench.path.clone();
    let is_root = rustix::process::geteuid().is_root();
    // Only this thread becomes the other user.
    let stranger = std::thread::spawn(move || {
        let nobody = rustix::process::Uid::from_raw(65_534);
        rustix::thread::set_thread_uid(nobody).map(|()| Raw::connect(&path).closed_why())
    });
    match stranger.join().unwrap() {
        Ok(why) => assert_eq!(why, "this engine serves another user"),
        Err(error) => assert!(!is_root, "{error}"),
    }
    assert!(bench.seen.try_recv().is_err());
    bench.assert_alive();
}
