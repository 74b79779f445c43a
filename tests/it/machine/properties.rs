//! What must hold for every plan and every order of commands.

use std::sync::Arc;

use ouioe::machine::{Ctx, apply, turn, wanted};
use ouioe::model::action::Action;
use ouioe::model::actor::Actor;
use ouioe::model::catalogue::{EffectClass, Repeat};
use ouioe::model::command::{AttemptOutcome, Command, Consent, Found, Refusal, RefusalCode, Report, Request, StepRef, Submit};
use ouioe::model::effect::Role;
use ouioe::model::event::{EVENT_VERSION, Event, Fact};
use ouioe::model::failure::{Certainty, ExitFacts, Failure, FailureClass};
use ouioe::model::ids::{AttemptNo, CmdId, JournalId, RunId, Seq, StepId, StepIx};
use ouioe::model::intent::Intent;
use ouioe::model::plan::{ForEach, Join, Need, NeedKind, Step, StepKind, When};
use ouioe::model::settings::Settings;
use ouioe::model::state::State;
use ouioe::model::time::{Millis, Stamp};
use ouioe::model::verdict::{Health, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::plans::{plain, plan, step};
use super::world::World;

/// (kind of command, which step, variation)
type Move = (u8, u8, u8);

fn ana() -> Actor {
    Actor::Local { uid: 1000, name: "ana".to_owned() }
}

fn any_step(at: usize, shape: (u8, u8, u8, u8)) -> Step {
    let (needs, whens, class, rest) = shape;
    let mut step = plain(&format!("s{at}"));
    step.effect = [EffectClass::Read, EffectClass::Mutate, EffectClass::Destroy][usize::from(class % 3)];
    let repeats = [Repeat::Pure, Repeat::Idempotent, Repeat::Keyed, Repeat::Probeable, Repeat::AtMostOnce];
    step.repeat = repeats[usize::from(class / 3 % 5)];
    step.critical = rest & 1 == 0;
    step.join = if rest & 2 == 0 { Join::All } else { Join::Any };
    step.kind = [StepKind::Action, StepKind::Action, StepKind::Decision, StepKind::Recovery][usize::from(rest >> 2 & 3)];
    step.retry.limit = u32::from(rest >> 4 & 3);
    if rest & 64 != 0 {
        step.locks = vec!["shared".to_owned()];
    }
    if rest & 128 != 0 {
        step.compensation = self::step("x comp=at_most_once").expect("a step").compensation;
        step.probe.clone_from(&step.compensation);
    }
    let whens_of = |bit: u8| [When::Success, When::Failure, When::Always, When::Success][usize::from(whens >> bit & 3)];
    step.needs = (0..at.min(4))
        .filter(|bit| needs >> bit & 1 == 1)
        .map(|bit| Need {
            step: StepId::new(format!("s{}", at - 1 - bit)),
            when: whens_of(u8::try_from(bit).unwrap_or(0)),
            kind: NeedKind::Completion,
        })
        .collect();
    // Over what the step before gives, or over a list that is written.
    if whens >> 6 == 3 && step.kind != StepKind::Decision {
        let list =
            step.needs.first().map_or_else(|| json!(["x", "y", "z"]), |need| json!(format!("${{steps.{}.output.names}}", need.step)));
        step.for_each = Some(ForEach { list, at_once: (whens & 32 != 0).then_some(2), most: 2 + u32::from(whens & 16) });
        step.params.insert("name".to_owned(), json!("${item}"));
        step.action = Action::Builtin { name: "noop".to_owned(), params: step.params.clone(), owned: false };
    }
    step
}

/// As the plan has it now, or as it would be called.
fn id_of(world: &World, run: &RunId, ix: StepIx) -> StepId {
    world.state.runs.get(run).and_then(|one| one.graph()).map_or_else(|| StepId::new(format!("s{ix}")), |graph| graph.step(ix).id.clone())
}

fn submit(world: &mut World, steps: Vec<Step>, attended: bool) {
    let plan = plan(steps, &world.settings.policy);
    let consent = Consent::Shown { digest: plan.digest };
    let intent = Intent { text: "any".to_owned(), actor: ana(), host: "here".to_owned(), session: String::new() };
    world.person(Command::Submit(Submit { intent, plan: Box::new(plan), consent, attended })).expect("a plan");
}

/// Any command at all; most are refused, none may harm.
fn play(world: &mut World, (kind, at, variation): Move) {
    let runs: Vec<RunId> = world.state.runs.keys().cloned().collect();
    let Some(run) = runs.get(usize::from(variation) % runs.len().max(1)).cloned() else { return };
    let workflow = &world.state.runs[&run];
    let ix = StepIx(u32::from(at) % u32::try_from(workflow.steps.len()).unwrap_or(1));
    let (record, step) = (workflow.step(ix), id_of(world, &run, ix));
    let attempt = if variation & 64 == 0 { record.attempt } else { AttemptNo(1) };
    let step_ref = StepRef { run: run.clone(), step: step.clone(), expected_rev: (variation & 128 != 0).then_some(record.rev) };
    let digest = workflow.questions.values().find_map(|open| open.digest).unwrap_or(workflow.digest);
    let reason = String::from("any");
    let refused: Result<(), Refusal> = match kind % 20 {
        0..=4 => world.report(Report::Finished { run, step, attempt, outcome: Box::new(outcome(variation)) }),
        5 => world.report(Report::Reconciled { run, step, attempt, found: Box::new(found(variation)) }),
        6 => world.person(Command::Approve { run, step: (variation & 1 == 0).then_some(step), digest }),
        7 => world.person(Command::Reject { run, step: (variation & 1 == 0).then_some(step), reason }),
        8 => world.person(Command::Retry { at: step_ref, reason }),
        9 => world.person(Command::Skip { at: step_ref, reason }),
        10 => world.person(Command::Done { at: step_ref, evidence: "seen".to_owned() }),
        11 => world.person(Command::TakeBack { at: step_ref }),
        12 => world.person(Command::Pause { run, step: (variation & 2 == 0).then_some(step) }),
        13 => {
            let step = variation.is_multiple_of(4).then_some(step);
            world.person(Command::Resume { run: (variation & 1 == 0).then_some(run), step })
        }
        14 => world.person(Command::Cancel { run, now: variation & 1 == 0, reason }),
        15 => world.person(Command::Rollback { run, reason }),
        16 => world.person(Command::Freeze { target: "web-1".to_owned(), reason }),
        17 => world.person(Command::Thaw { target: "web-1".to_owned() }),
        18 => {
            world.restart();
            Ok(())
        }
        _ => {
            world.advance(i64::from(variation) * 500);
            Ok(())
        }
    };
    drop(refused);
}

fn outcome(variation: u8) -> AttemptOutcome {
    if variation & 3 < 2 {
        let answer = [None, Some(true), Some(false)][usize::from(variation >> 2) % 3];
        let verdict = answer.map(|yes| Verdict { health: Health::Failing, reasons: Vec::new(), answer: Some(yes) });
        return AttemptOutcome::Succeeded {
            result: json!({ "n": variation, "names": names(variation) }),
            verdict,
            exit: None,
            spool: None,
        };
    }
    let certainty = [Certainty::NotStarted, Certainty::FailedKnown, Certainty::Unknown][usize::from(variation >> 2) % 3];
    let class = [FailureClass::Transient, FailureClass::Permanent, FailureClass::Timeout][usize::from(variation >> 4) % 3];
    let cut = (variation & 32 != 0).then(|| "stop".to_owned());
    AttemptOutcome::Failed {
        failure: Failure { certainty, class, detail: "any".to_owned(), retry_after: None },
        exit: Some(ExitFacts { code: Some(1), cut, ..ExitFacts::default() }),
        spool: None,
        error_tail: String::new(),
    }
}

/// None at all, some, one twice; now and then no list.
fn names(variation: u8) -> Value {
    let all = json!(["a", "b", "a.b", "a-b", "-c"]);
    match (variation >> 5, all.as_array()) {
        (7, _) | (_, None) => json!("a"),
        (many, Some(all)) => all[..usize::from(many).min(4)].iter().chain(all.first().filter(|_| many == 5)).cloned().collect(),
    }
}

fn found(variation: u8) -> Found {
    match variation % 4 {
        0 => Found::ExitRecord(outcome(variation / 4)),
        1 => Found::StillRunning { pid: 7 },
        2 => Found::ProvenNotStarted,
        _ => Found::NothingKnown { detail: "any".to_owned() },
    }
}

/// Counts, indexes and limits agree with the steps themselves.
fn check(world: &World) {
    let state = &world.state;
    let (mut live, mut undoing) = (0, 0);
    for workflow in state.runs.values() {
        let settled = workflow.steps.iter().filter(|record| record.state.is_settled()).count();
        assert_eq!(workflow.counts.settled as usize, settled, "settled");
        let alive: Vec<u32> = (0_u32..).zip(&workflow.steps).filter(|(_, record)| record.state.is_live()).map(|(at, _)| at).collect();
        assert_eq!(workflow.live.iter().map(|ix| ix.0).collect::<Vec<_>>(), alive, "live");
        live += alive.len();
        // An undo does not wait for a slot.
        undoing += workflow.steps.iter().filter(|record| record.last.as_ref().is_some_and(|last| last.role == Role::Compensation)).count();
        let unfinished = !workflow.state.is_finished();
        assert!(unfinished || workflow.live.is_empty(), "finished with a live attempt");
        let waits = workflow.steps.iter().filter(|record| record.state.waits_for_person()).count();
        assert_eq!(workflow.counts.waits_for_person as usize, waits);
        let _ = wanted(state, &workflow.run, &world.settings.engine);
    }
    assert_eq!(state.slots_taken as usize, live, "slots");
    assert!(live <= world.settings.engine.slots as usize + undoing);
    for (lock, (run, ix)) in &state.locks {
        assert!(state.runs[run].step(*ix).state.is_live(), "lock {lock} is held by nobody alive");
    }
    assert_eq!(state.timers.len(), state.due.len());
}

/// A run that nobody has to answer goes on to its end when its attempts do.
fn runs_out(world: &mut World) {
    let _ = world.person(Command::Thaw { target: "web-1".to_owned() });
    let _ = world.person(Command::Resume { run: None, step: None });
    let paused: Vec<RunId> = world.state.runs.keys().cloned().collect();
    for run in paused {
        let _ = world.person(Command::Resume { run: Some(run), step: None });
    }
    for _ in 0..400 {
        let live = world.state.runs.values().find_map(|one| one.live.first().map(|ix| (one.run.clone(), *ix, one.step(*ix).attempt)));
        let Some((run, ix, attempt)) = live else {
            if world.state.next_due().is_none() {
                break;
            }
            world.advance(3_600_000);
            continue;
        };
        let outcome = AttemptOutcome::Succeeded { result: json!({ "names": ["a"] }), verdict: None, exit: None, spool: None };
        let (step, found) = (id_of(world, &run, ix), Box::new(Found::ExitRecord(outcome)));
        world.report(Report::Reconciled { run, step, attempt, found }).expect("a live attempt");
    }
    for workflow in world.state.runs.values() {
        let done = workflow.state.is_finished() || !workflow.questions.is_empty();
        assert!(done, "stuck: {:?} {:?}", workflow.shown(), workflow.steps.iter().map(|one| one.state.word()).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("OUIOE_LONG").is_some() { 20_000 } else { 100 }, ..ProptestConfig::default() })]

    /// Replay = live; snapshot + tail = full replay; indexes never drift; nothing is stuck.
    #[test]
    fn any_story_replays(
        shapes in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..9),
        second in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..5),
        moves in prop::collection::vec(any::<Move>(), 0..60),
        slots in 1_u32..5,
        attended in any::<bool>(),
    ) {
        let mut world = World::new();
        world.settings.engine.slots = slots;
        world.settings.policy.hold_ms = Millis(u64::from(slots % 2) * 1_000);
        let steps = |shapes: &[(u8, u8, u8, u8)]| shapes.iter().enumerate().map(|(at, shape)| any_step(at, *shape)).collect();
        submit(&mut world, steps(&shapes), attended);
        submit(&mut world, steps(&second), attended);
        for one in moves {
            play(&mut world, one);
            check(&world);
        }
        runs_out(&mut world);
        check(&world);
        world.proves_its_replay();
    }

    /// Runs that share no lock, limit or service: the order of their reports does not matter, up to seq and time.
    #[test]
    fn order_of_unrelated_reports_does_not_matter(
        first in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..6),
        second in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..6),
        answers in prop::collection::vec(any::<u8>(), 1..20),
        mix in any::<u64>(),
    ) {
        let play = |mix: u64| {
            let mut world = World::new();
            world.settings.engine.per_service = 16;
            for (service, shapes) in [("x", &first), ("y", &second)] {
                let steps = shapes.iter().enumerate().map(|(at, shape)| {
                    let mut step = any_step(at, *shape);
                    step.operation = format!("{service}.noop");
                    step.locks = step.locks.iter().map(|lock| format!("{service}-{lock}")).collect();
                    // Jitter is seeded by the sequence, which is what may differ.
                    step.retry.limit = 0;
                    step
                });
                submit(&mut world, steps.collect(), false);
            }
            let mut turns = [0_usize; 2];
            for nth in 0..answers.len() * 2 {
                let want = usize::from(mix >> (nth % 64) & 1 == 1);
                let which = if turns[want] < answers.len() { want } else { 1 - want };
                let order = u64::try_from(which).expect("0 or 1") + 1;
                let workflow = world.state.runs.values().find(|one| one.order == order).expect("both were submitted");
                let live = workflow.live.first().map(|ix| (workflow.run.clone(), *ix, workflow.step(*ix).attempt));
                let answer = answers[turns[which]];
                turns[which] += 1;
                if let Some((run, ix, attempt)) = live {
                    let step = id_of(&world, &run, ix);
                    world.report(Report::Finished { run, step, attempt, outcome: Box::new(outcome(answer)) }).expect("a live attempt");
                }
            }
            let mut ends: Vec<_> = world.state.runs.values().map(|one| {
                let steps: Vec<_> = one.steps.iter().map(|record| (record.state.word(), record.attempt, record.result.clone())).collect();
                (one.order, one.state.word(), steps)
            }).collect();
            ends.sort_by_key(|one| one.0);
            ends
        };
        prop_assert_eq!(play(mix), play(0));
    }

    /// `apply` takes any event in any order without a panic: an old or odd journal can always be read.
    #[test]
    fn apply_never_fails(shapes in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..6), moves in prop::collection::vec(any::<Move>(), 0..40), mix in any::<u64>()) {
        let mut world = World::new();
        submit(&mut world, shapes.iter().enumerate().map(|(at, shape)| any_step(at, *shape)).collect(), true);
        moves.into_iter().for_each(|one| play(&mut world, one));
        let mut events = world.events.clone();
        let len = events.len();
        for at in 0..len {
            events.swap(at, usize::try_from(mix.wrapping_mul(at as u64 + 7) % len as u64).unwrap_or(0));
        }
        let mut state = State::new(JournalId::new("j1"));
        world.plans.iter().for_each(|plan| state.know_plan(plan.clone()));
        events.iter().for_each(|event| apply(&mut state, event));
    }
}

/// Two decisions on one question: one winner, and the loser learns who, in either order.
#[test]
fn two_decisions_have_one_winner() {
    for first_cancels in [true, false] {
        let mut world = World::new();
        let steps = vec![step("a effect=mutate").expect("a step")];
        let sealed = plan(steps, &world.settings.policy);
        let digest = sealed.digest;
        let intent = Intent { text: "any".to_owned(), actor: ana(), host: "here".to_owned(), session: String::new() };
        let command = Command::Submit(Submit { intent, plan: Box::new(sealed), consent: Consent::None, attended: true });
        world.person(command).expect("a plan");
        let run = world.state.runs.keys().next().expect("one run").clone();
        let reject = Command::Reject { run: run.clone(), step: None, reason: "no".to_owned() };
        let approve = Command::Approve { run, step: None, digest };
        let (first, second) = if first_cancels { (reject, approve) } else { (approve, reject) };
        world.person(first).expect("the first wins");
        let refusal = world.person(second).expect_err("the second loses");
        assert_eq!(refusal.code, RefusalCode::WrongState);
        assert_eq!(refusal.by, Some(ana()));
        assert!(refusal.seq.is_some());
    }
}

/// The same command id twice: the same answer, one effect.
#[test]
fn a_command_acts_once() {
    let mut state = State::new(JournalId::new("j1"));
    let settings = Settings::default();
    let ctx = Ctx { now: Stamp(1), seed: [7; 32], settings: &settings, may_start: true };
    let request = Request {
        cmd_id: CmdId::new("once"),
        actor: ana(),
        command: Command::Freeze { target: "web-1".to_owned(), reason: "fire".to_owned() },
    };
    let first = turn(&mut state, &request, &ctx).expect("accepted");
    let second = turn(&mut state, &request, &ctx).expect("accepted again");
    assert_eq!((first.events.len(), second.events.len()), (1, 0));
    assert_eq!(first.first, second.first);
}

/// An event about nothing known changes only the sequence and the time.
#[test]
fn unknown_runs_change_nothing() {
    let mut state = State::new(JournalId::new("j1"));
    let event = Event {
        v: EVENT_VERSION,
        seq: Seq(1),
        at: Stamp(5),
        run: Some(RunId::new("gone")),
        step: Some(StepId::new("s")),
        attempt: None,
        actor: Actor::Engine,
        cmd: None,
        fact: Fact::StepCancelled {},
    };
    apply(&mut state, &Arc::new(event));
    let mut expected = State::new(JournalId::new("j1"));
    (expected.seq, expected.now) = (Seq(1), Stamp(5));
    assert_eq!(state, expected);
}
