//! Whether a proposed plan is worth showing beside the one that stands.
//!
//! One rule in one function: it explains more of the operator's words, and changes nothing that no word asks for.

use crate::model::catalogue::EffectClass;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Plan, Step};
use crate::planner::ask::{Ask, World};
use crate::planner::pipeline::prepared;
use crate::planner::score::Query;
use crate::planner::token::{Kind, Token};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub is_better: bool,
    /// One line for people.
    pub why: String,
}

impl Verdict {
    fn new(is_better: bool, why: impl Into<String>) -> Self {
        Self { is_better, why: why.into() }
    }
}

pub fn better(standing: &PlanOutcome, proposed: &Plan, ask: &Ask, world: &World<'_>) -> Verdict {
    let PlanOutcome::Plan { plan: standing, .. } = standing else {
        return Verdict::new(true, "the words alone give no plan");
    };
    if is_same(standing, proposed) {
        return Verdict::new(false, "it is the same plan");
    }
    let Ok(words) = prepared(ask, world) else { return Verdict::new(false, "the text is refused") };
    let said = Said { query: Query::of(&words, &world.index, None), words, world };
    if let Some(step) = proposed.steps.iter().find(|step| step.effect != EffectClass::Read && !said.asks_for(step)) {
        return Verdict::new(false, format!("no word asks for its {}", step.operation));
    }
    let (theirs, ours, all) = (said.explained(proposed), said.explained(standing), said.telling());
    let why = format!("it explains {theirs} of {all} words, the plan that stands {ours}");
    Verdict::new(theirs > ours, why)
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

impl Said<'_> {
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
