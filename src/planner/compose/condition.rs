//! "if x is down", "unless the check fails": what a condition looks at, as a step of its own or as the end of one before.
//!
//! What nothing looks at is asked about, and nothing in it is passed over.

use std::sync::Arc;

use crate::model::catalogue::{Binding, EffectClass, Operation, Param};
use crate::planner::ask::World;
use crate::planner::bounds::{self, Bounds};
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::index::Index;
use crate::planner::score::Query;
use crate::planner::segment::{ANSWERS, Clause, Cond, Join, is_outcome};
use crate::planner::slots::is_machine_param;
use crate::planner::token::{Kind, Token};
use crate::planner::words::is_function;

use super::alive::{SURE, alive, service_state};
use super::parts::account_of;
use super::units::{Unit, unit};
use super::{Stop, clarify};

/// A condition that names an operation of its own becomes a unit; one that names an earlier unit points at it.
pub(super) fn condition(
    clause: &Clause,
    world: &World<'_>,
    pool: Pool,
    around: &mut Around,
    found: &mut Vec<Unit>,
) -> Result<Option<usize>, Stop> {
    let Some(Cond::On { about, .. }) = &clause.cond else { return Ok(None) };
    around.verb = None;
    // A look at the same machine just before has told already.
    let told = |choice: &Choice| {
        let hosts = || choice.bound.values.values().flatten();
        let reads = found.last().filter(|last| last.operation.as_ref().is_some_and(|one| one.effect == EffectClass::Read));
        reads.is_some_and(|last| hosts().all(|host| last.values.values().flatten().any(|known| known == host)))
    };
    let pinged = alive(about, world, pool).filter(|choice| !told(choice)).or_else(|| service_state(about, world, pool));
    let pings = pinged.is_some();
    // "the restart of x" is to restart x.
    let ordered = match about.as_slice() {
        [the, verb, of, rest @ ..] if the.is_one_of(&["the", "a", "an"]) && of.is("of") && world.index.verbs.contains(&verb.low) => {
            Some(std::iter::once(verb).chain(rest).cloned().collect::<Vec<_>>())
        }
        _ => None,
    };
    let said = |tokens: &[Token]| choose(tokens, world, pool, around).into_iter().next();
    let nominal = ordered.as_deref().and_then(said).map(|mut best| {
        best.bound.used.splice(0..1, [false, true, true]);
        best
    });
    let Some(best) = pinged.or(nominal).or_else(|| checked(about, said)).or_else(|| said(about)).map(|best| looked(best, about, said))
    else {
        return met(about, found).map(|()| None);
    };
    let own_words = pings || about.iter().any(|token| speaks(token, world));
    // Which machine is meant may stand elsewhere: "if x is down, restart it on y".
    let placed = |param: &Param| best.bound.values.contains_key(&param.name) || is_machine_param(&param.name, &param.kind);
    let whole = best.operation.required().all(placed) && !best.bound.values.is_empty();
    let address = about.iter().any(|token| token.kind == Kind::Url) && whole && best.words > 0.3;
    if (best.words < if whole { 1.5 } else { 2.2 } && !address) || !own_words || !best.bound.bad.is_empty() {
        return met(about, found).map(|()| None);
    }
    // "if traffic is fine": a read without thresholds, or of something else, is no judge of it.
    let query = Query::of(about, &world.index, None);
    let place = world.index.operations.iter().position(|one| one.name == best.operation.name);
    let tells = |at: usize| place.is_some_and(|place| query.explains(place, at, &world.index));
    // "if the disk usage fails" is about the look itself.
    let went = matches!(clause.cond, Some(Cond::On { failure: true, is_told: true, .. })) && !about.iter().any(is_outcome);
    if let Some(at) = measure(about).filter(|_| !went).filter(|at| best.operation.thresholds.is_empty() || !tells(*at)) {
        return Err(bounds::ask(&best.operation.name, about, at, Bounds::Condition));
    }
    if blind(&best.operation) {
        let said = about.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
        let question =
            format!("{} shows \"{said}\" and says neither yes nor no; look first, then say what is to be done", best.operation.name);
        return Err(clarify(question, vec!["condition".to_owned()], Vec::new()));
    }
    if let Some((at, bounds)) = unlooked(&best, about, world) {
        return Err(bounds::ask(&best.operation.name, about, at, bounds));
    }
    let same = |unit: &Unit| {
        let same_operation = unit.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
        same_operation && best.bound.values.iter().all(|(name, values)| unit.values.get(name).is_none_or(|known| known == values))
    };
    if let Some(at) = found.iter().rposition(same) {
        return Ok(Some(at));
    }
    // "if restarting x fails", "if the restart of x fails".
    let done = about.iter().any(|token| token.low.ends_with("ing"))
        || about.windows(2).any(|pair| pair[0].is("be") && Index::is_past(&pair[1].text.to_lowercase()))
        || matches!(about.as_slice(), [the, verb, of, ..] if the.is_one_of(&["the", "a", "an"]) && of.is("of") && world.index.is_verb(&verb.low));
    if best.operation.effect != EffectClass::Read && !done {
        return Ok(None);
    }
    around.before.push(Arc::clone(&best.operation));
    let join = if clause.join == Join::Start { Join::Start } else { Join::Then };
    found.push(Unit { is_condition: true, ..unit(best, Clause { tokens: about.clone(), ..Clause::new(join) }, false, None) });
    Ok(Some(found.len() - 1))
}

/// An address that fails: it is checked.
fn checked(about: &[Token], said: impl Fn(&[Token]) -> Option<Choice>) -> Option<Choice> {
    let plain = |token: &&Token| !is_function(&token.low) && !is_outcome(token) && !token.is_one_of(&["still", "again", "yet"]);
    let alone = matches!(about.iter().filter(plain).collect::<Vec<_>>()[..], [one] if one.kind == Kind::Url);
    let mut best = alone.then(|| said(&[&[Token::word("check")], about].concat())).flatten()?;
    best.bound.used.remove(0);
    best.words = best.words.max(SURE);
    Some(best)
}

/// It shows what there is, and says neither yes nor no. Of what nothing here binds nobody knows.
fn blind(operation: &Operation) -> bool {
    let shows = matches!(operation.binding, Some(Binding::Builtin { .. })) && operation.effect == EffectClass::Read;
    // These fail where there is nothing to show.
    let ends = operation.output.as_ref().is_some_and(|output| matches!(output.kind.as_str(), "JobStatus" | "DnsRecords"));
    shows && !ends && operation.thresholds.iter().all(|threshold| threshold.failing.is_none())
}

/// "if x is stopped" asks how x is: it stops nothing.
fn looked(best: Choice, about: &[Token], said: impl Fn(&[Token]) -> Option<Choice>) -> Choice {
    let state = about.windows(2).position(|pair| pair[0].is_one_of(&["is", "are"]) && is_outcome(&pair[1]));
    let Some(at) = state.filter(|_| best.operation.effect != EffectClass::Read) else { return best };
    let mut asked = about.to_vec();
    "down".clone_into(&mut asked[at + 1].low);
    said(&asked).filter(|look| look.operation.effect == EffectClass::Read).unwrap_or(best)
}

/// It says more than that something went well or ill.
fn speaks(token: &Token, world: &World<'_>) -> bool {
    let went = token.is_one_of(&["pass", "passes", "passed", "succeed", "succeeds", "succeeded", "fail", "fails", "failed"]);
    let plain = is_function(&token.low)
        || world.index.looks.contains(&token.low)
        || world.index.looks.contains(token.low.trim_end_matches('s'))
        || token.is_one_of(ANSWERS)
        || went;
    token.kind == Kind::Url || (token.kind == Kind::Word && !plain)
}

/// What has to hold before the condition itself is looked at, with the unit that it looks at.
pub(super) struct Given {
    cond: Cond,
    anchor: Option<usize>,
    /// Units that stood before the condition.
    known: usize,
}

/// "if x is up and y is down, ...": the first half, as a check of its own.
pub(super) fn given(
    clause: &Clause,
    later: &[Clause],
    world: &World<'_>,
    pool: Pool,
    around: &mut Around,
    found: &mut Vec<Unit>,
) -> Result<Option<Given>, Stop> {
    let Some(Cond::On { given: Some(first), about, .. }) = &clause.cond else { return Ok(None) };
    // "else" would have to mean that either half is otherwise.
    if later.iter().take_while(|clause| !matches!(clause.cond, Some(Cond::On { .. }))).any(|clause| clause.cond == Some(Cond::Otherwise)) {
        return Err(two(about));
    }
    let alone = Clause { cond: Some((**first).clone()), ..Clause::new(clause.join) };
    let anchor = condition(&alone, world, pool, around, found)?;
    Ok(Some(Given { cond: (**first).clone(), anchor, known: found.len() }))
}

/// The check of the second half waits for the first.
pub(super) fn hold(given: Option<Given>, anchor: Option<usize>, clause: &Clause, found: &mut [Unit]) -> Result<(), Stop> {
    let (Some(given), Some(Cond::On { about, .. })) = (given, &clause.cond) else { return Ok(()) };
    let Some(second) = anchor.filter(|at| *at >= given.known) else { return Err(two(about)) };
    found[second].clause.cond = Some(given.cond);
    found[second].anchor = given.anchor;
    Ok(())
}

#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
fn two(about: &[Token]) -> Stop {
    let said = about.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    let question = format!(
        "two conditions at once, of which one is \"{said}\": say them one after the other, as in `if x is up, check y; if it fails ...`"
    );
    clarify(question, vec!["condition".to_owned()], Vec::new())
}

/// Where a condition speaks of something that is measured.
fn measure(about: &[Token]) -> Option<usize> {
    // "load balancers" are machines.
    let named = |at: usize| about.get(at + 1).is_some_and(|next| next.is_one_of(&["balancer", "balancers"]));
    (0..about.len()).find(|at| about[*at].kind == Kind::Word && Index::is_measure(&about[*at].low) && !named(*at))
}

/// A condition is met by success or failure alone: a number or a span in it that no step looks at is asked about.
fn met(about: &[Token], found: &[Unit]) -> Result<(), Stop> {
    if let Some(at) = measure(about) {
        return Err(bounds::ask("the condition", about, at, Bounds::Condition));
    }
    let known = |text: &str| found.iter().any(|unit| unit.values.values().flatten().any(|value| value == text));
    match bounds::unmet(about, known) {
        Some(at) => Err(bounds::ask("the condition", about, at, Bounds::Condition)),
        None => Ok(()),
    }
}

/// What the check of a condition does not look at.
fn unlooked(best: &Choice, about: &[Token], world: &World<'_>) -> Option<(usize, Bounds)> {
    let account = account_of(best, about, world);
    let aside = |at: usize| (at, Bounds::Condition);
    // "if its load check or its disk check fails": what another operation is called after.
    let query = Query::of(about, &world.index, None);
    let place = world.index.operations.iter().position(|one| one.name == best.operation.name);
    let told = |at: usize| place.is_some_and(|place| query.explains(place, at, &world.index));
    let other = |at: &usize| {
        let token = &about[*at];
        let joined = about[*at..].iter().any(|next| next.is_one_of(&["or", "and"]));
        joined
            && token.kind == Kind::Word
            && !best.bound.used.get(*at).copied().unwrap_or(false)
            && !told(*at)
            && !is_function(&token.low)
            && !is_outcome(token)
            && world.index.names_work(&token.low)
    };
    let unsaid = || (0..about.len()).find(other).map(aside);
    account.lost.into_iter().next().or_else(|| account.asides.into_iter().next().map(aside)).or_else(unsaid)
}

/// "do a and b if c fails": a check of its own, said last, stands before all that hangs on it.
pub(super) fn lifted(clauses: &[Clause], world: &World<'_>, pool: Pool) -> Vec<Clause> {
    let mut clauses = clauses.to_vec();
    for at in 1..clauses.len() {
        let Some(Cond::On { about, .. }) = clauses[at].cond.as_ref().filter(|_| clauses[at].trailing) else { continue };
        let chained = |at: usize| clauses[at].join == Join::And && clauses[at - 1].cond.is_none() && !clauses[at - 1].lead;
        // "a, b and c if d fails": the whole list.
        let listed = |at: usize| clauses[at].join == Join::Comma && clauses[at - 1].cond.is_none() && !clauses[at - 1].lead;
        let mut first = at;
        while first > 0 && (chained(first) || first < at && listed(first)) {
            first -= 1;
        }
        let whole = |choice: &Choice| choice.operation.required().all(|param| choice.bound.values.contains_key(&param.name));
        let best = |tokens: &[Token]| choose(tokens, world, pool, &Around::default()).into_iter().next();
        let stated = || alive(about, world, pool).or_else(|| service_state(about, world, pool)).or_else(|| checked(about, best));
        let check = stated().or_else(|| best(about));
        let Some(check) = check.filter(|check| first < at && check.words >= 1.5 && whole(check)) else { continue };
        let said = |clause: &Clause| best(&clause.tokens).is_some_and(|one| one.operation.name == check.operation.name);
        let changes = |clause: &Clause| best(&clause.tokens).is_some_and(|one| one.operation.effect != EffectClass::Read);
        if !clauses[..at].iter().any(said) && (clauses[at].elliptic || clauses[first..at].iter().all(changes)) {
            clauses[first].cond = clauses[at].cond.take();
        }
    }
    clauses
}
