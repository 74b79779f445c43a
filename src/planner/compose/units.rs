//! Clauses -> units: which operation each clause asks for, conditions that are steps of their own included.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, ParamType};
use crate::planner::ask::World;
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::score::Query;
use crate::planner::segment::{Clause, Cond, Join};
use crate::planner::slots::{Bound, Place};
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_function, stem};

use super::{Stop, clarify, refuse};

#[derive(Clone, Debug)]
pub struct Unit {
    /// `None`: a lead; only its values matter.
    pub operation: Option<Arc<Operation>>,
    pub values: BTreeMap<String, Vec<String>>,
    pub bound: Bound,
    pub clause: Clause,
    /// Runs beside the unit before it.
    pub beside: bool,
    /// The condition of the next unit.
    pub is_condition: bool,
    /// The unit whose end the condition looks at, when it is not simply what went before.
    pub anchor: Option<usize>,
}

pub fn units(clauses: &[Clause], world: &World<'_>, intent: &[Token]) -> Result<Vec<Unit>, Stop> {
    let pool = Pool::of(intent, world);
    let mut found: Vec<Unit> = Vec::new();
    let mut around = Around::default();
    let beside = beside_flags(clauses);
    for (at, clause) in clauses.iter().enumerate() {
        if clause.negated {
            continue;
        }
        if clause.lead {
            found.push(lead(clause, world));
            continue;
        }
        let anchor = condition(clause, world, pool, &mut around, &mut found);
        around.verb = carried_verb(clauses, at, world);
        let choices = choose(&clause.tokens, world, pool, &around);
        let Some(best) = choices.into_iter().next() else {
            if is_filler(clause, world) {
                continue;
            }
            return Err(unknown(clause, clauses, world));
        };
        if let Some(bad) = best.bound.bad.first() {
            return Err(refuse(format!("{} of {}: {}", bad.0, best.operation.name, bad.1), vec![best.operation.name.clone()]));
        }
        around.before.push(Arc::clone(&best.operation));
        let merged = merge(&mut found, &best, clause);
        if !merged {
            found.push(unit(best, clause.clone(), beside[at], anchor));
        }
    }
    Ok(found)
}

fn unit(best: Choice, clause: Clause, beside: bool, anchor: Option<usize>) -> Unit {
    Unit {
        operation: Some(best.operation),
        values: best.bound.values.clone(),
        bound: best.bound,
        clause,
        beside,
        is_condition: false,
        anchor,
    }
}

/// Values of what stands before a colon: machines and groups that the clauses behind it inherit.
fn lead(clause: &Clause, world: &World<'_>) -> Unit {
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
    let bound = Bound { group: place.group, ..Bound::default() };
    Unit { operation: None, values, bound, clause: clause.clone(), beside: false, is_condition: false, anchor: None }
}

/// A condition that names an operation of its own becomes a unit; one that names an earlier unit points at it.
fn condition(clause: &Clause, world: &World<'_>, pool: Pool, around: &mut Around, found: &mut Vec<Unit>) -> Option<usize> {
    let Some(Cond::On { about, .. }) = &clause.cond else { return None };
    around.verb = None;
    let best = choose(about, world, pool, around).into_iter().next()?;
    let own_words =
        about.iter().any(|token| token.kind == Kind::Word && !is_function(&token.low) && !world.index.looks.contains(&token.low));
    if best.words < 2.2 || !own_words || !best.bound.bad.is_empty() {
        return None;
    }
    let same = |unit: &Unit| {
        let same_operation = unit.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
        same_operation && best.bound.values.iter().all(|(name, values)| unit.values.get(name).is_none_or(|known| known == values))
    };
    if let Some(at) = found.iter().rposition(same) {
        return Some(at);
    }
    if best.operation.effect != EffectClass::Read && !about.iter().any(|token| token.low.ends_with("ing")) {
        return None;
    }
    around.before.push(Arc::clone(&best.operation));
    let join = if clause.join == Join::Start { Join::Start } else { Join::Then };
    found.push(Unit { is_condition: true, ..unit(best, Clause { tokens: about.clone(), ..Clause::new(join) }, false, None) });
    Some(found.len() - 1)
}

/// The verb of the nearest clause before that has one.
fn carried_verb(clauses: &[Clause], at: usize, world: &World<'_>) -> Option<String> {
    if !clauses[at].elliptic {
        return None;
    }
    let verb = |clause: &Clause| {
        clause.tokens.iter().find(|token| token.kind == Kind::Word && world.index.is_verb(&token.low)).map(|token| token.low.clone())
    };
    clauses[..at].iter().rev().find(|clause| !clause.elliptic).and_then(verb)
}

/// A fragment that names the operation before it once more only adds values to it.
fn merge(found: &mut [Unit], best: &Choice, clause: &Clause) -> bool {
    let Some(last) = found.last_mut() else { return false };
    let same = last.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
    let clash = best.bound.values.iter().any(|(name, values)| last.values.get(name).is_some_and(|known| known != values));
    if !same || !clause.elliptic || clash || clause.cond.is_some() {
        return false;
    }
    for (name, values) in &best.bound.values {
        last.values.entry(name.clone()).or_insert_with(|| values.clone());
    }
    last.bound.group = last.bound.group.take().or_else(|| best.bound.group.clone());
    last.clause.together |= clause.together;
    true
}

/// Which clauses run beside the one before them.
fn beside_flags(clauses: &[Clause]) -> Vec<bool> {
    let mut flags = vec![false; clauses.len()];
    for (at, clause) in clauses.iter().enumerate() {
        if clause.together {
            let mut here = at;
            while here > 0 && joins_group(clauses, here, at) {
                flags[here] = true;
                here -= 1;
            }
        }
        if clause.together_after {
            for next in at + 1..clauses.len() {
                if !matches!(clauses[next].join, Join::Comma | Join::And) {
                    break;
                }
                flags[next] = true;
            }
        }
    }
    flags
}

/// The clause with the words "at the same time" joins the one before; further back only lists without verbs of their own do.
fn joins_group(clauses: &[Clause], here: usize, marked: usize) -> bool {
    match clauses[here].join {
        Join::And => here == marked || clauses[here].elliptic,
        Join::Comma => clauses[here].elliptic,
        Join::Start | Join::Then | Join::Break => false,
    }
}

/// Nothing but function words and looks: "I want you to see".
fn is_filler(clause: &Clause, world: &World<'_>) -> bool {
    clause.tokens.iter().all(|token| match token.kind {
        Kind::Word => is_function(&token.low) || (world.index.looks.contains(&token.low) && clause.tokens.len() < 4),
        Kind::Mark(_) => true,
        Kind::Ident
        | Kind::Quoted
        | Kind::Url
        | Kind::Path
        | Kind::Channel
        | Kind::Ip
        | Kind::Int(_)
        | Kind::Duration
        | Kind::Version
        | Kind::Datetime => false,
    })
}

/// A part that nobody can carry out is never left out silently.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
fn unknown(clause: &Clause, clauses: &[Clause], world: &World<'_>) -> Stop {
    let text = clause.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    let query = Query::of(&clause.tokens, &world.index, None);
    let nearest: Vec<String> =
        query.rank(&world.index).iter().take(3).map(|score| world.index.operations[score.operation].name.clone()).collect();
    let words = || clauses.iter().flat_map(|clause| &clause.tokens).filter(|token| token.kind == Kind::Word);
    let some_sense =
        words().any(|token| is_function(&token.low) || world.index.knows(&stem(&token.low)) || world.index.is_verb(&token.low));
    if some_sense && clauses.len() == 1 {
        return refuse(format!("no known operation does this: \"{text}\""), nearest);
    }
    let question = if some_sense {
        format!("which operation is meant by \"{text}\"?")
    } else {
        format!(
            "no word of \"{text}\" is known; say what to do and with what, as in `disk usage`, `is port 22 open` or `complete system health check`"
        )
    };
    clarify(question, vec!["operation".to_owned()], nearest)
}

/// Whether a parameter takes the name of a service in the wide sense.
pub fn is_service_param(name: &str, kind: &ParamType) -> bool {
    *kind == ParamType::Name && matches!(name, "service" | "component" | "app" | "application")
}
