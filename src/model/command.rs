//! Orders to the engine: from people, from scripts, and reports from effects and timers.
//!
//! Absolute, never relative: a command names run, step and the revision that its sender saw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Actor;
use super::digest::Digest;
use super::failure::{ExitFacts, Failure, SpoolFacts};
use super::ids::{AttemptNo, CmdId, Epoch, RequestId, RunId, Seq, StepId, TimerId};
use super::intent::Intent;
use super::plan::Plan;
use super::verdict::Verdict;

/// One command as the engine takes it. `actor` is set by the link, never read from the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub cmd_id: CmdId,
    pub actor: Actor,
    pub command: Command,
}

/// What the submitter has seen and said of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Consent {
    /// Nothing: a plan that needs approval waits for it.
    None,
    /// A person looked at this plan on a screen and said yes.
    Shown { digest: Digest },
    /// `--yes`, with or without the digest of a plan seen before.
    Yes { digest: Option<Digest> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submit {
    pub intent: Intent,
    pub plan: Box<Plan>,
    pub consent: Consent,
    /// Somebody is there to decide when a step fails; else exhausted steps fail.
    pub attended: bool,
}

/// Which step, and the revision of it that the sender saw; `None` skips the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRef {
    pub run: RunId,
    pub step: StepId,
    #[serde(default)]
    pub expected_rev: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Command {
    Submit(Submit),
    /// The whole plan (`step` none) or one gate, by the digest that was shown.
    Approve {
        run: RunId,
        step: Option<StepId>,
        digest: Digest,
    },
    /// The whole plan, one gate, or a waiting decision ("give up on it").
    Reject {
        run: RunId,
        step: Option<StepId>,
        reason: String,
    },
    /// From a failed or unknown step: do it again knowingly (raises the generation).
    Retry {
        at: StepRef,
        reason: String,
    },
    Skip {
        at: StepRef,
        reason: String,
    },
    Done {
        at: StepRef,
        evidence: String,
    },
    /// Back to approval while held.
    TakeBack {
        at: StepRef,
    },
    /// Do a failed or unknown step again with other parameters: `plan` is the next revision and differs in this step alone.
    Revise {
        at: StepRef,
        plan: Box<Plan>,
        consent: Consent,
        reason: String,
    },
    /// Nothing new starts in the run, or (`step`) in the step and all that depends on it.
    Pause {
        run: RunId,
        #[serde(default)]
        step: Option<StepId>,
    },
    /// Continue a paused run or subtree, or what an engine left unfinished (`run` none: all of it).
    Resume {
        run: Option<RunId>,
        #[serde(default)]
        step: Option<StepId>,
    },
    Cancel {
        run: RunId,
        now: bool,
        reason: String,
    },
    /// Cancel, then undo what has a compensation, in reverse.
    Rollback {
        run: RunId,
        reason: String,
    },
    Freeze {
        target: String,
        reason: String,
    },
    Thaw {
        target: String,
    },
    Note {
        run: RunId,
        text: String,
    },
    /// A finished run teaches planning nothing more; its record stays.
    Forget {
        run: RunId,
        reason: String,
    },
    Report(Report),
}

/// What effects, timers and the engine itself tell the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    EngineStarted { epoch: Epoch, pid: u32, version: String },
    EngineStopped,
    ClockStepped { by_ms: i64 },
    TimerFired { timer: TimerId },
    Finished { run: RunId, step: StepId, attempt: AttemptNo, outcome: Box<AttemptOutcome> },
    Reconciled { run: RunId, step: StepId, attempt: AttemptNo, found: Box<Found> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    Succeeded {
        result: Value,
        #[serde(default)]
        verdict: Option<Verdict>,
        #[serde(default)]
        exit: Option<ExitFacts>,
        #[serde(default)]
        spool: Option<SpoolFacts>,
    },
    Failed {
        failure: Failure,
        #[serde(default)]
        exit: Option<ExitFacts>,
        #[serde(default)]
        spool: Option<SpoolFacts>,
        /// ≤ 4 KiB, redacted and safe.
        #[serde(default)]
        error_tail: String,
    },
}

/// What recovery found of an attempt that an earlier engine started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Found {
    ExitRecord(AttemptOutcome),
    StillRunning { pid: u32 },
    ProvenNotStarted,
    NothingKnown { detail: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    NotFound,
    WrongState,
    Stale,
    Denied,
    Invalid,
    /// Full disk, busy, lost epoch: nothing was changed, try again.
    Unavailable,
}

/// A command that is not allowed. It changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: RefusalCode,
    /// One sentence that says what to do next.
    pub why: String,
    /// Who won, where two acted.
    #[serde(default)]
    pub by: Option<Actor>,
    #[serde(default)]
    pub seq: Option<Seq>,
}

impl Refusal {
    pub fn new(code: RefusalCode, why: impl Into<String>) -> Self {
        Self { code, why: why.into(), by: None, seq: None }
    }
}

/// What `show` and the screens print beside an open question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub request: RequestId,
    pub why: String,
    /// Verb -> what it would do.
    pub options: BTreeMap<String, String>,
}
