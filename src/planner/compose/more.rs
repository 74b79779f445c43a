//! A clause that adds to the one before: one more value, the same again with other values, the same look said in two parts.

use crate::model::catalogue::EffectClass;
use crate::planner::ask::World;
use crate::planner::choose::Choice;
use crate::planner::grammar;
use crate::planner::segment::{Clause, Join};
use crate::planner::slots::{Place, bind};
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_function, stem, stems};

use super::units::Unit;

/// "..., namespace shop", "..., last 20m": a parameter's word and its value, or a span, and nothing else.
pub(super) fn gives_value(clause: &Clause, found: &[Unit]) -> bool {
    let Some(operation) = found.last().and_then(|last| last.operation.as_ref()).filter(|_| clause.elliptic) else { return false };
    let cues = |token: &Token| operation.params.iter().any(|param| stems(&param.name).contains(&stem(&token.low)));
    match clause.tokens.as_slice() {
        [cue, value] => cues(cue) && !is_function(&value.low) || cue.is_one_of(&["last", "past", "since"]) && value.kind == Kind::Duration,
        [value] => value.kind == Kind::Duration,
        _ => false,
    }
}

/// "..., TTL 60s": a fragment that only gives one more value to the operation before it.
pub(super) fn fold(found: &mut [Unit], clause: &Clause, world: &World<'_>) -> bool {
    let Some(last) = found.last_mut().filter(|_| clause.elliptic && clause.cond.is_none()) else { return false };
    let Some(operation) = last.operation.clone() else { return false };
    let start = last.clause.tokens.len();
    let tokens: Vec<Token> = last.clause.tokens.iter().chain(&clause.tokens).cloned().collect();
    let bound = bind(&operation, &tokens, world, &Place::of(&tokens, &world.index));
    let values = (start..tokens.len()).filter(|at| tokens[*at].is_value() || *at + 1 == tokens.len() && bound.used[*at]);
    let keeps = last.values.iter().all(|(name, known)| bound.values.get(name) == Some(known));
    if !keeps || !bound.bad.is_empty() || values.clone().next().is_none() || !values.clone().all(|at| bound.used[at]) {
        return false;
    }
    last.values.clone_from(&bound.values);
    last.bound = bound;
    last.clause.tokens = tokens;
    true
}

/// "deploy it to staging, then to production": the same again with other values.
pub(super) fn once_more(found: &[Unit], clause: &Clause, world: &World<'_>) -> Option<Unit> {
    let last = found.last().filter(|_| clause.cond.is_none() && clause.join == Join::Then)?;
    let operation = last.operation.clone()?;
    let is_value = |token: &Token| token.is_value() || grammar::environment(&token.low).is_some();
    let plain = |token: &Token| is_value(token) || is_function(&token.low);
    let has_value = clause.tokens.iter().any(is_value);
    if !has_value || !clause.tokens.iter().all(plain) {
        return None;
    }
    let bound = bind(&operation, &clause.tokens, world, &Place::of(&clause.tokens, &world.index));
    let taken = (0..clause.tokens.len()).all(|at| bound.used[at] || !is_value(&clause.tokens[at]));
    if !taken || !bound.bad.is_empty() || bound.values.is_empty() {
        return None;
    }
    let mut values = last.values.clone();
    values.extend(bound.values.clone());
    let clause = clause.clone();
    Some(Unit { operation: Some(operation), values, bound, clause, beside: false, is_condition: false, anchor: None, asides: Vec::new() })
}

/// "check the certificate, renew it, check it again": what the same verb asked for before.
pub(super) fn repeated(found: &[Unit], clause: &Clause, anchor: Option<usize>, world: &World<'_>) -> Option<Unit> {
    let verb = |tokens: &[Token]| world.index.verb_place(tokens).map(|at| stem(&tokens[at].low));
    let again = clause.tokens.iter().any(|token| token.is("again"));
    let (bare, own) = (clause.tokens.iter().all(|token| token.kind == Kind::Word), verb(&clause.tokens)?);
    let plain = |token: &Token| is_function(&token.low) || stem(&token.low) == own;
    if !again || !bare || !clause.tokens.iter().all(plain) {
        return None;
    }
    // "power it off, ..., power it on again": the other way.
    let turns = |tokens: &[Token]| {
        let found = tokens.iter().find(|token| token.is_one_of(&["on", "off", "up", "down", "in", "out"]));
        found.map(|token| token.low.clone())
    };
    let way = turns(&clause.tokens);
    let same_way = |unit: &Unit| way.is_none() || turns(&unit.clause.tokens).is_none_or(|other| Some(other) == way);
    let before = found.iter().rfind(|unit| unit.operation.is_some() && verb(&unit.clause.tokens) == Some(own.clone()) && same_way(unit))?;
    Some(Unit { clause: clause.clone(), beside: false, is_condition: false, anchor, ..before.clone() })
}

/// "fail pg over to pg-b2, ..., fail back pg-b1": the one name of an order given once more is what its like was before.
pub(super) fn alike(mut best: Choice, found: &[Unit]) -> Choice {
    let same = |unit: &&Unit| unit.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
    let Some(before) = found.iter().rfind(same) else { return best };
    let [(name, said)] = best.bound.values.iter().collect::<Vec<_>>()[..] else { return best };
    let kind = |name: &str| best.operation.param(name).map(|param| &param.kind);
    let family = |text: &str| text.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned();
    let like = |values: &[String]| {
        said.iter()
            .all(|one| one.ends_with(|letter: char| letter.is_ascii_digit()) && values.iter().any(|known| family(known) == family(one)))
    };
    if before.values.get(name).is_none_or(|known| like(known)) {
        return best;
    }
    let other = before.values.iter().find(|(other, values)| *other != name && kind(other) == kind(name) && like(values));
    if let Some(other) = other.map(|(other, _)| other.clone()) {
        let (name, said) = (name.clone(), said.clone());
        best.bound.values.remove(&name);
        best.bound.values.insert(other, said);
    }
    best
}

/// A fragment that names the operation before it once more only adds values to it.
pub(super) fn merge(found: &mut [Unit], best: &Choice, clause: &Clause) -> bool {
    let Some(last) = found.last_mut() else { return false };
    let same = last.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
    let clash = best.bound.values.iter().any(|(name, values)| last.values.get(name).is_some_and(|known| known != values));
    // "the logs of x, search for y": one look, said in two parts.
    let narrows = best.operation.effect == EffectClass::Read
        && !best.bound.values.is_empty()
        && best
            .bound
            .values
            .keys()
            .all(|name| !last.values.contains_key(name) && best.operation.param(name).is_some_and(|param| !param.required));
    if !same || !(clause.elliptic || narrows) || clash || clause.cond.is_some() {
        return false;
    }
    for (name, values) in &best.bound.values {
        last.values.entry(name.clone()).or_insert_with(|| values.clone());
    }
    last.bound.group = last.bound.group.take().or_else(|| best.bound.group.clone());
    last.clause.together |= clause.together;
    true
}
