//! Every pane and dialog at several sizes, empty, busy and failing: text in `tests/screens/`. `UPDATE=1` rewrites it.

use std::path::PathBuf;
use std::sync::Arc;

use ouioe::console::UiSettings;
use ouioe::console::glyph::Glyphs;
use ouioe::console::input::Input;
use ouioe::console::update::Msg;
use ouioe::engine::handle::FeedItem;
use ouioe::model::actor::Actor;
use ouioe::model::command::{Command, Consent, StepRef};
use ouioe::model::event::{Event, Fact};
use ouioe::model::failure::Certainty;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::state::State;
use ouioe::model::time::Millis;

use ouioe::console::update::Deed;
use ouioe::engine::proposing::Improvement;
use ouioe::engine::telling::{Live, Stage, Told};
use ouioe::llm::Usage;
use ouioe::model::why::{ThinkingKind, Thought};

use super::world::{Desk, Engine, ana, busy, deploy, failing, plan, risky, text_of};

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 60), (40, 10)];

const OUTPUT: &[u8] = b"03:07:34 probe suite pay: 14 probes\n03:07:41 GET /v1/cart 200 31ms\n03:07:42 GET /v1/pay  503 1004ms  upstream reset\n03:07:43 \x1b[31mFAIL\x1b[0m 2 of 14 probes; exit 7\n";

/// Compares with the file, or writes it.
fn check(name: &str, screen: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&path, screen).expect("write the screen");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(screen, expected, "{} differs; UPDATE=1 rewrites it", path.display());
}

/// One scene at every size.
fn scene(name: &str, state: &State, play: impl Fn(&mut Desk)) {
    for size in SIZES {
        let mut desk = Desk::new(state, size);
        play(&mut desk);
        desk.output(OUTPUT);
        let screen = text_of(&desk.frame());
        check(&format!("{name}-{}x{}", size.0, size.1), &screen);
    }
}

#[test]
fn intent() {
    let empty = Engine::new();
    scene("intent-empty", &empty.state, |_| {});
    scene("intent-planning", &empty.state, |desk| desk.press("restart nginx on web-3 and verify\r"));
    scene("intent-clarify", &empty.state, |desk| {
        desk.press("restart nginx\r");
        let choices = ["web-1", "web-3"].map(str::to_owned).to_vec();
        let outcome = PlanOutcome::Clarify { question: "On which host?".to_owned(), missing: vec!["host".to_owned()], choices };
        desk.tell(Msg::Planned { ask: 1, outcome });
        desk.press("\x1b[B\x1b[B");
    });
    scene("intent-refused", &empty.state, |desk| {
        desk.press("make me a sandwich\r");
        let outcome =
            PlanOutcome::Refuse { reason: "no operation makes food".to_owned(), nearest: vec!["host.restart_service".to_owned()] };
        desk.tell(Msg::Planned { ask: 1, outcome });
    });
}

#[test]
fn proposals() {
    let empty = Engine::new();
    scene("plan-empty", &empty.state, |desk| desk.press("␛1"));
    scene("plan-proposed-read", &empty.state, |desk| {
        desk.propose(&deploy());
        desk.look();
    });
    scene("plan-proposed-arming", &empty.state, |desk| desk.propose(&deploy()));
    scene("plan-proposed-risky", &empty.state, |desk| {
        desk.propose(&risky());
        desk.look();
    });
    let cleaning = || {
        let mut plan = plan("clean", &["clean: | destroy host.clean_files web-3"]);
        let file = |at: i64| serde_json::json!({ "path": format!("old file {at}.log"), "inode": 10_027_000 + at, "size": 20_000, "modified_ns": 1_791_912_729_740_269_072_i64 });
        let items: Vec<serde_json::Value> = (0..30).map(file).collect();
        plan.steps[0].action = serde_json::from_value(serde_json::json!({
            "kind": "builtin", "name": "clean_files", "owned": true, "params": { "items": items.clone(), "path": "/srv/cache" }
        }))
        .expect("an action");
        plan.steps[0].params.insert("path".to_owned(), "/srv/cache".into());
        plan.steps[0].params.insert("items".to_owned(), items.into());
        plan.steps[0].provenance.insert("items".to_owned(), ouioe::model::plan::Provenance::Preview);
        ouioe::policy::digest::seal(&mut plan);
        plan
    };
    scene("plan-files", &empty.state, |desk| {
        desk.propose(&cleaning());
        desk.look();
    });
    scene("dialog-files", &empty.state, |desk| {
        desk.propose(&cleaning());
        desk.look();
        desk.press("a");
        desk.look();
    });
    scene("step-proposed", &empty.state, |desk| {
        desk.propose(&risky());
        desk.look();
        desk.press("jjl");
    });
}

#[test]
fn runs_and_their_steps() {
    let (engine, run) = busy();
    let open = |desk: &mut Desk| desk.press("␛\r");
    scene("runs-empty", &Engine::new().state, |desk| desk.press("␛"));
    scene("runs-busy", &engine.state, |desk| desk.press("␛"));
    scene("plan-busy", &engine.state, open);
    scene("step-busy", &engine.state, |desk| desk.press("␛\r2"));
    scene("step-result", &engine.state, |desk| desk.press("␛\rgg2gtj\r"));
    scene("step-facts", &engine.state, |desk| desk.press("␛\r2gfj"));
    let (failing, _) = failing();
    scene("runs-failing", &failing.state, |desk| desk.press("␛"));
    scene("plan-failing", &failing.state, open);
    scene("step-failing", &failing.state, |desk| desk.press("␛\r2"));
    let mut unknown = engine;
    unknown.succeed(&run, "deploy-canary");
    let done = unknown.state.runs[&run].counts.settled;
    assert_eq!(done, 5);
}

/// What waits, over several runs and in every kind.
#[test]
fn inbox() {
    let (mut engine, _) = failing();
    let risky = risky();
    let (unknown, _) = engine.submit(&risky, Consent::Shown { digest: risky.digest });
    engine.succeed(&unknown, "look");
    engine.fail(&unknown, "restart", Certainty::Unknown);
    engine.submit(&plan("rotate keys", &["rotate: | destroy host.clean_files ca-1"]), Consent::None);
    scene("inbox-empty", &Engine::new().state, |desk| desk.press("␛6"));
    scene("inbox-busy", &engine.state, |desk| desk.press("␛6j"));
    scene("inbox-find", &engine.state, |desk| desk.press("␛6/unkn"));
    scene("inbox-opened", &engine.state, |desk| {
        desk.press("␛6G\r");
        desk.look();
    });
    scene("runs-several", &engine.state, |desk| desk.press("␛5j"));
    scene("runs-find", &engine.state, |desk| desk.press("␛5/deploy\r"));
    scene("palette", &engine.state, |desk| desk.press("␛5:"));
    scene("palette-find", &engine.state, |desk| desk.press("␛5\r:ski"));
}

/// Back after a while: what waits, what ended, what goes on.
#[test]
fn a_card_on_return() {
    let (mut engine, _) = failing();
    let one = plan("check", &["one: | read host.facts web-1"]);
    let (good, _) = engine.submit(&one, Consent::Shown { digest: one.digest });
    engine.succeed(&good, "one");
    engine.submit(&one, Consent::Shown { digest: one.digest });
    scene("card", &engine.state, |desk| {
        desk.press("␛");
        desk.app.show_card(super::world::START);
    });
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛");
    for (event, shown) in [(Input::FocusLost, false), (Input::FocusGained, false), (Input::FocusLost, false)] {
        desk.tell(Msg::Input(event));
        assert_eq!(desk.app.card.is_some(), shown, "a glance elsewhere is not away");
    }
    desk.app.left = Some(super::world::START);
    desk.tell(Msg::Input(Input::FocusGained));
    assert!(desk.app.card.is_some());
    desk.press("␛");
    assert!(desk.app.card.is_none() && desk.app.pane == ouioe::console::pane::Pane::Runs, "Esc takes the card and nothing else");
    desk.pass(Millis(10_000));
    desk.press("j");
    desk.pass(Millis(700_000));
    desk.press("j");
    assert!(desk.app.card.is_none(), "nothing happened since the last key");
}

/// The whole output, searched.
#[test]
fn log() {
    let (failing, _) = failing();
    scene("log", &failing.state, |desk| desk.press("␛\r3"));
    scene("log-empty", &Engine::new().state, |desk| desk.press("␛3"));
    for size in SIZES {
        let mut desk = Desk::new(&failing.state, size);
        desk.press("␛\r3");
        let line = |at: usize| if at % 100 == 7 { format!("line {at} has the Needle") } else { format!("line {at} is hay") };
        let long = (0..500).map(line).collect::<Vec<String>>().join("\n");
        desk.output(long.as_bytes());
        desk.press("/needle\r");
        desk.press("n");
        check(&format!("log-find-{}x{}", size.0, size.1), &text_of(&desk.frame()));
    }
}

#[test]
fn why() {
    let (failing, run) = failing();
    let mut story = failing.story(&run);
    scene("why-failing", &failing.state, |desk| {
        desk.press("␛\r4");
        desk.past(&story);
    });
    scene("why-proposed", &Engine::new().state, |desk| {
        desk.propose(&risky());
        desk.look();
        desk.press("v");
    });
    story.clear();
    scene("why-live", &failing.state.clone(), |desk| {
        desk.press("␛\r4G");
        desk.past(&story);
    });
    let adapted = Fact::AdaptationChosen {
        strategy: "longer timeout".to_owned(),
        reasons: vec!["p95 was 61 s".to_owned()],
        rejected: vec!["skip: the step is critical".to_owned()],
    };
    let event = Event {
        v: 1,
        seq: failing.state.seq.next(),
        at: failing.now,
        run: Some(run),
        step: Some("smoke-test".into()),
        attempt: None,
        actor: Actor::Engine,
        cmd: None,
        fact: adapted,
    };
    scene("why-adapted", &failing.state, |desk| {
        desk.press("␛\r4");
        desk.past(&[]);
        desk.feed(vec![FeedItem::Event(event.clone().into())]);
        desk.press("G");
    });
}

#[test]
fn dialogs() {
    let (failing, _) = failing();
    scene("dialog-failed", &failing.state, |desk| {
        desk.press("␛A");
        desk.look();
    });
    scene("dialog-failed-arming", &failing.state, |desk| {
        desk.press("␛A");
        desk.frame();
        desk.pass(Millis(200));
    });
    // Somebody else decides while it is open.
    scene("dialog-changed", &failing.state, |desk| {
        desk.press("␛A");
        desk.look();
        let (mut engine, run) = super::world::failing();
        let at = StepRef { run, step: "smoke-test".into(), expected_rev: None };
        let bob = Actor::Local { uid: 1001, name: "bob".to_owned() };
        let (_, items) = engine.request(bob, Command::Skip { at, reason: String::new() });
        desk.feed(items);
    });
    scene("dialog-proposal", &Engine::new().state, |desk| {
        desk.propose(&risky());
        desk.look();
        desk.press("a");
        desk.look();
    });
    scene("dialog-cancel", &failing.state, |desk| {
        desk.press("␛\rx");
        desk.look();
    });
    scene("dialog-leave", &failing.state, |desk| {
        desk.press("␛q");
        desk.look();
    });
}

/// A change whose bytes are known only after a read: its own gate shows them, filled in.
#[test]
fn a_late_gate() {
    let mut engine = Engine::new();
    let plan =
        plan("t", &["look: | read host.facts web-3", "restart: look?data | mutate host.restart_service web-3 ${steps.look.output.host}"]);
    let (run, _) = engine.submit(&plan, Consent::Shown { digest: plan.digest });
    engine.succeed(&run, "look");
    scene("plan-gate", &engine.state, |desk| desk.press("␛\r"));
    scene("dialog-gate", &engine.state, |desk| {
        desk.press("␛A");
        desk.look();
    });
}

/// An engine ended and another came: nothing is said to run that does not.
#[test]
fn parked() {
    let (mut engine, _) = busy();
    engine.report(ouioe::model::command::Report::EngineStarted { epoch: ouioe::model::ids::Epoch(2), pid: 2, version: "test".to_owned() });
    scene("runs-parked", &engine.state, |desk| desk.press("␛"));
    scene("plan-parked", &engine.state, |desk| desk.press("␛\r"));
}

#[test]
fn outcome_unknown() {
    let mut engine = Engine::new();
    let plan = risky();
    let (run, _) = engine.submit(&plan, Consent::Shown { digest: plan.digest });
    engine.succeed(&run, "look");
    engine.fail(&run, "restart", Certainty::Unknown);
    scene("plan-unknown", &engine.state, |desk| desk.press("␛\r"));
    scene("dialog-unknown", &engine.state, |desk| {
        desk.press("␛A");
        desk.look();
        desk.press("H");
        desk.press("seen in the log");
    });
}

/// Steps that run the same script: their values are read first, the script stands once behind them.
#[test]
fn scripts() {
    let lines = [
        "one: | mutate host.restart_service web-3 nginx",
        "wait: one | read automation.wait",
        "two: wait | mutate host.restart_service web-4 nginx",
    ];
    let mut plan = plan("restart nginx", &lines);
    for step in &mut plan.steps {
        if step.id.as_str() == "wait" {
            step.params.clear();
        } else if let ouioe::model::action::Action::Command { args, .. } = &mut step.action {
            args.insert(0, ouioe::model::action::Operand("verb=$1\nsystemctl \"$verb\" nginx\n".to_owned()));
        }
    }
    ouioe::policy::digest::seal(&mut plan);
    scene("dialog-scripts", &Engine::new().state, |desk| {
        desk.propose(&plan);
        desk.look();
        desk.press("a");
        desk.look();
        desk.press("G");
    });
}

/// Runs that are over by a person's word, and the plan of one looked at again.
#[test]
fn over() {
    let mut engine = Engine::new();
    let rotate = plan("rotate keys", &["rotate: | destroy host.clean_files ca-1"]);
    let (rejected, _) = engine.submit(&rotate, Consent::None);
    engine.request(ana(), Command::Reject { run: rejected, step: None, reason: String::new() });
    let two = plan(
        "a title that is longer than the row of a list has room for it",
        &["first: | read host.facts", "second: first | read host.facts"],
    );
    let (cut, _) = engine.submit(&two, Consent::Shown { digest: two.digest });
    engine.request(ana(), Command::Cancel { run: cut.clone(), now: true, reason: String::new() });
    engine.fail(&cut, "first", Certainty::FailedKnown);
    scene("runs-over", &engine.state, |desk| desk.press("␛"));
    scene("plan-stopped", &engine.state, |desk| desk.press("␛\r"));
    scene("plan-rejected", &engine.state, |desk| desk.press("␛j\r"));
    scene("plan-again", &engine.state, |desk| {
        desk.press("␛j\ro");
        desk.anew(&rotate);
        desk.look();
    });
}

#[test]
fn help() {
    scene("help", &Engine::new().state, |desk| desk.press("␛?"));
}

/// `TERM=vt100 LC_ALL=C NO_COLOR=1`: everything is told by ASCII text.
#[test]
fn ascii_without_colour() {
    let (failing, _) = failing();
    let settings = UiSettings { glyphs: Glyphs::Ascii, theme: "mono".to_owned(), ..UiSettings::default() };
    let mut desk = Desk::with(&failing.state, (80, 24), settings);
    desk.press("␛\r");
    desk.output(OUTPUT);
    let buffer = desk.frame();
    let screen = text_of(&buffer);
    assert!(screen.is_ascii());
    let plain = |cell: &ratatui::buffer::Cell| (cell.fg, cell.bg) == (ratatui::style::Color::Reset, ratatui::style::Color::Reset);
    assert!(buffer.content.iter().all(plain));
    check("plan-failing-ascii-80x24", &screen);
}

/// Whatever a step, a host or a plan is called, the screen holds no character that acts on a terminal.
#[test]
fn hostile_names() {
    let evil = [
        "\u{1b}]0;pwned\u{7}",
        "\u{202e}live",
        "a\u{9b}31mb",
        "│ approve │",
        "e\u{301}\u{301}\u{301}",
        "日本語のホスト名はとても長い",
        "x\ny\rz",
    ];
    let mut hostile = plan("t", &["one: | destroy host.clean_files h", "two: one | read host.facts h"]);
    for text in evil {
        text.clone_into(&mut hostile.title);
        text.clone_into(&mut hostile.intent);
        hostile.steps[0].id = text.into();
        hostile.steps[1].needs[0].step = text.into();
        hostile.steps[0].params.insert("host".to_owned(), text.into());
        ouioe::policy::digest::seal(&mut hostile);
        for size in SIZES.into_iter().chain([(1, 1), (2, 2), (7, 3), (20, 5), (250, 80)]) {
            let mut desk = Desk::new(&Engine::new().state, size);
            desk.propose(&hostile);
            for keys in ["", "l", "␛a", "\x1b[6~"] {
                desk.press(keys);
                let buffer = desk.frame();
                desk.pass(Millis(400));
                for cell in &buffer.content {
                    assert!(
                        !cell.symbol().chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
                        "{:?}",
                        cell.symbol()
                    );
                }
            }
        }
    }
}

/// The operations that are built in, one of them open, and what is frozen.
#[test]
fn services() {
    let mut engine = Engine::new();
    engine.request(ana(), Command::Freeze { target: "web-3".to_owned(), reason: "its disk is being replaced".to_owned() });
    scene("services", &engine.state, |desk| desk.press("␛8"));
    scene("services-unbound", &engine.state, |desk| desk.press("␛8/not bound\rjj\r"));
}

fn usage() -> Usage {
    Usage { tokens_in: Some(812), tokens_out: Some(95), cost: Some(210), elapsed_ms: 2_340, rounds: 1 }
}

/// A model's plan beside the one that stands: ^Y opens what differs, what it took, and exactly what would run.
#[test]
fn another_plan() {
    let empty = Engine::new();
    let standing = plan("look at checkout", &["look: | read host.facts web-1", "notify: look | read notify.mail ops"]);
    let other = plan("look at checkout", &["look: | read host.facts web-1", "restart: look | mutate host.restart_service web-1 nginx"]);
    scene("dialog-other", &empty.state, |desk| {
        desk.app.other.model = Some("llama3.1:8b".to_owned());
        desk.app.intent.editor.set(&standing.intent);
        desk.press("\r");
        let Some(Deed::Plan { ask, .. }) = desk.deeds.pop() else { panic!("not asked") };
        let outcome = PlanOutcome::Plan { approval_required: false, plan: Box::new(standing.clone()) };
        desk.tell(Msg::Planned { ask, outcome });
        let found = Improvement {
            model: "llama3.1:8b".to_owned(),
            plan: Some(std::sync::Arc::new(other.clone())),
            is_better: true,
            why: "it explains 5 of 6 words, the plan that stands 3; the roles give it 812 of 1000 to 640".to_owned(),
            usage: usage(),
            problems: Vec::new(),
            decision: None,
            thinking: Vec::new(),
            samples: 1,
        };
        desk.tell(Msg::Improved { ask, found: Some(Box::new(found)) });
        desk.look();
        desk.press("\u{19}");
        desk.look();
    });
}

/// Why tells what others think who plan on the same engine.
#[test]
fn thinking_of_others() {
    let empty = Engine::new();
    scene("why-others", &empty.state, |desk| {
        for (console, ask, text) in [("a", 1, "of an older question"), ("a", 2, "2 clauses"), ("b", 1, "asks: which \u{1b}[31mhost?")] {
            let thought = Thought { kind: ThinkingKind::Analysis, text: text.to_owned(), conclusion: true };
            let intent = "restart nginx on web-3\u{1b}]0;x\u{7}".to_owned();
            let thinking = ouioe::model::why::Thinking { asker: "ana(1000)".to_owned(), console: console.to_owned(), ask, intent, thought };
            desk.tell(Msg::Fed(FeedItem::Thinking(Arc::new(thinking))));
        }
        desk.press("␛4");
    });
}

/// Where no plan came of it, Why tells what was thought and how far the model is.
#[test]
fn thinking() {
    let empty = Engine::new();
    let thought = |kind, text: &str, conclusion| Told::Thought(Thought { kind, text: text.to_owned(), conclusion });
    for (name, keys) in [("why-thinking", ""), ("why-thinking-in-full", "d")] {
        scene(name, &empty.state, |desk| {
            desk.app.other.model = Some("llama3.1:8b".to_owned());
            desk.press("make me a sandwich\r");
            desk.tell(Msg::Told { ask: 1, told: thought(ThinkingKind::Initialization, "reads: make me a sandwich", false) });
            desk.tell(Msg::Told { ask: 1, told: thought(ThinkingKind::Analysis, "1 clauses", true) });
            desk.tell(Msg::Told { ask: 1, told: thought(ThinkingKind::ResultAnalysis, "refuses: no operation makes food", true) });
            let outcome = PlanOutcome::Refuse { reason: "no operation makes food".to_owned(), nearest: Vec::new() };
            desk.tell(Msg::Planned { ask: 1, outcome });
            let stage = Stage::Repairing { faults: 2, first: "step 1: operation `food.make` was not offered".to_owned() };
            let live = Live { model: "llama3.1:8b".to_owned(), samples: 1, stage, pieces: 0, usage: usage() };
            desk.tell(Msg::Told { ask: 1, told: Told::Model(live) });
            desk.press("␛4");
            desk.press(keys);
        });
    }
}
