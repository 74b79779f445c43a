//! Intent -> template, when the text is little more than one of its phrases.
//!
//! A template stands back for the composed plan unless it explains nearly every word: then its author's steps are meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalogue::{EffectClass, Operation, Origin, ParamType, Repeat};
use crate::model::plan::{Plan, StepKind};

use super::ask::{Ask, World};
use super::bounds;
use super::compose::{Stop, clarify, refuse};
use super::near::is_one_slip;
use super::pace;
use super::segment::forbids;
use super::slots::{Bound, Place, bind, environments};
use super::template::{Template, carries, instantiate, is_shade, phrase_stem};
use super::token::{Kind, Token};
use super::{each_host, grammar, inputs};

/// Share of the intent's words that a phrase must explain.
const EXPLAINED: f64 = 0.85;
/// Templates that are looked at more closely.
const LIKELY: usize = 20;
/// Words that open a question: no answer to one changes anything.
const ASKING: &[&str] = &["is", "are", "was", "were", "does", "did", "why", "what", "how", "who", "when", "where", "which"];
const CARRIERS: [&str; 8] = ["run", "do", "perform", "start", "execut", "give", "show", "launch"];

/// Stems of all phrases of all templates, so that only those that share most of a phrase are looked at.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    /// Stem -> phrases that hold it.
    holders: BTreeMap<String, Vec<usize>>,
    /// Template and number of stems of each phrase.
    phrases: Vec<(usize, usize)>,
}

impl Phrases {
    pub fn of(templates: &[Template]) -> Self {
        let mut all = Self::default();
        for (at, template) in templates.iter().enumerate() {
            for stems in &template.phrase_stems {
                let distinct: BTreeSet<&String> = stems.iter().filter(|stem| !template.has_slot(stem)).collect();
                for stem in &distinct {
                    all.holders.entry((*stem).clone()).or_default().push(all.phrases.len());
                }
                all.phrases.push((at, distinct.len()));
            }
        }
        all
    }

    /// Templates with a phrase that was said whole, whatever else was said; at most twenty.
    fn likely(&self, spoken: &[String]) -> Vec<usize> {
        let mut counts: Vec<usize> = vec![0; self.phrases.len()];
        for (known, holders) in &self.holders {
            if spoken.iter().any(|one| alike(one, known)) {
                for phrase in holders {
                    counts[*phrase] += 1;
                }
            }
        }
        let said = counts.iter().zip(&self.phrases).filter(|(count, (_, length))| *length > 0 && *count == length);
        let templates: BTreeSet<usize> = said.map(|(_, (template, _))| *template).collect();
        templates.into_iter().take(LIKELY).collect()
    }
}

/// The plan of the best template, or why it cannot be made yet; `None` where no template is meant.
pub fn template(ask: &Ask, words: &[Token], world: &World<'_>) -> Option<Result<Plan, Stop>> {
    let spoken: Vec<String> = content_places(words, world).into_iter().map(|at| phrase_stem(&words[at].low)).collect();
    let likely = world.phrases.likely(&spoken).into_iter().filter_map(|at| world.templates.get(at));
    let known = likely.filter(|template| template.operations().all(|name| world.catalogue.get(name).is_some()));
    // "do not restart x, check it": the steps of a template are one whole, and none is left out or hung on something.
    let part = |token: &Token| token.is_one_of(&["if", "unless", "whenever", "only", "just", "instead"]);
    if words.iter().any(part) || forbids(words) {
        return None;
    }
    let place = Place::of(words, &world.index);
    let scored = known.filter_map(|template| {
        let bound = bind(&as_operation(template), words, world, &place);
        // A template that has no place for a value that was said is not what is meant.
        let left_over = (0..words.len()).any(|at| words[at].is_value() && !bound.used[at]);
        let told = |at: usize| template.phrase_stems.iter().any(|phrase| phrase.contains(&phrase_stem(&words[at].low)));
        let bounded = bounds::bounding(words).is_some_and(|(at, _)| !told(at));
        let changes = || template.operations().any(|name| world.catalogue.get(name).is_some_and(|one| one.effect != EffectClass::Read));
        // "restart nginx and php": more than it has a place for.
        let host = |name: &String| template.params.iter().any(|input| input.param.name == *name && input.param.kind == ParamType::Host);
        let many = bound.values.iter().any(|(name, values)| values.len() > 1 && !host(name));
        if left_over || many || bounded || words.first().is_some_and(|first| first.is_one_of(ASKING)) && changes() {
            return None;
        }
        Some((best_phrase(template, &without_values(words, &bound, world))?, template, bound))
    });
    let (_, best, bound) = scored.max_by(|(a, one, _), (b, other, _)| a.total_cmp(b).then_with(|| other.name.cmp(&one.name)))?;
    Some(fill(best, &bound, ask, words, world))
}

/// Places of the words that carry meaning.
fn content_places(words: &[Token], world: &World<'_>) -> Vec<usize> {
    let places: Vec<usize> = environments(words, &world.index).into_iter().map(|(at, _)| at).collect();
    let carries = |token: &Token| token.kind == Kind::Word && carries(&token.low) && !world.is_asset(&token.text);
    // "ok restart it": said before anything is asked, it is a sigh.
    (0..words.len()).filter(|at| carries(&words[*at]) && !places.contains(at) && !(*at == 0 && words[0].is("ok"))).collect()
}

/// Stems of the words that became no value; "run a", "do the" before a phrase add nothing to it.
fn without_values(words: &[Token], bound: &Bound, world: &World<'_>) -> Vec<String> {
    let free = content_places(words, world).into_iter().filter(|at| !bound.used.get(*at).copied().unwrap_or(false));
    let mut content: Vec<String> = free.map(|at| phrase_stem(&words[at].low)).collect();
    if content.first().is_some_and(|first| CARRIERS.contains(&first.as_str())) {
        content.remove(0);
    }
    content
}

/// The whole phrase is said: "disk space" is a question, not half of "free up disk space".
/// Names of parameters stand for their values in "safe restart of a service", and lead them in "first web-1, second web-2".
fn best_phrase(template: &Template, words: &[String]) -> Option<f64> {
    let scores = template.phrase_stems.iter().filter_map(|phrase| {
        let own: Vec<String> = phrase.iter().filter(|word| !template.has_slot(word)).cloned().collect();
        let heavy: Vec<String> =
            words.iter().filter(|word| phrase.contains(word) || !(template.has_slot(word) || is_shade(word))).cloned().collect();
        let (explained, uttered) = (share(&heavy, phrase), share(&own, words));
        (words.len() + phrase.len() > 2 && explained >= EXPLAINED && uttered >= 1.0).then_some(explained + uttered)
    });
    scores.max_by(f64::total_cmp)
}

/// Share of `these` that have a like among `others`.
fn share(these: &[String], others: &[String]) -> f64 {
    if these.is_empty() {
        return 0.0;
    }
    let found = these.iter().filter(|one| others.iter().any(|known| alike(one, known))).count();
    #[expect(clippy::cast_precision_loss, reason = "an intent has at most some thousand words")]
    let share = found as f64 / these.len() as f64;
    share
}

fn alike(one: &str, other: &str) -> bool {
    one == other
        || (one.len().max(other.len()) >= 5
            && one.len().min(other.len()) >= 4
            && one.len().abs_diff(other.len()) <= 1
            && is_one_slip(one, other))
}

fn fill(template: &Template, bound: &Bound, ask: &Ask, words: &[Token], world: &World<'_>) -> Result<Plan, Stop> {
    if let Some((name, reason)) = bound.bad.first() {
        return Err(refuse(format!("{name} of template {}: {reason}", template.name), Vec::new()));
    }
    let mut given: BTreeMap<String, String> = ask
        .inputs
        .iter()
        .filter(|(name, _)| template.params.iter().any(|input| input.param.name == **name))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    let mut several: Option<(String, Vec<String>)> = None;
    let is_host = |name: &str| template.params.iter().any(|input| input.param.name == name && input.param.kind == ParamType::Host);
    for (name, values) in &bound.values {
        match values.as_slice() {
            [] => {}
            [_, _, ..] if several.is_none() && is_host(name) && !given.contains_key(name) => several = Some((name.clone(), values.clone())),
            [one] => drop(given.entry(name.clone()).or_insert_with(|| one.clone())),
            [..] => {
                return Err(clarify(format!("template {} takes one `{name}`; which?", template.name), vec![name.clone()], values.clone()));
            }
        }
    }
    let mut missing: Vec<String> = template
        .params
        .iter()
        .map(|input| &input.param)
        .filter(|param| param.required && param.default.is_none() && !given.contains_key(&param.name))
        .filter(|param| several.as_ref().is_none_or(|(name, _)| *name != param.name))
        .map(|param| param.name.clone())
        .collect();
    let open: Vec<String> = missing.iter().filter(|name| several.is_none() && is_host(name)).cloned().collect();
    let group = match open.as_slice() {
        [one] => members(template, bound, world)?.map(|hosts| (one.clone(), hosts)),
        _ => None,
    };
    if let Some((name, hosts)) = group {
        missing.retain(|one| *one != name);
        match hosts.as_slice() {
            [one] => drop(given.insert(name, one.clone())),
            [..] => several = Some((name, hosts)),
        }
    }
    if !missing.is_empty() {
        let what = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let host =
            missing.len() == 1 && template.params.iter().any(|input| input.param.name == missing[0] && input.param.kind == ParamType::Host);
        let choices = if host { world.assets.iter().take(8).cloned().collect() } else { Vec::new() };
        return Err(clarify(format!("template {} needs {what}; which?", template.name), missing, choices));
    }
    let made = match several {
        None => instantiate(template, &given, world.catalogue, world.policy),
        Some((name, hosts)) => each_host::each(template, &given, (&name, &hosts), pace::said(&ask.text), (world.catalogue, world.policy)),
    };
    let mut plan = made.map_err(|problems| {
        refuse(problems.first().map_or_else(String::new, |problem| problem.message.clone()), vec![template.name.clone()])
    })?;
    plan.intent.clone_from(&ask.text);
    plan.environment =
        plan.environment.as_deref().and_then(grammar::environment).map(str::to_owned).or_else(|| one_environment(words, world));
    Ok(plan)
}

/// The hosts of the group that was said; `None` where none was, or nothing knows it.
fn members(template: &Template, bound: &Bound, world: &World<'_>) -> Result<Option<Vec<String>>, Stop> {
    let Some((group, members)) = bound.group.as_ref().zip(world.members.as_ref()) else { return Ok(None) };
    let nearest = || vec![template.name.clone()];
    let hosts = (members.0)(&group.values).map_err(|why| refuse(format!("could not tell the hosts: {why}"), nearest()))?;
    let said: Vec<&str> = group.values.values().map(String::as_str).collect();
    let said = if said.is_empty() { "at all".to_owned() } else { format!("of {}", said.join(", ")) };
    match hosts.len() {
        0 => Err(refuse(format!("the inventory has no host {said}: there is nothing to do {} on", template.name), nearest())),
        many if many > world.policy.max_targets as usize => {
            Err(refuse(format!("{many} hosts {said}, policy allows {}", world.policy.max_targets), nearest()))
        }
        _ => Ok(Some(hosts)),
    }
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
        remote: None,
        settings: std::collections::BTreeMap::new(),
        undo: None,
        origin: Origin { file: template.file.clone(), line: 1 },
    }
}
