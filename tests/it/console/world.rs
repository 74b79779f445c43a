//! Plans, an engine made of the real fold, and a console's model without a terminal: what the console's tests stand on.

use std::collections::BTreeMap;
use std::sync::Arc;

use ouioe::console::app::{App, Now, Setup};
use ouioe::console::input::Parser;
use ouioe::console::settings::UiSettings;
use ouioe::console::theme::Theme;
use ouioe::console::update::{self, Deed, Msg, Order, update};
use ouioe::console::view::view;
use ouioe::engine::handle::{FeedItem, Reply};
use ouioe::machine::{self, Ctx};
use ouioe::model::actor::Actor;
use ouioe::model::command::{AttemptOutcome, Command, Consent, Report, Request, Submit};
use ouioe::model::event::Event;
use ouioe::model::failure::{Certainty, ExitFacts, Failure, FailureClass};
use ouioe::model::ids::{AttemptNo, CmdId, Epoch, JournalId, RunId};
use ouioe::model::intent::Intent;
use ouioe::model::plan::Plan;
use ouioe::model::settings::{EngineSettings, Settings};
use ouioe::model::state::State;
use ouioe::model::time::{Millis, Stamp};
use ouioe::policy::digest::seal;
use ouioe::spool::OutputChunk;
use ratatui::buffer::Buffer;
use serde_json::{Value, json};

/// 2026-01-02 03:04:05 UTC.
pub const START: Stamp = Stamp(1_767_323_045_000);

pub fn ana() -> Actor {
    Actor::Local { uid: 1000, name: "ana".to_owned() }
}

/// `id: need need?fail | effect operation target`, one step a line.
pub fn plan(title: &str, lines: &[&str]) -> Plan {
    let steps: Vec<Value> = lines.iter().map(|line| step(line)).collect();
    let approval = steps.iter().any(|step| step["approval"] == json!(true));
    let mut plan: Plan = serde_json::from_value(json!({
        "digest": "0".repeat(64), "revision": 1, "title": title, "intent": title, "source": { "kind": "intent" },
        "approval_required": approval, "steps": steps,
    }))
    .expect("a plan");
    seal(&mut plan);
    plan
}

fn step(line: &str) -> Value {
    let (head, tail) = line.split_once('|').expect("id: needs | effect operation target");
    let (id, needs) = head.split_once(':').expect("id:");
    let mut words = tail.split_whitespace();
    let (effect, operation) = (words.next().expect("effect"), words.next().expect("operation"));
    let target = words.next().unwrap_or("localhost");
    let needs: Vec<Value> = needs
        .split_whitespace()
        .map(|need| match need.split_once('?') {
            Some((step, "fail")) => json!({ "step": step, "when": "failure" }),
            Some((step, "data")) => json!({ "step": step, "kind": "data" }),
            Some((step, _)) => json!({ "step": step, "when": "always" }),
            None => json!({ "step": need }),
        })
        .collect();
    let rest: Vec<&str> = words.collect();
    let mut params = json!({ "host": target });
    // A value of another step is a parameter, as the planner makes it.
    if let Some(hole) = rest.iter().find(|word| word.contains("${")) {
        params["unit"] = json!(hole);
    }
    let (program, args) =
        (format!("/usr/bin/{}", operation.replace('.', "-")), ["--host", target].into_iter().chain(rest).collect::<Vec<_>>());
    json!({
        "id": id.trim(), "operation": operation, "params": params, "effect": effect, "low_risk": false,
        "repeat": if effect == "read" { "pure" } else { "at_most_once" }, "needs": needs, "critical": true, "approval": effect != "read",
        "timeout_ms": 90_000, "retry": { "limit": u8::from(effect == "read"), "base_ms": 1000, "cap_ms": 1000 },
        "action": { "kind": "command", "program": { "path": program, "sha256": "ab".repeat(32) },
            "args": args, "env": {}, "secrets": {}, "output": "json" },
    })
}

pub fn deploy() -> Plan {
    plan(
        "deploy checkout",
        &[
            "preflight: | read host.facts localhost",
            "snapshot-db: preflight | read automation.snapshot pg-1",
            "drain-lb: preflight | read network.drain lb-2",
            "migrate: snapshot-db | read automation.migrate pg-1",
            "deploy-canary: migrate drain-lb | read automation.deploy web-1",
            "smoke-test: deploy-canary | read network.probe web-1",
            "rollout: smoke-test | read automation.deploy web-all",
            "undo-rollout: rollout?fail | read automation.undo web-all",
            "verify: smoke-test rollout?data | read analyzer.verify web-all",
            "notify: rollout verify | read notify.mail ops",
        ],
    )
}

/// A change and a destroy, after a read.
pub fn risky() -> Plan {
    plan(
        "purge cache",
        &[
            "look: | read host.disk web-3",
            "restart: look | mutate host.restart_service web-3 nginx",
            "purge: restart | destroy host.clean_files web-3 /var/cache/x y",
        ],
    )
}

/// The fold without journal, threads or services: what happens is what the test reports.
pub struct Engine {
    pub state: State,
    pub settings: Settings,
    pub now: Stamp,
    commands: u32,
    journal: Vec<Event>,
}

impl Engine {
    pub fn new() -> Self {
        let mut engine =
            Self { state: State::new(JournalId::new("test")), settings: Settings::default(), now: START, commands: 0, journal: Vec::new() };
        engine.report(Report::EngineStarted { epoch: Epoch(1), pid: 1, version: "test".to_owned() });
        engine
    }

    pub fn request(&mut self, actor: Actor, command: Command) -> (Reply, Vec<FeedItem>) {
        self.commands += 1;
        let request = Request { cmd_id: CmdId::new(format!("c{}", self.commands)), actor, command };
        let ctx = Ctx { now: self.now, seed: [7; 32], settings: &self.settings, may_start: true };
        match machine::turn(&mut self.state, &request, &ctx) {
            Ok(turn) => {
                self.journal.extend(turn.events.iter().map(|event| (**event).clone()));
                let items = turn.plan.map(FeedItem::Plan).into_iter().chain(turn.events.into_iter().map(FeedItem::Event)).collect();
                (Reply::Accepted { seq: turn.first, run: turn.run }, items)
            }
            Err(refusal) => (Reply::Refused(refusal), Vec::new()),
        }
    }

    pub fn report(&mut self, report: Report) -> Vec<FeedItem> {
        let (reply, items) = self.request(Actor::Engine, Command::Report(report));
        assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
        items
    }

    pub fn submit(&mut self, plan: &Plan, consent: Consent) -> (RunId, Vec<FeedItem>) {
        let intent = Intent { text: plan.intent.clone(), actor: ana(), host: "prod".to_owned(), session: String::new() };
        let submit = Submit { intent, plan: Box::new(plan.clone()), consent, attended: true };
        let (reply, items) = self.request(ana(), Command::Submit(submit));
        let Reply::Accepted { run: Some(run), .. } = reply else { panic!("{reply:?}") };
        (run, items)
    }

    /// The run's events.
    pub fn story(&self, run: &RunId) -> Vec<Event> {
        self.journal.iter().filter(|event| event.run.as_ref() == Some(run)).cloned().collect()
    }

    pub fn attempt(&self, run: &RunId, step: &str) -> AttemptNo {
        let workflow = &self.state.runs[run];
        let ix = workflow.graph().expect("its plan").ix(&step.into()).expect(step);
        workflow.step(ix).attempt
    }

    fn finished(&mut self, run: &RunId, step: &str, outcome: AttemptOutcome) -> Vec<FeedItem> {
        let attempt = self.attempt(run, step);
        self.report(Report::Finished { run: run.clone(), step: step.into(), attempt, outcome: Box::new(outcome) })
    }

    pub fn succeed(&mut self, run: &RunId, step: &str) -> Vec<FeedItem> {
        self.now = self.now + Millis(9_000);
        let result = json!({ "host": "web-1", "disks": [{ "path": "/", "free_gib": 41 }, { "path": "/var", "free_gib": 3 }], "ok": true });
        self.finished(run, step, AttemptOutcome::Succeeded { result, verdict: None, exit: Some(exit(0)), spool: None })
    }

    pub fn fail(&mut self, run: &RunId, step: &str, certainty: Certainty) -> Vec<FeedItem> {
        self.now = self.now + Millis(9_000);
        let failure = Failure { certainty, class: FailureClass::Permanent, detail: "2 of 14 probes failed".to_owned(), retry_after: None };
        let error_tail = "GET /v1/pay 503 upstream reset\nFAIL 2 of 14 probes".to_owned();
        self.finished(run, step, AttemptOutcome::Failed { failure, exit: Some(exit(7)), spool: None, error_tail })
    }
}

fn exit(code: i32) -> ExitFacts {
    ExitFacts { code: Some(code), wall_ms: Millis(9_000), ..ExitFacts::default() }
}

/// A deploy run in which the smoke test failed and waits.
pub fn failing() -> (Engine, RunId) {
    let (mut engine, run) = busy();
    engine.succeed(&run, "deploy-canary");
    engine.fail(&run, "smoke-test", Certainty::FailedKnown);
    (engine, run)
}

/// A deploy run in the middle.
pub fn busy() -> (Engine, RunId) {
    let mut engine = Engine::new();
    let plan = deploy();
    let (run, _) = engine.submit(&plan, Consent::Shown { digest: plan.digest });
    for step in ["preflight", "snapshot-db", "drain-lb", "migrate"] {
        engine.succeed(&run, step);
    }
    (engine, run)
}

/// A console's model, driven by hand.
pub struct Desk {
    pub app: App,
    pub now: Now,
    pub deeds: Vec<Deed>,
    keys: Parser,
}

impl Desk {
    pub fn new(state: &State, size: (u16, u16)) -> Self {
        Self::with(state, size, UiSettings::default())
    }

    pub fn with(state: &State, size: (u16, u16), settings: UiSettings) -> Self {
        let theme = Theme::named(&settings.theme).expect("embedded");
        let render = |workflow: &_, action: &_| machine::rendered(workflow, action).map_err(|error| error.detail().to_owned());
        let mut app = App::new(Setup {
            state: state.clone(),
            settings,
            theme,
            actor: ana(),
            host: "prod".to_owned(),
            link: "in process".into(),
            in_process: true,
            fold: machine::apply,
            render,
            catalogue: Arc::new(ouioe::service::manifest::load(None).expect("the embedded manifests")),
            limits: EngineSettings::default(),
            size,
        });
        update::begin(&mut app, None);
        let now = Now { mono: Millis(1_000), wall: Stamp(START.0 + 60_000) };
        let mut desk = Self { app, now, deeds: Vec::new(), keys: Parser::default() };
        desk.tell(Msg::Tick);
        desk
    }

    pub fn tell(&mut self, msg: Msg) {
        self.deeds.extend(update(&mut self.app, msg, self.now));
    }

    /// Bytes as a terminal sends them; `␛` is the Esc key, with nothing close behind it.
    pub fn press(&mut self, bytes: &str) {
        let mut inputs = Vec::new();
        for (at, piece) in bytes.split('␛').enumerate() {
            self.keys.feed(if at > 0 { b"\x1b" } else { b"" }, &mut inputs);
            self.keys.give_up(&mut inputs);
            self.keys.feed(piece.as_bytes(), &mut inputs);
        }
        for input in inputs {
            self.tell(Msg::Input(input));
        }
    }

    pub fn pass(&mut self, span: Millis) {
        self.now = Now { mono: Millis(self.now.mono.0 + span.0), wall: self.now.wall + span };
        self.tell(Msg::Tick);
    }

    /// Draws, and tells that it is on the terminal.
    pub fn frame(&mut self) -> Buffer {
        let (buffer, _) = view(&self.app, self.now);
        let frame = self.app.frame;
        self.app.frame += 1;
        self.app.dirty = ouioe::console::app::Dirty::Clean;
        self.tell(Msg::FrameWritten { frame });
        buffer
    }

    /// A frame, and the time until it is armed.
    pub fn look(&mut self) {
        self.frame();
        self.pass(Millis(400));
    }

    pub fn feed(&mut self, items: Vec<FeedItem>) {
        for item in items {
            self.tell(Msg::Fed(item));
        }
    }

    pub fn propose(&mut self, plan: &Plan) {
        self.app.intent.editor.set(&plan.intent);
        self.press("\r");
        let Some(Deed::Plan { ask, .. }) = self.deeds.pop() else { panic!("not asked: {:?}", self.deeds) };
        let outcome = ouioe::model::outcome::PlanOutcome::Plan { approval_required: plan.approval_required, plan: Box::new(plan.clone()) };
        self.tell(Msg::Planned { ask, outcome });
    }

    /// Sends what was ordered to an engine and tells the answers.
    pub fn deliver(&mut self, engine: &mut Engine) {
        for deed in std::mem::take(&mut self.deeds) {
            if let Deed::Send { order, command } = deed {
                let (reply, items) = engine.request(ana(), *command);
                self.feed(items);
                self.tell(Msg::Replied { order, reply });
            }
        }
    }

    /// Answers what it wants of a finished run's plan.
    pub fn anew(&mut self, plan: &Plan) {
        let Some(Deed::Anew { run, .. }) = self.deeds.pop() else { panic!("not asked: {:?}", self.deeds) };
        self.tell(Msg::Anew { run, answer: Ok(plan.clone()) });
    }

    /// Answers with what the journal has of the open run.
    pub fn past(&mut self, events: &[Event]) {
        let Some(at) = self.deeds.iter().position(|deed| matches!(deed, Deed::Past { .. })) else { panic!("not asked: {:?}", self.deeds) };
        let Deed::Past { run } = self.deeds.remove(at) else { return };
        self.tell(Msg::Past { run, answer: Ok(events.to_vec()) });
    }

    /// Answers what it wants to read with these bytes.
    pub fn output(&mut self, bytes: &[u8]) {
        for deed in std::mem::take(&mut self.deeds) {
            if let Deed::Read { source, offset } = deed {
                let at = usize::try_from(offset).expect("small").min(bytes.len());
                let chunk = OutputChunk { offset, bytes: bytes[at..].to_vec(), total: bytes.len() as u64, dropped: 0 };
                self.tell(Msg::Output { source, answer: Ok(chunk) });
            }
        }
        self.deeds.retain(|deed| !matches!(deed, Deed::Read { .. }));
    }

    /// What was ordered, in short.
    pub fn orders(&mut self) -> Vec<String> {
        std::mem::take(&mut self.deeds).into_iter().filter_map(|deed| told(&deed)).collect()
    }
}

/// An order in short; a read is none.
pub fn told(deed: &Deed) -> Option<String> {
    Some(match deed {
        Deed::Improve { text, .. } => format!("improve {text}"),
        Deed::StopImproving => "stop improving".to_owned(),
        Deed::Send { order: Order::Submit, command } => {
            let Command::Submit(submit) = &**command else { panic!("{command:?}") };
            format!("submit {} {}", submit.plan.title, matches!(submit.consent, Consent::Shown { digest } if digest == submit.plan.digest))
        }
        Deed::Send { command, .. } => {
            let value = serde_json::to_value(&**command).expect("json");
            let fields = value.as_object().cloned().unwrap_or_default();
            let at = fields.get("at").and_then(Value::as_object).cloned().unwrap_or_default();
            let all: BTreeMap<String, Value> = fields.into_iter().chain(at).collect();
            let get =
                |name: &str| all.get(name).filter(|value| !value.is_null()).map(|value| format!(" {}", value.to_string().replace('"', "")));
            let parts: String = ["step", "now", "expected_rev", "evidence"].iter().filter_map(|name| get(name)).collect();
            format!("{}{parts}", all["verb"].as_str().expect("a verb"))
        }
        Deed::Plan { text, .. } => format!("plan {text}"),
        Deed::Bell => "bell".to_owned(),
        Deed::Leave(exit) => format!("leave {exit:?}"),
        Deed::Suspend => "suspend".to_owned(),
        Deed::Repaint => "repaint".to_owned(),
        Deed::Rejoin => "rejoin".to_owned(),
        Deed::Save { path, .. } => format!("save {path}"),
        Deed::Anew { run, .. } => format!("anew {run}"),
        Deed::Revise { step, set, .. } => format!("revise {step} {set:?}"),
        Deed::Read { .. } | Deed::Past { .. } => return None,
    })
}

/// The frame as text, without blanks at the ends.
pub fn text_of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = ouioe::text::width(symbol).max(1);
            }
            skip -= 1;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
