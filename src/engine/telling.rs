//! Planning aloud: what each stage thinks, and how far a model is, told while it goes on.
//!
//! Only told, never asked: nothing here decides. A model's own words are not among it before they were judged.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::llm::{Progress, Usage};
use crate::model::why::Thought;
use crate::text::{clip, safe};

/// Between two figures of a model that goes on talking: what people can read.
const PACE: Duration = Duration::from_millis(250);
/// Of what is wrong with an answer, in cells.
const FAULT: usize = 60;

#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Thought(Thought),
    Model(Live),
}

/// Whoever listens; must not wait.
#[derive(Clone)]
pub struct Tell(Arc<dyn Fn(Told) + Send + Sync>);

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

impl Tell {
    pub fn new(tell: impl Fn(Told) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Nobody listens.
    pub fn nobody() -> Self {
        Self::new(|_| {})
    }

    pub fn say(&self, told: Told) {
        (self.0)(told);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// For its first word.
    #[default]
    Waiting,
    Answering,
    /// An answer is judged.
    Judging,
    /// It was told what is wrong with its answer.
    Repairing {
        faults: usize,
        first: String,
    },
    /// After a fault that may pass.
    Again {
        why: String,
    },
}

/// Where a model is with its answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    pub model: String,
    pub samples: usize,
    pub stage: Stage,
    /// Pieces of this answer; most servers send one for each token.
    pub pieces: u64,
    /// So far, with the elapsed time; tokens and cost of answers that are whole.
    pub usage: Usage,
}

impl Live {
    /// `answers: about 120 tokens, 3.2 s (800+90 tokens before)`.
    pub fn line(&self) -> String {
        let stage = match &self.stage {
            Stage::Waiting => "waits for its first word".to_owned(),
            Stage::Answering => format!("answers: about {} tokens", self.pieces),
            Stage::Judging => "its answer is judged".to_owned(),
            Stage::Repairing { faults: 1, first } => format!("mends 1 fault: {}", clip(&safe(first), FAULT)),
            Stage::Repairing { faults, first } => format!("mends {faults} faults: {}", clip(&safe(first), FAULT)),
            Stage::Again { why } => format!("is asked again: {}", clip(&safe(why), FAULT)),
        };
        let all = if self.samples > 1 { format!("{} answers; ", self.samples) } else { String::new() };
        let ms = self.usage.elapsed_ms;
        let before = match (self.usage.tokens_in, self.usage.tokens_out) {
            (None, None) => String::new(),
            (asked, answered) => {
                let cost = self.usage.cost.map_or_else(String::new, |cost| format!(", costs {}.{:06}", cost / 1_000_000, cost % 1_000_000));
                format!(" ({}+{} tokens so far{cost})", asked.unwrap_or(0), answered.unwrap_or(0))
            }
        };
        format!("{all}{stage}, {}.{} s{before}", ms / 1_000, ms % 1_000 / 100)
    }
}

/// Turns the progress of one or several answers into one picture, told at a pace that people can follow.
pub(super) struct Watch {
    tell: Tell,
    begun: Instant,
    cost: Box<dyn Fn(u64, u64) -> Option<u64> + Send + Sync>,
    held: Mutex<(Live, Option<Instant>)>,
}

impl Watch {
    pub(super) fn new(tell: Tell, model: &str, samples: usize, cost: impl Fn(u64, u64) -> Option<u64> + Send + Sync + 'static) -> Self {
        let live = Live { model: model.to_owned(), samples, ..Live::default() };
        Self { tell, begun: Instant::now(), cost: Box::new(cost), held: Mutex::new((live, None)) }
    }

    pub(super) fn hear(&self, progress: Progress) {
        let mut held = self.held();
        let (live, last) = &mut *held;
        let is_figure = matches!(progress, Progress::Hears { .. }) && live.stage == Stage::Answering;
        match progress {
            // What it is asked for is told already: it waits, mends or is asked again.
            Progress::Asks { .. } => {}
            Progress::Hears { pieces } => (live.stage, live.pieces) = (Stage::Answering, pieces),
            Progress::Counted { tokens_in, tokens_out } => {
                live.stage = Stage::Judging;
                live.usage.rounds += 1;
                let add = |sum: Option<u64>, more: Option<u64>| more.map_or(sum, |more| Some(sum.unwrap_or(0).saturating_add(more)));
                live.usage.tokens_in = add(live.usage.tokens_in, tokens_in);
                live.usage.tokens_out = add(live.usage.tokens_out, tokens_out);
                live.usage.cost = (self.cost)(live.usage.tokens_in.unwrap_or(0), live.usage.tokens_out.unwrap_or(0));
            }
            Progress::Objects { faults, first } => live.stage = Stage::Repairing { faults, first },
            Progress::Waits { why } => live.stage = Stage::Again { why },
        }
        if is_figure && last.is_some_and(|last| last.elapsed() < PACE) {
            return;
        }
        self.say(live, last);
    }

    /// The time went on.
    pub(super) fn tick(&self) {
        let mut held = self.held();
        let (live, last) = &mut *held;
        self.say(live, last);
    }

    fn say(&self, live: &mut Live, last: &mut Option<Instant>) {
        live.usage.elapsed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        *last = Some(Instant::now());
        self.tell.say(Told::Model(live.clone()));
    }

    fn held(&self) -> MutexGuard<'_, (Live, Option<Instant>)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
