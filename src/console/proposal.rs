//! A plan that nobody has submitted, as the console holds it.

use std::sync::Arc;

use crate::engine::planning::unbound;
use crate::model::catalogue::EffectClass;
use crate::model::graph::Graph;
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
    /// Plan or Step shows it.
    pub in_view: bool,
}

impl Proposal {
    /// The first step that nothing can carry out, and what would bind it.
    pub fn blocked(&self) -> Option<(&str, &str)> {
        unbound(&self.plan)
    }

    pub fn new(text: String, plan: Plan, arming: Arming) -> Self {
        let gates = plan.steps.iter().filter(|step| step.approval).count();
        let worst = plan.worst_effect();
        let plan = Arc::new(plan);
        let graph = Arc::new(Graph::of(plan.clone()));
        Self { text, plan, graph, arming, looked_at: false, sent: Sent::No, gates, worst, in_view: false }
    }
}

/// Whether the engine was already asked to run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    No,
    Yes,
}
