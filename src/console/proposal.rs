//! A plan that nobody has submitted, as the console holds it.

use std::sync::Arc;

use crate::engine::planning::unbound;
use crate::model::action::Action;
use crate::model::catalogue::EffectClass;
use crate::model::graph::Graph;
use crate::model::ids::{RunId, StepIx};
use crate::model::plan::Plan;

use super::arming::Arming;

#[derive(Debug)]
pub struct Proposal {
    pub text: String,
    pub plan: Arc<Plan>,
    pub graph: Arc<Graph>,
    pub arming: Arming,
    /// It was armed once, and a key acted on it.
    pub looked_at: bool,
    pub sent: Sent,
    /// Steps that need approval, and the worst effect: counted once, a plan may have 100,000 steps.
    pub gates: usize,
    pub worst: EffectClass,
    /// The first step that nothing can carry out.
    pub unbound: Option<StepIx>,
    /// Plan or Step shows it.
    pub in_view: bool,
    /// The finished run whose plan it is; else it answers the intent.
    pub again: Option<RunId>,
}

impl Proposal {
    /// The first step that nothing can carry out, and what would bind it.
    pub fn blocked(&self) -> Option<(&str, &str)> {
        let step = self.graph.step(self.unbound?);
        match &step.action {
            Action::Unbound { hint } => Some((step.id.as_str(), hint)),
            Action::Builtin { .. } | Action::Command { .. } | Action::Ssh { .. } => None,
        }
    }

    /// What that step would do.
    pub fn unbound_operation(&self) -> Option<&str> {
        Some(&self.graph.step(self.unbound?).operation)
    }

    /// It is the answer to exactly these words.
    pub fn answers(&self, text: &str) -> bool {
        self.again.is_none() && self.text == text
    }

    pub fn new(text: String, plan: Plan, arming: Arming) -> Self {
        let gates = plan.steps.iter().filter(|step| step.approval).count();
        let worst = plan.worst_effect();
        let plan = Arc::new(plan);
        let blocked = unbound(&plan).map(|(step, _)| step.into());
        let graph = Arc::new(Graph::of(plan.clone()));
        let unbound = blocked.and_then(|step| graph.ix(&step));
        Self { text, plan, graph, arming, looked_at: false, sent: Sent::No, gates, worst, unbound, in_view: false, again: None }
    }
}

/// Whether the engine was already asked to run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    No,
    Yes,
}
