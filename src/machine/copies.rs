//! What a step over a list would become, to the last byte: what a person agrees to before it does.

use super::render::{Unrendered, filled, rendered};
use crate::model::action::Action;
use crate::model::digest::Digest;
use crate::model::expand::{expanded, things};
use crate::model::ids::StepIx;
use crate::model::plan::Step;
use crate::model::state::Workflow;
use crate::policy::canonical::Canonical;
use crate::policy::digest::action_digest;

/// Each copy with its exact action.
#[derive(Debug)]
pub struct Copies {
    pub each: Vec<(Step, Action)>,
    /// Of all actions, in this order.
    pub digest: Digest,
}

/// `None`: the step goes over no list, or the list is not known, or it has become its copies already.
pub fn copies(workflow: &Workflow, ix: StepIx) -> Option<Copies> {
    let graph = workflow.graph().filter(|graph| graph.copies(ix).is_empty())?;
    let list = filled(workflow, &graph.step(ix).for_each.as_ref()?.list).ok()?;
    let wide = expanded(graph, ix, &things(&list).ok()?).ok()?;
    of(workflow, wide.copies(ix).iter().map(|copy| wide.step(*copy).clone())).ok()
}

pub(super) fn of(workflow: &Workflow, steps: impl Iterator<Item = Step>) -> Result<Copies, Unrendered> {
    let exact = |step: Step| rendered(workflow, &step.action).map(|action| (step, action));
    let each = steps.map(exact).collect::<Result<Vec<_>, _>>()?;
    let digest = Canonical::new("ouioe.each.1").list(each.iter(), |out, (_, action)| out.digest(&action_digest(action))).finish();
    Ok(Copies { each, digest })
}

/// What is asked about when this step asks: itself, or all that it would become.
pub fn asked_about(workflow: &Workflow, ix: StepIx) -> Vec<Step> {
    match copies(workflow, ix) {
        Some(copies) => copies.each.into_iter().map(|(step, _)| step).collect(),
        None => workflow.graph().map(|graph| graph.step(ix).clone()).into_iter().collect(),
    }
}
