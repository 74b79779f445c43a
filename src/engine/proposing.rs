//! The plan that stands -> whether a language model has a better one, and what asking cost.
//!
//! The embedded plan never waits for this and is never replaced by it: a person takes the other plan, or does not.
//! Whatever goes wrong, the answer is a sentence, and the plan that stands goes on standing.

use std::sync::Arc;

use super::planning::{HOLDS_SECRET, Planning, unbound};
use crate::llm::{Brief, End, Fault, Key, Look, Proposal, Server, Usage, look, propose};
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::model::settings::{LlmKind, LlmSettings};
use crate::planner::propose::{Answer, Verdict, better, candidates, read};
use crate::planner::render::{Change, difference};
use crate::planner::{Ask, World};
use crate::service::runner::secrets;
use crate::text::{clip, safe};

/// Of a model's own reason, in cells.
const REASON: usize = 200;

/// A configured model; its key is looked up when it is asked.
#[derive(Clone, Debug)]
pub struct Model {
    settings: LlmSettings,
    key: Option<String>,
}

impl Model {
    /// `key`: the handle of it. `None`: no model is configured.
    pub fn of(settings: &LlmSettings, key: Option<String>) -> Option<Self> {
        (settings.kind != LlmKind::Off).then(|| Self { settings: settings.clone(), key })
    }

    pub fn name(&self) -> &str {
        &self.settings.model
    }

    async fn server(&self) -> Result<Server, Fault> {
        let key = match self.key.clone() {
            // A program may have to be run for it.
            Some(handle) => {
                let resolved = tokio::task::spawn_blocking(move || secrets::resolve(&handle)).await;
                let value = resolved.map_err(|_| Fault::Setup("its key could not be read".to_owned()))?.map_err(Fault::Setup)?;
                Some(Key::new(value).map_err(Fault::Setup)?)
            }
            None => None,
        };
        Server::of(&self.settings, key)?.ok_or_else(|| Fault::Setup("no model is configured".to_owned()))
    }

    /// Asks the server what it has. The second: whether the key goes over the network for all to read.
    pub async fn look(&self) -> Result<(Look, bool), Fault> {
        let server = self.server().await?;
        Ok((look(&server).await?, server.tells_key_in_the_clear()))
    }
}

/// What became of asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Improvement {
    pub model: String,
    /// Bound, previewed and sealed, as the plan that stands; `None`: there is none.
    pub plan: Option<Arc<Plan>>,
    pub is_better: bool,
    /// One line for people: why it is better, or why the plan that stands goes on standing.
    pub why: String,
    pub usage: Usage,
    /// Of all rounds.
    pub problems: Vec<Problem>,
}

impl Improvement {
    fn none(model: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { model: model.to_owned(), plan: None, is_better: false, why, usage: Usage::default(), problems: Vec::new() }
    }

    /// What it took: `812+95 tokens, costs 0.000210, 2.3 s`.
    pub fn spent(&self) -> String {
        let Usage { tokens_in, tokens_out, cost, elapsed_ms, rounds } = &self.usage;
        let count = |tokens: &Option<u64>| tokens.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let tokens = match (tokens_in, tokens_out) {
            (None, None) => "tokens not counted".to_owned(),
            (asked, answered) => format!("{}+{} tokens", count(asked), count(answered)),
        };
        let cost = cost.map_or_else(|| "no price set".to_owned(), |cost| format!("costs {}.{:06}", cost / 1_000_000, cost % 1_000_000));
        let repairs = match rounds.saturating_sub(1) {
            0 => String::new(),
            1 => ", 1 repair".to_owned(),
            more => format!(", {more} repairs"),
        };
        format!("{tokens}, {cost}, {}.{} s{repairs}", elapsed_ms / 1_000, elapsed_ms % 1_000 / 100)
    }

    /// Against the plan that stands, if one does.
    pub fn changes(&self, standing: &PlanOutcome) -> Vec<Change> {
        let old = match standing {
            PlanOutcome::Plan { plan, .. } => Some(&**plan),
            PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => None,
        };
        self.plan.as_deref().map_or_else(Vec::new, |plan| difference(old, plan))
    }

    /// `the model m has no better plan: …`, with what it took.
    pub fn line(&self) -> String {
        let model = safe(&self.model);
        let head = match (self.is_better, &self.plan) {
            (true, _) => format!("the model {model} has another plan: {}", self.why),
            (false, Some(_)) => format!("the model {model} has no better plan: {}", self.why),
            (false, None) => format!("no plan from the model {model}: {}", self.why),
        };
        if self.usage == Usage::default() { head } else { format!("{head} ({})", self.spent()) }
    }
}

impl Planning {
    /// `None`: no model is configured, and nothing is different from a build without one.
    #[must_use]
    pub fn with_model(mut self, model: Option<Model>) -> Self {
        self.model = model;
        self
    }

    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// Asks the configured model; dropping this stops asking. `None`: there is no model.
    pub async fn improve(&self, ask: &Ask, standing: &PlanOutcome) -> Option<Improvement> {
        let model = self.model.clone()?;
        Some(self.improved(&model, ask, standing).await)
    }

    async fn improved(&self, model: &Model, ask: &Ask, standing: &PlanOutcome) -> Improvement {
        let name = model.name();
        if self.hidden.is_in(&ask.text) || ask.inputs.values().any(|value| self.hidden.is_in(value)) {
            return Improvement::none(name, format!("it was not asked, {HOLDS_SECRET}"));
        }
        let assets = self.assets();
        let world = self.world(&assets);
        let offered = match candidates(ask, standing, &world) {
            Ok(offered) => offered,
            Err(why) => return Improvement::none(name, format!("it was not asked: {}", safe(&why))),
        };
        let server = match model.server().await {
            Ok(server) => server,
            Err(fault) => return Improvement::none(name, fault.to_string()),
        };
        let brief = Brief::new(&ask.text, &ask.inputs, &offered);
        let proposal = propose(&server, &brief, |json| read(json, ask, &offered, &world, name)).await;
        self.judged(name, proposal, ask, standing, &world).await
    }

    async fn judged(&self, name: &str, proposal: Proposal<Answer>, ask: &Ask, standing: &PlanOutcome, world: &World<'_>) -> Improvement {
        let Proposal { end, usage, problems } = proposal;
        let without = |why: String| Improvement { usage: usage.clone(), problems: problems.clone(), ..Improvement::none(name, why) };
        let plan = match end {
            End::Sound(Answer::Plan(plan)) => *plan,
            End::Sound(Answer::Nothing { reason }) => {
                return without(format!("it finds nothing that does this: {}", clip(&safe(&reason), REASON)));
            }
            End::Unsound(found) => {
                let first = found.first().map_or_else(String::new, |problem| clip(&safe(&problem.message), REASON));
                return without(format!("its plan is unsound: {first}"));
            }
            End::Failed(fault) => return without(fault.to_string()),
        };
        let Verdict { is_better, why } = better(standing, &plan, ask, world);
        let plan = match self.prepare(plan).await {
            Ok(plan) => plan,
            Err(found) => {
                let first = found.first().map_or_else(String::new, |problem| clip(&safe(&problem.message), REASON));
                return Improvement { problems: problems.into_iter().chain(found).collect(), usage, ..Improvement::none(name, first) };
            }
        };
        let runs_already = matches!(standing, PlanOutcome::Plan { plan, .. } if unbound(plan).is_none());
        let (is_better, why) = match unbound(&plan) {
            Some((step, hint)) if runs_already && is_better => (false, format!("its step {step} cannot start: {}", safe(hint))),
            Some(_) | None => (is_better, why),
        };
        Improvement { model: name.to_owned(), plan: Some(Arc::new(plan)), is_better, why, usage, problems }
    }
}
