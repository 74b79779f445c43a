//! A clause without a verb -> the one operation that its values and nouns leave: "auth 5.2 to staging", "web to 12 replicas", "3m".
//!
//! Every value must have its place and every word its meaning; where two operations fit alike, none is taken. Nothing is destroyed so.

use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, ParamType};
use crate::planner::ask::World;
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::score::Query;
use crate::planner::segment::{Clause, Join, is_outcome};
use crate::planner::slots::{Place, WORDED, bind, is_machine_param};
use crate::planner::speech::is_known_program;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, stem};

use super::parts::account_of;
use super::units::Unit;

/// Values of these kinds say by themselves what they are for.
fn speaks(token: &Token) -> bool {
    matches!(token.kind, Kind::Url | Kind::Channel | Kind::Version | Kind::Duration | Kind::Quoted | Kind::Int(_) | Kind::Path)
}

pub(super) fn elided(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around) -> Option<Choice> {
    if let Some(looked) = named_look(clause, world, pool, around) {
        return Some(looked);
    }
    if let Some(moved) = moved(clause, world, pool, around) {
        return Some(moved);
    }
    if let Some(run) = named_run(clause, world, pool, around) {
        return Some(run);
    }
    let asks = clause.tokens.first().is_some_and(|token| token.is_one_of(&["what", "which", "who", "how", "why", "when", "where", "can"]));
    let ordered = world.index.verb_place(&clause.tokens).is_some_and(|at| is_order(&clause.tokens[at], &world.index));
    // "x should be renamed": a verb that nobody knows is no missing one.
    let says =
        |token: &Token| token.is_one_of(&["should", "must", "shall", "be", "been", "is", "are", "was", "needs", "need", "has", "have"]);
    let ordered = ordered || clause.tokens.iter().any(says);
    if asks || clause.negated || !clause.tokens.iter().any(|token| speaks(token) || token.kind == Kind::Ident) || ordered {
        return None;
    }
    said_by_default(clause, world, pool, around).or_else(|| only_fit(clause, world))
}

/// "out of the pool", "into maintenance for 2h", "back in": something is moved, and the verb is left out.
fn moved(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around) -> Option<Choice> {
    let is = |at: usize, any: &[&str]| clause.tokens.get(at).is_some_and(|token| token.is_one_of(any));
    let back = clause.tokens.get(1).is_some_and(|token| token.is("back"));
    let named = clause.tokens.first().is_some_and(|token| token.is_value() || back && token.kind == Kind::Word && !is_function(&token.low));
    let at = usize::from(named);
    let verb = if is(at, &["out"]) && is(at + 1, &["of"]) {
        "take"
    } else if is(at, &["back"])
        && is(at + 1, &["to"])
        && clause.tokens[at + 2..].iter().any(|token| token.kind == Kind::Version || token.is_one_of(&["version", "release"]))
    {
        "roll"
    } else if is(at, &["into"]) || is(at, &["back"]) && is(at + 1, &["in", "into", "to", "on", "from"]) {
        "put"
    } else {
        return None;
    };
    let mut tokens = vec![Token::word(verb)];
    tokens.extend((!named).then(|| Token::word("it")));
    let added = tokens.len();
    tokens.extend(clause.tokens.iter().cloned());
    let fits = |choice: &Choice| {
        let changes = !matches!(choice.operation.effect, EffectClass::Read | EffectClass::Destroy);
        changes && choice.bound.bad.is_empty() && account_of(choice, &tokens, world).lost.is_empty()
    };
    let mut best = choose(&tokens, world, pool, around).into_iter().find(fits)?;
    drop(best.bound.used.drain(..added));
    Some(best)
}

/// "check nginx on web-1": of something that has nothing but a name, how it is.
fn named_look(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around) -> Option<Choice> {
    let index = &world.index;
    let checks = |token: &Token| token.is_one_of(&["check", "verify", "inspect", "examine", "confirm", "test", "review", "recheck"]);
    let name = |at: usize| {
        let token = &clause.tokens[at];
        let led = at > 0 && is_determiner(&clause.tokens[at - 1].low);
        match token.kind {
            Kind::Word => {
                !led && !is_function(&token.low) && !checks(token) && !index.knows(&stem(&token.low)) && !index.is_verb(&token.low)
            }
            Kind::Ident => !world.is_asset(&token.text) && !grammar::is_machine_like(&token.text) && !token.text.contains('.'),
            _ => false,
        }
    };
    let opening = clause.tokens.iter().position(|token| !is_function(&token.low))?;
    let names: Vec<usize> = (0..clause.tokens.len()).filter(|at| name(*at)).collect();
    let number = |at: &usize| matches!(clause.tokens[*at].kind, Kind::Int(1..=65_535));
    let numbers: Vec<usize> = (0..clause.tokens.len()).filter(number).collect();
    let (named, word) = match (&names[..], &numbers[..]) {
        ([one], []) => (*one, "status"),
        ([], [one]) => (*one, "port"),
        _ => return None,
    };
    let plain =
        |token: &Token| is_function(&token.low) || is_outcome(token) || matches!(token.kind, Kind::Ident | Kind::Ip | Kind::Mark(_));
    let rest = (0..clause.tokens.len()).filter(|at| *at != named && *at != opening);
    if !checks(&clause.tokens[opening]) || !rest.into_iter().all(|at| plain(&clause.tokens[at])) {
        return None;
    }
    let mut tokens = clause.tokens.clone();
    // "port 80", "nginx status".
    let told = if word == "port" { named } else { named + 1 };
    let place = if word == "port" { named + 1 } else { named };
    tokens.insert(told, Token::word(word));
    let mut best = choose(&tokens, world, pool, around).into_iter().find(|choice| {
        let takes = choice.bound.used.get(place).copied().unwrap_or(false);
        takes
            && choice.operation.effect == EffectClass::Read
            && choice.bound.bad.is_empty()
            && account_of(choice, &tokens, world).lost.is_empty()
    })?;
    best.bound.used.remove(told);
    Some(best)
}

/// "run vacuum on db-1": of something that nobody knows, the one thing that is run by its name.
fn named_run(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around) -> Option<Choice> {
    let index = &world.index;
    let runs = |operation: &Operation| {
        operation.effect != EffectClass::Read
            && operation
                .required()
                .any(|param| param.kind == ParamType::Name && param.name != "command" && !is_machine_param(&param.name, &param.kind))
    };
    let led = index.led_by("run").into_iter().flatten().map(|at| &index.operations[*at]).filter(|one| runs(one));
    let [operation] = led.collect::<Vec<_>>()[..] else { return None };
    let what = operation.required().find(|param| param.kind == ParamType::Name && !is_machine_param(&param.name, &param.kind))?;
    let verb = clause.tokens.iter().position(|token| !token.is_one_of(&["please", "then", "also", "now", "and"]))?;
    let name = verb + 1 + usize::from(clause.tokens.get(verb + 1).is_some_and(|next| is_determiner(&next.low)));
    let strange = |token: &Token| {
        token.kind == Kind::Word
            && !is_function(&token.low)
            && index.led_by(&stem(&token.low)).is_none()
            && !index.looks.contains(&token.low)
            && !index.knows(&stem(&token.low))
            && !is_known_program(&token.low)
            && !world.is_asset(&token.text)
    };
    let placed = match clause.tokens.get(name + 1..)? {
        [] => true,
        [on, host] => on.is_one_of(&["on", "at", "against", "for"]) && host.is_value(),
        _ => false,
    };
    if !clause.tokens[verb].is("run") || !placed || !clause.tokens.get(name).is_some_and(strange) {
        return None;
    }
    let mut tokens = clause.tokens.clone();
    tokens.insert(name + 1, Token::word(&what.name));
    let mut best = choose(&tokens, world, pool, around).into_iter().find(|choice| choice.operation.name == operation.name)?;
    if !best.bound.used[name] || !best.bound.bad.is_empty() || !account_of(&best, &tokens, world).lost.is_empty() {
        return None;
    }
    best.bound.used.remove(name + 1);
    Some(best)
}

/// "restore db-1 from the snapshot; anonymize job": behind a change the name of a job alone is no question how it went.
pub(super) fn run_after(
    choices: &[Choice],
    clause: &Clause,
    found: &[Unit],
    world: &World<'_>,
    pool: Pool,
    around: &Around,
) -> Option<Choice> {
    let [name, job] = clause.tokens.as_slice() else { return None };
    let changed = found.last().and_then(|unit| unit.operation.as_ref()).is_some_and(|one| one.effect != EffectClass::Read);
    let asked = choices.first().is_some_and(|best| best.operation.effect == EffectClass::Read);
    let named = matches!(name.kind, Kind::Word | Kind::Ident) && !is_function(&name.low) && job.is("job") && clause.cond.is_none();
    let same = found.iter().any(|unit| unit.values.values().flatten().any(|value| *value == name.text));
    if !changed || !asked || !named || same {
        return None;
    }
    let tokens = [Token::word("run"), name.clone(), job.clone()];
    let mut best = choose(&tokens, world, pool, around).into_iter().find(|choice| choice.operation.effect != EffectClass::Read)?;
    let whole = best.bound.used[1]
        && best.bound.bad.is_empty()
        && best.operation.required().all(|param| best.bound.values.contains_key(&param.name));
    drop(best.bound.used.drain(..1));
    whole.then_some(best)
}

/// A word that orders something by itself is not passed over.
fn is_order(token: &Token, index: &Index) -> bool {
    token.kind == Kind::Word && index.verbs.contains(&token.low) && !index.looks.contains(&token.low) && !Index::is_carrier(&token.low)
}

/// An address is checked, a channel is told, a span is waited.
fn said_by_default(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around) -> Option<Choice> {
    let has = |kind: fn(&Kind) -> bool| clause.tokens.iter().any(|token| kind(&token.kind));
    let past = clause.tokens.iter().any(|token| token.is_one_of(&["yesterday", "ago", "did", "what", "last"]));
    let only_spans = !past && clause.tokens.iter().all(|token| token.kind == Kind::Duration || is_function(&token.low));
    let verb = if has(|kind| *kind == Kind::Channel) {
        "tell"
    } else if has(|kind| *kind == Kind::Url) {
        "check"
    } else if only_spans {
        "wait"
    } else {
        return None;
    };
    let word = Token::word(verb);
    let tokens: Vec<Token> = std::iter::once(word).chain(clause.tokens.iter().cloned()).collect();
    let mut best = choose(&tokens, world, pool, around).into_iter().next()?;
    let quiet = best.operation.effect == EffectClass::Read || best.operation.low_risk;
    if !quiet || !is_whole(&best, &tokens, world) {
        return None;
    }
    best.bound.used.remove(0);
    Some(best)
}

/// The one operation for which nothing is missing and nothing left over.
fn only_fit(clause: &Clause, world: &World<'_>) -> Option<Choice> {
    let place = Place::of(&clause.tokens, &world.index);
    let words = Query::of(&clause.tokens, &world.index, None).rank(&world.index);
    let fit = |(at, operation): (usize, &Arc<Operation>)| {
        let known = operation.required().count() > 0 && operation.effect != EffectClass::Destroy;
        let typed = operation.required().any(|param| !matches!(param.kind.as_str(), "host" | "name" | "str" | "env"));
        // "vacuum job db-3": a parameter is called by its name.
        let called = clause.tokens.iter().any(|token| operation.required().any(|param| param.name == token.low));
        if !known || !(typed || called) {
            return None;
        }
        let bound = bind(operation, &clause.tokens, world, &place);
        let values = bound.values.len();
        let words = words.iter().find(|score| score.operation == at).map_or(0.0, |score| score.words);
        #[expect(clippy::cast_precision_loss, reason = "an operation has a few parameters")]
        let total = words + bound.evidence + values as f64;
        let choice = Choice { operation: Arc::clone(operation), bound, words, total };
        (values > 1 && is_whole(&choice, &clause.tokens, world)).then_some(choice)
    };
    let mut fits: Vec<Choice> = world.index.operations.iter().enumerate().filter_map(fit).collect();
    fits.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.operation.name.cmp(&b.operation.name)));
    let alone = fits.get(1).is_none_or(|second| fits[0].total > second.total + 0.5);
    fits.into_iter().next().filter(|_| alone)
}

/// "disk of web-1 to #ops": what is read there is told there.
pub(super) fn recipients(clauses: Vec<Clause>, world: &World<'_>, pool: Pool) -> Vec<Clause> {
    let mut all = Vec::with_capacity(clauses.len());
    for mut clause in told_last(clauses, world, pool) {
        let told = match clause.tokens.as_slice() {
            [head @ .., to, channel]
                if !head.is_empty()
                    && channel.kind == Kind::Channel
                    && to.is_one_of(&["to", "in", "into", "for"])
                    && !head.iter().any(|token| token.kind == Kind::Channel)
                    && !clause.lead
                    && !clause.negated =>
            {
                let best = choose(head, world, pool, &Around::default()).into_iter().next();
                best.is_some_and(|best| best.operation.effect == EffectClass::Read && best.words > 2.0).then(|| channel.clone())
            }
            _ => None,
        };
        let Some(channel) = told else {
            all.push(clause);
            continue;
        };
        let tell = Token::word("tell");
        let sends = clause.tokens.first().is_some_and(|token| is_order(token, &world.index));
        if sends {
            all.push(clause);
            continue;
        }
        clause.tokens.truncate(clause.tokens.len() - 2);
        all.push(clause);
        all.push(Clause { tokens: vec![tell, channel], ..Clause::new(Join::Then) });
    }
    all
}

/// "tell #ops: disk of web-1, load of web-2": what is told is looked at first.
fn told_last(mut clauses: Vec<Clause>, world: &World<'_>, pool: Pool) -> Vec<Clause> {
    let heads = |clause: &Clause| {
        let channel = clause.tokens.iter().any(|token| token.kind == Kind::Channel);
        let tells = clause.tokens.first().is_some_and(|token| world.index.verbs.contains(&token.low));
        clause.lead && channel && tells
    };
    let reads = |clause: &Clause| {
        let best = choose(&clause.tokens, world, pool, &Around::default()).into_iter().next();
        clause.cond.is_none() && !clause.negated && best.is_some_and(|best| best.operation.effect == EffectClass::Read)
    };
    let Some(at) = clauses.iter().position(heads).filter(|at| clauses.len() > at + 1 && clauses[at + 1..].iter().all(reads)) else {
        return clauses;
    };
    let told = clauses.remove(at);
    if let Some(first) = clauses.get_mut(at) {
        first.join = told.join;
    }
    clauses.push(Clause { tokens: told.tokens, ..Clause::new(Join::Then) });
    clauses
}

/// All that it needs is there, and each word is a value, says the operation, or says nothing.
fn is_whole(choice: &Choice, tokens: &[Token], world: &World<'_>) -> bool {
    let operation = &choice.operation;
    let given = operation.required().all(|param| {
        let found = choice.bound.values.get(&param.name).is_some_and(|values| !values.is_empty());
        found || WORDED.contains(&param.name.as_str()) || param.default.is_some()
    });
    let place = world.index.operations.iter().position(|one| one.name == operation.name);
    let query = Query::of(tokens, &world.index, None);
    let worded = operation.params.iter().any(|param| WORDED.contains(&param.name.as_str()));
    let explained = |at: usize| place.is_some_and(|place| query.explains(place, at, &world.index));
    let meant = |at: usize| match tokens[at].kind {
        Kind::Mark(_) => true,
        Kind::Word => choice.bound.used[at] || is_function(&tokens[at].low) || is_outcome(&tokens[at]) || explained(at) || worded,
        _ => choice.bound.used[at],
    };
    given && choice.bound.bad.is_empty() && (0..tokens.len()).all(meant) && account_of(choice, tokens, world).lost.is_empty()
}
