//! What is spoken of and not to be done: what stands before a colon, how things are, what is to stay as it is.

use std::collections::BTreeMap;

use crate::model::catalogue::EffectClass;
use crate::planner::ask::World;
use crate::planner::bounds::{self, Bounds};
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::segment::Clause;
use crate::planner::slots::{Bound, Place, find_group, is_machine_param};
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_function, stem};

use super::Stop;
use super::units::Unit;

/// The machine that a choice names.
pub(super) fn named(choice: Option<&Choice>) -> BTreeMap<String, Vec<String>> {
    let Some(choice) = choice else { return BTreeMap::new() };
    let machines = choice.operation.params.iter().filter(|param| is_machine_param(&param.name, &param.kind));
    let values = machines.filter_map(|param| choice.bound.values.get(&param.name)).find(|values| !values.is_empty());
    values.map(|values| BTreeMap::from([("host".to_owned(), values.clone())])).unwrap_or_default()
}

/// Values of what stands before a colon: machines and groups that the clauses behind it inherit.
pub(super) fn lead(clause: &Clause, world: &World<'_>) -> Unit {
    let place = Place::of(&clause.tokens, &world.index);
    let machines: Vec<String> = clause
        .tokens
        .iter()
        .filter(|token| {
            world.is_asset(&token.text) || token.kind == Kind::Ip || (token.kind == Kind::Ident && grammar::is_machine_like(&token.text))
        })
        .map(|token| token.text.clone())
        .collect();
    let mut values = BTreeMap::new();
    if !machines.is_empty() {
        values.insert("host".to_owned(), machines);
    }
    let urls: Vec<String> = clause.tokens.iter().filter(|token| token.kind == Kind::Url).map(|token| token.text.clone()).collect();
    if !urls.is_empty() {
        values.insert("url".to_owned(), urls);
    }
    // "user a.novak: ...": named by the word of a parameter.
    for (at, pair) in clause.tokens.windows(2).enumerate() {
        let name = match pair[1].kind {
            Kind::Ident | Kind::Int(_) => true,
            Kind::Word => {
                at + 2 == clause.tokens.len()
                    && !is_function(&pair[1].low)
                    && grammar::environment(&pair[1].low).is_none()
                    && !world.index.knows(&stem(&pair[1].low))
            }
            _ => false,
        };
        if pair[0].kind == Kind::Word && name && world.index.is_param(&pair[0].low) {
            for param in world.index.operations.iter().flat_map(|operation| &operation.params) {
                if stem(&param.name) == stem(&pair[0].low) {
                    values.entry(param.name.clone()).or_insert_with(|| vec![pair[1].text.clone()]);
                }
            }
        }
    }
    let bound = Bound { group: place.group, ..Bound::default() };
    Unit { operation: None, values, bound, clause: clause.clone(), beside: false, is_condition: false, anchor: None, asides: Vec::new() }
}

/// "haproxy on lb-1 isn't running, could you start it": what it is about, for what follows.
pub(super) fn context(clause: &Clause, world: &World<'_>, pool: Pool) -> Unit {
    let mut unit = lead(&Clause { lead: true, ..clause.clone() }, world);
    // "haproxy isn't running": a name that nobody knows stands before the state.
    let states = |token: &Token| token.is_one_of(&["is", "isn't", "isnt", "are", "aren't", "was", "keeps", "won't", "doesn't", "has"]);
    let subject = clause.tokens.iter().position(states).and_then(|at| clause.tokens[..at].iter().rfind(|token| token.kind == Kind::Word));
    let strange = |token: &&Token| {
        !is_function(&token.low)
            && !world.index.knows(&stem(&token.low))
            && !world.index.is_verb(&token.low)
            && world.index.is_strange(&token.low)
            && !world.is_asset(&token.text)
    };
    if let Some(name) = subject.filter(strange) {
        unit.values.entry("service".to_owned()).or_insert_with(|| vec![name.text.clone()]);
    }
    if let Some(about) = choose(&clause.tokens, world, pool, &Around::default()).into_iter().next() {
        for (name, values) in about.bound.values {
            unit.values.entry(name).or_insert(values);
        }
    }
    unit
}

/// "leave php alone" changes nothing of an order that does not touch it; where it may, which ones are meant is asked.
pub(super) fn spared(clause: &Clause, clauses: &[Clause], world: &World<'_>) -> Result<(), Stop> {
    let others = || clauses.iter().filter(|other| !other.negated);
    let wide = |other: &Clause| {
        find_group(&other.tokens, &world.index).is_some()
            || other.tokens.iter().any(|token| token.is_one_of(&["all", "every", "each", "everything"]))
    };
    let named =
        |token: &Token| (token.is_value() || token.kind == Kind::Word && !is_function(&token.low)) && !world.index.is_verb(&token.low);
    let touched = |token: &Token| named(token) && others().any(|other| other.tokens.iter().any(|one| one.low == token.low));
    let whole = others().any(wide);
    match clause.tokens.iter().position(|token| touched(token) || whole && named(token)) {
        Some(at) => Err(bounds::ask("the plan", &clause.tokens, at, Bounds::Exception)),
        None => Ok(()),
    }
}

/// "all of them, but do not touch x", "without downtime": what is not to be done must be something that is left out.
pub(super) fn negation(clause: &Clause, spoken_of: Option<&Choice>, clauses: &[Clause], world: &World<'_>) -> Option<Stop> {
    let names = |token: &Token| world.is_asset(&token.text) || (token.kind == Kind::Ident && grammar::is_machine_like(&token.text));
    let groups = clauses.iter().any(|other| !other.negated && find_group(&other.tokens, &world.index).is_some());
    if let Some(at) = clause.tokens.iter().position(|token| groups && names(token)) {
        return Some(bounds::ask("the plan", &clause.tokens, at, Bounds::Exception));
    }
    // "don't touch web-1, only check its disk": what only reads touches nothing.
    let reads = |other: &Clause| {
        choose(&other.tokens, world, Pool::default(), &Around::default())
            .first()
            .is_none_or(|best| best.operation.effect == EffectClass::Read)
    };
    let untouched = clauses.iter().filter(|other| !other.negated).all(reads);
    let touches = |token: &Token| token.is_one_of(&["touch", "change", "modify", "alter", "break"]) && untouched;
    let content =
        |token: &Token| token.kind == Kind::Word && !is_function(&token.low) && !world.index.is_verb(&token.low) && !touches(token);
    let at = clause.tokens.iter().position(content).filter(|_| spoken_of.is_none() && clauses.len() > 1)?;
    Some(bounds::ask("the plan", &clause.tokens, at, Bounds::Manner))
}
