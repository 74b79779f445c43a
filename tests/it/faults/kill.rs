//! The engine killed at random moments, alone or with its step runners; each time taken up again to the end.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;

use super::plans;
use super::program::{Ended, Place, Running, kill, program, until};
use super::rng::{Rng, is_long, seed};
use crate::checker::{Acked, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victims {
    Engine,
    EngineAndRunners,
    /// The engine lives on and must notice.
    Runners,
}

/// One plan from submission to its end, with whatever happens on the way.
pub struct Campaign {
    pub place: Place,
    pub acked: Vec<Acked>,
    /// Steps that a person was asked about.
    pub parks: usize,
    /// Runs that there shall be in the end.
    pub runs: usize,
}

impl Campaign {
    pub fn new(place: Place) -> Self {
        Self { place, acked: Vec::new(), parks: 0, runs: 1 }
    }

    /// `run` where nothing of the run is durable yet, else `resume`.
    pub fn next_args(&self) -> Vec<&'static str> {
        let verdict = self.judge();
        let submit = verdict.all_finished() && verdict.runs.len() < self.runs;
        if submit { vec!["run", "--plan", "PLAN", "--yes", "--json"] } else { vec!["resume", "--json"] }
    }

    pub fn args(&self, next: &[&'static str]) -> Vec<String> {
        let plan = self.place.path("plan.json").display().to_string();
        next.iter().map(|word| if *word == "PLAN" { plan.clone() } else { (*word).to_owned() }).collect()
    }

    pub fn go_on(&self) -> Running {
        let args = self.args(&self.next_args());
        self.place.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub fn heard(&mut self, ended: &Ended) {
        self.acked.extend(ended.acked());
    }

    pub fn judge(&self) -> Verdict {
        self.place.judge(&self.acked)
    }

    /// A person looks what became of each parked step and says so.
    pub fn answer_parks(&mut self) {
        let verdict = self.judge();
        for (run, step) in verdict.steps_in("outcome_unknown") {
            self.parks += 1;
            // Whoever may still do it is waited for first.
            until("the end of the step's processes", || self.place.of_step(&step).is_empty().then_some(()));
            let said = if self.place.ledger().has(&step) {
                self.place.run(&["done", &run, &step, "--evidence", "its line stands in the ledger"])
            } else {
                self.place.run(&["retry", &run, &step])
            };
            assert_eq!(said.code(), Some(0), "{}", said.text());
        }
    }

    /// Without further faults, to the end of the run.
    pub fn finish(&mut self) -> Verdict {
        for _ in 0..200 {
            let verdict = self.judge();
            assert_clean(&verdict);
            if verdict.runs.len() == self.runs && verdict.all_finished() {
                return verdict;
            }
            self.answer_parks();
            let ended = self.go_on().end();
            self.heard(&ended);
            assert!(matches!(ended.code(), Some(0 | 6 | 7)), "{}", ended.text());
        }
        panic!("it never ended");
    }
}

pub fn assert_clean(verdict: &Verdict) {
    assert!(verdict.is_clean(), "{}", verdict.faults.join("\n"));
}

/// Every step's line exactly once.
pub fn assert_exactly_once(place: &Place, verdict: &Verdict) {
    let ledger = place.ledger();
    for (run, it) in &verdict.runs {
        assert_eq!(it.finished.as_deref(), Some("succeeded"), "run {run}");
        for step in it.steps.keys() {
            assert_eq!(ledger.counts.get(step), Some(&1), "the effect of {step}");
        }
    }
}

#[derive(Default)]
struct Tally {
    fired: usize,
    void: usize,
    in_flight: usize,
    parks: usize,
    plans: usize,
    steps: usize,
    events: usize,
    acked: usize,
    moments: BTreeMap<String, usize>,
}

impl Tally {
    /// What the run was doing when the blow fell, as the disk has it.
    fn fell(&mut self, verdict: &Verdict) {
        self.fired += 1;
        let flying = verdict.in_flight();
        self.in_flight += usize::from(flying > 0);
        let moment = match verdict.runs.values().next() {
            None => "before the run was durable".to_owned(),
            Some(run) if run.finished.is_some() => "after its end".to_owned(),
            Some(_) if !verdict.steps_in("recovering").is_empty() => format!("recovering, {flying} in flight"),
            Some(_) => format!("running, {flying} in flight"),
        };
        *self.moments.entry(moment).or_default() += 1;
    }
}

/// Until `blows` have fired, over as many plans as that takes.
fn campaign(blows: usize, victims: Victims) -> (Tally, u64) {
    let seed = seed();
    let mut rng = Rng::new(seed);
    let mut tally = Tally::default();
    while tally.fired < blows {
        let mut one = Campaign::new(Place::new());
        let steps = if is_long() { 120 + rng.below(81) } else { 60 + rng.below(31) };
        one.place.write_plan(&plans::mixed(steps, &one.place.ledger_path(), &mut rng));
        // Spread over the whole run: what is left of the blows, at most one in four steps.
        let share = (blows - tally.fired).min(25);
        batter(&mut one, share, victims, &mut rng, &mut tally, steps);
        let verdict = one.finish();
        assert_exactly_once(&one.place, &verdict);
        tally.plans += 1;
        tally.parks += one.parks;
        tally.steps += usize::try_from(steps).expect("few");
        tally.events += verdict.events;
        tally.acked += verdict.acked;
    }
    (tally, seed)
}

fn batter(one: &mut Campaign, blows: usize, victims: Victims, rng: &mut Rng, tally: &mut Tally, steps: u64) {
    let lines = (steps * 3 / blows as u64).max(2);
    for _ in 0..blows {
        let running = one.go_on();
        // Some blows fall before it has said anything: into opening, recovery and re-attaching.
        let after = if rng.one_in(4) { 0 } else { usize::try_from(rng.below(lines * 2)).expect("few") };
        running.wait_for_lines(after);
        // The moment itself is the fault: somewhere between two lines.
        std::thread::sleep(Duration::from_micros(rng.below(if after == 0 { 80_000 } else { 20_000 })));
        let (ended, fired) = strike(&one.place, running, victims);
        one.heard(&ended);
        let verdict = one.judge();
        assert_clean(&verdict);
        if fired {
            tally.fell(&verdict);
        } else {
            tally.void += 1;
            assert!(matches!(ended.code(), Some(0 | 6 | 7)), "{}", ended.text());
        }
        if !verdict.runs.is_empty() && verdict.all_finished() {
            return;
        }
        one.answer_parks();
    }
}

/// `false`: nobody was there to be hit.
fn strike(place: &Place, mut running: Running, victims: Victims) -> (Ended, bool) {
    let hit = |pids: Vec<i32>| pids.into_iter().for_each(|pid| kill(pid, Signal::KILL));
    let there = !running.has_ended();
    match victims {
        Victims::Engine if there => running.signal(Signal::KILL),
        Victims::EngineAndRunners if there => {
            running.signal(Signal::KILL);
            hit(place.runners());
        }
        Victims::Runners if there => {
            let runners = until("a runner", || Some(place.runners()).filter(|found| !found.is_empty() || running.has_ended()));
            let any = !runners.is_empty();
            hit(runners);
            return (running.end(), any);
        }
        Victims::Engine | Victims::EngineAndRunners | Victims::Runners => {}
    }
    let ended = running.end();
    // It may have ended by itself between the look and the blow.
    let fired = ended.signal() == Some(9);
    (ended, fired)
}

fn report(name: &str, (tally, seed): &(Tally, u64)) {
    let Tally { fired, void, in_flight, parks, plans, steps, events, acked, moments } = tally;
    println!(
        "{name}: {fired} fired ({void} void), {in_flight} with a step in flight, {parks} parks, {plans} plans, {steps} steps, \
         {events} events, {acked} acknowledged lines, seed {seed}, {}",
        program().display()
    );
    for (moment, count) in moments {
        println!("  {count:4} {moment}");
    }
}

/// The engine alone: what it started goes on and is found again; nobody needs to be asked.
#[test]
fn a_killed_engine_loses_and_doubles_nothing() {
    let blows = if is_long() { 100 } else { 12 };
    let done = campaign(blows, Victims::Engine);
    report("kill the engine", &done);
    assert!(done.0.parks <= 3, "{} parks", done.0.parks);
    assert!(done.0.in_flight * 2 >= done.0.fired, "too few with a step in flight");
}

/// With the runners gone nobody knows: a person is asked, and nothing happens twice.
#[test]
fn a_killed_runner_parks_and_doubles_nothing() {
    let blows = if is_long() { 60 } else { 8 };
    let done = campaign(blows, Victims::EngineAndRunners);
    report("kill the engine and its runners", &done);
    let done = campaign(blows / 2, Victims::Runners);
    report("kill the runners", &done);
    assert!(done.0.parks > 0, "no runner was hit in its step");
}
