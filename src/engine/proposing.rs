//! The plan that stands -> whether a language model has a better one, and what asking cost.
//!
//! The embedded plan never waits for this and is never replaced by it: a person takes the other plan, or does not.
//! Whatever goes wrong, the answer is a sentence, and the plan that stands goes on standing.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::planning::{HOLDS_SECRET, Planning, unbound};
use super::telling::{Tell, Watch};
use crate::llm::{Brief, End, Fault, Key, Look, Proposal, Server, Usage, look, propose};
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::model::settings::{LlmKind, LlmSettings};
use crate::model::why::{Decision, Thought};
use crate::planner::propose::{Answer, Verdict, agreed, better, candidates, read};
use crate::planner::render::{Change, difference};
use crate::planner::{Ask, World};
use crate::service::runner::secrets;
use crate::text::{clip, safe};

/// Of a model's own reason, in cells.
const REASON: usize = 200;
/// Between two looks of the clock while a model is waited for.
const SECOND: Duration = Duration::from_secs(1);

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
    /// How the roles voted on it and on the plan that stands; `None`: there was nothing to decide.
    pub decision: Option<Decision>,
    pub thinking: Vec<Thought>,
    /// Answers that were asked for at once.
    pub samples: u32,
}

impl Improvement {
    fn none(model: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        Self {
            model: model.to_owned(),
            plan: None,
            is_better: false,
            why,
            usage: Usage::default(),
            problems: Vec::new(),
            decision: None,
            thinking: Vec::new(),
            samples: 1,
        }
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
        let repairs = match rounds.saturating_sub(self.samples) {
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
        self.improve_aloud(ask, standing, &Tell::nobody()).await
    }

    /// The same, told while it goes on.
    pub async fn improve_aloud(&self, ask: &Ask, standing: &PlanOutcome, tell: &Tell) -> Option<Improvement> {
        let model = self.model.clone()?;
        Some(self.improved(&model, ask, standing, tell).await)
    }

    async fn improved(&self, model: &Model, ask: &Ask, standing: &PlanOutcome, tell: &Tell) -> Improvement {
        let name = model.name();
        if self.hidden.is_in(&ask.text) || ask.inputs.values().any(|value| self.hidden.is_in(value)) {
            return Improvement::none(name, format!("it was not asked, {HOLDS_SECRET}"));
        }
        let known = self.known();
        let world = self.world_aloud(&known, tell);
        let offered = match candidates(ask, standing, &world) {
            Ok(offered) => offered,
            Err(why) => return Improvement::none(name, format!("it was not asked: {}", safe(&why))),
        };
        let server = match model.server().await {
            Ok(server) => server,
            Err(fault) => return Improvement::none(name, fault.to_string()),
        };
        let brief = Brief::new(&ask.text, &ask.inputs, &offered);
        let samples = model.settings.samples.max(1);
        let watch = {
            let server = server.clone();
            Watch::new(tell.clone(), name, samples as usize, move |tokens_in, tokens_out| server.cost(tokens_in, tokens_out))
        };
        let hear = |progress| watch.hear(progress);
        let check = |json: &str| read(json, ask, &offered, &world, name);
        let asked = (0..samples).map(|sample| propose(&server, &brief, sample, &hear, check)).collect();
        let mut answers = pin!(all_of(asked));
        let mut clock = tokio::time::interval(SECOND);
        let answers = loop {
            tokio::select! {
                answers = &mut answers => break answers,
                _ = clock.tick() => watch.tick(),
            }
        };
        self.judged(name, answers, ask, standing, &world).await
    }

    async fn judged(
        &self,
        name: &str,
        answers: Vec<Proposal<Answer>>,
        ask: &Ask,
        standing: &PlanOutcome,
        world: &World<'_>,
    ) -> Improvement {
        let samples = answers.len();
        let (mut plans, mut usage, mut problems, mut without) = (Vec::new(), None, Vec::new(), None);
        for Proposal { end, usage: spent, problems: found } in answers {
            usage = Some(usage.map_or_else(|| spent.clone(), |sum: Usage| sum.and(&spent)));
            problems.extend(found);
            match end {
                End::Sound(Answer::Plan(plan)) => plans.push(*plan),
                other => without = without.or_else(|| Some(no_plan(&other))),
            }
        }
        let samples_asked = u32::try_from(samples).unwrap_or(1);
        let none = Improvement {
            samples: samples_asked,
            usage: usage.unwrap_or_default(),
            problems,
            ..Improvement::none(name, without.unwrap_or_default())
        };
        let Some(verdict) = better(standing, agreed(plans), samples, name, ask, world) else { return none };
        let Verdict { is_better, why, plan, decision, thinking } = verdict;
        let plan = match self.prepare(plan).await {
            Ok(plan) => plan,
            Err(found) => {
                let why = found.first().map_or_else(String::new, |problem| clip(&safe(&problem.message), REASON));
                let problems = none.problems.into_iter().chain(found).collect();
                return Improvement { why, problems, decision, thinking, ..none };
            }
        };
        let runs_already = matches!(standing, PlanOutcome::Plan { plan, .. } if unbound(plan).is_none());
        let (is_better, why) = match unbound(&plan) {
            Some((step, hint)) if runs_already && is_better => (false, format!("its step {step} cannot start: {}", safe(hint))),
            Some(_) | None => (is_better, why),
        };
        Improvement { plan: Some(Arc::new(plan)), is_better, why, decision, thinking, ..none }
    }
}

/// Why an answer came to no plan.
fn no_plan(end: &End<Answer>) -> String {
    match end {
        End::Sound(Answer::Plan(_)) => String::new(),
        End::Sound(Answer::Nothing { reason }) => format!("it finds nothing that does this: {}", clip(&safe(reason), REASON)),
        End::Unsound(found) => {
            let first = found.first().map_or_else(String::new, |problem| clip(&safe(&problem.message), REASON));
            format!("its plan is unsound: {first}")
        }
        End::Failed(fault) => fault.to_string(),
    }
}

/// All of them at the same time, in their order.
async fn all_of<T>(work: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut work: Vec<_> = work.into_iter().map(|one| (Box::pin(one), None)).collect();
    poll_fn(move |context| {
        let mut waits = false;
        for (one, done) in work.iter_mut().filter(|(_, done)| done.is_none()) {
            match one.as_mut().poll(context) {
                Poll::Ready(value) => *done = Some(value),
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(work.drain(..).filter_map(|(_, done)| done).collect()) }
    })
    .await
}
