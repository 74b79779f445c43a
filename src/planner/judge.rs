//! The composed plan and what is remembered -> the one plan that the roles agree on, optimised, with its reasons.
//!
//! The guard's refusals are final and never come here. Memory may answer where the composed plan could not be made for want of
//! an operation; it never answers a question about a missing value, since it takes values from the text alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::decision::{Evidence, Origin, Proposal, Record, Word, decide};
use crate::model::catalogue::EffectClass;
use crate::model::ids::StepId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::why::{Decision, Ruling, ThinkingKind, Vote, Why};
use crate::policy::rule;

use super::ask::{Ask, World};
use super::compose::{Stop, clarify, refuse};
use super::optimise::{Hints, optimise};
use super::pipeline::policy_in_force;
use super::score::Query;
use super::token::{Kind, Token, tokens};
use super::validate::{Limits, validate};
use super::words::is_function;

/// Words alike, of a thousand, from which the past may speak against a plan that the words themselves give.
const NEARLY_SAME: u32 = 950;
/// How a refusal begins that says only that no word names an operation; every other one is final.
const UNKNOWN: &str = "no known operation does this";

/// What past runs say; empty where nothing ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Experience {
    pub memory: super::memory::Memory,
    pub history: crate::insight::History,
}

/// The plan that is taken, with its votes, or the question or refusal of the roles.
pub fn judge(ask: &Ask, world: &World<'_>, composed: Result<Plan, Stop>) -> Result<Plan, Stop> {
    let proposals = proposals(ask, world, &composed);
    let evidence = evidence(ask, world, &proposals);
    if proposals.is_empty() {
        return composed;
    }
    let decision = decide(&proposals, &evidence);
    tell(world, &decision);
    let lone = proposals.len() == 1 && composed.is_ok();
    let mut plan = match (&decision.ruling, composed) {
        (Ruling::Chosen { name }, _) => {
            proposals.iter().find(|one| one.name == *name).map_or_else(|| (*proposals[0].plan).clone(), |one| (*one.plan).clone())
        }
        (Ruling::Refused { reasons }, Ok(_)) => {
            return Err(refuse(format!("the plan that this comes to is unsound: {}", reasons.join("; ")), Vec::new()));
        }
        // The planner's own thresholds have asked about its words already.
        (Ruling::Clarify { .. }, Ok(plan)) if lone => plan,
        (Ruling::Clarify { question, choices }, Ok(_)) => {
            return Err(clarify(question.clone(), vec!["operation".to_owned()], choices.clone()));
        }
        (Ruling::Clarify { .. } | Ruling::Refused { .. }, Err(stop)) => return Err(stop),
    };
    improve(&mut plan, world);
    plan.why = Box::new(Why { decision: Some(decision), asides: std::mem::take(&mut plan.why.asides), ..Why::default() });
    Ok(plan)
}

fn proposals(ask: &Ask, world: &World<'_>, composed: &Result<Plan, Stop>) -> Vec<Proposal> {
    let policy = policy_in_force(world);
    let proposal = |name: String, origin: Origin, mut plan: Plan, record: Option<Record>| {
        rule::mark_approvals(&mut plan, &policy);
        let problems = validate(&plan, world.catalogue, Limits::generated(&policy));
        problems.iter().for_each(|problem| world.diary.detail(ThinkingKind::Evaluation, format!("{name}: {}", problem.message)));
        Proposal { name, origin, plan: Arc::new(plan), problems, record }
    };
    let mut all = Vec::new();
    if let Ok(plan) = composed {
        all.push(proposal("embedded".to_owned(), Origin::Embedded, plan.clone(), None));
    }
    // A question names what is missing; only "no such operation" may be answered by the past.
    let open = match composed {
        Ok(_) => true,
        Err(stop) => match &**stop {
            PlanOutcome::Clarify { missing, .. } => missing.iter().all(|name| name == "operation"),
            PlanOutcome::Refuse { reason, .. } => reason.starts_with(UNKNOWN),
            PlanOutcome::Plan { .. } => false,
        },
    };
    let Some(experience) = world.experience.filter(|_| open) else { return all };
    let least = if composed.is_ok() { NEARLY_SAME } else { 0 };
    for found in experience.memory.recall(ask, world).into_iter().filter(|found| found.likeness >= least) {
        let environment = composed.as_ref().ok().and_then(|plan| plan.environment.clone());
        world.diary.conclude(ThinkingKind::Planning, format!("{} did this before: {} of 1000 words alike", found.run, found.likeness));
        let plan = Plan { environment, ..found.plan };
        if composed.as_ref().is_ok_and(|own| is_same_work(own, &plan)) {
            world.diary.detail(ThinkingKind::Planning, format!("{} agrees with what the words say", found.run));
            continue;
        }
        all.push(proposal(format!("like {}", found.run), Origin::Memory, plan, Some(found.record)));
    }
    all
}

/// The same operations in the same order with the same edges: nothing to choose between.
fn is_same_work(one: &Plan, other: &Plan) -> bool {
    let shape = |plan: &Plan| {
        let at: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
        let needs = |step: &crate::model::plan::Step| {
            step.needs.iter().map(|need| (at.get(&need.step).copied(), need.when)).collect::<BTreeSet<_>>()
        };
        plan.steps.iter().map(|step| (step.operation.clone(), needs(step))).collect::<Vec<_>>()
    };
    shape(one) == shape(other)
}

pub(super) fn evidence(ask: &Ask, world: &World<'_>, proposals: &[Proposal]) -> Evidence {
    let said = tokens(&ask.text);
    let operations: BTreeSet<&str> = proposals.iter().flat_map(|one| &one.plan.steps).map(|step| step.operation.as_str()).collect();
    let places: Vec<(usize, &str)> = world
        .index
        .operations
        .iter()
        .enumerate()
        .filter(|(_, one)| operations.contains(one.name.as_str()))
        .map(|(at, one)| (at, one.name.as_str()))
        .collect();
    let query = Query::of(&said, &world.index, None);
    let carries = |token: &Token| token.kind == Kind::Word && !is_function(&token.low) && !world.index.machines.contains(&token.low);
    let words = said.iter().enumerate().filter(|(_, token)| carries(token)).map(|(at, token)| Word {
        text: token.low.clone(),
        operations: places
            .iter()
            .filter(|(operation, _)| query.explains(*operation, at, &world.index))
            .map(|(_, name)| (*name).to_owned())
            .collect(),
    });
    let inputs = ask.inputs.values().map(|value| value.to_lowercase());
    let history = world.experience.map(|one| &one.history);
    let known = |name: &str| history.and_then(|history| history.of(name));
    let expected = operations.iter().filter_map(|name| {
        let measured = known(name).and_then(|past| past.percentile(50));
        Some(((*name).to_owned(), measured.or_else(|| world.catalogue.get(name)?.expected_ms)?))
    });
    let record = |past: &crate::insight::Past| Record { runs: past.attempts(), succeeded: past.succeeded };
    Evidence {
        words: words.collect(),
        said: said.iter().map(|token| token.text.to_lowercase()).chain(inputs).chain(world.default_host.clone()).collect(),
        expected: expected.collect(),
        history: operations.iter().filter_map(|name| Some(((*name).to_owned(), record(known(name)?)))).collect(),
    }
}

pub(super) fn tell(world: &World<'_>, decision: &Decision) {
    for one in &decision.considered {
        for Vote { role, score, veto, reason } in &one.votes {
            let score = score.map_or_else(|| "abstains".to_owned(), |score| score.to_string());
            let veto = veto.as_ref().map_or_else(String::new, |veto| format!(" VETO {veto}"));
            world.diary.detail(ThinkingKind::Decision, format!("{} on {}: {score}, {reason}{veto}", role.as_str(), one.name));
        }
    }
    let ruling = match &decision.ruling {
        Ruling::Chosen { name } => {
            format!("{name} is taken, with {} of 1000", decision.considered.first().and_then(|one| one.consensus).unwrap_or(0))
        }
        Ruling::Clarify { question, .. } => question.clone(),
        Ruling::Refused { reasons } => format!("refused: {}", reasons.join("; ")),
    };
    world.diary.conclude(ThinkingKind::Decision, ruling);
    decision.dissent.iter().for_each(|one| world.diary.conclude(ThinkingKind::Decision, one.clone()));
}

fn improve(plan: &mut Plan, world: &World<'_>) {
    let mut hints = Hints { slots: world.slots, ..Hints::default() };
    let expected = |name: &str| world.catalogue.get(name).and_then(|one| one.expected_ms);
    hints.expected =
        plan.steps.iter().filter_map(|step| Some((step.operation.clone(), expected(&step.operation)?))).collect::<BTreeMap<_, _>>();
    if let Some(experience) = world.experience {
        let medians = experience.history.operations().filter_map(|(name, past)| Some((name.clone(), past.percentile(50)?)));
        hints.expected.extend(medians);
        hints.timeouts = experience.history.timeouts();
    }
    for done in optimise(plan, &hints) {
        world.diary.conclude(ThinkingKind::Evaluation, done);
    }
}

/// What changes, and who must say yes.
pub fn tell_risk(world: &World<'_>, plan: &Plan) {
    let changes = plan.steps.iter().filter(|step| step.effect != EffectClass::Read).count();
    let gates: Vec<&StepId> = plan.steps.iter().filter(|step| step.approval).map(|step| &step.id).collect();
    let asks = if gates.is_empty() {
        "nobody has to approve".to_owned()
    } else {
        format!("a person approves {}", gates.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", "))
    };
    world.diary.conclude(ThinkingKind::RiskAssessment, format!("{changes} of {} steps change something; {asks}", plan.steps.len()));
}
