//! What becomes durable together, and whom to tell once it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::handle::Reply;
use crate::machine::Turn;
use crate::model::command::{Refusal, RefusalCode, Report};
use crate::model::event::Event;
use crate::model::graph::Graph;
use crate::model::ids::{CmdId, RunId};

#[derive(Debug)]
pub(super) struct Answer {
    to: oneshot::Sender<Reply>,
    cmd_id: CmdId,
    reply: Reply,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Arc<Event>>,
    pub(super) plans: Vec<Arc<Graph>>,
    /// Kept and tried again when the append is refused.
    pub(super) reports: Vec<Report>,
    answers: Vec<Answer>,
}

impl Batch {
    pub(super) fn of(events: Vec<Arc<Event>>) -> Self {
        Self { events, ..Self::default() }
    }

    pub(super) fn take(&mut self, turn: Turn) {
        self.events.extend(turn.events);
        self.plans.extend(turn.plan);
    }

    pub(super) fn answer(&mut self, to: oneshot::Sender<Reply>, cmd_id: CmdId, reply: Reply) {
        self.answers.push(Answer { to, cmd_id, reply });
    }

    pub(super) fn runs(&self) -> BTreeSet<RunId> {
        self.events.iter().filter_map(|event| event.run.clone()).collect()
    }

    /// Durable: everybody hears what was decided.
    pub(super) fn acknowledge(&mut self) {
        for answer in self.answers.drain(..) {
            let _ = answer.to.send(answer.reply);
        }
    }

    /// Nothing of it is on disk.
    pub(super) fn refuse(&mut self, why: &str) {
        for answer in self.answers.drain(..) {
            let reply = match answer.reply {
                // A refusal stays what it is: nothing of it was to be recorded.
                Reply::Accepted { .. } => Reply::Refused(Refusal::new(RefusalCode::Unavailable, why)),
                other => other,
            };
            let _ = answer.to.send(reply);
        }
    }

    /// It may or may not be on disk: nobody is told that it is.
    pub(super) fn leave_open(&mut self) {
        for answer in self.answers.drain(..) {
            let reply = match answer.reply {
                Reply::Accepted { .. } => Reply::Unknown { cmd_id: answer.cmd_id },
                other => other,
            };
            let _ = answer.to.send(reply);
        }
    }
}
