//! What the screen says when the world moves, or the operator moves about, without an order being sent.

use ouioe::console::app::Dirty;
use ouioe::console::update::{Deed, Msg};
use ouioe::model::command::Consent;
use ouioe::model::failure::Certainty;
use ouioe::model::ids::RunId;
use ouioe::model::outcome::PlanOutcome;
use ouioe::policy::digest::seal;

use super::world::{Desk, Engine, ana, busy, deploy, failing, plan, text_of};

fn screen(desk: &mut Desk) -> String {
    text_of(&desk.frame())
}

fn has(desk: &mut Desk, wanted: &str) {
    let screen = screen(desk);
    assert!(screen.contains(wanted), "no {wanted:?} in\n{screen}");
}

fn submit(engine: &mut Engine, title: &str, lines: &[&str]) -> (RunId, Vec<ouioe::engine::handle::FeedItem>) {
    let plan = plan(title, lines);
    engine.submit(&plan, Consent::Shown { digest: plan.digest })
}

#[test]
fn a_run_of_another_process_is_counted_at_once() {
    let (mut engine, _) = busy();
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r");
    has(&mut desk, "5 Runs(1)");
    let (_, items) = submit(&mut engine, "look", &["a: | read host.facts"]);
    assert_eq!(desk.app.dirty, Dirty::Clean);
    desk.feed(items);
    assert_ne!(desk.app.dirty, Dirty::Clean, "a frame is owed, though another run is shown");
    has(&mut desk, "5 Runs(2)");
}

#[test]
fn a_cancel_dialog_follows_its_run_to_its_end() {
    let mut engine = Engine::new();
    let (run, _) = submit(&mut engine, "two", &["a: | read host.facts", "b: a | read host.facts"]);
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\rx");
    desk.look();
    has(&mut desk, "STOPS   a");
    let items = engine.succeed(&run, "a");
    desk.feed(items);
    has(&mut desk, "STOPS   b");
    has(&mut desk, "cancel now");
    let items = engine.succeed(&run, "b");
    desk.feed(items);
    assert_ne!(desk.app.dirty, Dirty::Clean);
    has(&mut desk, "the run has ended: SUCCEEDED");
    let screen = screen(&mut desk);
    assert!(!screen.contains("cancel now") && screen.contains("close, decide later"), "{screen}");
    desk.press("x\r");
    assert_eq!(desk.orders(), [""; 0], "nothing can be ended twice");
}

#[test]
fn the_question_of_the_shown_run_comes_first() {
    let (mut engine, _) = failing();
    let (run, _) = submit(&mut engine, "later", &["late: | read host.facts"]);
    engine.fail(&run, "late", Certainty::FailedKnown);
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛");
    has(&mut desk, "later");
    // The newest is on top.
    desk.press("\r");
    has(&mut desk, &format!("2 decisions WAIT in 2 runs, A opens {run}/late"));
    desk.press("A");
    has(&mut desk, "Decide on late");
    desk.press("␛␛j\r");
    desk.press("A");
    has(&mut desk, "Decide on smoke-test");
}

#[test]
fn esc_leaves_the_intent_to_the_pane_before_and_keeps_the_draft() {
    let (engine, _) = busy();
    for (way, there) in [("5", "▸ runs"), ("1", "▸ plan"), ("4", "▸ why"), ("6", "▸ inbox")] {
        let mut desk = Desk::new(&engine.state, (80, 24));
        desk.press("␛\r");
        desk.press(way);
        desk.press("ihalf a thought␛");
        has(&mut desk, there);
        desk.press("i");
        has(&mut desk, "> half a thought");
    }
    // A proposal's way back is the list of runs, so that Esc goes round nowhere.
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.propose(&deploy());
    desk.look();
    desk.press("␛");
    has(&mut desk, "▸ runs");
}

#[test]
fn what_was_submitted_is_history() {
    let mut engine = Engine::new();
    let mut desk = Desk::new(&engine.state, (80, 24));
    for intent in ["first thing", "second thing"] {
        let mut plan = plan(intent, &["a: | read host.facts"]);
        plan.intent = intent.to_owned();
        ouioe::policy::digest::seal(&mut plan);
        desk.press("i");
        desk.propose(&plan);
        desk.look();
        desk.press("\r");
        desk.deliver(&mut engine);
        desk.press("i");
        assert_eq!(desk.app.intent.editor.text(), "", "what was submitted is no draft");
    }
    desk.press("draft");
    for (key, shown) in [
        ("\x1b[A", "second thing"),
        ("\x1b[A", "first thing"),
        ("\x1b[A", "first thing"),
        ("\x1b[B", "second thing"),
        ("\x1b[B", "draft"),
        ("\x1b[B", "draft"),
    ] {
        desk.press(key);
        assert_eq!(desk.app.intent.editor.text(), shown, "{key:?}");
    }
}

#[test]
fn a_finished_run_says_so_and_its_plan_runs_again_after_its_own_yes() {
    let mut engine = Engine::new();
    let plan = plan("bounce", &["look: | read host.facts web-3", "bounce: look | mutate host.restart_service web-3 nginx"]);
    let (old, _) = engine.submit(&plan, Consent::Shown { digest: plan.digest });
    engine.succeed(&old, "look");
    engine.fail(&old, "bounce", Certainty::FailedKnown);
    let command = ouioe::model::command::Command::Reject { run: old.clone(), step: Some("bounce".into()), reason: String::new() };
    engine.request(ana(), command);
    let mut desk = Desk::new(&engine.state, (120, 40));
    desk.press("␛\rr");
    has(&mut desk, &format!("{old} is over (failed): o opens its plan again, as a new run"));
    desk.press("␛");
    has(&mut desk, "o run again");
    desk.press("oo");
    let Some(Deed::Anew { run, plan: asked }) = desk.deeds.pop() else { panic!("not asked: {:?}", desk.deeds) };
    assert_eq!((&run, asked.digest, desk.orders()), (&old, plan.digest, Vec::<String>::new()), "once");
    has(&mut desk, "looking at what it would touch now");
    // Somebody who went on to something else keeps his screen; what cannot be made ready says why.
    for (keys, answer, said) in [
        ("i", Ok(plan.clone()), "was made ready, but you went on"),
        ("␛o", Err("1 file is not there".to_owned()), "could not make the plan of"),
    ] {
        desk.press(keys);
        desk.tell(Msg::Anew { run: run.clone(), answer });
        has(&mut desk, said);
        assert!(desk.app.proposal.is_none());
        desk.orders();
    }
    desk.press("o");
    let mut fresh = plan.clone();
    fresh.steps[0].params.insert("listed".to_owned(), "now".into());
    seal(&mut fresh);
    desk.orders();
    desk.tell(Msg::Anew { run: run.clone(), answer: Ok(fresh.clone()) });
    has(&mut desk, "NOTHING RUNS YET");
    desk.tell(Msg::Anew { run, answer: Ok(plan.clone()) });
    assert_eq!(desk.app.proposal.as_ref().map(|one| one.plan.digest), Some(fresh.digest), "an answer that nobody waits for");
    desk.look();
    desk.press("\r");
    assert_eq!(desk.orders(), [""; 0], "a change asks for its approval again");
    desk.press("a");
    desk.look();
    has(&mut desk, "host = web-3");
    desk.press("aweb-3\r");
    desk.deliver(&mut engine);
    assert_eq!(engine.state.runs.len(), 2, "the old run stays as it is");
    let other = engine.state.runs.values().find(|one| one.run != old).expect("the new one");
    assert_eq!((other.digest, other.intent.text.as_str()), (fresh.digest, "bounce"));
}

#[test]
fn the_question_goes_with_the_words_that_it_is_about() {
    let mut desk = Desk::new(&Engine::new().state, (80, 24));
    desk.press("restart nginx\r");
    let Some(Deed::Plan { ask, .. }) = desk.deeds.pop() else { panic!("not asked: {:?}", desk.deeds) };
    let (question, missing) = ("on which host?".to_owned(), vec!["host".to_owned()]);
    desk.tell(Msg::Planned { ask, outcome: PlanOutcome::Clarify { question, missing, choices: vec!["web-3".to_owned()] } });
    has(&mut desk, "on which host?");
    desk.press("\x15");
    let text = screen(&mut desk);
    assert!(!text.contains("on which host?") && text.contains("what is to be done?"), "{text}");
}

/// Whoever lets a step fail, an hour later, does not take away how it ended.
#[test]
fn a_step_that_a_person_lets_fail_keeps_what_it_said() {
    let (mut engine, run) = failing();
    let record = |engine: &Engine| {
        let workflow = &engine.state.runs[&run];
        let ix = workflow.graph().expect("a plan").ix(&"smoke-test".into()).expect("a step");
        workflow.step(ix).clone()
    };
    let before = record(&engine);
    engine.now = engine.now + ouioe::model::time::Millis(3_600_000);
    let command = ouioe::model::command::Command::Reject { run: run.clone(), step: Some("smoke-test".into()), reason: String::new() };
    engine.request(ana(), command);
    let after = record(&engine);
    assert_eq!(after.state, ouioe::model::step_state::StepState::Failed);
    assert_eq!((&after.last, &after.note), (&before.last, &before.note));
    assert!(after.last.is_some_and(|last| last.exit.is_some() && last.error_tail.contains("503")));
}

#[test]
fn what_is_typed_over_a_planned_intent_takes_its_place() {
    let engine = Engine::new();
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("5");
    assert_eq!(desk.app.intent.editor.text(), "5", "digits are text here");
    has(&mut desk, "Esc panes");
    desk.press("\x15");
    desk.propose(&deploy());
    desk.look();
    desk.press("i");
    has(&mut desk, "what you type takes its place");
    desk.press("check disk");
    assert_eq!(desk.app.intent.editor.text(), "check disk");
    desk.press("\x1b[A");
    assert_eq!(desk.app.intent.editor.text(), "deploy checkout", "Up brings it back");
    desk.press("\x1b[B\x15");
    assert_eq!(desk.app.intent.editor.text(), "");
    desk.press("\x1b[A");
    assert_eq!(desk.app.intent.editor.text(), "check disk", "so it does with what was cleared");
    desk.press("␛i now");
    assert_eq!(desk.app.intent.editor.text(), "check disk now", "a draft that was never planned is gone on with");
}

#[test]
fn a_run_that_was_turned_down_or_cut_short_says_which() {
    use ouioe::model::command::Command;
    let mut engine = Engine::new();
    let (rejected, _) = engine.submit(&plan("drop", &["drop: | destroy host.clean_files ca-1"]), Consent::None);
    engine.request(ana(), Command::Reject { run: rejected.clone(), step: None, reason: String::new() });
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r");
    has(&mut desk, "REJECTED 0/1");
    has(&mut desk, "not started");
    let (cut, items) = submit(&mut engine, "two", &["first: | read host.facts", "second: first | read host.facts"]);
    desk.feed(items);
    let (_, items) = engine.request(ana(), Command::Cancel { run: cut.clone(), now: true, reason: String::new() });
    desk.feed(items);
    let items = engine.fail(&cut, "first", Certainty::FailedKnown);
    desk.feed(items);
    desk.press("␛k\r");
    has(&mut desk, "CANCELLED 2/2");
    has(&mut desk, "stopped  ran at most 0:09");
    has(&mut desk, "not started");
}

#[test]
fn the_keys_after_g_and_the_commands_of_other_panes_are_found() {
    let (engine, _) = busy();
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r2g");
    has(&mut desk, "gf facts   go output   gg to the top");
    desk.press("f:save");
    has(&mut desk, "(in Log: 3)");
    desk.press("\r");
    has(&mut desk, "S is a key of Log: 3 goes there");
    desk.press("?");
    has(&mut desk, "Space page on");
    let before = desk.app.help;
    desk.press(" ");
    assert!(desk.app.help > before);
}

#[test]
fn a_console_that_joined_says_so_at_every_width() {
    let (engine, _) = busy();
    for width in [60, 80, 120] {
        let mut desk = Desk::new(&engine.state, (width, 24));
        desk.press("␛\r");
        desk.app.in_process = false;
        desk.app.link = "engine of bob with a long name".into();
        has(&mut desk, "◆ joined");
        desk.app.in_process = true;
        assert!(!screen(&mut desk).contains("joined"));
    }
}

#[test]
fn a_skipped_step_says_what_failed_before_it() {
    let mut engine = Engine::new();
    let (run, _) = submit(&mut engine, "gone", &["a: | read host.facts", "b: a | read host.facts", "c: b | read host.facts"]);
    engine.fail(&run, "a", Certainty::FailedKnown);
    let command = ouioe::model::command::Command::Reject { run: run.clone(), step: Some("a".into()), reason: String::new() };
    let (reply, _) = engine.request(ana(), command);
    assert!(matches!(reply, ouioe::engine::handle::Reply::Accepted { .. }), "{reply:?}");
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r");
    let screen = screen(&mut desk);
    assert!(screen.contains("skipped: needs a, which failed") && screen.contains("skipped: needs b, which was skipped"), "{screen}");
}

#[test]
fn services_lists_every_operation_and_opens_one() {
    let (engine, _) = busy();
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛8");
    let slots = engine.state.slots_taken;
    has(&mut desk, &format!("{slots} of 16 slots"));
    desk.press("/disk_usage\r");
    has(&mut desk, "▌ host.disk_usage");
    desk.press("\r");
    for said in ["does", "reads only", "built in: disk_usage", "of 4 slots of host in use", "judged by"] {
        has(&mut desk, said);
    }
    desk.press("␛");
    has(&mut desk, "▌ host.disk_usage");
    desk.press("␛␛");
    has(&mut desk, "▸ runs");
    // By name as well.
    desk.press(":pane services\r");
    has(&mut desk, "▸ services");
    desk.press("?");
    has(&mut desk, "help");
    assert!(ouioe::console::keys::help().iter().any(|(keys, help)| keys == "8" && help.contains("Services")));
}

#[test]
fn a_freeze_is_seen_wherever_one_is() {
    let (mut engine, _) = busy();
    let mut desk = Desk::new(&engine.state, (80, 24));
    desk.press("␛\r");
    desk.frame();
    let freeze = ouioe::model::command::Command::Freeze { target: "web-3".to_owned(), reason: "a disk".to_owned() };
    let (_, items) = engine.request(ana(), freeze);
    desk.feed(items);
    assert_ne!(desk.app.dirty, Dirty::Clean);
    has(&mut desk, "1 FROZEN");
    desk.press("8");
    has(&mut desk, "FROZEN: web-3");
}

/// The line about it says less than the run itself as soon as that begins, whichever of the two comes first.
#[test]
fn that_a_run_is_submitted_is_said_until_it_says_more() {
    for events_first in [true, false] {
        let mut engine = Engine::new();
        let mut desk = Desk::new(&engine.state, (80, 24));
        desk.propose(&plan("look", &["a: | read host.facts"]));
        desk.look();
        desk.press("\r");
        let Some(Deed::Send { order, command }) = desk.deeds.pop() else { panic!("{:?}", desk.deeds) };
        let (reply, items) = engine.request(ana(), *command);
        if events_first {
            desk.feed(items);
            desk.tell(Msg::Replied { order, reply });
        } else {
            desk.tell(Msg::Replied { order, reply });
            has(&mut desk, "is submitted");
            desk.feed(items);
        }
        let screen = screen(&mut desk);
        assert!(!screen.contains("is submitted") && screen.contains("RUNNING 0/1"), "{screen}");
    }
}
