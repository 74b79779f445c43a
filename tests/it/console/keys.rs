//! Keys in, orders out, as data. A script is words: `press:…` bytes (`␛` Esc, `⏎` Enter, `␣` blank, `␤` line feed), `paste:…`, `look` (a
//! frame is shown and 400 ms pass), `frame`, `+MS`, `deliver` (the engine answers), `read` and `risky` (that plan is
//! proposed), `focus`, `blur`, `fail:STEP`, `unknown:STEP`, `succeed:STEP`, `other:skip` (somebody else skips what waits).

use ouioe::console::input::Input;
use ouioe::console::update::{Deed, Msg};
use ouioe::model::actor::Actor;
use ouioe::model::command::{Command, Consent, StepRef};
use ouioe::model::failure::Certainty;
use ouioe::model::ids::RunId;
use ouioe::model::time::Millis;

use super::world::{Desk, Engine, deploy, plan, risky, told};

struct Play {
    desk: Desk,
    engine: Engine,
    orders: Vec<String>,
    pending: Vec<Deed>,
}

impl Play {
    fn run(&self) -> RunId {
        self.engine.state.runs.keys().next().expect("a run").clone()
    }

    fn word(&mut self, word: &str) {
        let (verb, rest) = word.split_once(':').unwrap_or((word, ""));
        let text = rest.replace('⏎', "\r").replace('␣', " ").replace('␤', "\n");
        match verb {
            "press" => self.desk.press(&text),
            "paste" => self.desk.tell(Msg::Input(Input::Paste { text, dropped: 0 })),
            "look" => self.desk.look(),
            "frame" => drop(self.desk.frame()),
            "deliver" => {
                self.desk.deeds = std::mem::take(&mut self.pending);
                self.desk.deliver(&mut self.engine);
            }
            "read" => self.desk.propose(&deploy()),
            "risky" => self.desk.propose(&risky()),
            "focus" => self.desk.tell(Msg::Input(Input::FocusGained)),
            "blur" => self.desk.tell(Msg::Input(Input::FocusLost)),
            "succeed" => self.event(|engine, run| engine.succeed(run, rest)),
            "fail" => self.event(|engine, run| engine.fail(run, rest, Certainty::FailedKnown)),
            "unknown" => self.event(|engine, run| engine.fail(run, rest, Certainty::Unknown)),
            "other" => self.event(|engine, run| {
                let bob = Actor::Local { uid: 1001, name: "bob".to_owned() };
                let step = engine.state.runs[run].questions.values().next().and_then(|open| open.step).expect("a question");
                let step = engine.state.runs[run].graph().expect("a plan").step(step).id.clone();
                engine.request(bob, Command::Skip { at: StepRef { run: run.clone(), step, expected_rev: None }, reason: String::new() }).1
            }),
            span => self.desk.pass(Millis(span.strip_prefix('+').and_then(|ms| ms.parse().ok()).unwrap_or_else(|| panic!("{word}?")))),
        }
        self.collect();
    }

    fn event(&mut self, happen: impl Fn(&mut Engine, &RunId) -> Vec<ouioe::engine::handle::FeedItem>) {
        let run = self.run();
        let items = happen(&mut self.engine, &run);
        self.desk.feed(items);
    }

    fn collect(&mut self) {
        for deed in std::mem::take(&mut self.desk.deeds) {
            self.orders.extend(told(&deed));
            self.pending.push(deed);
        }
    }
}

/// The orders of a script, `;` between them.
fn orders(engine: Engine, script: &str) -> String {
    let desk = Desk::new(&engine.state, (80, 24));
    let mut play = Play { desk, engine, orders: Vec::new(), pending: Vec::new() };
    script.split_whitespace().for_each(|word| play.word(word));
    play.orders.join("; ")
}

fn submitted(plan: &ouioe::model::plan::Plan) -> Engine {
    let mut engine = Engine::new();
    engine.submit(plan, Consent::Shown { digest: plan.digest });
    engine
}

#[test]
fn a_plan_runs_after_one_deliberate_enter() {
    for (what, script, expected) in [
        ("an Enter on the shown plan", "read look press:⏎", "submit deploy checkout true"),
        ("a second Enter while it is sent", "read look press:⏎ press:⏎", "submit deploy checkout true"),
        ("after the answer there is nothing to run", "read look press:⏎ deliver press:⏎", "submit deploy checkout true"),
        ("typed ahead, before it was shown", "read press:⏎⏎⏎", ""),
        ("typed ahead, before its time", "read frame press:⏎ +399 press:⏎", ""),
        ("a key that repeats never runs it", "read frame +300 press:⏎ +300 press:⏎ +300 press:⏎ +300 press:⏎", ""),
        ("but a quiet moment later it does", "read frame +300 press:⏎ +400 press:⏎", "submit deploy checkout true"),
        ("time without a frame arms nothing", "read +5000 press:⏎", ""),
        ("scrolling is reading, not typing ahead", "read frame press:\x1b[B +390 press:\x1b[B +10 press:⏎", "submit deploy checkout true"),
        ("a paste runs nothing", "read look paste:⏎ +1000", ""),
        ("nor do keys behind a paste", "read look paste:x press:⏎ +99 press:⏎", ""),
        ("typed-ahead q leaves nothing", "read press:q frame press:q", ""),
        ("what needs approval is not run by Enter", "risky look press:⏎ press:⏎", ""),
    ] {
        assert_eq!(orders(Engine::new(), script), expected, "{what}");
    }
}

#[test]
fn approvals_are_opened_read_and_typed() {
    // The parts do not fit into 24 rows; the destroy wants the name of its target.
    for (what, script, expected) in [
        ("everything done", "risky look press:a look press:\x1b[6~ look press:a press:web-3⏎", "submit purge cache true"),
        ("not scrolled to the end", "risky look press:a look press:a press:web-3⏎", ""),
        ("scrolled, but not shown yet", "risky look press:a frame press:\x1b[6~ press:a press:web-3⏎", ""),
        ("the wrong name", "risky look press:a look press:\x1b[6~ look press:a press:web-4⏎", ""),
        ("the name pasted", "risky look press:a look press:\x1b[6~ look press:a paste:web-3 +200 press:⏎", ""),
        ("typed ahead", "risky look press:aaweb-3⏎", ""),
        ("^U clears what is typed", "risky look press:a look press:\x1b[6~ look press:aweb-4\x15web-3⏎", "submit purge cache true"),
        ("a page up scrolls", "risky look press:a look press:\x1b[6~ look press:aweb-3\x1b[5~⏎", "submit purge cache true"),
        ("yyyy and Enter decide nothing", "risky look press:a press:yyyy⏎ look press:yyyy⏎", ""),
        ("closed by Esc", "risky look press:a look press:\x1b[6~ look press:␛ press:⏎", ""),
    ] {
        assert_eq!(orders(Engine::new(), script), expected, "{what}");
    }
}

#[test]
fn a_failed_step_is_decided() {
    let failed = || submitted(&plan("t", &["one: | read host.facts web-1", "two: one | read host.facts web-1"]));
    // One automatic retry of a read waits a second first; a permanent failure asks at once.
    for (what, script, expected) in [
        ("low risk: the letter acts", "fail:one press:␛A look press:r", "bell; retry one 3"),
        ("focus is on close", "fail:one press:␛A look press:⏎", "bell"),
        ("a skip wants Enter", "fail:one press:␛A look press:s", "bell"),
        ("and gets it", "fail:one press:␛A look press:s⏎", "bell; skip one 3"),
        ("evidence is asked for", "fail:one press:␛A look press:H⏎", "bell"),
        ("and goes with it", "fail:one press:␛A look press:Hseen␣it⏎", "bell; done one 3 seen it"),
        ("too soon", "fail:one press:␛A frame press:r +100 press:r", "bell"),
        ("nothing opens by itself", "fail:one press:␛ look press:r press:r", "bell"),
        ("somebody else was first", "fail:one press:␛A look other press:r press:⏎", "bell"),
        ("no bell where somebody looks", "focus fail:one", ""),
        ("a bell where nobody does", "blur fail:one", "bell"),
        ("by its own key", "fail:one press:␛⏎r look press:r", "bell; retry one 3"),
        ("pause and on", "press:␛⏎p deliver press:p", "pause; resume"),
        ("cancel asks", "press:␛⏎x look press:x", ""),
        ("cancel", "press:␛⏎x look press:x⏎", "cancel false"),
        ("Ctrl-c cancels no run", "press:␛⏎\x03 look press:\x03 press:\x03 press:\x03", ""),
    ] {
        assert_eq!(orders(failed(), script), expected, "{what}");
    }
}

#[test]
fn an_unknown_outcome_is_never_one_letter() {
    let risky = || submitted(&risky());
    for (script, expected) in [
        ("succeed:look unknown:restart press:␛A look press:r", "bell"),
        ("succeed:look unknown:restart press:␛A look press:r⏎", "bell; retry restart 2"),
        ("succeed:look unknown:restart press:␛A look press:Hin␣the␣log⏎", "bell; done restart 2 in the log"),
    ] {
        assert_eq!(orders(risky(), script), expected, "{script}");
    }
}

#[test]
fn leaving_says_what_becomes_of_the_runs() {
    let busy = || submitted(&deploy());
    for (engine, script, expected) in [
        (Engine::new(), "press:␛q", "leave Quit"),
        (Engine::new(), "press:abc\x03 press:\x03 look press:q", "leave Quit"),
        (busy(), "press:␛q", ""),
        (busy(), "press:␛q look press:l", "leave Headless"),
        (busy(), "press:␛q look press:p⏎", "leave Park"),
        (busy(), "press:␛q look press:x⏎", "cancel false"),
        (busy(), "press:␛qlp⏎", ""),
        (busy(), "press:\x1a", "suspend"),
    ] {
        assert_eq!(orders(engine, script), expected, "{script}");
    }
}

#[test]
fn the_intent_editor_keeps_pastes_as_text() {
    for (script, expected) in [
        ("paste:restart⏎now⏎ +200", ""),
        ("paste:restart⏎now +200 press:⏎", "plan restart\nnow"),
        ("press:a␤b⏎", "plan a\nb"),
        ("press:⏎ press:␣⏎", ""),
        ("press:ask⏎⏎⏎", "plan ask"),
        ("paste:a\u{1b}[2Jb\u{202e} +200 press:⏎", "plan a^[[2Jb<U+202E>"),
    ] {
        assert_eq!(orders(Engine::new(), script), expected, "{script}");
    }
}

/// A plan that arrives after the operator went on typing does not take the screen.
#[test]
fn a_late_plan_takes_no_focus() {
    let engine = Engine::new();
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("one\r two");
    let plan = deploy();
    let outcome = ouioe::model::outcome::PlanOutcome::Plan { approval_required: false, plan: Box::new(plan) };
    desk.tell(Msg::Planned { ask: 1, outcome });
    assert_eq!(desk.app.pane, ouioe::console::pane::Pane::Intent);
    assert_eq!(desk.app.intent.editor.text(), "one two");
    for _ in 0..3 {
        desk.look();
    }
    // It was not looked at in all that time, so it is not armed when it comes to the screen.
    desk.press("␛");
    desk.press("1");
    desk.press("\r");
    assert_eq!(desk.orders(), ["plan one"]);
    desk.look();
    desk.press("\r");
    assert_eq!(desk.orders(), ["submit deploy checkout true"]);
}

#[test]
fn lists_are_searched_and_commands_are_found() {
    let failed = || submitted(&plan("t", &["one: | read host.facts web-1", "two: one | read host.facts web-1"]));
    for (what, script, expected) in [
        ("the inbox opens its question", "fail:one press:␛6⏎ look press:r", "bell; retry one 3"),
        ("not before it was shown", "fail:one press:␛6⏎ press:r", "bell"),
        ("what is looked for acts on nothing", "fail:one press:␛6/rsxq⏎ look press:rsx", "bell"),
        ("nor does a pasted line end", "fail:one press:␛5/ paste:x⏎r⏎ +200 press:⏎", "bell"),
        ("a command by its name opens its dialog", "press:␛⏎:cancel⏎ look press:x⏎", "cancel false"),
        ("and arms as always", "press:␛⏎:cancel⏎ press:x⏎", ""),
        ("one that acts at once", "press:␛⏎:pause⏎", "pause"),
        ("Esc leaves it", "press:␛⏎:pause␛ press:⏎", ""),
        ("what cannot be done says so", "press:␛⏎:retry⏎ look press:r", ""),
        ("a run by its id", "press:␛:hhhh⏎ press:p", "pause"),
        ("a save asks where", "press:␛⏎3S", ""),
    ] {
        assert_eq!(orders(failed(), script), expected, "{what}");
    }
}

/// Other parameters are typed, made into a revision, looked at, and only then sent.
#[test]
fn a_failed_step_is_done_in_another_way() {
    let steps = ["one: | mutate host.restart_service web-1", "two: one | read host.facts web-1"];
    let mut engine = submitted(&plan("t", &steps));
    let run = engine.state.runs.keys().next().expect("a run").clone();
    engine.fail(&run, "one", Certainty::FailedKnown);
    let mut desk = Desk::new(&engine.state, (80, 30));
    desk.press("␛\rm");
    assert!(super::world::text_of(&desk.frame()).contains("host (1 of 1): web-1"));
    desk.press("\r");
    assert_eq!(desk.orders(), Vec::<String>::new(), "nothing was changed");
    desk.press("m\x7f2\r");
    let Some(Deed::Revise { plan, set, target, .. }) = desk.deeds.pop() else { panic!("not asked: {:?}", desk.deeds) };
    assert_eq!(set.iter().collect::<Vec<_>>(), [(&"host".to_owned(), &"web-2".to_owned())]);
    let mut next = (*plan).clone();
    next.revision += 1;
    next.steps[0].params.insert("host".to_owned(), "web-2".into());
    ouioe::policy::digest::seal(&mut next);
    // Somebody who went on to something else is not interrupted.
    desk.press("5");
    desk.tell(Msg::Revised { target: target.clone(), answer: Ok(next.clone()) });
    assert!(desk.app.dialog.is_none());
    desk.press("1m");
    let screen = super::world::text_of(&desk.frame());
    assert!(screen.contains("host: \"web-1\" -> \"web-2\""), "{screen}");
    desk.press("m\r");
    assert_eq!(desk.orders(), Vec::<String>::new(), "typed ahead");
    desk.look();
    desk.press("m\r");
    desk.deliver(&mut engine);
    let workflow = &engine.state.runs[&run];
    assert_eq!((workflow.revision, workflow.digest), (2, next.digest));
    assert_eq!(desk.app.workflow().map(|workflow| workflow.revision), Some(2), "the console has the new plan");
    // An answer for a step that moved on shows nothing.
    desk.tell(Msg::Revised { target, answer: Ok(next) });
    assert!(desk.app.dialog.is_none());
}

#[test]
fn a_step_and_what_follows_are_held_back() {
    for (what, script, expected) in [
        ("by its key, and back", "press:␛⏎jB deliver press:B", "pause migrate; resume migrate"),
        ("what is done cannot be", "succeed:preflight press:␛⏎ggB", ""),
        ("a run from the list", "press:␛5p", "pause"),
        ("and ended from there", "press:␛5x look press:x⏎", "cancel false"),
    ] {
        let script = script.replace("jB", "jjjB");
        assert_eq!(orders(submitted(&deploy()), &script), expected, "{what}");
    }
}

/// The output is saved by the name that was typed, and nothing is saved without one.
#[test]
fn an_output_is_saved_where_it_was_said() {
    let engine = submitted(&deploy());
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r3");
    desk.output(b"one\ntwo\n");
    desk.press("S");
    assert!(super::world::text_of(&desk.frame()).contains("save to: hhhhhh-preflight-1.log"));
    desk.press("\x15/tmp/elsewhere\r");
    assert_eq!(desk.orders(), ["save /tmp/elsewhere"]);
    desk.press("S\x15\r");
    assert_eq!(desk.orders(), Vec::<String>::new());
}

/// What is selected in the inbox stays selected when something older goes and something newer comes.
#[test]
fn the_inbox_keeps_its_place() {
    let mut engine = Engine::new();
    let one = plan("t", &["one: | read host.facts web-1"]);
    let runs: Vec<RunId> = (0..3).map(|_| engine.submit(&one, Consent::Shown { digest: one.digest }).0).collect();
    for run in &runs {
        engine.fail(run, "one", Certainty::FailedKnown);
    }
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛6j");
    let chosen = |desk: &Desk| desk.app.inbox()[desk.app.inbox_cursor].workflow.run.clone();
    assert_eq!((chosen(&desk), desk.app.inbox_cursor), (runs[1].clone(), 1));
    let at = StepRef { run: runs[0].clone(), step: "one".into(), expected_rev: None };
    let (_, items) = engine.request(super::world::ana(), Command::Skip { at, reason: String::new() });
    desk.feed(items);
    assert_eq!((chosen(&desk), desk.app.inbox_cursor), (runs[1].clone(), 0));
}

/// What waits is approved by the digest that was shown, with the bytes on the screen.
#[test]
fn a_gate_is_approved_by_what_was_shown() {
    let gate = || {
        let steps = ["look: | read host.facts web-3", "restart: look?data | mutate host.restart_service web-3 ${steps.look.output.host}"];
        submitted(&plan("t", &steps))
    };
    for (what, script, expected) in [
        ("a change wants Enter", "succeed:look press:␛A look press:a", "bell"),
        ("and gets it", "succeed:look press:␛A look press:a⏎ deliver", "bell; approve restart"),
        ("no", "succeed:look press:␛A look press:n⏎", "bell; reject restart"),
    ] {
        assert_eq!(orders(gate(), script), expected, "{what}");
    }
    let mut engine = gate();
    let run = engine.state.runs.keys().next().expect("a run").clone();
    engine.succeed(&run, "look");
    let mut desk = Desk::new(&engine.state, (80, 40));
    desk.app.render = |_, action| Ok(action.clone());
    desk.press("␛");
    desk.press("A");
    desk.look();
    let screen = super::world::text_of(&desk.frame());
    assert!(screen.contains("the digest differs") && !screen.contains("approve: run"), "{screen}");
    desk.press("a\r");
    assert_eq!(desk.orders(), Vec::<String>::new(), "bytes that are not those that wait cannot be approved");
}

#[test]
fn a_parked_run_goes_on_by_its_key() {
    let mut engine = submitted(&deploy());
    let restarted = ouioe::model::command::Report::EngineStarted { epoch: ouioe::model::ids::Epoch(2), pid: 2, version: "t".to_owned() };
    engine.report(restarted);
    assert_eq!(orders(engine, "press:␛R deliver press:R"), "resume");
}

/// An engine that is gone is shown, and nothing is sent to it.
#[test]
fn nothing_is_sent_to_an_engine_that_ended() {
    let engine = submitted(&deploy());
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r");
    desk.feed(vec![ouioe::engine::handle::FeedItem::Gone { reason: "killed".to_owned() }]);
    desk.press("p");
    desk.press("x");
    assert!(desk.app.dialog.is_none());
    assert_eq!(desk.orders(), Vec::<String>::new());
    assert!(super::world::text_of(&desk.frame()).contains("ENGINE GONE"));
}
