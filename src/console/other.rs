//! Another plan for the intent that was planned last, which a model may bring while the first one is on the screen.
//!
//! It never takes the screen, nor the place of the plan that stands: the operator looks at it, takes it or dismisses it.

use std::sync::Arc;

use super::app::App;
use super::proposal::Sent;
use crate::engine::proposing::Improvement;
use crate::engine::telling::Live;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::why::{self, Decision, Thought};

#[derive(Debug, Default)]
pub struct Other {
    /// The configured one; `None`: nobody is asked.
    pub model: Option<String>,
    pub standing: Option<Standing>,
    pub found: Option<Found>,
    /// How far the model is, while it is asked.
    pub live: Option<Live>,
    /// What became of asking about the plan that was planned last, with how the roles voted.
    pub weighed: Option<Weighed>,
}

#[derive(Debug)]
pub struct Weighed {
    pub line: String,
    pub decision: Option<Decision>,
}

/// What is thought about the question that was asked last, as it is thought.
#[derive(Debug, Default)]
pub struct Thinking {
    pub ask: u64,
    pub thoughts: Vec<Thought>,
    /// Every detail is shown, not the conclusions alone.
    pub in_full: bool,
}

/// What others think who plan beside us on the same engine, by console; the latest last.
#[derive(Debug, Default)]
pub struct Elsewhere(Vec<Wondering>);

/// One question of another console.
#[derive(Debug)]
pub struct Wondering {
    pub asker: String,
    pub intent: String,
    pub thoughts: Vec<Thought>,
    console: String,
    ask: u64,
}

impl Elsewhere {
    /// Consoles that are kept, and thoughts of one question.
    const CONSOLES: usize = 3;
    const THOUGHTS: usize = 500;

    pub fn hear(&mut self, thinking: &why::Thinking) {
        let why::Thinking { asker, console, ask, intent, thought } = thinking.clone().bounded();
        let known = self.0.iter().position(|one| one.console == console);
        let mut one = known.map(|at| self.0.remove(at)).filter(|one| one.ask == ask).unwrap_or_else(|| {
            let thoughts = Vec::new();
            Wondering { asker, intent, thoughts, console, ask }
        });
        if one.thoughts.len() < Self::THOUGHTS {
            one.thoughts.push(thought);
        }
        self.0.push(one);
        if self.0.len() > Self::CONSOLES {
            self.0.remove(0);
        }
    }

    /// The latest first.
    pub fn all(&self) -> impl Iterator<Item = &Wondering> {
        self.0.iter().rev()
    }
}

/// What the model was asked to do better.
#[derive(Debug)]
pub struct Standing {
    pub ask: u64,
    pub text: String,
    pub outcome: PlanOutcome,
}

#[derive(Debug)]
pub struct Found {
    pub improvement: Improvement,
    pub plan: Arc<Plan>,
}

impl App {
    /// What Why shows of thinking: that of the question in the air, else the shown plan's own. `None`: there is neither.
    pub fn thoughts(&self) -> Option<&[Thought]> {
        if self.is_wondering() {
            return Some(&self.thinking.thoughts);
        }
        self.graph().map(|graph| graph.plan.why.thinking.as_slice())
    }

    /// A question is asked, or was answered by no plan: what is thought about it stands in no plan.
    pub fn is_wondering(&self) -> bool {
        let is_open = self.intent.asking.is_some() || self.intent.answer.is_some();
        is_open && self.thinking.ask == self.intent.asked && !self.thinking.thoughts.is_empty()
    }

    /// The question is still open: nothing newer is asked, and what stands was not sent, taken back or replaced.
    pub fn other_matters(&self) -> bool {
        let Some(standing) = &self.other.standing else { return false };
        let newest = self.intent.asked == standing.ask && self.intent.asking.is_none();
        newest
            && match &standing.outcome {
                PlanOutcome::Plan { plan, .. } => {
                    self.proposal.as_ref().is_some_and(|proposal| proposal.plan.digest == plan.digest && proposal.sent == Sent::No)
                }
                PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => self.intent.answer.is_some(),
            }
    }
}
