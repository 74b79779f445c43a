//! Clause -> the operation that fits best, weighing words, values and what is missing.
//!
//! Order of the catalogue never matters: ties go to the name.

use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, ParamType};

use super::ask::World;
use super::score::Query;
use super::slots::{Bound, Place, bind, is_machine_param};
use super::speech::Speech;
use super::token::{Kind, Token};
use super::words::stem;

/// Below this the words say too little.
const ENOUGH_WORDS: f64 = 1.7;
/// Values alone that say enough where the words are few: "verify https://…".
const SPEAKING_VALUES: f64 = 2.0;
/// Less of the words explained than this is another subject.
const ENOUGH_COVER: f64 = 0.3;
const CANDIDATES: usize = 12;

/// What stands anywhere in the intent and can be inherited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pool {
    pub machine: bool,
    pub url: bool,
    pub number: bool,
    pub duration: bool,
    pub path: bool,
    pub channel: bool,
    pub version: bool,
}

impl Pool {
    pub fn of(tokens: &[Token], world: &World<'_>) -> Self {
        let any = |fits: &dyn Fn(&Token) -> bool| tokens.iter().any(fits);
        let machine = any(&|token| {
            token.kind == Kind::Ip
                || world.is_asset(&token.text)
                || (token.kind == Kind::Ident && super::grammar::is_machine_like(&token.text))
        });
        Self {
            machine: machine || super::slots::find_group(tokens, &world.index).is_some(),
            url: any(&|token| token.kind == Kind::Url),
            number: any(&|token| matches!(token.kind, Kind::Int(_))),
            duration: any(&|token| token.kind == Kind::Duration),
            path: any(&|token| token.kind == Kind::Path),
            channel: any(&|token| token.kind == Kind::Channel),
            version: any(&|token| matches!(token.kind, Kind::Version | Kind::Ident)),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub operation: Arc<Operation>,
    pub bound: Bound,
    pub words: f64,
    pub total: f64,
}

/// The verb that an elliptic clause borrows, and what was spoken of before.
#[derive(Clone, Debug, Default)]
pub struct Around {
    pub verb: Option<String>,
    /// Operations chosen before, nearest last.
    pub before: Vec<Arc<Operation>>,
    /// Parameters and values given before.
    pub named: Vec<(String, String)>,
}

/// The best choices first; empty where the words say too little.
pub fn choose(tokens: &[Token], world: &World<'_>, pool: Pool, around: &Around) -> Vec<Choice> {
    let query = Query::of(tokens, &world.index, around.verb.as_deref());
    let speech = Speech::of(tokens, &world.index);
    let place = Place::of(tokens, &world.index);
    let mut choices: Vec<Choice> = Vec::new();
    for score in query.rank(&world.index).into_iter().take(CANDIDATES) {
        let operation = Arc::clone(&world.index.operations[score.operation]);
        if !speech.suits(&operation, score.operation, &query, &world.index) {
            continue;
        }
        let bound = bind(&operation, tokens, world, &place);
        if speech.asks_users && !names_machine(&operation, &bound, world) {
            continue;
        }
        let cover = query.cover(score.operation, &bound.used, &world.index);
        let certain = score.words >= ENOUGH_WORDS || (bound.evidence >= SPEAKING_VALUES && score.words > 0.3);
        if !certain || (cover < ENOUGH_COVER && bound.evidence < SPEAKING_VALUES) {
            continue;
        }
        // "turn x on" is said in so many words in a summary.
        let turned = speech
            .said
            .iter()
            .any(|verb| verb.starts_with("turn-") && world.index.led_by(verb).is_some_and(|led| led.contains(&score.operation)));
        if speech.is_vague(&operation, score.operation, &query, &bound, tokens, &world.index)
            && around_score(&operation, around, tokens) < 0.5
        {
            continue;
        }
        // "page x about the outage": what is called so, and lacks nothing.
        let called = speech.is_called(score.operation, tokens, &world.index)
            && operation.required().all(|param| bound.values.contains_key(&param.name));
        let fit = if turned { 2.5 } else { 0.0 }
            + if called { 3.5 } else { 0.0 }
            + bound.evidence
            + slots_score(&operation, &bound, pool)
            + around_score(&operation, around, tokens)
            + same_names(&bound, around);
        choices.push(Choice { total: score.words + fit + cover, words: score.words, operation, bound });
    }
    choices.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.operation.name.cmp(&b.operation.name)));
    choices
}

/// What was taken for a machine looks like one: "who uses redis-main" asks for no processes of it.
fn names_machine(operation: &Operation, bound: &Bound, world: &World<'_>) -> bool {
    let machines = operation.params.iter().filter(|param| is_machine_param(&param.name, &param.kind));
    let mut values = machines.filter_map(|param| bound.values.get(&param.name)).flatten();
    values.all(|value| world.is_asset(value) || super::grammar::is_machine_like(value))
}

fn slots_score(operation: &Operation, bound: &Bound, pool: Pool) -> f64 {
    let mut required = operation.required().peekable();
    // Everything it needs stands in the clause.
    let whole = if required.peek().is_some() && required.all(|param| bound.values.contains_key(&param.name)) { 0.6 } else { 0.0 };
    let slots: f64 = operation
        .required()
        .map(|param| if bound.values.contains_key(&param.name) { 0.6 } else { -cost_of_absence(&param.kind, &param.name, pool) })
        .sum();
    slots + whole
}

/// A value that stands nowhere in the intent cannot be meant.
fn cost_of_absence(kind: &ParamType, name: &str, pool: Pool) -> f64 {
    let (present, cost) = match kind {
        ParamType::Host => (pool.machine, 0.5),
        ParamType::Name if is_machine_param(name, kind) => (pool.machine, 0.5),
        ParamType::Name | ParamType::Env | ParamType::Str | ParamType::Json | ParamType::Other(_) => (false, 0.8),
        ParamType::Dns => (pool.machine, 1.0),
        ParamType::Url => (pool.url, 3.0),
        ParamType::Duration => (pool.duration, 3.0),
        ParamType::Datetime => (false, 2.5),
        ParamType::Ip => (pool.machine, 2.5),
        ParamType::Port | ParamType::Int => (pool.number, 2.0),
        ParamType::Path => (pool.path, 1.5),
        ParamType::Version => (pool.version, 0.8),
        ParamType::Channel => (pool.channel, 2.0),
    };
    if present { 0.2 } else { cost }
}

/// What was the service of one clause is hardly the job of the next.
fn same_names(bound: &Bound, around: &Around) -> f64 {
    let known = |name: &String, value: &String| around.named.iter().any(|(other, said)| other == name && said == value);
    let given = bound.values.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    if given.into_iter().any(|(name, value)| known(name, value)) { 0.6 } else { 0.0 }
}

/// "take it out again" belongs to what was put in before; "verify it" reads what was changed before.
fn around_score(operation: &Operation, around: &Around, tokens: &[Token]) -> f64 {
    let pronoun = tokens.iter().any(|token| token.is_one_of(&["it", "its", "them", "their", "that", "there", "again", "both", "each"]));
    let mut score = 0.0;
    for before in around.before.iter().rev().take(3) {
        let shares_service = before.service() == operation.service();
        let shared: usize = operation.params.iter().filter(|param| before.param(&param.name).is_some()).count();
        let words = |name: &str| name.split('_').map(str::to_owned).collect::<Vec<_>>();
        let noun =
            words(before.verb()).into_iter().skip(1).any(|word| words(operation.verb()).iter().any(|other| stem(other) == stem(&word)));
        if noun && before.name != operation.name {
            score += if pronoun { 1.6 } else { 0.5 };
        }
        // "unlock x before you release it": it is what was spoken of.
        let mut needed = operation.required().peekable();
        if tokens.iter().any(|token| token.is("it"))
            && needed.peek().is_some()
            && needed.all(|param| before.param(&param.name).is_some_and(|known| known.required))
        {
            score += 0.6;
        }
        if pronoun && shares_service && shared > 0 && operation.effect == EffectClass::Read {
            score += 0.4;
        }
        if before.name == operation.name && pronoun {
            score -= 0.6;
        }
    }
    score
}
