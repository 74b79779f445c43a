//! `plan --explain`: what is thought comes as it is thought, then the plan, then how the roles voted; the same for a model's plan.

use std::time::Instant;

use super::exit::Exit;
use super::lines;
use super::model;
use super::out::Out;
use super::plan::{PlanFormat, exit_of, millis, print};
use crate::engine::planning::Planning;
use crate::engine::proposing::Improvement;
use crate::engine::telling::{Tell, Told};
use crate::model::action::Action;
use crate::model::outcome::PlanOutcome;
use crate::model::why::{Decision, Thought, Why};
use crate::planner::{Ask, render};

pub async fn explain(planning: &Planning, ask: &Ask, unbound: bool, format: PlanFormat, begun: Instant, out: &Out) -> Exit {
    // JSON and a drawing are one value; only text can come bit by bit.
    let aloud = format != PlanFormat::Json && format != PlanFormat::Dot;
    let tell = if aloud { told(out) } else { Tell::nobody() };
    if aloud {
        out.block("Thinking:");
    }
    let (outcome, thinking) = if unbound { planning.explain(ask, &tell) } else { planning.plan_aloud(ask, &tell).await };
    let own = match &outcome {
        PlanOutcome::Plan { plan, .. } => (*plan.why).clone(),
        PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => Why { thinking, ..Why::default() },
    };
    match format {
        PlanFormat::Json => {
            let mut value = render::json(&outcome, millis(begun));
            value["why"] = serde_json::to_value(&own).unwrap_or_default();
            if let Some(found) = planning.improve(ask, &outcome).await {
                value["llm"] = model::json(&found);
            }
            out.result(&lines::json(&value));
        }
        PlanFormat::Dot => match &own.decision {
            Some(decision) => out.block(&render::why::decision_dot(decision)),
            None => print(&outcome, format, begun, out),
        },
        PlanFormat::Text | PlanFormat::Mermaid => {
            out.block("");
            match format {
                PlanFormat::Mermaid => print(&outcome, format, begun, out),
                PlanFormat::Text | PlanFormat::Json | PlanFormat::Dot => out.block(&(render::whole(&outcome) + &ways(&outcome))),
            }
            if let Some(decision) = &own.decision {
                votes(decision, out);
            }
            the_models(planning, ask, &outcome, &tell, out).await;
        }
    }
    exit_of(&outcome)
}

/// How the steps on other hosts get there: each way once, whole, with the steps that take it.
fn ways(outcome: &PlanOutcome) -> String {
    let PlanOutcome::Plan { plan, .. } = outcome else { return String::new() };
    let mut ways: Vec<(String, Vec<String>)> = Vec::new();
    for step in &plan.steps {
        let Action::Ssh { ssh, options, .. } = &step.action else { continue };
        let words: Vec<String> = options.iter().map(|option| crate::text::safe(option)).collect();
        let way = format!("    {} sha256 {}\n    {}\n", crate::text::safe(&ssh.path), ssh.sha256, words.join(" "));
        match ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, steps)) => steps.push(step.id.to_string()),
            None => ways.push((way, vec![step.id.to_string()])),
        }
    }
    let told: Vec<String> = ways.into_iter().map(|(way, steps)| format!("\n  over ssh: {}\n{way}", steps.join(", "))).collect();
    told.concat()
}

/// Every entry, or the conclusions alone; how far a model is goes beside the result.
fn told(out: &Out) -> Tell {
    let out = out.clone();
    Tell::new(move |told| match told {
        Told::Thought(thought) => line(&thought, &out),
        Told::Model(live) => out.note(&format!("{}: {}", crate::text::safe(&live.model), live.line())),
    })
}

fn line(thought: &Thought, out: &Out) {
    if out.verbose || thought.conclusion {
        out.block(&render::why::entry(thought));
    }
}

fn votes(decision: &Decision, out: &Out) {
    out.block(&format!("\n{}{}", render::why::decision_table(decision), render::why::decision_tree(decision)));
}

async fn the_models(planning: &Planning, ask: &Ask, standing: &PlanOutcome, tell: &Tell, out: &Out) {
    let Some(found) = planning.improve_aloud(ask, standing, tell).await else { return };
    out.block(&format!("\n{}", model::show(&found, standing)));
    if let Improvement { decision: Some(decision), .. } = &found {
        votes(decision, out);
    }
}
