//! A plan that already stands on the screen, and what the model has to say of it: the difference, what it took, the choice.
//!
//! The question about the plan that stands is put at once and goes on being about that plan. The other one is only run when
//! somebody asked to see it and then said yes to it.

use serde_json::{Value, json};

use super::act::Trouble;
use super::dispatch::Setup;
use super::exit::Exit;
use super::lines;
use super::out::Out;
use super::plan::exit_of;
use super::run::{Agree, agreed, cannot_start, is_yes, no_plan, question, submit};
use crate::engine::planning::Planning;
use crate::engine::proposing::Improvement;
use crate::model::command::Consent;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::planner::Ask;
use crate::planner::render::{self, Change};

/// Shows both, starts neither. Either digest can be agreed to later.
pub async fn dry_run(setup: &Setup, planning: &Planning, ask: &Ask) -> Result<Exit, Trouble> {
    let out = &setup.out;
    let standing = planning.plan_intent(ask).await;
    if out.json {
        let mut value = render::json(&standing, 0.0);
        value["llm"] = planning.improve(ask, &standing).await.as_ref().map_or(Value::Null, json);
        out.result(&lines::json(&value));
        return Ok(exit_of(&standing));
    }
    if matches!(standing, PlanOutcome::Plan { .. }) {
        out.block(&render::whole(&standing));
    } else {
        out.error(&render::text(&standing));
    }
    if let Some(found) = asked(planning, ask, &standing, out).await {
        out.block(&format!("\n{}", show(&found, &standing)));
    }
    Ok(exit_of(&standing))
}

pub async fn run(setup: &Setup, planning: &Planning, ask: &Ask, agree: &Agree<'_>) -> Result<Exit, Trouble> {
    let standing = planning.plan_intent(ask).await;
    if agree.yes || !setup.out.is_interactive() {
        return unattended(setup, planning, ask, standing, agree).await;
    }
    let PlanOutcome::Plan { plan, .. } = &standing else {
        return instead(setup, planning, ask, standing, agree).await;
    };
    if let Some(exit) = cannot_start(plan, &setup.out) {
        return Ok(exit);
    }
    match beside(&setup.out, planning, ask, plan, &standing).await {
        Some(plan) if cannot_start(&plan, &setup.out).is_some() => Ok(Exit::Refused),
        Some(plan) => {
            let consent = Consent::Shown { digest: plan.digest };
            agreed(setup, plan, consent, agree).await
        }
        None => Ok(Exit::Cancelled),
    }
}

/// Nobody can look at a difference here: only a digest that was seen before names the model's plan.
async fn unattended(setup: &Setup, planning: &Planning, ask: &Ask, standing: PlanOutcome, agree: &Agree<'_>) -> Result<Exit, Trouble> {
    let is_named = |plan: &Plan| agree.digest.is_some_and(|typed| plan.digest.to_string().starts_with(typed));
    let stands = matches!(&standing, PlanOutcome::Plan { plan, .. } if is_named(plan));
    if agree.digest.is_some() && !stands {
        let found = planning.improve(ask, &standing).await;
        if let Some(found) = &found {
            setup.out.note(&found.line());
        }
        if let Some(plan) = found.and_then(|found| found.plan).filter(|plan| is_named(plan)) {
            return submit(setup, (*plan).clone(), agree).await;
        }
    }
    match standing {
        PlanOutcome::Plan { plan, .. } => submit(setup, *plan, agree).await,
        other => Ok(no_plan(&other, &setup.out)),
    }
}

/// The words alone give no plan: the model's is shown whole, and asked about like any other.
async fn instead(setup: &Setup, planning: &Planning, ask: &Ask, standing: PlanOutcome, agree: &Agree<'_>) -> Result<Exit, Trouble> {
    let exit = no_plan(&standing, &setup.out);
    let Some(found) = asked(planning, ask, &standing, &setup.out).await else { return Ok(exit) };
    setup.out.note(&found.line());
    match found.plan.filter(|_| found.is_better) {
        Some(plan) => submit(setup, (*plan).clone(), agree).await,
        None => Ok(exit),
    }
}

/// The plan that was said yes to.
async fn beside(out: &Out, planning: &Planning, ask: &Ask, plan: &Plan, standing: &PlanOutcome) -> Option<Plan> {
    out.note(&render::whole(standing));
    out.note(&format!("The model {} is asked too; the question does not wait for it.", planning.model()?.name()));
    let put = |plan: &Plan| {
        let (out, question) = (out.clone(), question(plan));
        tokio::task::spawn_blocking(move || out.ask(&question))
    };
    let mut improving = Box::pin(planning.improve(ask, standing));
    let (mut shown, mut other, mut is_over) = (plan.clone(), None, false);
    let mut answer = put(&shown);
    loop {
        tokio::select! {
            said = &mut answer => {
                let said = said.ok().flatten();
                match (said.as_deref().map(str::trim), other.take()) {
                    (Some("m"), Some(next)) => {
                        shown = next;
                        let outcome = PlanOutcome::Plan { approval_required: shown.approval_required, plan: Box::new(shown.clone()) };
                        out.note(&render::whole(&outcome));
                        answer = put(&shown);
                    }
                    (said, _) if is_yes(said, &shown) => return Some(shown),
                    _ => {
                        out.note("nothing runs: that was no yes to this plan");
                        return None;
                    }
                }
            }
            found = &mut improving, if !is_over => {
                is_over = true;
                let Some(found) = found else { continue };
                out.note(&format!("\n{}", show(&found, standing)));
                other = found.plan.filter(|_| found.is_better).map(|plan| (*plan).clone());
                if other.is_some() {
                    out.note("m and Enter looks at that plan instead.");
                }
                out.note(&question(&shown));
            }
        }
    }
}

/// Says that somebody is asked, since that may take a while.
pub async fn asked(planning: &Planning, ask: &Ask, standing: &PlanOutcome, out: &Out) -> Option<Improvement> {
    let model = planning.model()?;
    if out.is_interactive() {
        out.note(&format!("The model {} is asked too; Ctrl-C leaves.", model.name()));
    }
    planning.improve(ask, standing).await
}

/// What was said of it, and the other plan as a difference where it is better.
pub fn show(improvement: &Improvement, standing: &PlanOutcome) -> String {
    let mut lines = vec![improvement.line()];
    if improvement.is_better {
        lines.extend(difference(&improvement.changes(standing)));
        lines.extend(improvement.plan.as_ref().map(|plan| format!("  digest: {}", plan.digest)));
    }
    lines.join("\n")
}

pub fn difference(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match change {
            Change::Kept(line) => format!("    {line}"),
            Change::Gone(line) => format!("  - {line}"),
            Change::Added(line) => format!("  + {line}"),
        })
        .collect()
}

pub fn json(improvement: &Improvement) -> Value {
    let plan = improvement.plan.as_ref().map(|plan| {
        let outcome = PlanOutcome::Plan { approval_required: plan.approval_required, plan: Box::new((**plan).clone()) };
        render::json(&outcome, 0.0)["plan"].clone()
    });
    let usage = &improvement.usage;
    json!({
        "model": improvement.model,
        "better": improvement.is_better,
        "why": improvement.why,
        "plan": plan,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost_millionths": usage.cost,
        "ms": usage.elapsed_ms,
        "rounds": usage.rounds,
        "samples": improvement.samples,
        "decision": improvement.decision,
        "thinking": improvement.thinking,
        "problems": improvement.problems,
    })
}
