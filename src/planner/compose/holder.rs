//! "page the owner of billing": whom a message is for is looked up first.

use crate::model::catalogue::{EffectClass, Operation, Param, ParamType};
use crate::planner::ask::World;
use crate::planner::choose::{Around, Pool, choose};
use crate::planner::segment::{Clause, Join};
use crate::planner::token::{Kind, Token};
use crate::planner::words::is_determiner;

use super::units::Unit;

/// What a catalogue calls those who are responsible.
const PEOPLE: &[&str] = &["owner", "contact", "team", "person", "user", "oncall", "assignee"];
const WHO: &[&str] = &["team", "person", "user", "assignee", "owner", "recipient", "contact", "oncall", "to"];

/// It tells who is responsible for something.
fn tells_holder(operation: &Operation) -> bool {
    let person = |text: &str| PEOPLE.contains(&text.to_lowercase().as_str());
    operation.effect == EffectClass::Read && operation.output.as_ref().is_some_and(|output| person(&output.name) || person(&output.kind))
}

fn names_person(param: &Param) -> bool {
    param.required && param.kind == ParamType::Name && WHO.contains(&param.name.as_str())
}

/// "find the owner of x and page them".
pub(super) fn gives_person(unit: &Unit, param: &Param) -> bool {
    unit.operation.as_ref().is_some_and(|operation| tells_holder(operation)) && names_person(param)
}

pub(super) fn speaks_of_person(unit: &Unit) -> bool {
    unit.clause.tokens.iter().any(|token| token.is_one_of(&["them", "him", "her", "it"]))
}

/// A clause that orders something for the owner of a thing becomes two: who it is, and the order for them.
pub(super) fn holders(clauses: Vec<Clause>, world: &World<'_>, pool: Pool) -> Vec<Clause> {
    if !world.index.operations.iter().any(|operation| tells_holder(operation)) {
        return clauses;
    }
    let mut all: Vec<Clause> = Vec::with_capacity(clauses.len());
    for clause in clauses {
        let Some((verb, thing)) = for_holder(&clause) else {
            all.push(clause);
            continue;
        };
        let order = vec![verb.clone(), Token::word("them")];
        let known = all.iter().any(|before| before.tokens.iter().any(|token| token.is_one_of(&["owner", "owns", "owners"])));
        let takes = |choice: &crate::planner::choose::Choice| choice.operation.params.iter().any(names_person);
        if !choose(&order, world, pool, &Around::default()).first().is_some_and(takes) || thing.is_none() && !known {
            all.push(clause);
            continue;
        }
        let Some(thing) = thing else {
            all.push(Clause { tokens: order, ..clause });
            continue;
        };
        let look = ["find", "the", "owner", "of"].into_iter().map(Token::word).chain([Token { owner: false, ..thing.clone() }]).collect();
        all.push(Clause { tokens: look, ..clause });
        all.push(Clause { tokens: order, ..Clause::new(Join::Then) });
    }
    all
}

/// The verb, and of what the owner is meant: "the owner of x", "x's owner", "whoever owns x", "the team that owns x", "the owner".
fn for_holder(clause: &Clause) -> Option<(Token, Option<Token>)> {
    let [verb, rest @ ..] = clause.tokens.as_slice() else { return None };
    if verb.kind != Kind::Word || clause.negated || clause.lead {
        return None;
    }
    let plain = |token: &&Token| !is_determiner(&token.low) && !token.is_one_of(&["service", "team", "people", "person"]);
    let words: Vec<&Token> = rest.iter().filter(plain).collect();
    let named = |token: &Token| matches!(token.kind, Kind::Word | Kind::Ident);
    match words.as_slice() {
        [owner] if owner.is_one_of(&["owner", "owners"]) => Some((verb.clone(), None)),
        [owner, of, thing] if owner.is_one_of(&["owner", "owners"]) && of.is_one_of(&["of", "for"]) && named(thing) => {
            Some((verb.clone(), Some((*thing).clone())))
        }
        [thing, owner] if owner.is_one_of(&["owner", "owners"]) && thing.owner => Some((verb.clone(), Some((*thing).clone()))),
        [who, owns, thing] if who.is_one_of(&["whoever", "who", "that", "which"]) && owns.is("owns") && named(thing) => {
            Some((verb.clone(), Some((*thing).clone())))
        }
        [who, is, responsible, of, thing]
            if who.is_one_of(&["whoever", "who", "that"])
                && is.is("is")
                && responsible.is("responsible")
                && of.is("for")
                && named(thing) =>
        {
            Some((verb.clone(), Some((*thing).clone())))
        }
        _ => None,
    }
}
