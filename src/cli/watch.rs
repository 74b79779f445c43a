//! Follows runs to their end, one line an event, and says with which exit code.
//!
//! Stops where a run waits for a person and nobody is there to ask. Ctrl-C leaves; it never cancels.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::exit::Exit;
use super::lines;
use super::out::Out;
use super::session::fold;
use crate::engine::handle::{Feed, FeedItem};
use crate::machine::is_quiet;
use crate::model::event::Event;
use crate::model::ids::{RequestId, RunId, Seq};
use crate::model::state::{State, Workflow};

/// A feed, folded along.
pub struct Watch {
    pub state: State,
    items: tokio::sync::mpsc::Receiver<FeedItem>,
}

/// Why watching ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every watched run is finished, or waits for a person and moves no further by itself.
    Settled,
    Interrupted,
    /// The engine ended first.
    Gone(String),
}

impl Watch {
    pub fn of(feed: Feed) -> Self {
        Self { state: Arc::unwrap_or_clone(feed.state), items: feed.items }
    }

    /// The next event, already folded in; `None` where the feed ended.
    pub async fn next(&mut self) -> Option<Result<Arc<Event>, String>> {
        loop {
            let item = self.items.recv().await?;
            match item {
                FeedItem::Event(event) => {
                    fold(&mut self.state, FeedItem::Event(event.clone()));
                    return Some(Ok(event));
                }
                FeedItem::Gone { reason } => return Some(Err(reason)),
                other => fold(&mut self.state, other),
            }
        }
    }

    /// Prints what happens to these runs until all are settled.
    pub async fn until_settled(&mut self, runs: &BTreeSet<RunId>, out: &Out) -> Ended {
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        while !runs.iter().all(|run| self.state.runs.get(run).is_some_and(is_settled)) {
            tokio::select! {
                () = &mut interrupted => return Ended::Interrupted,
                next = self.next() => match next {
                    Some(Ok(event)) => show(&event, runs, out),
                    Some(Err(reason)) => return Ended::Gone(reason),
                    None => return Ended::Gone("the link closed".to_owned()),
                },
            }
        }
        Ended::Settled
    }

    /// Prints up to the answer whose first event this is, and on until it has closed its question: the events of one
    /// command come one by one. `Some`: the feed ended before.
    pub async fn until_answered(&mut self, (seq, request): (Seq, &RequestId), runs: &BTreeSet<RunId>, out: &Out) -> Option<Ended> {
        while self.state.seq < seq || self.state.runs.values().any(|run| run.questions.contains_key(request)) {
            match self.next().await {
                Some(Ok(event)) => show(&event, runs, out),
                Some(Err(reason)) => return Some(Ended::Gone(reason)),
                None => return Some(Ended::Gone("the link closed".to_owned())),
            }
        }
        None
    }

    pub fn exit(&self, runs: &BTreeSet<RunId>) -> Exit {
        runs.iter().filter_map(|run| self.state.runs.get(run)).map(Exit::of_run).fold(Exit::Done, Exit::worse)
    }
}

fn show(event: &Event, runs: &BTreeSet<RunId>, out: &Out) {
    let Some(run) = event.run.as_ref().filter(|run| runs.contains(run)) else { return };
    match lines::human(event) {
        Some(line) if runs.len() > 1 && !out.json => out.result(&format!("{run} {line}")),
        _ => print(event, out),
    }
}

/// One line, as `--json` or for people.
pub fn print(event: &Event, out: &Out) {
    if out.json {
        out.result(&lines::json(event));
    } else if let Some(line) = lines::human(event) {
        out.result(&line);
    }
}

/// Nothing of it moves before a person speaks. A parked run is about to be resumed by whoever watches it.
pub fn is_settled(run: &Workflow) -> bool {
    run.state.is_finished() || (!run.parked && is_quiet(run))
}

/// Ctrl-C or a polite end. A hang-up is no interruption: what runs goes on headless.
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (int, term) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    match (int, term) {
        (Ok(mut int), Ok(mut term)) => {
            tokio::select! { _ = int.recv() => {}, _ = term.recv() => {} }
        }
        _ => std::future::pending().await,
    }
}
