//! What the console wants of planner, engine, journal and disk: asked on the runtime, answered as events.
//!
//! The console's own thread waits for none of it.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use tokio::task::AbortHandle;

use super::output::{CHUNK, Source};
use super::revision::Target;
use super::run::Event;
use super::save::save;
use super::update::{Msg, Order};
use super::wiring::Wiring;
use crate::engine::handle::{FeedItem, Reply};
use crate::engine::telling::{Tell, Told};
use crate::model::command::Command;
use crate::model::ids::RunId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::why::Thinking;

/// Thoughts of one question that wait to be told to others.
const THOUGHTS: usize = 512;

pub struct Errands {
    pub wiring: Wiring,
    pub events: Sender<Event>,
    /// What this console calls itself where it thinks aloud.
    pub console: String,
    /// The model is asked one thing at a time.
    pub improving: Option<AbortHandle>,
}

impl Errands {
    /// A feed that ends without saying why was dropped for being slow: it is followed anew, from a state that has everything.
    pub fn forward_feed(&self, mut items: tokio::sync::mpsc::Receiver<FeedItem>) {
        let (events, link, console) = (self.events.clone(), self.wiring.link.clone(), self.console.clone());
        self.wiring.runtime.spawn(async move {
            let own = |item: &FeedItem| matches!(item, FeedItem::Thinking(thinking) if thinking.console == console);
            let tell = |item| events.send(Event::Model(Box::new(Msg::Fed(item)), Instant::now())).is_ok();
            loop {
                while let Some(item) = items.recv().await {
                    if own(&item) {
                        continue;
                    }
                    let over = matches!(item, FeedItem::Gone { .. });
                    if !tell(item) || over {
                        return;
                    }
                }
                match link.follow().await {
                    Ok(feed) => {
                        items = feed.items;
                        if !tell(FeedItem::Resync(feed.state)) {
                            return;
                        }
                    }
                    Err(error) => {
                        tell(FeedItem::Gone { reason: error.to_string() });
                        return;
                    }
                }
            }
        });
    }

    pub fn rejoin(&self) {
        let (events, joining) = (self.events.clone(), (self.wiring.rejoin)());
        self.wiring.runtime.spawn(async move {
            let event = match joining.await {
                Ok(joined) => Event::Joined(Box::new(joined)),
                Err(why) => Event::Model(Box::new(Msg::Rejoined(Err(why))), Instant::now()),
            };
            let _ = events.send(event);
        });
    }

    /// What is thought about this question goes the way of all other messages, in its order, and to the others on this engine.
    fn tell(&self, ask: u64, intent: &str) -> Tell {
        let (thoughts, mut aloud) = tokio::sync::mpsc::channel(THOUGHTS);
        let link = self.wiring.link.clone();
        self.wiring.runtime.spawn(async move {
            while let Some(thinking) = aloud.recv().await {
                link.think(thinking).await;
            }
        });
        let (events, console, intent, asker) =
            (self.events.clone(), self.console.clone(), intent.to_owned(), self.wiring.actor.to_string());
        Tell::new(move |told| {
            if let Told::Thought(thought) = &told {
                let (asker, console, intent) = (asker.clone(), console.clone(), intent.clone());
                let thinking = Thinking { asker, console, ask, intent, thought: thought.clone() };
                // Where the others are slow they hear less; the plan waits for nobody.
                let _ = thoughts.try_send(thinking.bounded());
            }
            let _ = events.send(Event::Model(Box::new(Msg::Told { ask, told }), Instant::now()));
        })
    }

    pub fn plan(&self, ask: u64, text: String) {
        let (events, planning) = (self.events.clone(), {
            let tell = self.tell(ask, &text);
            (self.wiring.plan_intent)(text, tell)
        });
        self.wiring.runtime.spawn(async move {
            let outcome = planning.await;
            let _ = events.send(Event::Model(Box::new(Msg::Planned { ask, outcome }), Instant::now()));
        });
    }

    pub fn improve(&mut self, ask: u64, text: String, standing: PlanOutcome) {
        self.stop_improving();
        let Some((_, improve)) = &self.wiring.improve else { return };
        let (events, improving) = (self.events.clone(), {
            let tell = self.tell(ask, &text);
            improve(text, standing, tell)
        });
        let task = self.wiring.runtime.spawn(async move {
            let found = improving.await;
            let _ = events.send(Event::Model(Box::new(Msg::Improved { ask, found: found.map(Box::new) }), Instant::now()));
        });
        self.improving = Some(task.abort_handle());
    }

    /// Closes the connection to the model.
    pub fn stop_improving(&mut self) {
        if let Some(task) = self.improving.take() {
            task.abort();
        }
    }

    pub fn send(&self, order: Order, command: Command) {
        let (events, link) = (self.events.clone(), self.wiring.link.clone());
        self.wiring.runtime.spawn(async move {
            let reply: Reply = link.send(command).await;
            let _ = events.send(Event::Model(Box::new(Msg::Replied { order, reply }), Instant::now()));
        });
    }

    pub fn save(&self, source: Source, path: String) {
        let (events, link) = (self.events.clone(), self.wiring.link.clone());
        self.wiring.runtime.spawn(async move {
            let answer = save(&link, &source, &path).await;
            let _ = events.send(Event::Model(Box::new(Msg::Saved(answer)), Instant::now()));
        });
    }

    pub fn revise(&self, target: Target, making: impl Future<Output = Result<Plan, String>> + Send + 'static) {
        let events = self.events.clone();
        self.wiring.runtime.spawn(async move {
            let answer = making.await;
            let _ = events.send(Event::Model(Box::new(Msg::Revised { target, answer }), Instant::now()));
        });
    }

    pub fn anew(&self, run: RunId, plan: Arc<Plan>) {
        let (events, making) = (self.events.clone(), (self.wiring.anew)(plan));
        self.wiring.runtime.spawn(async move {
            let answer = making.await;
            let _ = events.send(Event::Model(Box::new(Msg::Anew { run, answer }), Instant::now()));
        });
    }

    pub fn past(&self, run: RunId) {
        let (events, reading) = (self.events.clone(), (self.wiring.past)(run.clone()));
        self.wiring.runtime.spawn(async move {
            let answer = reading.await;
            let _ = events.send(Event::Model(Box::new(Msg::Past { run, answer }), Instant::now()));
        });
    }

    pub fn read(&self, source: Source, offset: u64) {
        let (events, link) = (self.events.clone(), self.wiring.link.clone());
        self.wiring.runtime.spawn(async move {
            let answer = link.output(&source.run, &source.step, source.attempt, offset, CHUNK).await;
            let answer = answer.map_err(|error| error.to_string());
            let _ = events.send(Event::Model(Box::new(Msg::Output { source, answer }), Instant::now()));
        });
    }
}
