//! What the console is given, and what it hands back.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use super::UiSettings;
use crate::engine::handle::Feed;
use crate::engine::proposing::Improvement;
use crate::engine::telling::Tell;
use crate::link::{Link, LinkError};
use crate::model::action::Action;
use crate::model::actor::Actor;
use crate::model::catalogue::Catalogue;
use crate::model::event::Event;
use crate::model::ids::{RunId, StepId};
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::settings::EngineSettings;
use crate::model::state::{State, Workflow};
use crate::model::time::Stamp;

/// Intent text -> plan, question or refusal; bound, previewed and sealed. What is thought is told as it is thought.
pub type PlanIntent = Arc<dyn Fn(String, Tell) -> Pin<Box<dyn Future<Output = PlanOutcome> + Send>> + Send + Sync>;

/// Intent text and what it came to -> what a model makes of it, told while it goes on; dropping it stops asking.
pub type Improve = Arc<dyn Fn(String, PlanOutcome, Tell) -> Pin<Box<dyn Future<Output = Option<Improvement>> + Send>> + Send + Sync>;

/// `machine::apply`.
pub type Fold = fn(&mut State, &Event);

/// A gate's action with its holes filled from the run's results; an error says which value is missing.
pub type Render = fn(&Workflow, &Action) -> Result<Action, String>;

/// A way to an engine that took the place of one that ended.
pub struct Joined {
    pub link: Link,
    pub in_process: bool,
    pub feed: Feed,
}

/// To whichever engine holds the journal now, else to one of our own; an error finishes "could not …".
pub type Rejoin = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Joined, String>> + Send>> + Send + Sync>;

/// A plan's next revision, in which one step has other parameters: bound, previewed and sealed. An error names the fault.
pub type Revise =
    Arc<dyn Fn(Arc<Plan>, StepId, BTreeMap<String, String>) -> Pin<Box<dyn Future<Output = Result<Plan, String>> + Send>> + Send + Sync>;

/// An earlier run's plan -> the same for another run: what it would touch is listed anew, bound and sealed. An error names the fault.
pub type Anew = Arc<dyn Fn(Arc<Plan>) -> Pin<Box<dyn Future<Output = Result<Plan, String>> + Send>> + Send + Sync>;

/// A run -> its events in the journal, oldest first; an error finishes "could not …".
pub type Past = Arc<dyn Fn(RunId) -> Pin<Box<dyn Future<Output = Result<Vec<Event>, String>> + Send>> + Send + Sync>;

#[derive(Clone)]
pub struct Wiring {
    pub link: Link,
    pub plan_intent: PlanIntent,
    /// The configured model's name, and how it is asked.
    pub improve: Option<(String, Improve)>,
    pub fold: Fold,
    pub render: Render,
    pub rejoin: Rejoin,
    pub revise: Revise,
    pub anew: Anew,
    pub past: Past,
    /// What planning knows of operations, and the limits under which they run.
    pub catalogue: Arc<Catalogue>,
    pub limits: EngineSettings,
    pub actor: Actor,
    pub host: String,
    pub settings: UiSettings,
    /// The engine lives in this process: leaving asks what becomes of its runs.
    pub in_process: bool,
    /// When a console was looked at last, if it is known.
    pub seen: Option<Stamp>,
    pub runtime: tokio::runtime::Handle,
}

/// Why the console ended, and what the operator wants of the engine in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// No run is unfinished.
    Quit,
    /// Leave the engine running without a screen until its runs are settled.
    Headless,
    /// End the engine: what runs ends by itself, nothing new starts before `resume`.
    Park,
    /// The engine is elsewhere and goes on.
    Detach,
    /// The terminal is gone or SIGHUP came; descriptors 0 to 2 are /dev/null. Go on as with `Headless`.
    Hangup,
}

#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    #[error("open the console: {why}; `ouioe --plain` works without a screen")]
    NoTerminal { why: String },
    #[error("use the terminal: {source}")]
    Terminal {
        #[from]
        source: io::Error,
    },
    #[error("load the theme: {why}")]
    Theme { why: String },
    #[error(transparent)]
    Link(#[from] LinkError),
}
