//! A failed or unknown step again, with other parameters: the plan's next revision, seen and agreed to, then a new generation.

use std::sync::Arc;

use super::super::turn::{Ctx, Draft, Handled};
use super::submit::check_plan;
use super::{addressed_step, retry, too_late};
use crate::model::command::{Consent, Refusal, RefusalCode, StepRef};
use crate::model::event::Fact;
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{Plan, Step};
use crate::model::state::State;
use crate::policy::consent::{Covered, covers};
use crate::policy::digest::seal;

pub(super) fn handle(state: &State, at: &StepRef, plan: &Plan, consent: &Consent, reason: &str, ctx: &Ctx<'_>) -> Result<Handled, Refusal> {
    let (workflow, graph, ix, _) = addressed_step(state, at)?;
    let again = retry::handle(state, at, reason)?;
    check_plan(plan, ctx)?;
    if plan.revision != workflow.revision + 1 || !differs_only_in(&graph.plan, plan, ix) {
        let why = format!("it was made from another revision than {} of the plan; make the change again", workflow.revision);
        return Err(Refusal { code: RefusalCode::Stale, ..too_late(workflow, why) });
    }
    // Nobody's earlier yes is for these bytes.
    let covered = covers(consent, plan);
    if covered == Covered::Differs || (plan.step(ix).approval && covered != Covered::Yes) {
        let why = format!("the step changes something: look at revision {} and agree to {}", plan.revision, plan.digest.short());
        return Err(Refusal { code: RefusalCode::Stale, ..too_late(workflow, why) });
    }
    let revised = Fact::PlanRevised {
        digest: plan.digest,
        revision: plan.revision,
        approval_required: plan.approval_required,
        changed: vec![at.step.clone()],
        reason: reason.to_owned(),
    };
    let mut drafts = vec![Draft::run(&at.run, revised)];
    if covered == Covered::Yes {
        drafts.push(Draft::run(&at.run, Fact::Approved { request: None, digest: plan.digest, consent: consent.clone() }));
    }
    // Other parameters are another effect, whatever the step was waiting for.
    drafts.extend(again.drafts.into_iter().map(|draft| match draft.fact {
        Fact::StepRequeued { why, role, .. } => Draft { fact: Fact::StepRequeued { why, role, raised: true }, ..draft },
        _ => draft,
    }));
    Ok(Handled { drafts, plan: Some(Arc::new(Graph::of(Arc::new(plan.clone())))), run: Some(at.run.clone()) })
}

/// Parameters and what follows from them: action, undo, probe, locks, approval. Never its edges or its place.
fn differs_only_in(old: &Plan, new: &Plan, ix: StepIx) -> bool {
    let Some(step) = new.steps.get(ix.at()) else { return false };
    let mut same = old.clone();
    (same.revision, same.approval_required) = (new.revision, new.approval_required);
    same.steps[ix.at()] = Step { ..step.clone() };
    // Copies of a list have no digest of their own before.
    seal(&mut same);
    let before = old.step(ix);
    let in_place = before.id == step.id
        && before.operation == step.operation
        && before.needs == step.needs
        && (before.join, before.kind, before.critical) == (step.join, step.kind, step.critical)
        && before.condition == step.condition;
    in_place && same == *new
}
