//! Intent -> template, when the text is little more than one of its phrases.
//!
//! A template stands back for the composed plan unless it explains nearly every word: then its author's steps are meant.

use std::collections::BTreeMap;

use crate::model::catalogue::{EffectClass, Operation, Origin, Repeat};
use crate::model::plan::{Plan, StepKind};

use super::ask::{Ask, World};
use super::compose::{Stop, clarify, refuse};
use super::slots::{Place, bind, environments};
use super::template::{Template, instantiate};
use super::token::{Kind, Token};
use super::words::{is_determiner, is_function, stem};
use super::{grammar, inputs};

/// Share of the intent's words that a phrase must explain, and the other way round.
const EXPLAINED: f64 = 0.85;
const SAID: f64 = 0.6;

/// The plan of the best template, or why it cannot be made yet; `None` where no template is meant.
pub fn template(ask: &Ask, words: &[Token], world: &World<'_>) -> Option<Result<Plan, Stop>> {
    let said = content(words, world);
    let known = world.templates.iter().filter(|template| template.operations().all(|name| world.catalogue.get(name).is_some()));
    let scored = known.filter_map(|template| Some((best_phrase(template, &said)?, template)));
    let (_, best) = scored.max_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| other.name.cmp(&one.name)))?;
    Some(fill(best, ask, words, world))
}

/// Stems of the words that carry meaning; values and places do not.
fn content(words: &[Token], world: &World<'_>) -> Vec<String> {
    let places: Vec<usize> = environments(words, &world.index).into_iter().map(|(at, _)| at).collect();
    let worded = words.iter().enumerate().filter(|(at, token)| token.kind == Kind::Word && !places.contains(at));
    worded
        .filter(|(_, token)| !is_function(&token.low) && !is_determiner(&token.low) && !world.is_asset(&token.text))
        .map(|(_, token)| stem(&token.low))
        .collect()
}

fn best_phrase(template: &Template, said: &[String]) -> Option<f64> {
    let scores = template.phrase_stems.iter().filter_map(|phrase| {
        let explained = share(said, phrase);
        let used = share(phrase, said);
        (said.len() + phrase.len() > 2 && explained >= EXPLAINED && used >= SAID).then_some(explained + used)
    });
    scores.max_by(f64::total_cmp)
}

/// Share of `these` that have a like among `those`.
fn share(these: &[String], those: &[String]) -> f64 {
    if these.is_empty() {
        return 0.0;
    }
    let found = these.iter().filter(|one| those.iter().any(|other| alike(one, other))).count();
    #[expect(clippy::cast_precision_loss, reason = "an intent has at most some thousand words")]
    let share = found as f64 / these.len() as f64;
    share
}

fn alike(one: &str, other: &str) -> bool {
    one == other
        || (one.len() >= 5
            && one.len().abs_diff(other.len()) <= 1
            && super::near::distance(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>()) <= 1)
}

fn fill(template: &Template, ask: &Ask, words: &[Token], world: &World<'_>) -> Result<Plan, Stop> {
    let bound = bind(&as_operation(template), words, world, &Place::of(words, &world.index));
    if let Some((name, reason)) = bound.bad.first() {
        return Err(refuse(format!("{name} of template {}: {reason}", template.name), Vec::new()));
    }
    let mut given: BTreeMap<String, String> = ask
        .inputs
        .iter()
        .filter(|(name, _)| template.params.iter().any(|input| input.param.name == **name))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    for (name, values) in &bound.values {
        match values.as_slice() {
            [] => {}
            [one] => drop(given.entry(name.clone()).or_insert_with(|| one.clone())),
            [..] => {
                return Err(clarify(format!("template {} takes one `{name}`; which?", template.name), vec![name.clone()], values.clone()));
            }
        }
    }
    let missing: Vec<String> = template
        .params
        .iter()
        .map(|input| &input.param)
        .filter(|param| param.required && param.default.is_none() && !given.contains_key(&param.name))
        .map(|param| param.name.clone())
        .collect();
    if !missing.is_empty() {
        let what = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        return Err(clarify(format!("template {} needs {what}; which?", template.name), missing, Vec::new()));
    }
    let mut plan = instantiate(template, &given, world.catalogue, world.policy).map_err(|problems| {
        refuse(problems.first().map_or_else(String::new, |problem| problem.message.clone()), vec![template.name.clone()])
    })?;
    plan.intent.clone_from(&ask.text);
    plan.environment =
        plan.environment.as_deref().and_then(grammar::environment).map(str::to_owned).or_else(|| one_environment(words, world));
    Ok(plan)
}

fn one_environment(words: &[Token], world: &World<'_>) -> Option<String> {
    let mut named: Vec<&str> = environments(words, &world.index).into_iter().map(|(_, name)| name).collect();
    named.dedup();
    if let [one] = named.as_slice() { Some((*one).to_owned()) } else { None }
}

/// The parameters of a template bind like those of an operation.
fn as_operation(template: &Template) -> Operation {
    Operation {
        name: format!("template.{}", template.name.replace('-', "_")),
        summary: template.summary.clone(),
        effect: EffectClass::Read,
        low_risk: false,
        repeat: Repeat::Pure,
        kind: StepKind::Action,
        params: template.params.iter().map(|input: &inputs::Input| input.param.clone()).collect(),
        output: None,
        aliases: Vec::new(),
        nouns: Vec::new(),
        examples: Vec::new(),
        expected_ms: None,
        timeout_ms: None,
        thresholds: Vec::new(),
        preview: None,
        binding: None,
        origin: Origin { file: template.file.clone(), line: 1 },
    }
}
