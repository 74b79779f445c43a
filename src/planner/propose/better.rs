//! Whether a plan of a model is worth showing beside the one that stands: the decision roles say so, with their votes and dissent.
//!
//! Two things no vote outweighs: a change that no word asks for, and a change of something that nobody named. Whatever is
//! chosen here, a person takes it or does not.

use crate::decision::{Origin, Proposal, decide};
use crate::insight::{History, forecast};
use crate::model::catalogue::EffectClass;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Plan, Step};
use crate::model::problem::Problem;
use crate::model::why::{Considered, Decision, Ruling, ThinkingKind, Thought, Why};
use crate::planner::ask::{Ask, World};
use crate::planner::judge::{evidence, tell};
use crate::planner::pipeline::prepared;
use crate::planner::score::Query;
use crate::planner::token::{Kind, Token};

/// Name of the plan that stands among the proposals.
const STANDING: &str = "embedded";

/// A sound plan of a model, and how many of its samples came to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    pub plan: Plan,
    pub agree: usize,
}

/// The plans of all sound samples -> each different one once, the one that most of them agree on first.
pub fn agreed(plans: Vec<Plan>) -> Vec<Sampled> {
    let mut all: Vec<Sampled> = Vec::new();
    for plan in plans {
        match all.iter_mut().find(|known| is_same(&known.plan, &plan)) {
            Some(known) => known.agree += 1,
            None => all.push(Sampled { plan, agree: 1 }),
        }
    }
    // Stable: among equals the sample that was asked first.
    all.sort_by_key(|one| std::cmp::Reverse(one.agree));
    all
}

#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub is_better: bool,
    /// One line for people.
    pub why: String,
    /// The model's plan that the roles think most of, with its reasons.
    pub plan: Plan,
    /// `None`: there was nothing to decide.
    pub decision: Option<Decision>,
    pub thinking: Vec<Thought>,
}

/// `sampled` is not empty, its first has the most votes; only those that as many samples came to compete.
pub fn better(standing: &PlanOutcome, sampled: Vec<Sampled>, samples: usize, name: &str, ask: &Ask, world: &World<'_>) -> Option<Verdict> {
    let most = sampled.first()?.agree;
    drop(world.diary.take());
    if samples > 1 {
        let said = format!("{most} of {samples} samples of {name} agree on a plan; {} different ones in all", sampled.len());
        world.diary.conclude(ThinkingKind::Planning, said);
    }
    let mut plans: Vec<Plan> = sampled.into_iter().take_while(|one| one.agree == most).map(|one| one.plan).collect();
    let standing = match standing {
        PlanOutcome::Plan { plan, .. } => Some(&**plan),
        PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => None,
    };
    if let Some(same) = standing.and_then(|standing| plans.iter().position(|one| is_same(standing, one))) {
        let plan = plans.swap_remove(same);
        world.diary.conclude(ThinkingKind::Decision, format!("{name} has the same plan"));
        let thinking = world.diary.take();
        return Some(Verdict { is_better: false, why: "it is the same plan".to_owned(), plan, decision: None, thinking });
    }
    let said = Said::of(ask, world);
    let proposals = proposals(standing, &plans, name, said.as_ref());
    let decision = decide(&proposals, &evidence(ask, world, &proposals));
    tell(world, &decision);
    let own = |one: &&Considered| one.name != STANDING;
    let best = decision.considered.iter().find(own)?.clone();
    let at = proposals.iter().position(|one| one.name == best.name)?;
    let plan = (*proposals[at].plan).clone();
    let is_better = matches!(&decision.ruling, Ruling::Chosen { name } if *name == best.name);
    let why = reason(standing, &plan, &best, &decision, said.as_ref());
    let told = world
        .experience
        .map_or_else(|| forecast(&plan, &History::default(), world.catalogue), |one| forecast(&plan, &one.history, world.catalogue));
    let thinking = world.diary.take();
    let kept = Why { thinking: thinking.clone(), decision: Some(decision.clone()), forecast: Some(told), ..(*plan.why).clone() };
    Some(Verdict { is_better, why, plan: Plan { why: Box::new(kept), ..plan }, decision: Some(decision), thinking })
}

fn proposals(standing: Option<&Plan>, plans: &[Plan], name: &str, said: Option<&Said<'_>>) -> Vec<Proposal> {
    let proposal = |name: String, origin, plan: &Plan, problems| Proposal {
        name,
        origin,
        plan: std::sync::Arc::new(plan.clone()),
        problems,
        record: None,
    };
    let embedded = standing.map(|plan| proposal(STANDING.to_owned(), Origin::Embedded, plan, Vec::new()));
    let models = plans.iter().enumerate().map(|(at, plan)| {
        let name = if plans.len() == 1 { name.to_owned() } else { format!("{name} {}", at + 1) };
        // Where nothing stands there is nothing that the words ask for more clearly.
        let unasked = standing.and(said).and_then(|said| said.unasked(plan));
        let problem = unasked.map(|step| Problem::new("plan", "unasked", format!("no word asks for its {}", step.operation)));
        proposal(name, Origin::Model, plan, problem.into_iter().collect())
    });
    embedded.into_iter().chain(models).collect()
}

fn reason(standing: Option<&Plan>, plan: &Plan, best: &Considered, decision: &Decision, said: Option<&Said<'_>>) -> String {
    let Some(said) = said else { return "the text is refused".to_owned() };
    if let Some(step) = standing.and_then(|_| said.unasked(plan)) {
        return format!("no word asks for its {}", step.operation);
    }
    if let Some(veto) = best.votes.iter().find_map(|vote| vote.veto.as_deref()) {
        return veto.to_owned();
    }
    let votes = |one: &Considered| one.consensus.unwrap_or(0);
    match (standing, &decision.ruling) {
        (Some(standing), _) => {
            let (theirs, ours, all) = (said.explained(plan), said.explained(standing), said.telling());
            let other = decision.considered.iter().find(|one| one.name == STANDING).map_or(0, votes);
            let explains = format!("it explains {theirs} of {all} words, the plan that stands {ours}");
            format!("{explains}; the roles give it {} of 1000 to {other}", votes(best))
        }
        (None, Ruling::Chosen { .. }) => format!("the words alone give no plan, and the roles give it {} of 1000", votes(best)),
        (None, Ruling::Clarify { question, .. }) => question.clone(),
        (None, Ruling::Refused { reasons }) => reasons.join("; "),
    }
}

/// Names of steps and where values came from aside.
fn is_same(one: &Plan, other: &Plan) -> bool {
    let places = |plan: &Plan, step: &Step| -> Vec<(Option<usize>, crate::model::plan::When)> {
        let mut needs: Vec<_> =
            step.needs.iter().map(|need| (plan.steps.iter().position(|known| known.id == need.step), need.when)).collect();
        needs.sort_unstable();
        needs
    };
    one.steps.len() == other.steps.len()
        && one.steps.iter().zip(&other.steps).all(|(left, right)| {
            left.operation == right.operation && left.params == right.params && places(one, left) == places(other, right)
        })
}

struct Said<'a> {
    query: Query,
    words: Vec<Token>,
    world: &'a World<'a>,
}

impl<'a> Said<'a> {
    /// `None`: the text is one that nobody may plan from.
    fn of(ask: &Ask, world: &'a World<'a>) -> Option<Self> {
        let words = prepared(ask, world).ok()?;
        Some(Self { query: Query::of(&words, &world.index, None), words, world })
    }

    /// A step that changes something, and no word orders it.
    fn unasked<'p>(&self, plan: &'p Plan) -> Option<&'p Step> {
        plan.steps.iter().find(|step| step.effect != EffectClass::Read && !self.asks_for(step))
    }

    fn place_of(&self, step: &Step) -> Option<usize> {
        self.world.index.operations.iter().position(|one| one.name == step.operation)
    }

    /// A word alone is no order: "low" is only in an example of opening a ticket.
    fn asks_for(&self, step: &Step) -> bool {
        self.place_of(step).is_some_and(|operation| {
            let spoken = (0..self.words.len()).any(|at| self.query.explains(operation, at, &self.world.index));
            spoken && self.query.orders(operation, &self.world.index)
        })
    }

    /// Words that some operation or value could explain.
    fn telling(&self) -> usize {
        let tells = |at: usize| {
            self.words[at].is_value() || (0..self.world.index.operations.len()).any(|one| self.query.explains(one, at, &self.world.index))
        };
        (0..self.words.len()).filter(|at| tells(*at)).count()
    }

    fn explained(&self, plan: &Plan) -> usize {
        let operations: Vec<usize> = plan.steps.iter().filter_map(|step| self.place_of(step)).collect();
        let values: Vec<String> = plan
            .steps
            .iter()
            .flat_map(|step| step.params.values())
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase())
            .collect();
        let holds = |token: &Token| token.kind != Kind::Word && values.iter().any(|value| value.contains(&token.low));
        let explains = |at: usize| operations.iter().any(|one| self.query.explains(*one, at, &self.world.index));
        (0..self.words.len()).filter(|at| holds(&self.words[*at]) || explains(*at)).count()
    }
}
