//! Why a plan is as it is: what the planner really did, how the roles voted, and how long it should take.
//!
//! Made while planning, kept with the plan, never part of its digest: it explains the plan and decides nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::time::Millis;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Why {
    pub thinking: Vec<Thought>,
    pub decision: Option<Decision>,
    pub forecast: Option<Forecast>,
    /// Words of the intent that the plan does without: reads that show more than was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asides: Vec<String>,
    /// What could follow; no part of the plan until somebody says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Suggestion>,
}

/// A step that would complete the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The step that it would follow.
    pub after: String,
    pub operation: String,
    pub params: BTreeMap<String, String>,
    pub why: String,
}

impl Why {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The stage that an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingKind {
    /// What was understood as the text: words, waivers left out.
    Initialization,
    /// Clauses and their joints.
    Analysis,
    /// Operations that were weighed for a clause.
    ServiceSelection,
    /// Values bound to parameters.
    ExecutionPlanning,
    /// Steps and edges as composed.
    WorkflowGeneration,
    /// Other ways that were looked at: templates, remembered plans, proposals of a model.
    Planning,
    /// Problems found, and repairs made.
    Evaluation,
    /// What changes, and who must say yes.
    RiskAssessment,
    /// Votes and the choice.
    Decision,
    /// What came of it.
    ResultAnalysis,
}

impl ThinkingKind {
    pub const ALL: [Self; 10] = [
        Self::Initialization,
        Self::Analysis,
        Self::ServiceSelection,
        Self::ExecutionPlanning,
        Self::WorkflowGeneration,
        Self::Planning,
        Self::Evaluation,
        Self::RiskAssessment,
        Self::Decision,
        Self::ResultAnalysis,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initialization => "initialization",
            Self::Analysis => "analysis",
            Self::ServiceSelection => "service_selection",
            Self::ExecutionPlanning => "execution_planning",
            Self::WorkflowGeneration => "workflow_generation",
            Self::Planning => "planning",
            Self::Evaluation => "evaluation",
            Self::RiskAssessment => "risk_assessment",
            Self::Decision => "decision",
            Self::ResultAnalysis => "result_analysis",
        }
    }
}

/// One thing that a stage did. `conclusion`: shown always; the others in debug mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thought {
    pub kind: ThinkingKind,
    pub text: String,
    pub conclusion: bool,
}

/// What somebody's planning just thought, told to all who follow the same engine. It decides nothing and is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thinking {
    /// Who asked; an engine puts in who it knows the sender to be.
    pub asker: String,
    /// Tells questions of one console from those of others: chosen by it, with the number of the question.
    pub console: String,
    pub ask: u64,
    /// What was asked, cut to what a line holds.
    pub intent: String,
    pub thought: Thought,
}

impl Thinking {
    /// Most of a name, an intent and a thought, in characters: more is cut where it is sent and where it is received.
    const NAME: usize = 64;
    const INTENT: usize = 200;
    const TEXT: usize = 400;

    /// Without what is too long to be told.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let cut = |text: &mut String, most: usize| {
            if let Some((at, _)) = text.char_indices().nth(most) {
                text.truncate(at);
                text.push('…');
            }
        };
        cut(&mut self.asker, Self::NAME);
        cut(&mut self.console, Self::NAME);
        cut(&mut self.intent, Self::INTENT);
        cut(&mut self.thought.text, Self::TEXT);
        self
    }
}

/// Eight points of view; each has its own evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Analyst,
    Advocate,
    Critic,
    Synthesiser,
    Validator,
    Strategist,
    Ethicist,
    Pragmatist,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Advocate => "advocate",
            Self::Critic => "critic",
            Self::Synthesiser => "synthesiser",
            Self::Validator => "validator",
            Self::Strategist => "strategist",
            Self::Ethicist => "ethicist",
            Self::Pragmatist => "pragmatist",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub role: Role,
    /// In thousandths; `None`: it has no evidence and abstains.
    pub score: Option<u32>,
    /// Why this proposal must not be chosen, whatever the others say.
    pub veto: Option<String>,
    pub reason: String,
}

/// A proposal with what was said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    pub name: String,
    pub operations: Vec<String>,
    /// Weighted mean of the votes in thousandths; `None` where all abstained.
    pub consensus: Option<u32>,
    pub votes: Vec<Vote>,
    /// Empty for the winner.
    pub why_not: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Ruling {
    Chosen {
        name: String,
    },
    /// Too little evidence or too little agreement: a person is asked.
    Clarify {
        question: String,
        choices: Vec<String>,
    },
    /// Every proposal is vetoed, or there is none.
    Refused {
        reasons: Vec<String>,
    },
}

/// Winner first, the others by consensus and name: the order of the proposals never shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub ruling: Ruling,
    pub threshold: u32,
    pub considered: Vec<Considered>,
    /// `role: would rather …`, in the order of the roles.
    pub dissent: Vec<String>,
}

/// What past attempts of an operation say of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepForecast {
    pub step: String,
    pub p50_ms: Millis,
    pub p95_ms: Millis,
    /// Odds that it fails, in thousandths.
    pub fails: u32,
    /// Attempts that this rests on; 0: the manifest's expectation.
    pub seen: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Along the longest path of medians, and of 95th percentiles: the latter is an upper estimate.
    pub p50_ms: Millis,
    pub p95_ms: Millis,
    /// Odds that some critical step fails, in thousandths, steps taken as independent.
    pub fails: u32,
    pub steps: Vec<StepForecast>,
    /// Steps of which neither history nor manifest says how long they take.
    pub unknown: Vec<String>,
}
