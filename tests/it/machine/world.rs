//! The machine with a virtual clock: every event is kept, so that each story also proves its own replay.

use std::sync::Arc;

use ouioe::machine::{Ctx, apply, turn};
use ouioe::model::actor::Actor;
use ouioe::model::command::{Command, Refusal, Report, Request};
use ouioe::model::event::Event;
use ouioe::model::graph::Graph;
use ouioe::model::ids::{CmdId, Epoch, JournalId};
use ouioe::model::settings::Settings;
use ouioe::model::state::State;
use ouioe::model::time::Stamp;
use ouioe::policy::canonical::Canonical;

pub struct World {
    pub state: State,
    pub events: Vec<Arc<Event>>,
    pub plans: Vec<Arc<Graph>>,
    pub settings: Settings,
    pub now: Stamp,
    pub may_start: bool,
    sent: u64,
}

impl World {
    pub fn new() -> Self {
        let mut world = Self {
            state: State::new(JournalId::new("j1")),
            events: Vec::new(),
            plans: Vec::new(),
            settings: Settings::default(),
            now: Stamp(1_000_000),
            may_start: true,
            sent: 0,
        };
        world.restart();
        world
    }

    pub fn restart(&mut self) {
        let epoch = Epoch(self.state.epoch.0 + 1);
        self.report(Report::EngineStarted { epoch, pid: 1, version: "test".to_owned() }).expect("the next epoch");
    }

    pub fn report(&mut self, report: Report) -> Result<(), Refusal> {
        self.request(Actor::Engine, Command::Report(report))
    }

    pub fn person(&mut self, command: Command) -> Result<(), Refusal> {
        self.request(Actor::Local { uid: 1000, name: "ana".to_owned() }, command)
    }

    fn request(&mut self, actor: Actor, command: Command) -> Result<(), Refusal> {
        self.sent += 1;
        let request = Request { cmd_id: CmdId::new(format!("c{}", self.sent)), actor, command };
        let seed = Canonical::new("test").number(self.state.seq.0).finish().0;
        let before = self.state.seq;
        let ctx = Ctx { now: self.now, seed, settings: &self.settings, may_start: self.may_start };
        let turn = turn(&mut self.state, &request, &ctx);
        match turn {
            Ok(turn) => {
                self.plans.extend(turn.plan);
                self.events.extend(turn.events);
                Ok(())
            }
            Err(refusal) => {
                assert_eq!(self.state.seq, before, "a refusal appended something");
                Err(refusal)
            }
        }
    }

    /// Moves the clock and fires what is due, in (deadline, id) order.
    pub fn advance(&mut self, ms: i64) {
        let end = Stamp(self.now.0 + ms);
        while let Some((due, timer)) = self.state.next_due().filter(|(due, _)| *due <= end) {
            let timer = timer.clone();
            self.now = due.max(self.now);
            self.report(Report::TimerFired { timer }).expect("a timer that is due");
        }
        self.now = end;
    }

    /// Replay from the first event, and from a snapshot at each of some places, gives the live state.
    pub fn proves_its_replay(&self) {
        let mut replayed = State::new(JournalId::new("j1"));
        self.plans.iter().for_each(|plan| replayed.know_plan(plan.clone()));
        for (at, event) in self.events.iter().enumerate() {
            apply(&mut replayed, &reread(event));
            if at == self.events.len() / 2 {
                replayed = snapshot(&replayed, &self.plans);
            }
        }
        let mut live = self.state.clone();
        live.plans.clone_from(&replayed.plans);
        assert_eq!(replayed, live, "replay differs from the live state");
    }
}

/// As the journal keeps it.
fn reread(event: &Event) -> Event {
    let text = serde_json::to_string(event).expect("an event is JSON");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn snapshot(state: &State, plans: &[Arc<Graph>]) -> State {
    let text = serde_json::to_vec(state).expect("a state is JSON");
    let mut back: State = serde_json::from_slice(&text).expect("its own text");
    plans.iter().for_each(|plan| back.know_plan(plan.clone()));
    back
}
