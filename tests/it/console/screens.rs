//! Every pane and dialog at several sizes, empty, busy and failing: text in `tests/screens/`. `UPDATE=1` rewrites it.

use std::path::PathBuf;

use ouioe::console::UiSettings;
use ouioe::console::glyph::Glyphs;
use ouioe::console::update::Msg;
use ouioe::model::command::Consent;
use ouioe::model::failure::Certainty;
use ouioe::model::outcome::PlanOutcome;
use ouioe::model::state::State;
use ouioe::model::time::Millis;

use super::world::{Desk, Engine, busy, deploy, failing, plan, risky, text_of};

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
    let (failing, _) = failing();
    scene("runs-failing", &failing.state, |desk| desk.press("␛"));
    scene("plan-failing", &failing.state, open);
    scene("step-failing", &failing.state, |desk| desk.press("␛\r2"));
    let mut unknown = engine;
    unknown.succeed(&run, "deploy-canary");
    let done = unknown.state.runs[&run].counts.settled;
    assert_eq!(done, 5);
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
