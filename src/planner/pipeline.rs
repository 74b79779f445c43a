//! The whole way from text to outcome, in the order of the stages. One call, no side effect, the same answer every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::insight::{History, forecast};
use crate::model::action::Action;
use crate::model::catalogue::{EffectClass, Operation, ParamType};
use crate::model::digest::Digest;
use crate::model::ids::StepId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::{Need, Plan, PlanSource, Provenance, Retry, Step, StepKind};
use crate::model::settings::{EngineSettings, PolicySettings};
use crate::model::why::{ThinkingKind, Thought};
use crate::policy::harm::harm;
use crate::policy::rule;
use crate::text;

use super::ask::{Ask, World};
use super::compose::{Draft, Judges, Stop, clarify, draft, elsewhere, refuse, units};
use super::judge::{judge, tell_risk};
use super::mend::mended;
use super::segment::segment;
use super::slots::environments;
use super::token::{Token, tokens};
use super::validate::{Limits, validate};
use super::{complete, grammar, guard, later, matching, strangers};

/// Cells of a title.
const TITLE: usize = 80;

/// A plan, a question or a refusal. Actions are unbound and digests zero: binding and sealing come after.
pub fn plan(ask: &Ask, world: &World<'_>) -> PlanOutcome {
    explain(ask, world).0
}

/// With all that was thought, for a question or a refusal too; a plan carries its own.
pub fn explain(ask: &Ask, world: &World<'_>) -> (PlanOutcome, Vec<Thought>) {
    drop(world.diary.take());
    let outcome = leading_on(answer(ask, world), ask, world);
    conclude(&outcome, world);
    let thinking = world.diary.take();
    let outcome = match outcome {
        PlanOutcome::Plan { approval_required, mut plan } => {
            plan.why.thinking.clone_from(&thinking);
            PlanOutcome::Plan { approval_required, plan }
        }
        other @ (PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. }) => other,
    };
    (outcome, thinking)
}

fn answer(ask: &Ask, world: &World<'_>) -> PlanOutcome {
    match guarded(ask, world).and_then(|text| judge(ask, world, compose_plan(ask, &text, world))).and_then(|plan| ordered(plan, &ask.text))
    {
        Ok(plan) => finish(plan, world),
        Err(stop) => *stop,
    }
}

/// "can I reboot web-1", "is it safe to ...": asks whether, and orders no change.
fn ordered(plan: Plan, text: &str) -> Result<Plan, Stop> {
    const ASKING: &[&str] = &[
        "can i ",
        "may i ",
        "should i ",
        "should we ",
        "is it safe to ",
        "is it ok to ",
        "is it okay to ",
        "is it fine to ",
        "am i allowed to ",
    ];
    let low = text.trim_start().to_lowercase();
    let Some(opening) = ASKING.iter().find(|opening| low.starts_with(**opening)) else { return Ok(plan) };
    let order = text.trim_start().get(opening.len()..).unwrap_or_default().trim_end_matches(['?', ' ']);
    let requests = ["have ", "get ", "ask ", "request "].iter().any(|verb| order.to_lowercase().starts_with(verb));
    if requests || plan.steps.iter().all(|step| step.effect == EffectClass::Read) {
        return Ok(plan);
    }
    let question = format!("\"{}\" asks whether, and orders nothing; to plan it, say: {order}", opening.trim_end());
    Err(clarify(question, vec!["operation".to_owned()], Vec::new()))
}

/// Offers only what leads on: a choice goes behind the text, and must not come to the same question.
fn leading_on(outcome: PlanOutcome, ask: &Ask, world: &World<'_>) -> PlanOutcome {
    match outcome {
        PlanOutcome::Clarify { question, missing, mut choices } => {
            let asks_again = |choice: &String| {
                let text = format!("{} {choice}", ask.text);
                let next = world.diary.apart(|| answer(&Ask { text, inputs: ask.inputs.clone() }, world));
                matches!(next, PlanOutcome::Clarify { question: again, .. } if again == question)
            };
            if ask.text.len() <= MOST_TRIED {
                choices.retain(|choice| !asks_again(choice));
            }
            PlanOutcome::Clarify { question, missing, choices }
        }
        other @ (PlanOutcome::Plan { .. } | PlanOutcome::Refuse { .. }) => other,
    }
}

/// Longest text, in bytes, for which every choice is tried.
const MOST_TRIED: usize = 400;

fn finish(mut plan: Plan, world: &World<'_>) -> PlanOutcome {
    let policy = policy_in_force(world);
    rule::mark_approvals(&mut plan, &policy);
    // Whoever made it, a plan is held to the rules of plan files.
    if let Some(problem) = validate(&plan, world.catalogue, Limits::generated(&policy)).first() {
        return *refuse(format!("the plan that this comes to is unsound: {}", problem.message), Vec::new());
    }
    if let Some(asked) = strangers::asked(&plan, world) {
        return *asked;
    }
    tell_risk(world, &plan);
    if plan.source == PlanSource::Intent {
        plan.why.suggestions = complete::suggestions(&plan, world);
    }
    plan.why.forecast = Some(match world.experience {
        Some(experience) => forecast(&plan, &experience.history, world.catalogue),
        None => forecast(&plan, &History::default(), world.catalogue),
    });
    later::for_each_later(&mut plan, world.catalogue, &policy);
    PlanOutcome::Plan { approval_required: plan.approval_required, plan: Box::new(plan) }
}

fn conclude(outcome: &PlanOutcome, world: &World<'_>) {
    let what = match outcome {
        PlanOutcome::Plan { plan, .. } => format!("a plan of {} steps", plan.steps.len()),
        PlanOutcome::Clarify { question, .. } => format!("asks: {question}"),
        PlanOutcome::Refuse { reason, .. } => format!("refuses: {reason}"),
    };
    world.diary.conclude(ThinkingKind::ResultAnalysis, what);
}

/// A line of its own is a clause of its own, one after the other.
fn lines_apart(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut out = String::with_capacity(text.len());
    for line in lines {
        if !out.is_empty() {
            out.push_str(if out.ends_with([',', ';', ':', '.']) { " " } else { "; " });
        }
        out.push_str(line);
    }
    out
}

/// The configured policy with the exempt environments of a catalogue file over it.
pub fn policy_in_force(world: &World<'_>) -> PolicySettings {
    PolicySettings { exempt_environments: world.exempt_environments().to_vec(), ..world.policy.clone() }
}

/// What may be planned at all; what is refused here no memory and no model answers.
fn guarded(ask: &Ask, world: &World<'_>) -> Result<String, Stop> {
    guard::text(&ask.text)?;
    let text = guard::without_waivers(&lines_apart(&ask.text));
    guard::tokens(&tokens(&text))?;
    world.diary.detail(ThinkingKind::Initialization, format!("reads: {text}"));
    Ok(text)
}

/// The words of the text, checked and mended.
pub(super) fn prepared(ask: &Ask, world: &World<'_>) -> Result<Vec<Token>, Stop> {
    guarded(ask, world).map(|text| mended(&text, world))
}

fn compose_plan(ask: &Ask, text: &str, world: &World<'_>) -> Result<Plan, Stop> {
    let words = mended(text, world);
    if let Some(found) = matching::template(ask, &words, world) {
        if let Ok(Plan { source: PlanSource::Template { name }, .. }) = &found {
            world.diary.conclude(ThinkingKind::Planning, format!("the words are a phrase of the template {name}"));
        }
        return found;
    }
    if world.catalogue.is_empty() {
        return Err(refuse("no operation is known; load a service manifest or a catalogue", Vec::new()));
    }
    if let Some(stop) = elsewhere(&words, world) {
        return Err(stop);
    }
    let clauses = segment(&words, &world.index);
    for clause in &clauses {
        let said: Vec<&str> = clause.tokens.iter().map(|token| token.text.as_str()).collect();
        let negated = if clause.negated { ", left out: said not to do" } else { "" };
        world.diary.detail(ThinkingKind::Analysis, format!("clause ({:?}): {}{negated}", clause.join, said.join(" ")));
    }
    world.diary.conclude(ThinkingKind::Analysis, format!("{} clauses", clauses.len()));
    let units = units(&clauses, world, &words)?;
    let drafts = draft(&units, ask, world)?;
    if drafts.is_empty() {
        let negated = clauses.iter().any(|clause| clause.negated);
        let reason = if negated { "the text says what not to do, and nothing to do" } else { "no known operation does this" };
        return Err(refuse(reason, Vec::new()));
    }
    check_bounds(&drafts, world)?;
    let mut plan = assemble(ask, &words, drafts, world);
    plan.why.asides = units.into_iter().flat_map(|unit| unit.asides).collect();
    tell_steps(&plan, world);
    Ok(plan)
}

fn tell_steps(plan: &Plan, world: &World<'_>) {
    for step in &plan.steps {
        let from = |name: &String| step.provenance.get(name).map_or("as it is", |known| known.as_str());
        let values: Vec<String> = step.params.iter().map(|(name, value)| format!("{name}={value} ({})", from(name))).collect();
        world.diary.detail(ThinkingKind::ExecutionPlanning, format!("{} {}: {}", step.id, step.operation, values.join(", ")));
        let needs: Vec<String> = step.needs.iter().map(|need| format!("{:?} of {}", need.when, need.step).to_lowercase()).collect();
        let after = if needs.is_empty() { "at once".to_owned() } else { format!("after {}", needs.join(", ")) };
        world.diary.conclude(ThinkingKind::WorkflowGeneration, format!("{} {} {after}", step.id, step.operation));
    }
}

/// What no step may do, and the number of targets.
fn check_bounds(drafts: &[Draft], world: &World<'_>) -> Result<(), Stop> {
    let mut targets: Vec<&str> = Vec::new();
    for draft in drafts {
        let operation = &draft.operation;
        for (param, text) in operation.params.iter().filter_map(|param| Some((param, draft.values.get(&param.name)?))) {
            if let Some((_, reason)) = harm(operation, param, text, &world.policy.protected_paths) {
                return Err(refuse(format!("{}: {reason}", operation.name), vec![operation.name.clone()]));
            }
            if matches!(param.kind, ParamType::Host) && !targets.contains(&text.as_str()) {
                targets.push(text);
            }
        }
    }
    if targets.len() > world.policy.max_targets as usize {
        return Err(refuse(format!("{} targets, policy allows {}", targets.len(), world.policy.max_targets), Vec::new()));
    }
    Ok(())
}

fn assemble(ask: &Ask, words: &[Token], drafts: Vec<Draft>, world: &World<'_>) -> Plan {
    let named =
        drafts.iter().flat_map(|draft| draft.operation.params.iter().filter_map(|param| Some((param, draft.values.get(&param.name)?))));
    let environment = environment(words, named.map(|(param, text)| (&param.kind, text.as_str())), world);
    let steps = drafts.into_iter().enumerate().map(|(at, draft)| step(at, draft)).collect();
    plan_of(ask, PlanSource::Intent, environment, steps)
}

/// Title and intent are always the operator's own words.
pub(super) fn plan_of(ask: &Ask, source: PlanSource, environment: Option<String>, steps: Vec<Step>) -> Plan {
    let title = title_of(ask);
    let why = Box::default();
    Plan { digest: Digest::ZERO, revision: 1, why, title, intent: ask.text.clone(), source, environment, approval_required: false, steps }
}

/// One line of it, with a mark where it was cut.
pub(super) fn title_of(ask: &Ask) -> String {
    text::clip(&ask.text.split_whitespace().collect::<Vec<_>>().join(" "), TITLE)
}

/// The one environment that the operator named. Several, or a target that is named after another one, count as none.
pub(super) fn environment<'v>(
    words: &[Token],
    mut values: impl Iterator<Item = (&'v ParamType, &'v str)>,
    world: &World<'_>,
) -> Option<String> {
    // A mended typo is never what spares an approval.
    let typed = |(at, name): (usize, &'static str)| grammar::environment(&words[at].text).is_some().then_some(name);
    let mut named: Vec<&str> = environments(words, &world.index).into_iter().filter_map(typed).collect();
    named.sort_unstable();
    named.dedup();
    let [one] = named.as_slice() else { return None };
    let contradicts = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|part| grammar::environment(part).is_some_and(|other| other != *one && other == "production"))
    };
    let clash = values.any(|(kind, text)| matches!(kind, ParamType::Host | ParamType::Name) && contradicts(text));
    (!clash).then(|| (*one).to_owned())
}

fn step(at: usize, draft: Draft) -> Step {
    let operation = &draft.operation;
    let params: BTreeMap<String, Value> = draft.values.iter().map(|(name, text)| (name.clone(), value(operation, name, text))).collect();
    let needs = draft.needs.iter().map(|(before, when, kind)| Need { step: step_id(*before), when: *when, kind: *kind }).collect();
    let mut step = blank_step(operation);
    step.id = step_id(at);
    step.params = params;
    step.needs = needs;
    step.join = draft.join;
    if draft.operation.effect == EffectClass::Read && !draft.operation.thresholds.is_empty() {
        step.kind = match draft.judges {
            Judges::Nothing => step.kind,
            Judges::Success => StepKind::Validation,
            Judges::Way => StepKind::Decision,
        };
    }
    step.provenance = draft.provenance;
    step.lock_target();
    step
}

fn step_id(at: usize) -> StepId {
    StepId::new(format!("s{}", at + 1))
}

fn value(operation: &Operation, name: &str, text: &str) -> Value {
    let kind = operation.param(name).map(|param| &param.kind);
    match kind {
        Some(kind) if !text.contains("${") => grammar::typed(kind, text).unwrap_or_else(|_| Value::from(text)),
        Some(_) | None => Value::from(text),
    }
}

/// A step of this operation as the catalogue has it, without values and edges.
pub fn blank_step(operation: &Arc<Operation>) -> Step {
    Step {
        id: StepId::new(""),
        operation: operation.name.clone(),
        params: BTreeMap::new(),
        effect: operation.effect,
        low_risk: operation.low_risk,
        repeat: operation.repeat,
        needs: Vec::new(),
        join: crate::model::plan::Join::All,
        kind: operation.kind,
        condition: None,
        critical: true,
        approval: false,
        provenance: BTreeMap::<String, Provenance>::new(),
        timeout_ms: operation.timeout_ms.unwrap_or(EngineSettings::default().timeout_ms),
        silence_ms: crate::model::time::Millis(0),
        retry: Retry::default(),
        locks: Vec::new(),
        compensation: None,
        probe: None,
        bounds: BTreeMap::new(),
        thresholds: operation.thresholds.clone(),
        suggested: false,
        for_each: None,
        copy_of: None,
        action: Action::Unbound { hint: String::new() },
        digest: Digest::ZERO,
    }
}
