//! A plan with its consent becomes a run: started, or waiting for approval.

use std::sync::Arc;

use super::super::turn::{Ctx, Draft, Handled};
use crate::model::action::Action;
use crate::model::command::{Consent, Refusal, RefusalCode, Submit};
use crate::model::event::Fact;
use crate::model::graph::Graph;
use crate::model::ids::{RequestId, RunId, TimerId};
use crate::model::plan::Plan;
use crate::model::state::State;
use crate::policy::consent::{Covered, covers};
use crate::policy::digest::plan_digest;
use crate::policy::rule::mark_approvals;

pub(super) fn handle(state: &State, submit: &Submit, ctx: &Ctx<'_>) -> Result<Handled, Refusal> {
    let plan = &submit.plan;
    check_plan(plan, ctx)?;
    let covered = covers(&submit.consent, plan);
    if covered == Covered::Differs {
        let why = format!("the plan is {} now, not the one that was seen; look at it again", plan.digest.short());
        return Err(Refusal::new(RefusalCode::Stale, why));
    }
    let run = run_id(state, &ctx.seed);
    let mut drafts = vec![Draft::run(&run, Fact::IntentSubmitted { intent: submit.intent.clone() }), Draft::run(&run, proposed(submit))];
    if covered == Covered::Yes {
        let fact = Fact::Approved { request: None, digest: plan.digest, consent: submit.consent.clone() };
        drafts.push(Draft::run(&run, fact));
    }
    // What needs no approval still needs somebody who looked at it.
    if covered == Covered::Yes || (!plan.approval_required && submit.consent != Consent::None) {
        drafts.push(Draft::run(&run, Fact::WorkflowStarted {}));
    } else {
        drafts.push(Draft::run(&run, request(state, plan, ctx)));
    }
    let graph = state.plans.get(&plan.digest).cloned().unwrap_or_else(|| Arc::new(Graph::of(Arc::new((**plan).clone()))));
    Ok(Handled { drafts, plan: Some(graph), run: Some(run) })
}

/// The last look before a plan becomes durable: it says of itself what it is, and all of it can start.
pub(super) fn check_plan(plan: &Plan, ctx: &Ctx<'_>) -> Result<(), Refusal> {
    let invalid = |why: String| Err(Refusal::new(RefusalCode::Invalid, why));
    if plan.steps.is_empty() {
        return invalid("the plan has no steps".to_owned());
    }
    if plan_digest(plan) != plan.digest {
        return invalid("the plan's digest is not that of its content; plan it again".to_owned());
    }
    // Whoever made the plan, policy is applied here once more: a plan may ask for more approvals than it must, never for fewer.
    let mut marked = plan.clone();
    mark_approvals(&mut marked, &ctx.settings.policy);
    if let Some(step) = marked.steps.iter().zip(&plan.steps).find(|(ours, theirs)| ours.approval && !theirs.approval) {
        return invalid(format!("step {} needs an approval that the plan leaves out; plan it again", step.0.id));
    }
    for step in &plan.steps {
        let actions = [Some(&step.action), step.probe.as_ref().map(|it| &it.action), step.compensation.as_ref().map(|it| &it.action)];
        if let Some(Action::Unbound { hint }) = actions.into_iter().flatten().find(|action| matches!(action, Action::Unbound { .. })) {
            return invalid(format!("step {} ({}) cannot start: {hint}", step.id, step.operation));
        }
    }
    Ok(())
}

fn proposed(submit: &Submit) -> Fact {
    let plan = &submit.plan;
    Fact::PlanProposed {
        digest: plan.digest,
        revision: plan.revision,
        steps: u32::try_from(plan.steps.len()).unwrap_or(u32::MAX),
        title: plan.title.clone(),
        source: plan.source.clone(),
        approval_required: plan.approval_required,
        attended: submit.attended,
    }
}

fn request(state: &State, plan: &Plan, ctx: &Ctx<'_>) -> Fact {
    let expiry = ctx.settings.policy.approval_expiry_ms;
    let nth = state.submitted + 1;
    let expires = (expiry.0 > 0).then(|| (ctx.now.max(state.now) + expiry, TimerId::new(format!("e{nth}"))));
    let why = if plan.approval_required { "the plan changes something" } else { "nobody has looked at the plan yet" };
    Fact::ApprovalRequested { request: RequestId::new(format!("a{nth}")), digest: plan.digest, why: why.to_owned(), expires }
}

/// Six letters and digits that are easy to read aloud; taken ones are passed over.
fn run_id(state: &State, seed: &[u8; 32]) -> RunId {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    for window in seed.windows(6) {
        let id: String = window.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
        let id = RunId::new(id);
        if !state.runs.contains_key(&id) {
            return id;
        }
    }
    RunId::new(format!("run{}", state.submitted + 1))
}
