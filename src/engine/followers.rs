//! Those who fold along: each gets every event, or is dropped to resync. The engine never waits for one.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::runtime::Handle as Runtime;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::handle::{FEED_DEPTH, Feed, FeedItem, Inbox};
use crate::model::event::Event;
use crate::model::graph::Graph;
use crate::model::state::State;
use crate::model::why::Thinking;

#[derive(Debug)]
struct Follower {
    id: u64,
    items: mpsc::Sender<FeedItem>,
    /// Missed something; hears nothing until it has room again.
    lagging: bool,
}

#[derive(Debug)]
pub(super) struct Followers {
    list: Vec<Follower>,
    next: u64,
    inbox: Sender<Inbox>,
    runtime: Runtime,
}

impl Followers {
    pub(super) fn new(inbox: Sender<Inbox>, runtime: Runtime) -> Self {
        Self { list: Vec::new(), next: 0, inbox, runtime }
    }

    pub(super) fn join(&mut self, state: &State) -> Feed {
        let (items, receiver) = mpsc::channel(FEED_DEPTH);
        self.next += 1;
        self.list.push(Follower { id: self.next, items, lagging: false });
        Feed { journal: state.journal.clone(), state: Arc::new(state.clone()), items: receiver }
    }

    pub(super) fn publish(&mut self, plans: &[Arc<Graph>], events: &[Arc<Event>]) {
        let items = plans.iter().cloned().map(FeedItem::Plan).chain(events.iter().cloned().map(FeedItem::Event));
        for item in items {
            self.list.retain_mut(|follower| follower.lagging || push(follower, item.clone(), &self.inbox, &self.runtime));
        }
    }

    /// To whoever has room to spare: events come first, and nobody lags for a thought.
    pub(super) fn think(&self, thinking: &Arc<Thinking>) {
        for follower in self.list.iter().filter(|one| !one.lagging && one.items.capacity() > FEED_DEPTH / 2) {
            let _ = follower.items.try_send(FeedItem::Thinking(Arc::clone(thinking)));
        }
    }

    /// The follower has room: it starts again from a state.
    pub(super) fn rejoin(&mut self, id: u64, state: &State) {
        let Some(follower) = self.list.iter_mut().find(|one| one.id == id) else { return };
        follower.lagging = false;
        if follower.items.try_send(FeedItem::Resync(Arc::new(state.clone()))).is_err() {
            self.list.retain(|one| one.id != id);
        }
    }

    pub(super) fn tell_end(&mut self, reason: &str) {
        for follower in self.list.drain(..) {
            let _ = follower.items.try_send(FeedItem::Gone { reason: reason.to_owned() });
        }
    }
}

/// False: it hung up.
fn push(follower: &mut Follower, item: FeedItem, inbox: &Sender<Inbox>, runtime: &Runtime) -> bool {
    match follower.items.try_send(item) {
        Ok(()) => true,
        Err(TrySendError::Closed(_)) => false,
        Err(TrySendError::Full(_)) => {
            // It gets no more events: with one missing, those after it would fold into a state that never was.
            follower.lagging = true;
            let (id, items, inbox) = (follower.id, follower.items.clone(), inbox.clone());
            runtime.spawn(async move {
                // With room for one only it would lag again at the next event.
                if items.reserve_many(FEED_DEPTH / 2).await.is_ok() {
                    let _ = inbox.send(Inbox::Rejoin(id));
                }
            });
            true
        }
    }
}
