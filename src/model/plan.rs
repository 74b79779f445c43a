//! A reviewed graph of steps, immutable, named by its digest; an edit makes a new revision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::Action;
use super::catalogue::{EffectClass, Repeat};
use super::digest::Digest;
use super::hole::{Piece, has_item, pieces};
use super::ids::{StepId, StepIx};
use super::time::Millis;
use super::verdict::Threshold;
use super::why::Why;

/// What a step is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    #[default]
    Action,
    /// A failing verdict fails the step.
    Validation,
    /// Its verdict is an answer: a failing one is a no, which takes the `failure` edges and loses nothing.
    Decision,
    /// Still runs after a cancel (not after `cancel --now`), on its `always` edges.
    Recovery,
    /// A failing verdict raises an alert.
    Monitoring,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Success,
    Failure,
    Always,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    #[default]
    Completion,
    /// The dependent reads the other's output.
    Data,
}

/// An edge, seen from the step that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    pub step: StepId,
    #[serde(default)]
    pub when: When,
    #[serde(default)]
    pub kind: NeedKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// Every edge must hold.
    #[default]
    All,
    /// One edge that holds is enough.
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    Operator,
    Template,
    /// Taken from another clause of the same intent.
    Inherited,
    Default,
    StepOutput,
    /// A read made while planning, whose list is part of what is approved.
    Preview,
    /// Of a list that the inventory gave while planning.
    Inventory,
    /// As a run before had it.
    Memory,
    /// A language model wrote it: never without a look where it changes something.
    Model,
}

impl Provenance {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "said",
            Self::Template => "template",
            Self::Inherited => "from another clause",
            Self::Default => "default",
            Self::StepOutput => "output of a step",
            Self::Preview => "preview",
            Self::Inventory => "by the inventory",
            Self::Memory => "from a run before",
            Self::Model => "from the model",
        }
    }
}

/// Automatic retries that the approval covers. `limit` counts retries, not attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    pub limit: u32,
    pub base_ms: Millis,
    pub cap_ms: Millis,
}

impl Default for Retry {
    fn default() -> Self {
        Self { limit: 2, base_ms: Millis::seconds(1), cap_ms: Millis::seconds(30) }
    }
}

/// Values that the approval lets a hole take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bound {
    OneOf(Vec<String>),
    Range { min: i64, max: i64 },
}

/// The step once for each thing on a list. `${item}` in its values stands for that thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEach {
    /// The things themselves, or `${steps.ID.output.path}` for a list that is known when the run gets there.
    #[serde(rename = "in")]
    pub list: Value,
    /// How many are taken up together; none: all where it only reads, else one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
    /// A list of more things than this waits for a person.
    pub most: u32,
}

impl ForEach {
    /// For people: `each of the hosts that s1 gives, one after the other; more than 100 wait for a person`.
    pub fn told(&self, effect: EffectClass) -> String {
        let over = match (&self.list, self.list.as_str().and_then(|text| pieces(text).ok()).as_deref()) {
            (_, Some([Piece::Hole(hole)])) if hole.path.is_empty() => format!("what {} gives", hole.step),
            (_, Some([Piece::Hole(hole)])) => format!("the {} that {} gives", hole.path.join("."), hole.step),
            (list, _) => list.to_string(),
        };
        let pace = match (self.at_once, effect) {
            (None, EffectClass::Read) => "all at once".to_owned(),
            (None | Some(1), _) => "one after the other".to_owned(),
            (Some(size), _) => format!("{size} at a time"),
        };
        format!("each of {over}, {pace}; more than {} wait for a person", self.most)
    }
}

/// What a step is that its `for_each` made while the run went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CopyOf {
    pub step: StepId,
    pub item: Value,
    /// Parameters that hold the thing or a part of it.
    pub params: Vec<String>,
}

/// Undo of a step: another action, run in reverse order on rollback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compensation {
    pub operation: String,
    pub params: BTreeMap<String, Value>,
    pub effect: EffectClass,
    pub repeat: Repeat,
    pub timeout_ms: Millis,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    pub operation: String,
    /// Typed values; text may hold `${steps.ID.output.path}`.
    pub params: BTreeMap<String, Value>,
    pub effect: EffectClass,
    pub low_risk: bool,
    pub repeat: Repeat,
    pub needs: Vec<Need>,
    #[serde(default)]
    pub join: Join,
    #[serde(default)]
    pub kind: StepKind,
    /// CEL over `steps.ID.output` and `steps.ID.state`; false skips the step.
    #[serde(default)]
    pub condition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<CopyOf>,
    /// A critical step that fails without a failure branch fails the workflow.
    pub critical: bool,
    /// Waits for a person before it may start.
    pub approval: bool,
    #[serde(default)]
    pub provenance: BTreeMap<String, Provenance>,
    pub timeout_ms: Millis,
    /// Longest time without a byte of output; zero: no limit.
    #[serde(default)]
    pub silence_ms: Millis,
    #[serde(default)]
    pub retry: Retry,
    /// Named locks, taken together before the intent and released after the result.
    #[serde(default)]
    pub locks: Vec<String>,
    #[serde(default)]
    pub compensation: Option<Compensation>,
    /// Read that tells whether an interrupted `probeable` step happened: its exit 0 means yes.
    #[serde(default)]
    pub probe: Option<Compensation>,
    /// Hole (parameter name) -> what the approval covers.
    #[serde(default)]
    pub bounds: BTreeMap<String, Bound>,
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Added by the planner, not asked for.
    #[serde(default)]
    pub suggested: bool,
    pub action: Action,
    /// Canonical digest with typed holes.
    #[serde(default)]
    pub digest: Digest,
}

impl Step {
    pub fn service(&self) -> &str {
        self.operation.split_once('.').map_or(self.operation.as_str(), |(service, _)| service)
    }

    /// Whoever changes a target has it alone.
    pub fn lock_target(&mut self) {
        if self.effect != EffectClass::Read
            && let Some(target) = self.target().filter(|target| !target.contains("${"))
        {
            self.locks = vec![format!("target:{target}")];
        }
    }

    /// The host, asset or service that it acts on, for locks, freezes and counting. None yet where it goes over a list.
    pub fn target(&self) -> Option<&str> {
        let named = ["host", "target", "asset", "service"].iter().find_map(|name| self.params.get(*name)?.as_str());
        named.filter(|target| self.for_each.is_none() || !has_item(target))
    }
}

/// Where the plan came from; `--yes` covers files and templates as written, an intent text less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlanSource {
    Intent,
    File {
        path: String,
    },
    Template {
        name: String,
    },
    /// A language model proposed it; what of it changes something always waits for a person.
    Model {
        name: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Merkle root over step digests, edges and envelope.
    pub digest: Digest,
    pub revision: u32,
    pub title: String,
    pub intent: String,
    pub source: PlanSource,
    /// Named by the operator; unnamed counts as production.
    #[serde(default)]
    pub environment: Option<String>,
    pub approval_required: bool,
    pub steps: Vec<Step>,
    /// How it came to be; not part of its digest.
    #[serde(default, skip_serializing_if = "Why::is_empty")]
    pub why: Box<Why>,
}

impl Plan {
    pub fn step(&self, ix: StepIx) -> &Step {
        &self.steps[ix.at()]
    }

    pub fn ix(&self, id: &StepId) -> Option<StepIx> {
        let at = self.steps.iter().position(|step| step.id == *id)?;
        Some(StepIx(u32::try_from(at).ok()?))
    }

    pub fn worst_effect(&self) -> EffectClass {
        self.steps.iter().map(|step| step.effect).max().unwrap_or(EffectClass::Read)
    }
}
