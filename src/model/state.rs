//! The folded truth: every run, its steps, and the indexes that keep `advance` as cheap as what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Actor;
use super::command::{Consent, Question};
use super::digest::Digest;
use super::effect::Role;
use super::expand::expanded;
use super::failure::{ExitFacts, Failure, SpoolFacts};
use super::graph::Graph;
use super::ids::{AttemptNo, CmdId, Epoch, Generation, JournalId, RequestId, RunId, Seq, StepIx, TimerId};
use super::intent::Intent;
use super::plan::PlanSource;
use super::step_state::{StepState, WorkflowState};
use super::time::Stamp;
use super::verdict::{Health, Verdict};

/// Raised when an old snapshot or another build's state no longer means the same.
pub const FOLD_VERSION: u32 = 3;

/// One step of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    pub state: StepState,
    /// Raised by every change of state; commands name the one that their sender saw.
    pub rev: u32,
    /// Attempts so far; the live or last one has this number.
    pub attempt: AttemptNo,
    pub generation: Generation,
    /// Automatic retries since the last person's word.
    pub retries: u32,
    /// Facts of the last attempt; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<AttemptRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Arc<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Box<Verdict>>,
    /// A person approved this step's own gate, for exactly this rendered digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Digest>,
    /// Why it was skipped, done by hand or is unknown; the open question's text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What the next attempt is for.
    #[serde(default)]
    pub next: Role,
    /// The hold before its intent is over.
    #[serde(default)]
    pub held: bool,
    /// It or a step that it depends on was paused by a person.
    #[serde(default)]
    pub paused: bool,
    /// Position among the run's completions, for undo in reverse; 0: not completed.
    #[serde(default)]
    pub completed: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    pub role: Role,
    pub epoch: Epoch,
    pub effect_key: Digest,
    pub digest: Digest,
    pub started: Stamp,
    #[serde(default)]
    pub ended: Option<Stamp>,
    #[serde(default)]
    pub failure: Option<Failure>,
    #[serde(default)]
    pub exit: Option<ExitFacts>,
    #[serde(default)]
    pub spool: Option<SpoolFacts>,
    #[serde(default)]
    pub error_tail: String,
}

/// A question that waits for a person. `step` none: the whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestion {
    pub step: Option<StepIx>,
    pub asked: Stamp,
    /// Of what an approval would cover; absent for decisions.
    pub digest: Option<Digest>,
    pub question: Question,
    #[serde(default)]
    pub expires: Option<Stamp>,
}

/// Live attempts, unsettled steps and the like, counted as states change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub settled: u32,
    /// Backing off, waiting for a decision, or undoing.
    pub adapting: u32,
    pub waits_for_person: u32,
    pub completed: u32,
    pub results_bytes: u64,
}

/// One plan being executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    pub run: RunId,
    /// The command that submitted it.
    pub cmd: CmdId,
    /// Order of submission; first come, first served.
    pub order: u64,
    pub intent: Intent,
    pub title: String,
    pub source: PlanSource,
    pub digest: Digest,
    pub revision: u32,
    #[serde(skip)]
    pub graph: Option<Arc<Graph>>,
    /// What its lists held when the run came to them, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<(StepIx, Vec<Value>)>,
    /// As recorded; `shown` adds what follows from the steps.
    pub state: WorkflowState,
    pub approval_required: bool,
    /// The plan as a whole was approved by a person, with this consent.
    #[serde(default)]
    pub approved: Option<(Actor, Consent)>,
    pub attended: bool,
    /// Left by an engine that ended; nothing new starts before `resume`.
    pub parked: bool,
    /// `cancel --now`: recovery steps do not run either.
    #[serde(default)]
    pub cancel_now: bool,
    #[serde(default)]
    pub compensate: bool,
    pub submitted: Stamp,
    #[serde(default)]
    pub started: Option<Stamp>,
    #[serde(default)]
    pub finished: Option<Stamp>,
    #[serde(default)]
    pub verdict: Option<Health>,
    pub steps: Vec<StepRecord>,
    /// Steps whose attempt may be alive.
    pub live: BTreeSet<StepIx>,
    /// Waiting steps that no settled edge has ruled out are found from here, not by a scan.
    pub counts: Counts,
    pub questions: BTreeMap<RequestId, OpenQuestion>,
    /// Who last acted on it, for those who came too late.
    #[serde(default)]
    pub last_word: Option<(Actor, Seq)>,
}

impl StepRecord {
    /// As it stands before anything happened.
    pub fn fresh() -> Self {
        Self {
            state: StepState::Waiting,
            rev: 0,
            attempt: AttemptNo(0),
            generation: Generation(1),
            retries: 0,
            last: None,
            result: None,
            verdict: None,
            approved: None,
            note: String::new(),
            next: Role::Main,
            held: false,
            paused: false,
            completed: 0,
        }
    }
}

impl Workflow {
    pub fn graph(&self) -> Option<&Arc<Graph>> {
        self.graph.as_ref()
    }

    /// Its plan's body, with what the lists that are known by now have made of it.
    pub fn attach(&mut self, graph: &Arc<Graph>) {
        let wide = self.lists.iter().try_fold(Arc::clone(graph), |graph, (ix, things)| expanded(&graph, *ix, things));
        self.graph = wide.ok();
    }

    pub fn step(&self, ix: StepIx) -> &StepRecord {
        &self.steps[ix.at()]
    }

    /// The state that people see: `adapting` while a step backs off, waits for a decision or is undone.
    pub fn shown(&self) -> WorkflowState {
        if self.state == WorkflowState::Running && self.counts.adapting > 0 { WorkflowState::Adapting } else { self.state }
    }

    /// Every unsettled step waits for a person, so nothing moves without one.
    pub fn waits_for_person(&self) -> bool {
        !self.state.is_finished() && self.live.is_empty() && !self.questions.is_empty()
    }
}

/// Place in the queue: submission order, then plan order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueueKey {
    pub order: u64,
    pub ix: StepIx,
    pub run: RunId,
}

/// Steps that could start but for what the map's key names; a release looks only at its own list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    pub slot: BTreeSet<QueueKey>,
    pub service: BTreeMap<String, BTreeSet<QueueKey>>,
    pub lock: BTreeMap<String, BTreeSet<QueueKey>>,
    pub frozen: BTreeMap<String, BTreeSet<QueueKey>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    Backoff,
    Hold,
    ApprovalExpiry(RequestId),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub due: Stamp,
    pub run: RunId,
    pub step: Option<StepIx>,
    pub kind: TimerKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub journal: JournalId,
    pub epoch: Epoch,
    pub seq: Seq,
    /// Time of the last event; the next is never earlier.
    pub now: Stamp,
    /// An engine appended `engine_started` and not yet `engine_stopped`.
    pub engine_live: bool,
    pub runs: BTreeMap<RunId, Workflow>,
    /// Command -> first event that it caused; kept for 24 h.
    pub commands: BTreeMap<CmdId, (Seq, Stamp)>,
    pub submitted: u64,
    /// Slots taken, in all and by service.
    pub slots_taken: u32,
    pub service_taken: BTreeMap<String, u32>,
    /// Lock -> who holds it.
    pub locks: BTreeMap<String, (RunId, StepIx)>,
    pub frozen: BTreeMap<String, String>,
    pub queues: Queues,
    pub timers: BTreeMap<TimerId, Timer>,
    /// The same timers in firing order.
    pub due: BTreeSet<(Stamp, TimerId)>,
    #[serde(skip)]
    pub plans: BTreeMap<Digest, Arc<Graph>>,
}

impl State {
    pub fn new(journal: JournalId) -> Self {
        Self {
            journal,
            epoch: Epoch(0),
            seq: Seq(0),
            now: Stamp(0),
            engine_live: false,
            runs: BTreeMap::new(),
            commands: BTreeMap::new(),
            submitted: 0,
            slots_taken: 0,
            service_taken: BTreeMap::new(),
            locks: BTreeMap::new(),
            frozen: BTreeMap::new(),
            queues: Queues::default(),
            timers: BTreeMap::new(),
            due: BTreeSet::new(),
            plans: BTreeMap::new(),
        }
    }

    /// Makes a plan body known before an event names it by digest, and gives it to runs that a snapshot brought without one.
    pub fn know_plan(&mut self, graph: Arc<Graph>) {
        let digest = graph.plan.digest;
        for workflow in self.runs.values_mut().filter(|workflow| workflow.graph.is_none() && workflow.digest == digest) {
            workflow.attach(&graph);
        }
        self.plans.insert(digest, graph);
    }

    pub fn next_due(&self) -> Option<(Stamp, &TimerId)> {
        self.due.first().map(|(due, timer)| (*due, timer))
    }
}
